namespace Sealer.Images.Archives;

/// <summary>Finds out what lies at a path and opens it.</summary>
internal static class ArchiveOpening
{
    public static async Task<ImageArchive> OpenAsync(string path, CancellationToken cancellationToken)
    {
        var parts = ArchiveParts.TryRead(path);
        return await NamedAsync(path, parts, OpenWhateverItIsAsync, cancellationToken).ConfigureAwait(false);

        async Task<ImageArchive> OpenWhateverItIsAsync()
        {
            if (Directory.Exists(path))
                return await OpenFolderAsync(path, cancellationToken).ConfigureAwait(false);
            RandomBytes bytes = parts is null ? RandomBytes.OpenFile(path) : new PartBytes(parts);
            try
            {
                if (await CompressionOfAsync(bytes, cancellationToken).ConfigureAwait(false) is not Compression.None and var compression)
                {
                    throw new SealerException(
                        "ArchiveCompressed",
                        ErrorKind.NotSupported,
                        $"'{path}' is compressed as a whole ({compression}) and can only be read from front to back. Import it into a store, or unpack it first.",
                        path);
                }

                return await OpenTarAsync(bytes, path, 0, cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                bytes.Dispose();
                throw;
            }
        }
    }

    /// <summary>Does something with an archive; whatever is wrong with it is told with its place.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="parts">The parts it is in, or null.</param>
    /// <param name="read">Reads it.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<T> NamedAsync<T>(string path, ArchiveParts? parts, Func<Task<T>> read, CancellationToken cancellationToken)
    {
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (SealerException e) when (e.Kind == ErrorKind.InvalidContent)
        {
            // Only now is it worth hashing all of them: to say which one to copy again.
            if (parts is not null)
                await parts.VerifyAsync(cancellationToken).ConfigureAwait(false);
            throw ArchiveErrors.At(path, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw ArchiveErrors.Unusable(path, e);
        }
    }

    public static async Task<Compression> CompressionOfAsync(RandomBytes bytes, CancellationToken cancellationToken)
    {
        var start = new byte[Compressions.MagicLength];
        var read = await bytes.ReadAsync(start, 0, cancellationToken).ConfigureAwait(false);
        return Compressions.Detect(start.AsSpan(0, read));
    }

    /// <summary>Opens a tar; <paramref name="bytes"/> are the archive's from now on.</summary>
    public static async Task<ImageArchive> OpenTarAsync(RandomBytes bytes, string path, int depth, CancellationToken cancellationToken)
    {
        var files = await TarFiles.OpenAsync(bytes, cancellationToken).ConfigureAwait(false);
        return await OpenFilesAsync(files, path, ArchiveFormat.OciArchive, ArchiveFormat.DockerArchive, depth, cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>Recognises the form by the names of the files.</summary>
    public static async Task<ImageArchive> OpenFilesAsync(
        ArchiveFiles files,
        string path,
        ArchiveFormat oci,
        ArchiveFormat docker,
        int depth,
        CancellationToken cancellationToken)
    {
        // OCI first: Docker writes both into one archive since version 25, and only this one keeps annotations.
        if (OciLayout.Recognises(files))
            return await OciLayout.OpenAsync(oci, files, cancellationToken).ConfigureAwait(false);
        if (files.TryGetSize(DockerLayout.ManifestFile, out _))
        {
            var manifest = await files.ReadAsync(DockerLayout.ManifestFile, cancellationToken).ConfigureAwait(false);
            return DockerLayout.IsArchiveManifest(manifest)
                ? await DockerLayout.OpenAsync(docker, files, manifest, cancellationToken).ConfigureAwait(false)
                : await DockerTransportFolder.OpenAsync(files, manifest, cancellationToken).ConfigureAwait(false);
        }

        // A bundle in a bundle has no meaning; one level is what sealer writes.
        if (depth == 0 && files.TryGetSize(SealerBundle.MetadataFile, out _))
            return await SealerBundle.OpenAsync(files, path, cancellationToken).ConfigureAwait(false);
        throw ArchiveErrors.Unknown(path, files.Names);
    }

    private static Task<ImageArchive> OpenFolderAsync(string path, CancellationToken cancellationToken) => OpenFilesAsync(
        new FolderFiles(path), path, ArchiveFormat.OciFolder, ArchiveFormat.DockerArchive, 0, cancellationToken);
}
