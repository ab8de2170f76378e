namespace Sealer.Images.Archives;

/// <summary>The parts of a split archive as the one file that they were.</summary>
internal sealed class PartBytes : RandomBytes
{
    private readonly List<RandomBytes> _parts = [];
    private readonly long[] _starts;

    public PartBytes(ArchiveParts parts)
    {
        _starts = new long[parts.Parts.Count];
        try
        {
            foreach (var part in parts.Parts)
            {
                _starts[_parts.Count] = Length;
                _parts.Add(OpenFile(Path.Combine(parts.Folder, part.Name)));
                Length += part.Size;
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public override long Length { get; }

    public override int Read(Span<byte> buffer, long offset)
    {
        if (offset >= Length)
            return 0;
        var (part, within, left) = Locate(offset);
        return _parts[part].Read(buffer[..(int)Math.Min(buffer.Length, left)], within);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken)
    {
        if (offset >= Length)
            return ValueTask.FromResult(0);
        var (part, within, left) = Locate(offset);
        return _parts[part].ReadAsync(buffer[..(int)Math.Min(buffer.Length, left)], within, cancellationToken);
    }

    public override void Dispose() => _parts.ForEach(p => p.Dispose());

    private (int Part, long Offset, long Left) Locate(long offset)
    {
        var found = Array.BinarySearch(_starts, offset);
        var part = found >= 0 ? found : ~found - 1;

        // Empty parts share their start with the next one.
        while (part + 1 < _starts.Length && _starts[part + 1] <= offset)
            part++;
        var end = part + 1 < _starts.Length ? _starts[part + 1] : Length;
        return (part, offset - _starts[part], end - offset);
    }
}
