using System.Security.Cryptography;

namespace Sealer.Delivery.Copying;

/// <summary>Digests of the beginning of files.</summary>
internal static class PartDigest
{
    /// <summary>SHA-256 of so many bytes, as sha256sum writes it; of fewer where there are not so many.</summary>
    public static async Task<string> OfAsync(Stream stream, long count, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await AddAsync(hash, stream, count, cancellationToken).ConfigureAwait(false);
        return Convert.ToHexString(hash.GetCurrentHash()).ToLowerInvariant();
    }

    public static async Task AddAsync(IncrementalHash hash, Stream stream, long count, CancellationToken cancellationToken)
    {
        var buffer = new byte[1 << 17];
        int read;
        for (var left = count; left > 0 && (read = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)), cancellationToken).ConfigureAwait(false)) > 0; left -= read)
            hash.AppendData(buffer, 0, read);
    }
}
