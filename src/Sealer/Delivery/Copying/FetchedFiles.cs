using System.Security.Cryptography;

namespace Sealer.Delivery.Copying;

/// <summary>Takes the contents of files that come one after the other, and puts each in its place when it is complete and right.</summary>
internal sealed class FetchedFiles(IReadOnlyList<CopyEntry> files, GuardedFolder target, Action<int> written) : WriteOnlyStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private FileStream? _file;
    private long _left;
    private long _ignored;
    private int _next;

    /// <summary>The first whose content was not what the host had said; all after it are unknown.</summary>
    public CopyEntry? Wrong { get; private set; }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (buffer.Length > 0)
        {
            if (Wrong is not null || (_file is null && !await NextAsync().ConfigureAwait(false)))
            {
                Ignore(buffer.Length);
                return;
            }

            var part = buffer[..(int)Math.Min(buffer.Length, _left)];
            await _file!.WriteAsync(part, cancellationToken).ConfigureAwait(false);
            _hash.AppendData(part.Span);
            written(part.Length);
            buffer = buffer[part.Length..];
            if ((_left -= part.Length) == 0)
                await EndFileAsync().ConfigureAwait(false);
        }
    }

    // A file may have grown since it was listed; who sends without an end is not waited for.
    private void Ignore(int count)
    {
        if ((_ignored += count) <= LargeFile.MaxBeyond)
            return;
        var file = (Wrong ?? files[^1]).Path;
        throw new SealerException("HostFileChanged", ErrorKind.Conflict, $"'{file}' has more bytes than were told of it. Copy it again, when nothing writes there.", file);
    }

    /// <summary>Once all has come.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // Empty files at the end are nobody's bytes.
        if (_file is null && Wrong is null)
            await NextAsync().ConfigureAwait(false);
        if (_file is not null)
            Wrong ??= files[_next - 1];
    }

    protected override void Dispose(bool disposing)
    {
        if (_file is not null)
        {
            _file.Dispose();
            target.Drop(files[_next - 1]);
        }

        _hash.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<bool> NextAsync()
    {
        while (_next < files.Count && Wrong is null)
        {
            var file = files[_next++];
            (_file, _left) = (target.OpenPartial(file, takeUp: false), file.Size);
            if (_left > 0)
                return true;
            await EndFileAsync().ConfigureAwait(false);
        }

        return false;
    }

    private async Task EndFileAsync()
    {
        var file = files[_next - 1];
        await _file!.DisposeAsync().ConfigureAwait(false);
        _file = null;
        if (Convert.ToHexString(_hash.GetHashAndReset()).Equals(file.Digest, StringComparison.OrdinalIgnoreCase))
        {
            target.Finish(file);
        }
        else
        {
            target.Drop(file);
            Wrong = file;
        }
    }
}
