using System.Globalization;
using System.Text;

namespace Sealer.Clusterfiles.Templates;

/// <summary>Cuts a template into text and the words of its actions, as Go's text/template does, trim markers applied.</summary>
internal sealed class TemplateLexer(string text)
{
    private const string Open = "{{";
    private const string Close = "}}";
    private const string TrimmedSpace = " \t\r\n";

    private readonly List<Token> _tokens = [];
    private int _at;
    private int _placedAt;
    private int _line = 1;
    private int _lineStart;

    public List<Token> Lex()
    {
        var trimNext = false;
        while (true)
        {
            var open = text.IndexOf(Open, _at, StringComparison.Ordinal);
            var end = open < 0 ? text.Length : open;
            var piece = text[_at..end];
            var start = _at;
            if (trimNext)
            {
                piece = piece.TrimStart(TrimmedSpace.ToCharArray());
                start = end - piece.Length;
            }

            var trimsBefore = open >= 0 && HasTrimMarker(open + 2);
            if (trimsBefore)
                piece = piece.TrimEnd(TrimmedSpace.ToCharArray());
            if (piece.Length > 0)
                Add(TokenKind.Text, piece, start);
            if (open < 0)
                break;
            _at = open + 2 + (trimsBefore ? 2 : 0);
            trimNext = IsComment(out var comment) ? SkipComment(comment) : LexAction(open);
        }

        Add(TokenKind.End, "", text.Length);
        return _tokens;
    }

    private bool HasTrimMarker(int at) => at + 1 < text.Length && text[at] == '-' && TrimmedSpace.Contains(text[at + 1], StringComparison.Ordinal);

    private bool IsComment(out int at)
    {
        at = _at;
        return string.CompareOrdinal(text, at, "/*", 0, 2) == 0;
    }

    private bool SkipComment(int at)
    {
        var end = text.IndexOf("*/", at + 2, StringComparison.Ordinal);
        if (end < 0)
            throw Error(at, "the comment is not closed; end it with */}}");
        end += 2;
        var trims = end + 1 < text.Length && TrimmedSpace.Contains(text[end], StringComparison.Ordinal) && text[end + 1] == '-';
        if (trims)
            end += 2;
        if (string.CompareOrdinal(text, end, Close, 0, 2) != 0)
            throw Error(end, "a comment must fill its action: end it with */}}");
        _at = end + 2;
        return trims;
    }

    /// <returns>True where the text behind the action is trimmed.</returns>
    private bool LexAction(int open)
    {
        Add(TokenKind.Open, Open, open);
        var parentheses = 0;
        while (true)
        {
            if (_at >= text.Length)
                throw Error(open, "the action is not closed; end it with }}");
            var trims = TrimmedSpace.Contains(text[_at], StringComparison.Ordinal) && string.CompareOrdinal(text, _at + 1, "-}}", 0, 3) == 0;
            if (trims || string.CompareOrdinal(text, _at, Close, 0, 2) == 0)
            {
                if (parentheses > 0)
                    throw Error(_at, "a '(' is not closed");
                Add(TokenKind.Close, Close, _at);
                _at += trims ? 4 : 2;
                return trims;
            }

            LexWord(ref parentheses);
        }
    }

