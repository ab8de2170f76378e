namespace Sealer.Clusterfiles.Reading;

/// <summary>A file's text, to look at the place of a node.</summary>
internal sealed class SourceLines
{
    private readonly List<int> _lineStarts = [0];

    private readonly IReadOnlyList<int>? _origins;

    /// <param name="text">The text that is read.</param>
    /// <param name="origins">Of text that was rendered, the line of the user's file that each of its lines is of.</param>
    public SourceLines(string text, IReadOnlyList<int>? origins = null)
    {
        _origins = origins;
        Text = text;
        for (var i = text.IndexOf('\n'); i >= 0; i = text.IndexOf('\n', i + 1))
            _lineStarts.Add(i + 1);
    }

    public string Text { get; }

    /// <summary>The line of the user's file.</summary>
    public int OriginOf(int line) => _origins is null || line < 1 || line > _origins.Count ? line : _origins[line - 1];

    /// <summary>The character at a place; NUL where there is none.</summary>
    public char At(int line, int column)
    {
        var text = Line(line);
        return column >= 1 && column <= text.Length ? text[column - 1] : '\0';
    }

    /// <summary>A line without its break; empty where there is none.</summary>
    public ReadOnlySpan<char> Line(int line)
    {
        if (line < 1 || line > _lineStarts.Count)
            return [];
        var start = _lineStarts[line - 1];
        var end = line < _lineStarts.Count ? _lineStarts[line] - 1 : Text.Length;
        return Text.AsSpan(start, Math.Max(end - start, 0)).TrimEnd('\r');
    }
}
