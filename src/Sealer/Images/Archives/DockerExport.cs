using System.Text;
using System.Text.Json;

namespace Sealer.Images.Archives;

/// <summary>
/// Writes Docker's forms: one platform an image, sealer's annotations as labels of the config, zstd layers unpacked while
/// they stream, because Docker and podman expect plain or gzip there.
/// </summary>
internal static class DockerExport
{
    public static async Task<ExportResult> WriteArchiveAsync(ExportRequest request, CancellationToken cancellationToken)
    {
        var output = new ArchiveOutput(request.Path, request.Options.PartSize);
        await using (output.ConfigureAwait(false))
        {
            var tar = new TarItemWriter(output);
            var written = new HashSet<string>(StringComparer.Ordinal);
            var images = new Dictionary<string, DockerArchiveImage>(StringComparer.Ordinal);
            var result = new List<ArchivedImage>();
            foreach (var (reference, root) in request.Images)
            {
                var image = await SingleImage.PickAsync(request, root, cancellationToken).ConfigureAwait(false);
                var layers = new List<string>();
                foreach (var layer in image.Layers)
                {
                    var content = await DockerLayer.PrepareAsync(request.From, layer, cancellationToken).ConfigureAwait(false);
                    var name = content.Stored.Digest.Hex + ".tar";
                    layers.Add(name);
                    if (!written.Add(name))
                        continue;
                    await tar.BeginFileAsync(name, content.Stored.Size, cancellationToken).ConfigureAwait(false);
                    await content.WriteAsync(output.WriteAsync, request, cancellationToken).ConfigureAwait(false);
                    await tar.EndFileAsync(content.Stored.Size, cancellationToken).ConfigureAwait(false);
                }

                var config = SealerLabels.Put(image.Config, image.Manifest.Annotations);
                var configName = Digest.Of(config).Hex + ".json";
                if (written.Add(configName))
                    await tar.WriteFileAsync(configName, config, cancellationToken).ConfigureAwait(false);
                AddTag(images, configName, layers, reference);
                result.Add(new ArchivedImage(reference, reference?.ToString(), image.Descriptor));
            }

            var manifest = JsonSerializer.SerializeToUtf8Bytes([.. images.Values], DockerArchiveJson.Default.IReadOnlyListDockerArchiveImage);
            await tar.WriteFileAsync(DockerLayout.ManifestFile, manifest, cancellationToken).ConfigureAwait(false);
            await tar.EndAsync(cancellationToken).ConfigureAwait(false);
            await output.CommitAsync(cancellationToken).ConfigureAwait(false);
            return new ExportResult(output.Files, result);
        }
    }

    public static async Task<ExportResult> WriteFolderAsync(ExportRequest request, CancellationToken cancellationToken)
    {
        if (request.Images is not [var (reference, root)])
        {
            throw new SealerException(
                "OneImageOnly",
                ErrorKind.InvalidInput,
                $"A folder of Docker's form holds one image, not {request.Images.Count}. Write each to a folder of its own, or use {ArchiveFormat.OciFolder}.",
                request.Path);
        }

        CheckFolder(request);
        var image = await SingleImage.PickAsync(request, root, cancellationToken).ConfigureAwait(false);
        var folder = request.Path + ".partial-" + Guid.NewGuid().ToString("N")[..8];
        try
        {
            Directory.CreateDirectory(folder);
            await FillFolderAsync(folder, image, request, cancellationToken).ConfigureAwait(false);
            // Again: what came into it meanwhile is not ours either.
            CheckFolder(request);
            DockerTransportFolder.Remove(request.Path);
            Directory.Move(folder, request.Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DiskSpace.IsFull(e) ? DiskSpace.Full(request.Path, null, e) : ArchiveErrors.Unwritable(request.Path, e);
        }
        finally
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }

        return new ExportResult([request.Path], [new ArchivedImage(reference, null, image.Descriptor)]);
    }

    /// <summary>Refuses a folder that holds anything but an earlier export, and that too unless it shall be replaced.</summary>
    private static void CheckFolder(ExportRequest request)
    {
        if (DockerTransportFolder.FirstForeign(request.Path) is { } there)
            throw ArchiveExport.NotEmpty(request.Path, there);
        if (!request.Options.Replace && Directory.Exists(request.Path) && Directory.EnumerateFileSystemEntries(request.Path).Any())
        {
            throw new SealerException(
                "FileExists", ErrorKind.Conflict, $"'{request.Path}' holds an image already. Give another -Path, or -Force to replace it.", request.Path);
        }
    }

    private static async Task FillFolderAsync(string folder, SingleImage image, ExportRequest request, CancellationToken cancellationToken)
    {
        var layers = new List<Descriptor>();
        foreach (var layer in image.Layers)
        {
            var content = await DockerLayer.PrepareAsync(request.From, layer, cancellationToken).ConfigureAwait(false);
            layers.Add(content.Stored);
            var path = Path.Combine(folder, content.Stored.Digest.Hex);
            if (File.Exists(path))
                continue;
            var output = new ArchiveOutput(path, null);
            await using (output.ConfigureAwait(false))
            {
                await content.WriteAsync(output.WriteAsync, request, cancellationToken).ConfigureAwait(false);
                await output.CommitAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        var config = SealerLabels.Put(image.Config, image.Manifest.Annotations);
        var configDescriptor = Descriptor.Of(MediaType.DockerConfig, config);
        await File.WriteAllBytesAsync(Path.Combine(folder, configDescriptor.Digest.Hex), config, cancellationToken).ConfigureAwait(false);
        var manifest = new ImageManifest { MediaType = MediaType.DockerManifest, Config = configDescriptor, Layers = layers };
        await File.WriteAllBytesAsync(Path.Combine(folder, DockerLayout.ManifestFile), OciJson.Write(manifest), cancellationToken).ConfigureAwait(false);
        await File.WriteAllBytesAsync(
            Path.Combine(folder, DockerTransportFolder.VersionFile),
            Encoding.ASCII.GetBytes(DockerTransportFolder.Version),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Two names of one image are one entry with two tags.</summary>
    private static void AddTag(Dictionary<string, DockerArchiveImage> images, string config, List<string> layers, ImageReference? reference)
    {
        // A digest has no place in a tag, and the image gets another one here anyway.
        var tag = reference?.Tag is null ? null : $"{reference.Name}:{reference.Tag}";
        var tags = images.GetValueOrDefault(config)?.RepoTags ?? [];
        images[config] = new DockerArchiveImage(config, tag is null || tags.Contains(tag) ? tags : [.. tags, tag], layers);
    }
}
