namespace Sealer.Images.Archives;

/// <summary>The named files of an archive, whether it is a tar, a folder, or was just streamed into a store.</summary>
internal abstract class ArchiveFiles : IDisposable
{
    /// <summary>Names with <c>/</c>, relative, without links that lead nowhere.</summary>
    public abstract IReadOnlyCollection<string> Names { get; }

    /// <summary>True where there are links among the files; only Docker's old archives have a use for them.</summary>
    public virtual bool HasLinks => false;

    public abstract bool TryGetSize(string name, out long size);

    /// <exception cref="SealerException"><c>BlobNotFound</c>.</exception>
    public abstract Stream Open(string name, long offset);

    /// <summary>The digest of a file, where it is known without reading it.</summary>
    public virtual Digest? KnownDigest(string name) => null;

    /// <summary>The bytes of a file, to find an archive in an archive; null where that cannot be.</summary>
    public virtual RandomBytes? OpenBytes(string name) => null;

    public abstract void Dispose();

    /// <summary>Reads a small file whole.</summary>
    /// <exception cref="SealerException"><c>BlobNotFound</c>, <c>ManifestTooLarge</c>.</exception>
    public async Task<byte[]> ReadAsync(string name, CancellationToken cancellationToken)
    {
        if (!TryGetSize(name, out var size))
            throw ArchiveErrors.Missing(name);
        if (size > OciJson.MaxManifestSize)
        {
            throw new SealerException(
                "ManifestTooLarge",
                ErrorKind.InvalidContent,
                $"'{name}' in the archive has {size} bytes; more than {OciJson.MaxManifestSize} is refused. The archive is broken or hostile.",
                name);
        }

        var content = new byte[size];
        var stream = Open(name, 0);
        await using (stream.ConfigureAwait(false))
        {
            var read = await stream.ReadAtLeastAsync(content, content.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            return read == size ? content : throw ArchiveErrors.Truncated($"in '{name}'");
        }
    }
}
