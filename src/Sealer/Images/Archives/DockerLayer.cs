using Sealer.Events;
using Sealer.Images.Copying;

namespace Sealer.Images.Archives;

/// <summary>A layer as Docker's forms hold it: as it is where that is plain or gzip, unpacked where it is zstd.</summary>
internal sealed class DockerLayer
{
    private readonly Func<long, CancellationToken, Task<Stream>> _openAsync;

    private DockerLayer(Descriptor stored, Func<long, CancellationToken, Task<Stream>> openAsync)
    {
        Stored = stored;
        _openAsync = openAsync;
    }

    /// <summary>What is written: media type of Docker, digest and size of what lies in the archive.</summary>
    public Descriptor Stored { get; }

    public static async Task<DockerLayer> PrepareAsync(
        IImageSource from,
        (Descriptor Layer, Digest DiffId) layer,
        CancellationToken cancellationToken)
    {
        var (source, diffId) = layer;
        var compression = await DetectAsync(from, source, cancellationToken).ConfigureAwait(false);
        switch (compression)
        {
            case Compression.None when source.Digest != diffId:
                throw VerifyingStream.WrongDigest(source with { Digest = diffId }, source.Digest.ToString());
            case Compression.None:
                return new DockerLayer(
                    new Descriptor { MediaType = MediaType.DockerLayer, Digest = source.Digest, Size = source.Size },
                    (offset, token) => from.OpenAsync(source, offset, token));
            case Compression.Gzip:
                return new DockerLayer(
                    new Descriptor { MediaType = MediaType.DockerLayerGzip, Digest = source.Digest, Size = source.Size },
                    (offset, token) => from.OpenAsync(source, offset, token));
            case Compression.Zstd:
                var size = await ZstdFrames.MeasureAsync(from, source, cancellationToken).ConfigureAwait(false);
                return new DockerLayer(
                    new Descriptor { MediaType = MediaType.DockerLayer, Digest = diffId, Size = size },
                    (offset, token) => OpenPlainAsync(from, source, offset, token));
            default:
                throw new SealerException(
                    "LayerCompressionNotSupported",
                    ErrorKind.NotSupported,
                    $"The layer {source.Digest} is compressed with {compression}, which Docker's forms cannot hold. Use {ArchiveFormat.OciArchive}.",
                    source.Digest);
        }
    }

    /// <summary>Writes it, verified: what was unpacked is held to the digest of the plain layer in the config.</summary>
    public async Task WriteAsync(
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> write,
        ExportRequest request,
        CancellationToken cancellationToken)
    {
        var progress = ItemProgress.Of(
            request.Progress, $"Writing {Path.GetFileName(request.Path)}", Stored.Digest.ToString(), Stored.Size);
        try
        {
            await BlobTransfer.RunAsync(Stored, _openAsync, write, progress, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (Compressions.Damaged(e, Stored.Digest.ToString()) is { } damaged)
        {
            throw damaged;
        }
    }

    private static async Task<Compression> DetectAsync(IImageSource from, Descriptor layer, CancellationToken cancellationToken)
    {
        switch (layer.MediaType)
        {
            case MediaType.OciLayer or MediaType.DockerLayer:
                return Compression.None;
            case MediaType.OciLayerGzip or MediaType.DockerLayerGzip:
                return Compression.Gzip;
            case MediaType.OciLayerZstd:
                return Compression.Zstd;
        }

        var start = new byte[Compressions.MagicLength];
        var stream = await from.OpenAsync(layer, 0, cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            var read = await stream.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            return Compressions.Detect(start.AsSpan(0, read));
        }
    }

    private static async Task<Stream> OpenPlainAsync(IImageSource from, Descriptor layer, long offset, CancellationToken cancellationToken)
    {
        var plain = Compressions.Open(await from.OpenAsync(layer, 0, cancellationToken).ConfigureAwait(false), Compression.Zstd);
        var skipped = new byte[64 * 1024];
        while (offset > 0)
        {
            var read = await plain.ReadAsync(skipped.AsMemory(0, (int)Math.Min(skipped.Length, offset)), cancellationToken).ConfigureAwait(false);
            if (read == 0)
                break;
            offset -= read;
        }

        return plain;
    }
}
