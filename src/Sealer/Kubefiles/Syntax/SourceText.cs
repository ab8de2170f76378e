using System.Text;

namespace Sealer.Kubefiles.Syntax;

/// <summary>Text put together from pieces of several lines that still knows where each character came from.</summary>
internal sealed class SourceText
{
    private readonly Piece[] _pieces;

    private SourceText(string value, Piece[] pieces)
    {
        Value = value;
        _pieces = pieces;
    }

    /// <summary>Text that has no place of its own, such as a word of a JSON array, at the place of its statement.</summary>
    public static SourceText Of(string value, SourceSpan span) => new(value, [new Piece(0, span.Line, span.Column)]);

    public string Value { get; }

    public int Length => Value.Length;

    public SourceText Slice(int start) => Slice(start, Length - start);

    public SourceText Slice(int start, int length)
    {
        var pieces = new List<Piece>();
        for (var i = PieceAt(start); i < _pieces.Length; i++)
        {
            var piece = _pieces[i];
            if (piece.Offset > start + length)
                break;
            var skipped = Math.Max(0, start - piece.Offset);
            pieces.Add(new Piece(Math.Max(0, piece.Offset - start), piece.Line, piece.Column + skipped));
        }

        return new SourceText(Value.Substring(start, length), [.. pieces]);
    }

    public SourceText Trim()
    {
        var start = 0;
        while (start < Length && char.IsWhiteSpace(Value[start]))
            start++;
        var end = Length;
        while (end > start && char.IsWhiteSpace(Value[end - 1]))
            end--;
        return Slice(start, end - start);
    }

    /// <summary>Where a character stands; the place behind the last one is allowed.</summary>
    public SourceSpan At(int offset)
    {
        var piece = _pieces[PieceAt(offset)];
        return new SourceSpan(piece.Line, piece.Column + offset - piece.Offset, piece.Line);
    }

    public override string ToString() => Value;

    /// <summary>The last piece that begins at or before a place; found by halves, as there may be a piece for every word.</summary>
    private int PieceAt(int offset)
    {
        var (low, high) = (0, _pieces.Length - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_pieces[middle].Offset <= offset)
                low = middle;
            else
                high = middle - 1;
        }

        return low;
    }

    internal sealed class Builder
    {
        private readonly StringBuilder _text = new();
        private readonly List<Piece> _pieces = [];

        public int Length => _text.Length;

        public void Add(string text, int line, int column)
        {
            if (text.Length == 0 && _pieces.Count > 0)
                return;
            _pieces.Add(new Piece(_text.Length, line, column));
            _text.Append(text);
        }

        public SourceText Build() => new(_text.ToString(), [.. _pieces]);
    }

    private readonly record struct Piece(int Offset, int Line, int Column);
}
