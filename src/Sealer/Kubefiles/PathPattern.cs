using System.Text;
using System.Text.RegularExpressions;

namespace Sealer.Kubefiles;

/// <summary>
/// A path pattern in Docker's grammar: <c>*</c> and <c>?</c> within one part of a path, <c>[a-z]</c> and <c>[^a-z]</c>,
/// <c>**</c> for any number of folders, and backslash to protect a character. Paths use <c>/</c> on every system.
/// </summary>
internal sealed class PathPattern
{
    private readonly Regex? _regex;
    private readonly string _text;

    private PathPattern(string text, Regex? regex)
    {
        _text = text;
        _regex = regex;
    }

    /// <summary>The path without its protecting backslashes, where nothing in it is a wildcard; else null.</summary>
    public string? Literal => _regex is null ? _text : null;

    /// <summary>Reads a pattern.</summary>
    /// <returns>Null where it is broken: a bracket that is not closed, a lone backslash at the end.</returns>
    public static PathPattern? TryParse(string pattern)
    {
        var regex = new StringBuilder("^");
        var literal = new StringBuilder();
        var isLiteral = true;
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            switch (c)
            {
                case '*' when i + 1 < pattern.Length && pattern[i + 1] == '*':
                    isLiteral = false;
                    i++;
                    if (i + 1 < pattern.Length && pattern[i + 1] == '/')
                        i++;
                    regex.Append(i + 1 >= pattern.Length ? ".*" : "(?:.*/)?");
                    break;
                case '*':
                    isLiteral = false;
                    regex.Append("[^/]*");
                    break;
                case '?':
                    isLiteral = false;
                    regex.Append("[^/]");
                    break;
                case '[':
                    isLiteral = false;
                    if (!TryAppendClass(pattern, ref i, regex))
                        return null;
                    break;
                case '\\':
                    if (++i >= pattern.Length)
                        return null;
                    literal.Append(pattern[i]);
                    regex.Append(Regex.Escape(pattern[i].ToString()));
                    break;
                default:
                    literal.Append(c);
                    regex.Append(Regex.Escape(c.ToString()));
                    break;
            }
        }

        // Not backtracking: a pattern such as **/*a*/**/*b* must not take for ever on a deep path.
        return isLiteral
            ? new PathPattern(literal.ToString(), null)
            : new PathPattern(pattern, new Regex(regex.Append("\\z").ToString(), RegexOptions.NonBacktracking | RegexOptions.Singleline | RegexOptions.CultureInvariant));
    }

    /// <summary>True where the whole path matches.</summary>
    public bool Matches(string path) => _regex?.IsMatch(path) ?? string.Equals(path, _text, StringComparison.Ordinal);

    /// <summary>Resolves <c>.</c>, <c>..</c> and doubled slashes by text alone, as Go's path.Clean; a leading slash stays.</summary>
    public static string Clean(string path)
    {
        var rooted = path.StartsWith('/');
        var parts = new List<string>();
        foreach (var part in path.Split('/'))
        {
            if (part is "" or ".")
                continue;
            if (part != "..")
                parts.Add(part);
            else if (parts.Count > 0 && parts[^1] != "..")
                parts.RemoveAt(parts.Count - 1);
            else if (!rooted)
                parts.Add(part);
        }

        var text = string.Join('/', parts);
        if (rooted)
            return "/" + text;
        return text.Length == 0 ? "." : text;
    }

    private static bool TryAppendClass(string pattern, ref int i, StringBuilder regex)
    {
        var set = new StringBuilder("[");
        i++;
        var negated = i < pattern.Length && pattern[i] == '^';
        if (negated)
        {
            // A negated class does not step over a slash either.
            set.Append("^/");
            i++;
        }

        var first = true;
        for (; i < pattern.Length; i++, first = false)
        {
            var c = pattern[i];
            if (c == ']' && !first)
            {
                regex.Append(set).Append(']');
                return true;
            }

            if (c == '\\')
            {
                if (++i >= pattern.Length)
                    return false;
                c = pattern[i];
            }

            AppendClassCharacter(set, c);
            if (i + 2 < pattern.Length && pattern[i + 1] == '-' && pattern[i + 2] != ']')
            {
                i += 2;
                var last = pattern[i];
                if (last == '\\')
                {
                    if (++i >= pattern.Length)
                        return false;
                    last = pattern[i];
                }

                if (last < c)
                    return false;
                set.Append('-');
                AppendClassCharacter(set, last);
            }
        }

        return false;
    }

    private static void AppendClassCharacter(StringBuilder set, char c)
    {
        if (c is '\\' or ']' or '[' or '^' or '-')
            set.Append('\\');
        set.Append(c);
    }
}
