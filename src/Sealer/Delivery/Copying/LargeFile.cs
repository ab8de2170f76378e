using System.Security.Cryptography;

namespace Sealer.Delivery.Copying;

/// <summary>Takes the content of one large file from some place on. Cut off, it stays where it is, to be taken up.</summary>
internal sealed class LargeFile : WriteOnlyStream
{
    /// <summary>So much more than was told is passed over.</summary>
    public const long MaxBeyond = 64L << 20;

    private readonly CopyEntry _entry;
    private readonly GuardedFolder _target;
    private readonly FileStream _file;
    private readonly Action<int> _written;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _left;

    private LargeFile(CopyEntry entry, GuardedFolder target, FileStream file, long from, Action<int> written) =>
        (_entry, _target, _file, _left, _written) = (entry, target, file, entry.Size - from, written);

    /// <summary>Bytes that have not come.</summary>
    public long Left => _left;

    public static async Task<LargeFile> OpenAsync(CopyEntry entry, GuardedFolder target, long from, Action<int> written, CancellationToken cancellationToken)
    {
        var large = new LargeFile(entry, target, target.OpenPartial(entry, from > 0), from, written);
        await PartDigest.AddAsync(large._hash, large._file, from, cancellationToken).ConfigureAwait(false);
        return large;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // A file that grows meanwhile has a digest that does not fit; it fills no disk here, and nobody waits for its end.
        if (_left < -MaxBeyond)
            throw new SealerException("HostFileChanged", ErrorKind.Conflict, $"'{_entry.Path}' has more bytes than were told of it. Copy it again, when nothing writes there.", _entry.Path);
        var part = buffer[..(int)Math.Min(buffer.Length, Math.Max(0, _left))];
        _left -= buffer.Length;
        await _file.WriteAsync(part, cancellationToken).ConfigureAwait(false);
        _hash.AppendData(part.Span);
        _written(part.Length);
    }

    /// <returns>True where it was right and is in its place; else it is gone.</returns>
    public async Task<bool> CompleteAsync(CancellationToken cancellationToken)
    {
        await _file.FlushAsync(cancellationToken).ConfigureAwait(false);
        await _file.DisposeAsync().ConfigureAwait(false);
        if (_left == 0 && Convert.ToHexString(_hash.GetCurrentHash()).Equals(_entry.Digest, StringComparison.OrdinalIgnoreCase))
        {
            _target.Finish(_entry);
            return true;
        }

        _target.Drop(_entry);
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        _file.Dispose();
        _hash.Dispose();
        base.Dispose(disposing);
    }
}
