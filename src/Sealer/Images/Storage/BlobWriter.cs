using System.Security.Cryptography;
using Sealer.Images.Copying;

namespace Sealer.Images.Storage;

/// <summary>
/// Writes a blob whose digest is not known yet: hashed while it is written, in the store once committed, gone when disposed
/// before. Write in large pieces: those are hashed on another thread while they go to the disk. One writer at a time.
/// </summary>
public sealed class BlobWriter : Stream
{
    private readonly ImageStore _store;
    private readonly StoreLease _lease;
    private readonly string _path;
    private readonly FileStream _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _length;
    private bool _closed;

    internal BlobWriter(ImageStore store, StoreLease lease, string path)
    {
        _store = store;
        _lease = lease;
        _path = path;
        try
        {
            _file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 64 * 1024);
        }
        catch (IOException e) when (DiskSpace.IsFull(e))
        {
            throw DiskSpace.Full(store.Folder, null, e);
        }
    }

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => !_closed;

    /// <summary>Bytes written.</summary>
    public override long Length => _length;

    /// <summary>Bytes written.</summary>
    public override long Position { get => _length; set => throw new NotSupportedException(); }

    /// <summary>
    /// Ends the blob and puts it into the store under its digest; where the store has it already, that one stays.
    /// </summary>
    /// <param name="expected">What the digest has to be, or null.</param>
    /// <param name="cancellationToken">Cancels; the blob is gone then.</param>
    /// <exception cref="SealerException"><c>DigestMismatch</c>: the content is another one; nothing is kept.</exception>
    public async Task<(Digest Digest, long Size)> CommitAsync(Digest? expected, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await _file.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e) when (DiskSpace.IsFull(e))
        {
            throw DiskSpace.Full(_store.Folder, null, e);
        }

        var digest = Digest.FromHash(_hash.GetHashAndReset());
        if (expected is { } wanted && wanted != digest)
        {
            throw VerifyingStream.WrongDigest(
                new Descriptor { MediaType = "", Digest = wanted, Size = _length },
                digest.ToString());
        }

        _store.Adopt(_file, _path, digest, _length);
        Close(delete: false);
        return (digest, _length);
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _hash.AppendData(buffer);
        try
        {
            _file.Write(buffer);
        }
        catch (IOException e) when (DiskSpace.IsFull(e))
        {
            throw DiskSpace.Full(_store.Folder, buffer.Length, e);
        }

        _length += buffer.Length;
    }

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await StreamPump.HashAndWriteAsync(buffer, _file.WriteAsync, _hash, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e) when (DiskSpace.IsFull(e))
        {
            throw DiskSpace.Full(_store.Folder, buffer.Length, e);
        }

        _length += buffer.Length;
    }

    /// <summary>Does nothing: what is not committed is not there.</summary>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_closed)
            Close(delete: true);
        base.Dispose(disposing);
    }

    private void Close(bool delete)
    {
        _closed = true;
        try
        {
            _file.Dispose();
        }
        catch (IOException) when (delete)
        {
            // A full disk may refuse the last buffer; it is thrown away anyway.
        }

        if (delete)
            StoreFolder.TryDelete(_path);
        _hash.Dispose();
        _lease.Dispose();
    }
}
