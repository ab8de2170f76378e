using System.Text.RegularExpressions;

namespace Sealer.Kubefiles.Syntax;

/// <summary>Lines to statements: directives, comments, continuation, heredocs, flags.</summary>
internal sealed partial class StatementReader
{
    private readonly string[] _lines;
    private readonly DiagnosticBag _diagnostics;
    private char _escape = '\\';
    private int _next;

    public StatementReader(string text, DiagnosticBag diagnostics)
    {
        _diagnostics = diagnostics;
        _lines = text.TrimStart('\uFEFF').Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n');
    }

    public StatementFile Read()
    {
        ReadDirectives();
        var statements = new List<Statement>();
        while (_next < _lines.Length)
        {
            if (IsEmpty(_lines[_next]) || IsComment(_lines[_next]))
                _next++;
            else if (ReadStatement() is { } statement)
                statements.Add(statement);
        }

        return new StatementFile(_escape, statements);
    }

    // Directives stand above everything else; the first line that is none makes the rest comments.
    private void ReadDirectives()
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (; _next < _lines.Length; _next++)
        {
            var match = Directive().Match(_lines[_next]);
            var name = match.Groups["name"].Value.ToLowerInvariant();
            if (!match.Success || name is not ("escape" or "syntax" or "check"))
                return;
            var span = new SourceSpan(_next + 1, match.Groups["name"].Index + 1, _next + 1);
            if (!seen.Add(name))
                _diagnostics.Error(span, $"the directive '{name}' stands here twice; keep one");
            if (name != "escape")
                continue;
            var value = match.Groups["value"].Value;
            if (value is "\\" or "`")
                _escape = value[0];
            else
                _diagnostics.Error(span, $"'{value}' cannot be the escape character; it is \\ or `");
        }
    }

    private Statement? ReadStatement()
    {
        var firstLine = _next;
        var text = ReadLogicalLine();
        var line = text.Value;
        var keywordEnd = 0;
        while (keywordEnd < line.Length && !char.IsWhiteSpace(line[keywordEnd]))
            keywordEnd++;
        if (keywordEnd == 0)
            return null;

        var keyword = line[..keywordEnd].ToUpperInvariant();
        var body = text.Slice(keywordEnd).Trim();
        var flags = ReadFlags(ref body);
        var heredocs = keyword is "RUN" or "COPY" or "ADD" && body.Value.Contains("<<", StringComparison.Ordinal)
            ? ReadHeredocs(body)
            : [];
        var start = text.At(0);
        return new Statement(
            keyword,
            start with { EndLine = _next },
            flags,
            body,
            heredocs,
            string.Join('\n', _lines[firstLine.._next]).Trim());
    }

    private SourceText ReadLogicalLine()
    {
        var builder = new SourceText.Builder();
        var line = _lines[_next];
        var indent = line.Length - line.TrimStart().Length;
        var continues = TrimContinuation(ref line);
        builder.Add(line.Length >= indent ? line[indent..] : "", _next + 1, indent + 1);
        _next++;
        var warned = false;
        while (continues && _next < _lines.Length)
        {
            line = _lines[_next++];
            if (IsComment(line))
                continue;
            if (IsEmpty(line))
            {
                // The last line of a file is empty where the file ends with LF; that is no line.
                if (!warned && _next < _lines.Length)
                    _diagnostics.Warning(new SourceSpan(_next, 1, _next), "an empty line inside a continued instruction; remove it, or the instruction's last continuation");
                warned = true;
                continue;
            }

            continues = TrimContinuation(ref line);
            builder.Add(line, _next, 1);
        }

        return builder.Build().Trim();
    }

    // An escape in front of the escape makes it a character like any other; alone on its line it always continues.
    private bool TrimContinuation(ref string line)
    {
        var trimmed = line.TrimEnd(' ', '\t');
        if (!trimmed.EndsWith(_escape))
            return false;
        if (trimmed.Length > 1 && trimmed[^2] == _escape)
            return false;
        line = trimmed[..^1];
        return true;
    }

    private List<StatementFlag> ReadFlags(ref SourceText body)
    {
        var flags = new List<StatementFlag>();
        while (body.Value.StartsWith("--", StringComparison.Ordinal))
        {
            var end = Words.EndOfWord(body.Value, 0, _escape);
            if (end == 2)
            {
                body = body.Slice(end).Trim();
                break;
            }

            var equals = body.Value.IndexOf('=', 0, end);
            var name = body.Value[2..(equals < 0 ? end : equals)];
            flags.Add(new StatementFlag(
                body.At(0),
                name,
                equals < 0 ? null : body.Slice(equals + 1, end - equals - 1)));
            body = body.Slice(end).Trim();
        }

        return flags;
    }

    private List<HeredocSyntax> ReadHeredocs(SourceText body)
    {
        var heredocs = new List<HeredocSyntax>();
        foreach (var word in Words.Quoted(body, _escape))
        {
            var match = Heredoc().Match(word.Value);
            if (!match.Success)
                continue;
            var rawName = match.Groups["name"].Value;
            var name = rawName.Replace("'", "", StringComparison.Ordinal).Replace("\"", "", StringComparison.Ordinal);
            if (name.Length == 0)
                continue;
            heredocs.Add(new HeredocSyntax(
                word,
                name,
                Expand: name == rawName,
                ReadHeredocContent(word, name, chomp: match.Groups["chomp"].Length > 0)));
        }

        return heredocs;
    }

    private SourceText ReadHeredocContent(SourceText word, string name, bool chomp)
    {
        var content = new SourceText.Builder();
        content.Add("", _next + 1, 1);
        while (_next < _lines.Length)
        {
            var line = _lines[_next++];
            var trimmed = chomp ? line.TrimStart('\t') : line;
            if (trimmed == name)
                return content.Build();
            content.Add(trimmed + "\n", _next, line.Length - trimmed.Length + 1);
        }

        _diagnostics.Error(word.At(0), $"the heredoc '{word}' has no end: no line is '{name}' and nothing else");
        return content.Build();
    }

    private static bool IsComment(string line) => line.AsSpan().TrimStart().StartsWith("#");

    private static bool IsEmpty(string line) => string.IsNullOrWhiteSpace(line);

    [GeneratedRegex(@"^#\s*(?<name>[a-zA-Z][a-zA-Z0-9]*)\s*=\s*(?<value>.+?)\s*$", RegexOptions.NonBacktracking)]
    private static partial Regex Directive();

    // Docker's: a file descriptor, the sign, a minus, and a name that may be quoted.
    [GeneratedRegex(@"^\d*<<(?<chomp>-?)(?<name>[^<\s]+)$")]
    private static partial Regex Heredoc();
}
