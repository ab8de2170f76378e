using System.Security.Cryptography;
using System.Text.Json;
using Sealer.Images.Copying;

namespace Sealer.Images.Archives;

/// <summary>
/// The file, or the parts, that an archive is written to: under temporary names until it is complete, so that nobody takes
/// half an archive for a whole one. Disposed without commit, nothing is left.
/// </summary>
internal sealed class ArchiveOutput : IAsyncDisposable
{
    private readonly string _path;
    private readonly long? _partSize;
    private readonly string _mark = ".partial-" + Guid.NewGuid().ToString("N")[..8];
    private readonly List<ArchivePart> _parts = [];
    private readonly List<string> _temporary = [];
    private readonly IncrementalHash? _hash;
    private FileStream? _file;
    private long _fileLength;
    private bool _committed;

    /// <param name="path">What the archive will be called.</param>
    /// <param name="partSize">Most bytes a part; null for one file.</param>
    public ArchiveOutput(string path, long? partSize)
    {
        _path = Path.GetFullPath(path);
        _partSize = partSize;
        _hash = partSize is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        NextFile();
    }

    /// <summary>Bytes written.</summary>
    public long Length { get; private set; }

    /// <summary>Full paths of what was made; after <see cref="CommitAsync"/>.</summary>
    public IReadOnlyList<string> Files { get; private set; } = [];

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            while (buffer.Length > 0)
            {
                if (_fileLength == _partSize)
                {
                    await EndPartAsync(cancellationToken).ConfigureAwait(false);
                    NextFile();
                }

                var count = (int)Math.Min(buffer.Length, (_partSize ?? long.MaxValue) - _fileLength);
                await StreamPump.HashAndWriteAsync(buffer[..count], _file!.WriteAsync, _hash, cancellationToken).ConfigureAwait(false);
                _fileLength += count;
                Length += count;
                buffer = buffer[count..];
            }
        }
        catch (IOException e)
        {
            throw DiskSpace.IsFull(e) ? DiskSpace.Full(Path.GetDirectoryName(_path)!, buffer.Length, e) : ArchiveErrors.Unwritable(_path, e);
        }
    }

    /// <summary>Gives the finished archive its name; an archive of that name is replaced.</summary>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await EndPartAsync(cancellationToken).ConfigureAwait(false);
            var files = new List<string>();
            for (var i = 0; i < _temporary.Count; i++)
            {
                files.Add(_temporary[i][..^_mark.Length]);
                File.Move(_temporary[i], files[i], overwrite: true);
            }

            if (_partSize is not null)
            {
                // The index last: it is what makes the parts an archive.
                var parts = new ArchiveParts { Name = Path.GetFileName(_path), Size = Length, Parts = _parts };
                var index = _path + ArchiveParts.IndexSuffix;
                _temporary.Add(index + _mark);
                var file = new FileStream(index + _mark, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1);
                await using (file.ConfigureAwait(false))
                {
                    await file.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(parts, ArchiveJson.Default.ArchiveParts), cancellationToken)
                        .ConfigureAwait(false);
                    file.Flush(flushToDisk: true);
                }

                File.Move(index + _mark, index, overwrite: true);
                files.Add(index);
                // Of a larger archive that was here: 'cat NAME.part*' would put them behind this one.
                foreach (var later in ArchiveParts.FilesOf(_path).Where(part => !files.Contains(part)))
                    File.Delete(later);
            }

            Files = files;
            _committed = true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DiskSpace.IsFull(e) ? DiskSpace.Full(Path.GetDirectoryName(_path)!, null, e) : ArchiveErrors.Unwritable(_path, e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_file is not null)
            await _file.DisposeAsync().ConfigureAwait(false);
        _hash?.Dispose();
        if (!_committed)
            _temporary.ForEach(f => Storage.StoreFolder.TryDelete(f));
    }

    private void NextFile()
    {
        var path = (_partSize is null ? _path : ArchiveParts.PartName(_path, _temporary.Count + 1)) + _mark;
        try
        {
            _file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DiskSpace.IsFull(e) ? DiskSpace.Full(Path.GetDirectoryName(_path)!, null, e) : ArchiveErrors.Unwritable(_path, e);
        }

        _temporary.Add(path);
        _fileLength = 0;
    }

    private async Task EndPartAsync(CancellationToken cancellationToken)
    {
        await _file!.FlushAsync(cancellationToken).ConfigureAwait(false);
        // On the medium before it has its name: sticks are pulled out, and what is complete by its name must be.
        _file.Flush(flushToDisk: true);
        await _file.DisposeAsync().ConfigureAwait(false);
        if (_hash is not null)
        {
            var name = Path.GetFileName(_temporary[^1])[..^_mark.Length];
            _parts.Add(new ArchivePart(name, _fileLength, Convert.ToHexString(_hash.GetHashAndReset()).ToLowerInvariant()));
        }
    }
}
