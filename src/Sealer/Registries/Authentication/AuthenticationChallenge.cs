using System.Text;

namespace Sealer.Registries.Authentication;

/// <summary>One challenge of a <c>WWW-Authenticate</c> header (RFC 9110, 11.6.1).</summary>
/// <param name="Scheme">In lower case: <c>basic</c>, <c>bearer</c>, or another.</param>
/// <param name="Parameters">Names in any case; the first of a name counts.</param>
internal sealed record AuthenticationChallenge(string Scheme, IReadOnlyDictionary<string, string> Parameters)
{
    public const string Basic = "basic";

    public const string Bearer = "bearer";

    /// <summary>The value of a parameter, or null.</summary>
    public string? this[string name] => Parameters.GetValueOrDefault(name);

    /// <summary>The scopes asked for.</summary>
    public IReadOnlyList<string> Scopes =>
        this["scope"]?.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    /// <summary>
    /// Reads a header's value, which may hold several challenges. What cannot be read ends the reading: the challenges
    /// before it are returned.
    /// </summary>
    public static IReadOnlyList<AuthenticationChallenge> Parse(string header)
    {
        var found = new List<AuthenticationChallenge>();
        var position = 0;
        while (true)
        {
            SkipSeparators(header, ref position);
            var scheme = Token(header, ref position);
            if (scheme.Length == 0)
                return found;
            var parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            ReadParameters(header, ref position, parameters);
            found.Add(new AuthenticationChallenge(scheme.ToLowerInvariant(), parameters));
        }
    }

    private static void ReadParameters(string text, ref int position, Dictionary<string, string> parameters)
    {
        while (true)
        {
            var start = position;
            SkipSeparators(text, ref position);
            var name = Token(text, ref position);
            SkipSpaces(text, ref position);
            if (name.Length == 0 || position >= text.Length || text[position] != '=')
            {
                // Not a parameter: the scheme of the next challenge, or a token68 that no registry uses.
                position = start;
                if (name.Length == 0 && position < text.Length)
                    position = text.Length;
                return;
            }

            position++;
            SkipSpaces(text, ref position);
            var value = position < text.Length && text[position] == '"'
                ? Quoted(text, ref position)
                : Bare(text, ref position);
            parameters.TryAdd(name, value);
            while (position < text.Length && text[position] is not (',' or ' ' or '\t'))
                position++;
        }
    }

    private static string Quoted(string text, ref int position)
    {
        var value = new StringBuilder();
        for (position++; position < text.Length; position++)
        {
            if (text[position] == '"')
            {
                position++;
                break;
            }

            if (text[position] == '\\' && position + 1 < text.Length)
                position++;
            value.Append(text[position]);
        }

        return value.ToString();
    }

    private static string Bare(string text, ref int position)
    {
        var start = position;
        while (position < text.Length && text[position] is not (',' or ' ' or '\t'))
            position++;
        return text[start..position];
    }

    private static string Token(string text, ref int position)
    {
        var start = position;
        while (position < text.Length && text[position] is > ' ' and < '\x7f' and not ('=' or ',' or '"'))
            position++;
        return text[start..position];
    }

    private static void SkipSeparators(string text, ref int position)
    {
        while (position < text.Length && text[position] is ' ' or '\t' or ',')
            position++;
    }

    private static void SkipSpaces(string text, ref int position)
    {
        while (position < text.Length && text[position] is ' ' or '\t')
            position++;
    }
}
