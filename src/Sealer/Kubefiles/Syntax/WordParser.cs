using System.Text;

namespace Sealer.Kubefiles.Syntax;

/// <summary>Parses one word as Docker's shell lexer does: quotes, escapes, variables.</summary>
internal sealed class WordParser
{
    // Deep nesting of ${a:-${b:-...}} is nobody's Kubefile.
    private const int MaxDepth = 32;

    private readonly SourceText _text;
    private readonly char _escape;
    private readonly bool _heredoc;
    private readonly DiagnosticBag _diagnostics;
    private int _position;
    private int _depth;

    private WordParser(SourceText text, char escape, bool heredoc, DiagnosticBag diagnostics)
    {
        _text = text;
        _escape = escape;
        _heredoc = heredoc;
        _diagnostics = diagnostics;
    }

    private bool AtEnd => _position >= _text.Length;

    private char Current => _text.Value[_position];

    /// <summary>A word of a statement.</summary>
    public static WordSyntax Parse(SourceText text, char escape, DiagnosticBag diagnostics) =>
        new WordParser(text, escape, heredoc: false, diagnostics).ParseUntil(stop: null);

    /// <summary>
    /// The content of a heredoc: quotes mean nothing, and a backslash only protects <c>$</c> and itself, as in a shell.
    /// </summary>
    public static WordSyntax ParseHeredoc(SourceText text, DiagnosticBag diagnostics) =>
        new WordParser(text, '\\', heredoc: true, diagnostics).ParseUntil(stop: null);

    private WordSyntax ParseUntil(char? stop)
    {
        var span = _text.At(_position);
        var parts = new List<WordPart>();
        var literal = new StringBuilder();
        while (!AtEnd && Current != stop)
        {
            switch (Current)
            {
                case '$':
                    ParseVariable(parts, literal);
                    break;
                case '\'' when !_heredoc:
                    ParseSingleQuotes(literal);
                    break;
                case '"' when !_heredoc:
                    ParseDoubleQuotes(parts, literal);
                    break;
                case var c when c == _escape:
                    ParseEscape(literal);
                    break;
                default:
                    literal.Append(Current);
                    _position++;
                    break;
            }
        }

        Flush(parts, literal);
        return new WordSyntax(span, parts);
    }

    private void ParseEscape(StringBuilder literal)
    {
        _position++;
        if (AtEnd)
        {
            if (_heredoc)
                literal.Append(_escape);
            return;
        }

        if (_heredoc && Current != '$' && Current != _escape)
            literal.Append(_escape);
        literal.Append(Current);
        _position++;
    }

    private void ParseSingleQuotes(StringBuilder literal)
    {
        var start = _position++;
        var end = AtEnd ? -1 : _text.Value.IndexOf('\'', _position);
        if (end < 0)
        {
            Unclosed(start, "'");
            return;
        }

        literal.Append(_text.Value, _position, end - _position);
        _position = end + 1;
    }

    private void ParseDoubleQuotes(List<WordPart> parts, StringBuilder literal)
    {
        var start = _position++;
        while (!AtEnd)
        {
            var c = Current;
            if (c == '"')
            {
                _position++;
                return;
            }

            if (c == '$')
            {
                ParseVariable(parts, literal);
                continue;
            }

            _position++;
            if (c == _escape)
            {
                if (AtEnd)
                    break;
                if (Current == '"' || Current == '$' || Current == _escape)
                    c = _text.Value[_position++];
            }

            literal.Append(c);
        }

        Unclosed(start, "\"");
    }

    private void ParseVariable(List<WordPart> parts, StringBuilder literal)
    {
        var start = _position++;
        if (!AtEnd && Current == '{')
        {
            _position++;
            ParseBraces(start, parts, literal);
            return;
        }

        var name = ParseName();
        if (name.Length == 0)
        {
            literal.Append('$');
            return;
        }

        Flush(parts, literal);
        parts.Add(new VariablePart(_text.At(start), name, '\0', EmptyIsUnset: false, Operand: null));
    }

    private void ParseBraces(int start, List<WordPart> parts, StringBuilder literal)
    {
        var name = ParseName();
        if (AtEnd || name.Length == 0)
        {
            var problem = AtEnd ? "'${' is not closed by '}'" : "'${' wants the name of a variable";
            _diagnostics.Error(_text.At(start), problem);
            _position = _text.Length;
            return;
        }

        var emptyIsUnset = Current == ':';
        if (emptyIsUnset)
            _position++;
        var sign = AtEnd ? '\0' : Current;
        WordSyntax? operand = null;
        if (sign == '}' && !emptyIsUnset)
        {
            sign = '\0';
        }
        else if (sign is '-' or '+' or '?' && _depth < MaxDepth)
        {
            _position++;
            _depth++;
            operand = ParseUntil('}');
            _depth--;
        }
        else
        {
            _diagnostics.Error(
                _text.At(start),
                $"'{_text.Value[start..Math.Min(_text.Length, _position + 1)]}' is no substitution; there are ${{x}}, ${{x:-default}}, ${{x-default}}, ${{x:+other}}, ${{x+other}}, ${{x:?message}}");
            _position = _text.Length;
            return;
        }

        if (AtEnd)
            _diagnostics.Error(_text.At(start), "'${' is not closed by '}'");
        else
            _position++;
        Flush(parts, literal);
        parts.Add(new VariablePart(_text.At(start), name, sign, emptyIsUnset, operand));
    }

    private string ParseName()
    {
        var start = _position;
        if (!AtEnd && char.IsAsciiDigit(Current))
        {
            while (!AtEnd && char.IsAsciiDigit(Current))
                _position++;
        }
        else
        {
            while (!AtEnd && (char.IsAsciiLetterOrDigit(Current) || Current == '_'))
                _position++;
        }

        return _text.Value[start.._position];
    }

    private void Unclosed(int start, string quote)
    {
        _diagnostics.Error(_text.At(start), $"the quote {quote} is not closed; close it, or write {_escape}{quote} where a quote is meant");
        _position = _text.Length;
    }

    private static void Flush(List<WordPart> parts, StringBuilder literal)
    {
        if (literal.Length == 0)
            return;
        parts.Add(new LiteralPart(literal.ToString()));
        literal.Clear();
    }
}
