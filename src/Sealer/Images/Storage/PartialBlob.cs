using System.Buffers;
using System.Security.Cryptography;
using Sealer.Images.Copying;

namespace Sealer.Images.Storage;

/// <summary>A blob of known digest on its way into the store; what was received stays for the next attempt.</summary>
internal sealed class PartialBlob : IDisposable
{
    /// <summary>How long another process may sit on the same blob without a byte before this one fetches it itself.</summary>
    private static readonly TimeSpan Stalled = TimeSpan.FromSeconds(30);

    private readonly StoreFolder _folder;
    private readonly Descriptor _descriptor;
    private readonly string _path;
    private readonly FileStream _file;
    private readonly IncrementalHash _hash;

    private PartialBlob(StoreFolder folder, Descriptor descriptor, string path, FileStream file)
    {
        _folder = folder;
        _descriptor = descriptor;
        _path = path;
        _file = file;
        _hash = descriptor.Digest.CreateHash();
    }

    /// <summary>Bytes received.</summary>
    public long Length { get; private set; }

    /// <summary>True where bytes of an earlier attempt were taken over.</summary>
    public bool IsResumed { get; private set; }

    /// <summary>
    /// Claims the blob; waits while another task or process fetches the same one.
    /// </summary>
    /// <returns>Null where the blob is in the store by now.</returns>
    public static async Task<PartialBlob?> ClaimAsync(
        StoreFolder folder,
        Descriptor descriptor,
        Func<bool> exists,
        CancellationToken cancellationToken)
    {
        var path = folder.PartialPath(descriptor.Digest);
        long seen = -1;
        var since = Environment.TickCount64;
        for (var pause = 5; ; pause = Math.Min(pause * 2, 250))
        {
            var file = FileLock.TryTake(path, exclusive: true);
            if (exists())
            {
                // Its last writer has just put it into place; the file made by opening it again is of no use.
                if (file is not null)
                {
                    StoreFolder.TryDelete(path);
                    await file.DisposeAsync().ConfigureAwait(false);
                }

                return null;
            }

            if (file is not null && !File.Exists(path))
            {
                // Between opening and locking, the last holder moved the file away: this is nobody's any more.
                await file.DisposeAsync().ConfigureAwait(false);
                continue;
            }

            if (file is null)
            {
                var length = new FileInfo(path) is { Exists: true } info ? info.Length : 0;
                if (length != seen)
                    (seen, since) = (length, Environment.TickCount64);
                if (Environment.TickCount64 - since < Stalled.TotalMilliseconds)
                {
                    await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
                    continue;
                }

                path = folder.NewTemporary();
                file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1);
            }

            var partial = new PartialBlob(folder, descriptor, path, file);
            await partial.TakeOverAsync(cancellationToken).ConfigureAwait(false);
            return partial;
        }
    }

    /// <summary>Takes the rest of the content.</summary>
    public async Task ReceiveAsync(Stream source, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var limit = _descriptor.Size - Length;
        var moved = await StreamPump.RunAsync(source, WriteAsync, _hash, limit, progress, Length, cancellationToken)
            .ConfigureAwait(false);
        if (moved > limit)
            throw VerifyingStream.TooLong(_descriptor);
    }

    /// <summary>True where size and digest are right.</summary>
    public bool IsRight(out string found)
    {
        var hash = _hash.GetCurrentHash();
        found = _descriptor.Digest.Algorithm + ":" + Convert.ToHexString(hash).ToLowerInvariant();
        return Length == _descriptor.Size && _descriptor.Digest.Matches(hash);
    }

    /// <summary>Throws away what was received and begins again.</summary>
    public void Restart()
    {
        _file.SetLength(0);
        _file.Position = 0;
        _hash.GetHashAndReset();
        Length = 0;
        IsResumed = false;
    }

    /// <summary>Puts the blob into the store.</summary>
    /// <returns>False where another one has stepped in and finishes the same content; it is to be waited for.</returns>
    public bool Commit()
    {
        // Moved while it is still locked, so that nobody who waits takes it for a leftover. Windows moves no open file:
        // there a second one that was waiting may step in between.
        var target = _folder.BlobPath(_descriptor.Digest);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        if (OperatingSystem.IsWindows())
            _file.Dispose();
        try
        {
            StoreFolder.Replace(_path, target);
            return true;
        }
        catch (Exception e) when (OperatingSystem.IsWindows() && e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>
    /// Throws the bytes away. The empty file stays for the sweep: removing a file that others may be waiting to lock would
    /// let two of them believe that they hold it.
    /// </summary>
    public void Delete() => Restart();

    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            await _file.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e) when (DiskSpace.IsFull(e))
        {
            throw DiskSpace.Full(_folder.Root, _descriptor.Size - Length, e);
        }
        catch (IOException e)
        {
            throw new SealerException(
                "StoreUnusable",
                ErrorKind.ResourceUnavailable,
                $"The image store '{_folder.Root}' cannot be written: {e.Message}",
                _folder.Root,
                e);
        }

        Length += buffer.Length;
    }

    private async Task TakeOverAsync(CancellationToken cancellationToken)
    {
        if (_file.Length == 0)
            return;
        if (_file.Length > _descriptor.Size)
        {
            Restart();
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(StreamPump.BufferSize);
        try
        {
            for (int read; (read = await _file.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
            {
                _hash.AppendData(buffer, 0, read);
                Length += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        IsResumed = true;
    }
}
