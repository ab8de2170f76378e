using System.Security.Cryptography;

namespace Sealer.Images.Copying;

/// <summary>
/// Reads another stream and holds it to a descriptor: never more bytes than its size, never fewer, and the digest at the
/// end. The last bytes are handed out only after the digest was found right, so whoever has read <c>Size</c> bytes has
/// verified content. Read from the beginning, forward only, not seekable.
/// </summary>
public sealed class VerifyingStream : Stream
{
    private readonly Stream _inner;
    private readonly Descriptor _descriptor;
    private readonly bool _leaveOpen;
    private readonly IncrementalHash _hash;
    private long _position;

    /// <param name="inner">The content, at its beginning.</param>
    /// <param name="descriptor">What it has to be.</param>
    /// <param name="leaveOpen">False (default) to dispose <paramref name="inner"/> with this stream.</param>
    public VerifyingStream(Stream inner, Descriptor descriptor, bool leaveOpen = false)
    {
        _inner = inner;
        _descriptor = descriptor;
        _leaveOpen = leaveOpen;
        _hash = descriptor.Digest.CreateHash();
        if (descriptor.Size == 0)
            CheckDigest();
    }

    /// <summary>True once all bytes were read and found right.</summary>
    public bool IsVerified { get; private set; }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <summary>The size that the descriptor states.</summary>
    public override long Length => _descriptor.Size;

    /// <inheritdoc/>
    public override long Position { get => _position; set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (buffer.Length == 0)
            return 0;
        var read = _inner.Read(buffer);
        Check(buffer[..read]);
        return read;
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length == 0)
            return 0;
        var read = await _inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Check(buffer.Span[..read]);
        return read;
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        _hash.Dispose();
        if (!_leaveOpen)
            await _inner.DisposeAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    internal static SealerException WrongDigest(Descriptor descriptor, string found) => new(
        "DigestMismatch",
        ErrorKind.InvalidContent,
        $"Content that should be {descriptor.Digest} is {found}. It was changed on its way or where it is kept; fetch it again.",
        descriptor.Digest);

    internal static SealerException TooLong(Descriptor descriptor) => new(
        "SizeMismatch",
        ErrorKind.InvalidContent,
        $"{descriptor.Digest} is said to have {descriptor.Size} bytes, but has more. The image is broken or hostile.",
        descriptor.Digest);

    internal static SealerException TruncatedAt(Descriptor descriptor, long position) => new(
        "Truncated",
        ErrorKind.InvalidContent,
        $"{descriptor.Digest} ends after {position} of {descriptor.Size} bytes. It was cut on its way or where it is kept; fetch it again.",
        descriptor.Digest);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
            if (!_leaveOpen)
                _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Check(ReadOnlySpan<byte> read)
    {
        if (read.Length == 0)
        {
            if (_position < _descriptor.Size)
                throw TruncatedAt(_descriptor, _position);
            return;
        }

        if (read.Length > _descriptor.Size - _position)
            throw TooLong(_descriptor);
        _hash.AppendData(read);
        _position += read.Length;
        if (_position == _descriptor.Size)
            CheckDigest();
    }

    private void CheckDigest()
    {
        var hash = _hash.GetHashAndReset();
        if (!_descriptor.Digest.Matches(hash))
            throw WrongDigest(_descriptor, _descriptor.Digest.Algorithm + ":" + Convert.ToHexString(hash).ToLowerInvariant());
        IsVerified = true;
    }
}
