using System.Security.Cryptography;
using Sealer.Images.Copying;
using Sealer.Images.Storage;

namespace Sealer.Images.Archives;

/// <summary>
/// Holds the compressed layers of a Docker archive to the digests of their plain content in the config. Nothing else in
/// such an archive says what they should be. On all cores.
/// </summary>
internal static class LayerCheck
{
    public static async Task RunAsync(ImageStore store, Descriptor root, CancellationToken cancellationToken)
    {
        var manifest = OciJson.ReadManifest(await ImageDocument.ReadAsync(store, root, cancellationToken).ConfigureAwait(false));
        var config = OciJson.ReadConfig(await ImageDocument.ReadAsync(store, manifest.Config, cancellationToken).ConfigureAwait(false));
        await Parallel.ForEachAsync(
            manifest.Layers.Zip(config.Rootfs.DiffIds).Where(l => l.First.Digest != l.Second),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken },
            async (layer, token) => await CheckAsync(store, layer.First, layer.Second, token).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private static async Task CheckAsync(ImageStore store, Descriptor layer, Digest diffId, CancellationToken cancellationToken)
    {
        var compression = layer.MediaType == MediaType.OciLayerZstd ? Compression.Zstd : Compression.Gzip;
        var plain = Compressions.Open(store.OpenRead(layer.Digest), compression);
        await using (plain.ConfigureAwait(false))
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            try
            {
                await StreamPump.RunAsync(plain, (_, _) => ValueTask.CompletedTask, hash, long.MaxValue - 1, null, 0, cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (Exception e) when (Compressions.Damaged(e, layer.Digest.ToString()) is { } damaged)
            {
                throw damaged;
            }

            var found = Digest.FromHash(hash.GetHashAndReset());
            if (found != diffId)
                throw VerifyingStream.WrongDigest(layer with { Digest = diffId }, found.ToString());
        }
    }
}
