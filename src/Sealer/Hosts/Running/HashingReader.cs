using System.Security.Cryptography;

namespace Sealer.Hosts.Running;

/// <summary>Reads a stream of somebody else's and hashes what it reads, once.</summary>
internal sealed class HashingReader(Stream source, IProgress<long>? progress) : ReadOnlyStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _count;

    public override long Position { get => _count; set => throw new NotSupportedException(); }

    /// <summary>SHA-256 of what was read, as sha256sum writes it.</summary>
    public string Digest() => Convert.ToHexString(_hash.GetCurrentHash()).ToLowerInvariant();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Note(buffer.Span[..read]);
        return read;
    }

    public override int Read(Span<byte> buffer)
    {
        var read = source.Read(buffer);
        Note(buffer[..read]);
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        _hash.Dispose();
        base.Dispose(disposing);
    }

    private void Note(ReadOnlySpan<byte> data)
    {
        if (data.Length == 0)
            return;
        _hash.AppendData(data);
        progress?.Report(_count += data.Length);
    }
}