    private void LexWord(ref int parentheses)
    {
        var start = _at;
        var c = text[_at];
        switch (c)
        {
            case ' ' or '\t' or '\r' or '\n':
                // The space in front of a trim marker belongs to the marker.
                while (_at < text.Length && TrimmedSpace.Contains(text[_at], StringComparison.Ordinal) && string.CompareOrdinal(text, _at + 1, "-}}", 0, 3) != 0)
                    _at++;
                Add(TokenKind.Space, " ", start);
                break;
            case '"':
                Add(TokenKind.String, Quoted('"'), start);
                break;
            case '`':
                Add(TokenKind.String, Raw(), start);
                break;
            case '\'':
                Add(TokenKind.Character, Quoted('\''), start);
                break;
            case '|':
                Single(TokenKind.Pipe);
                break;
            case ',':
                Single(TokenKind.Comma);
                break;
            case '(':
                parentheses++;
                Single(TokenKind.LeftParenthesis);
                break;
            case ')':
                if (--parentheses < 0)
                    throw Error(start, "there is a ')' too many");
                Single(TokenKind.RightParenthesis);
                break;
            case '=':
                Single(TokenKind.Assign);
                break;
            case ':' when _at + 1 < text.Length && text[_at + 1] == '=':
                _at += 2;
                Add(TokenKind.Declare, ":=", start);
                break;
            case '$':
                _at++;
                Add(TokenKind.Variable, "$" + Word(), start);
                Terminated(start);
                break;
            case '.' when _at + 1 >= text.Length || !char.IsAsciiDigit(text[_at + 1]):
                _at++;
                var name = Word();
                Add(name.Length > 0 ? TokenKind.Field : TokenKind.Dot, name, start);
                Terminated(start);
                break;
            case '+' or '-' or '.' or (>= '0' and <= '9'):
                while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] is '.' or '_' or '+' or '-'))
                {
                    if (text[_at] is '+' or '-' && _at > start && text[_at - 1] is not ('e' or 'E' or 'p' or 'P'))
                        break;
                    _at++;
                }

                Add(TokenKind.Number, text[start.._at], start);
                break;
            case var _ when IsLetter(c):
                Add(TokenKind.Identifier, Word(), start);
                Terminated(start);
                break;
            default:
                throw Error(start, $"'{c}' has no place in an action");
        }
    }

    private string Word()
    {
        var start = _at;
        while (_at < text.Length && IsLetter(text[_at]))
            _at++;
        return text[start.._at];
    }

    private static bool IsLetter(char c) => c == '_' || char.IsLetterOrDigit(c);

    // Go lets nothing follow a word at once that could not follow it.
    private void Terminated(int start)
    {
        if (_at >= text.Length || TrimmedSpace.Contains(text[_at], StringComparison.Ordinal) || text[_at] is '.' or ',' or '|' or ':' or '=' or ')' or '(')
            return;
        if (string.CompareOrdinal(text, _at, Close, 0, 2) != 0)
            throw Error(_at, $"'{text[_at]}' has no place behind '{text[start.._at]}'");
    }

    private void Single(TokenKind kind) => Add(kind, text[_at++].ToString(), _at - 1);

    private string Raw()
    {
        var end = text.IndexOf('`', _at + 1);
        if (end < 0)
            throw Error(_at, "the text in ` is not closed");
        var value = text[(_at + 1)..end].Replace("\r", "", StringComparison.Ordinal);
        _at = end + 1;
        return value;
    }

    private string Quoted(char quote)
    {
        var start = _at++;
        var bytes = new StringBuilder();
        while (true)
        {
            if (_at >= text.Length || text[_at] == '\n')
                throw Error(start, $"the text in {quote} is not closed");
            var c = text[_at++];
            if (c == quote)
                return bytes.ToString();
            if (c == '\\')
                Escape(start, quote, bytes);
            else
                bytes.Append(c);
        }
    }

    private void Escape(int start, char quote, StringBuilder to)
    {
        if (_at >= text.Length)
            throw Error(start, $"the text in {quote} is not closed");
        var c = text[_at++];
        const string Letters = "abfnrtv\\";
        const string Meanings = "\a\b\f\n\r\t\v\\";
        if (Letters.IndexOf(c, StringComparison.Ordinal) is >= 0 and var index)
        {
            to.Append(Meanings[index]);
            return;
        }

        if (c == quote)
        {
            to.Append(c);
            return;
        }

        var (radix, count, from) = c switch
        {
            'x' => (NumberStyles.AllowHexSpecifier, 2, _at),
            'u' => (NumberStyles.AllowHexSpecifier, 4, _at),
            'U' => (NumberStyles.AllowHexSpecifier, 8, _at),
            _ => throw Error(_at - 2, $"'\\{c}' is no escape; write \\n, \\t, \\\\, \\{quote} or \\u and four digits"),
        };
        if (from + count > text.Length
            || !int.TryParse(text.AsSpan(from, count), radix, CultureInfo.InvariantCulture, out var code)
            || !Rune.IsValid(code) || (c == 'x' && code > 127))
        {
            throw Error(_at - 2, $"'\\{c}' needs {count} hexadecimal digits of a character");
        }

        to.Append(new Rune(code).ToString());
        _at = from + count;
    }

    private void Add(TokenKind kind, string value, int at) => _tokens.Add(new Token(kind, value, PlaceOf(at)));

    // Tokens come in order, so lines are counted on, not from the beginning.
    private TemplatePlace PlaceOf(int at)
    {
        var passed = text.AsSpan(_placedAt, at - _placedAt);
        _line += passed.Count('\n');
        if (passed.LastIndexOf('\n') is >= 0 and var last)
            _lineStart = _placedAt + last + 1;
        _placedAt = at;
        return new TemplatePlace(_line, at - _lineStart + 1);
    }

    private TemplateError Error(int at, string message)
    {
        at = Math.Min(at, text.Length);
        var before = text.AsSpan(0, at);
        return new TemplateError(new TemplatePlace(before.Count('\n') + 1, at - (before.LastIndexOf('\n') + 1) + 1), message);
    }
}
