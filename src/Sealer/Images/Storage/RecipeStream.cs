namespace Sealer.Images.Storage;

/// <summary>Reads a recipe as the one blob it makes. Seekable; has one file open at a time.</summary>
internal sealed class RecipeStream : ReadOnlyStream
{
    private readonly IReadOnlyList<RecipeHeadPart> _parts;
    private readonly long[] _starts;
    private readonly long[] _inlineOffsets;
    private readonly string _recipePath;
    private readonly Func<Digest, string> _blobPath;
    private FileStream? _inline;
    private FileStream? _blob;
    private int _blobPart = -1;
    private int _part;
    private long _position;

    /// <param name="recipe">What to read.</param>
    /// <param name="blobPath">Where a blob's file is.</param>
    public RecipeStream(RecipeFile recipe, Func<Digest, string> blobPath)
    {
        _parts = recipe.Head.Parts;
        _recipePath = recipe.Path;
        _blobPath = blobPath;
        Length = recipe.Head.Size;
        _starts = new long[_parts.Count];
        _inlineOffsets = new long[_parts.Count];
        long at = 0;
        var inline = recipe.InlineStart;
        for (var i = 0; i < _parts.Count; i++)
        {
            _starts[i] = at;
            at += _parts[i].Length;
            _inlineOffsets[i] = inline;
            if (_parts[i].Blob is null)
                inline += _parts[i].Length;
        }
    }

    public override bool CanSeek => true;

    public override long Length { get; }

    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
            var found = Array.BinarySearch(_starts, value);
            _part = found >= 0 ? found : Math.Max(0, ~found - 1);
        }
    }

    public override int Read(Span<byte> buffer)
    {
        if (!Next(out var left))
            return 0;
        var (file, offset) = Locate();
        var read = RandomAccess.Read(file.SafeFileHandle, buffer[..(int)Math.Min(buffer.Length, left)], offset);
        return Advance(read, buffer.Length);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!Next(out var left))
            return 0;
        var (file, offset) = Locate();
        var read = await RandomAccess
            .ReadAsync(file.SafeFileHandle, buffer[..(int)Math.Min(buffer.Length, left)], offset, cancellationToken)
            .ConfigureAwait(false);
        return Advance(read, buffer.Length);
    }

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => Length + offset,
    };

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inline?.Dispose();
            _blob?.Dispose();
        }

        base.Dispose(disposing);
    }

    private bool Next(out long left)
    {
        left = 0;
        if (_position >= Length)
            return false;
        while (_position >= _starts[_part] + _parts[_part].Length)
            _part++;
        left = _starts[_part] + _parts[_part].Length - _position;
        return true;
    }

    private (FileStream File, long Offset) Locate()
    {
        var part = _parts[_part];
        var within = _position - _starts[_part];
        if (part.Blob is null)
            return (_inline ??= Open(_recipePath), _inlineOffsets[_part] + within);
        if (_blobPart != _part)
        {
            _blob?.Dispose();
            _blob = Open(_blobPath(part.Blob.Value));
            _blobPart = _part;
        }

        return (_blob!, part.Offset + within);
    }

    private int Advance(int read, int wanted)
    {
        if (read == 0 && wanted > 0)
            throw new EndOfStreamException($"A part of {System.IO.Path.GetFileName(_recipePath)} ends too early.");
        _position += read;
        return read;
    }

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SealerException(
                "BlobNotFound",
                ErrorKind.NotFound,
                $"'{path}', of which a layer is made, is gone from the image store. Fetch or build the image again.",
                path,
                e);
        }
    }
}
