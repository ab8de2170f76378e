using System.Globalization;
using System.Text;

namespace Sealer.Hosts.Configuration;

/// <summary>
/// Text of ssh_config(5) into its tree. Files that it includes are read at once, and every mistake of all of them is
/// collected. Lines are taken apart as OpenSSH does: misc.c strdelim and argv_split, readconf.c process_config_line_depth.
/// </summary>
internal sealed class SshConfigReader(SshConfigOptions options)
{
    private const int MaxDepth = 16;
    private const int MaxFileSize = 4 * 1024 * 1024;
    private const int MaxFiles = 1000;
    private const int MaxShown = 80;

    // A form feed is blank at the end of a line only.
    private static readonly char[] Blank = [' ', '\t', '\r'];

    private readonly List<string> _ignoreUnknown = [];
    private int _files;

    public List<string> Mistakes { get; } = [];

    /// <summary>Reads a file; null where there is none.</summary>
    public SshConfigDocument? ReadFile(string path, string includeFolder, int depth = 0)
    {
        if (!File.Exists(path))
            return null;
        if (++_files > MaxFiles || new FileInfo(path).Length > MaxFileSize)
        {
            Mistakes.Add($"{path}: too large, or the last of too many files");
            return null;
        }

        try
        {
            return Read(File.ReadAllText(path), path, includeFolder, depth);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Mistakes.Add($"{path}: cannot be read: {error.Message}");
            return null;
        }
    }

    public SshConfigDocument Read(string text, string path, string includeFolder, int depth = 0)
    {
        var blocks = new List<SshConfigBlock>();
        SshConfigCondition? condition = null;
        var statements = new List<SshConfigStatement>();
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            var place = new SshConfigPlace(path, ++number);
            var (keyword, rest) = TakeKeyword(line.TrimEnd(' ', '\t', '\r', '\f').TrimStart(Blank));
            if (keyword.Length == 0 || keyword[0] == '#')
                continue;
            if (rest.Length == 0)
            {
                Mistakes.Add($"{place}: '{Shown(keyword)}' has no value");
                continue;
            }

            if (keyword is "host" or "match")
            {
                blocks.Add(new SshConfigBlock(condition, statements));
                statements = [];
                condition = keyword == "host" ? ReadHost(place, rest) : ReadMatch(place, rest);
            }
            else if (ReadStatement(place, keyword, rest, includeFolder, depth) is { } statement)
            {
                statements.Add(statement);
            }
        }

        blocks.Add(new SshConfigBlock(condition, statements));
        return new SshConfigDocument(path, blocks);
    }

    /// <summary>Words with quotes of both kinds; a word that begins with <c>#</c> ends the line. Null: a quote is left open.</summary>
    internal static IReadOnlyList<string>? Words(string text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        for (var i = 0; i < text.Length;)
        {
            if (text[i] is ' ' or '\t')
            {
                i++;
                continue;
            }

            if (text[i] == '#')
                break;
            word.Clear();
            var quote = '\0';
            for (; i < text.Length; i++)
            {
                var next = i + 1 < text.Length ? text[i + 1] : '\0';
                if (text[i] == '\\' && (next is '\'' or '"' or '\\' || (quote == '\0' && next == ' ')))
                    word.Append(text[++i]);
                else if (quote == '\0' && text[i] is ' ' or '\t')
                    break;
                else if (quote == '\0' && text[i] is '"' or '\'')
                    quote = text[i];
                else if (quote != '\0' && text[i] == quote)
                    quote = '\0';
                else
                    word.Append(text[i]);
            }

            if (quote != '\0')
                return null;
            words.Add(word.ToString());
        }

        return words;
    }

    private static (string Keyword, string Remainder) TakeKeyword(string line)
    {
        if (line.StartsWith('"'))
        {
            var end = line.IndexOf('"', 1);
            return end < 0 ? ("", "") : (line[1..end].ToLowerInvariant(), line[(end + 1)..].Trim(Blank));
        }

        var length = line.AsSpan().IndexOfAny(' ', '\t', '=');
        if (length < 0)
            return (line.ToLowerInvariant(), "");
        var rest = line[length..].TrimStart(Blank);
        if (rest.StartsWith('='))
            rest = rest[1..].TrimStart(Blank);
        return (line[..length].ToLowerInvariant(), rest);
    }

    private SshConfigHostCondition ReadHost(SshConfigPlace place, string rest)
    {
        var patterns = Words(rest);
        if (patterns is null)
            Mistakes.Add($"{place}: a quote is left open");
        else if (patterns.Any(p => p.Length == 0 || p == "!"))
            Mistakes.Add($"{place}: Host has an empty pattern");
        return new SshConfigHostCondition(place, patterns ?? []);
    }

    private SshConfigMatchCondition ReadMatch(SshConfigPlace place, string rest)
    {
        var criteria = new List<SshConfigCriterion>();
        while (rest.Length > 0 && rest[0] != '#')
        {
            (var kind, rest) = TakeKeyword(rest);
            var negated = kind.StartsWith('!');
            kind = kind.TrimStart('!');
            if (kind is "all" or "canonical" or "final")
            {
                criteria.Add(new SshConfigCriterion(kind, negated, null));
                continue;
            }

            if (kind is not ("host" or "originalhost" or "user" or "localuser" or "exec"))
            {
                Mistakes.Add($"{place}: Match knows no '{Shown(kind)}' here; all, canonical, final, host, originalhost, user, localuser and exec are known");
                return new SshConfigMatchCondition(place, []);
            }

            (var argument, rest) = TakeArgument(rest);
            if (argument.Length == 0)
            {
                Mistakes.Add($"{place}: 'Match {kind}' has no value");
                return new SshConfigMatchCondition(place, []);
            }

            criteria.Add(new SshConfigCriterion(kind, negated, argument));
        }

        if (criteria.Count == 0)
            Mistakes.Add($"{place}: Match has no criterion");
        else if (criteria.FindIndex(c => c.Kind == "all") is var all and >= 0
            && (all > 1 || all != criteria.Count - 1))
            Mistakes.Add($"{place}: 'Match all' stands alone, or after one other criterion");
        return new SshConfigMatchCondition(place, criteria);
    }

    private static (string Argument, string Remainder) TakeArgument(string text)
    {
        if (text.StartsWith('"'))
        {
            var end = text.IndexOf('"', 1);
            return end < 0 ? ("", "") : (text[1..end], text[(end + 1)..].TrimStart(Blank));
        }

        var length = text.AsSpan().IndexOfAny(' ', '\t', '=');
        return length < 0 ? (text, "") : (text[..length], text[(length + 1)..].TrimStart(Blank));
    }

    private SshConfigStatement? ReadStatement(SshConfigPlace place, string keyword, string rest, string includeFolder, int depth)
    {
        if (keyword == "include")
            return ReadInclude(place, rest, includeFolder, depth);
        if (!SshKeywords.TryGet(keyword, out var kind))
        {
            if (!_ignoreUnknown.Any(p => SshPattern.Matches(p, keyword)))
                Mistakes.Add($"{place}: '{Shown(keyword)}' is not known{SshKeywords.DidYouMean(keyword)}");
            return null;
        }

        if (kind == SshValueKind.Ignored)
            return null;
        if (kind == SshValueKind.Line)
            return new SshConfigStatement(place, keyword, [rest]);
        if (Words(rest) is not { } arguments)
        {
            Mistakes.Add($"{place}: a quote is left open");
            return null;
        }

        if (arguments.Count == 0 || arguments[0].Length == 0)
            Mistakes.Add($"{place}: '{keyword}' has no value");
        else if (arguments.Count > 1 && kind != SshValueKind.Words)
            Mistakes.Add($"{place}: '{keyword}' has one value, not {arguments.Count}");
        else if (WrongValue(kind, arguments[0]) is { } wrong)
            Mistakes.Add($"{place}: {keyword} '{Shown(arguments[0])}' is not {wrong}");
        else
        {
            if (keyword == "ignoreunknown")
                _ignoreUnknown.AddRange(arguments.SelectMany(a => a.ToLowerInvariant().Split(',')));
            return new SshConfigStatement(place, keyword, arguments);
        }

        return null;
    }

    private static string Shown(string word) => word.Length > MaxShown ? word[..MaxShown] + "..." : word;

    private static string? WrongValue(SshValueKind kind, string value) => kind switch
    {
        SshValueKind.Flag when SshValues.Flag(value) is null => "yes or no",
        SshValueKind.Port when !ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var p) || p == 0 => "a port",
        SshValueKind.Number when !int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _) => "a number",
        SshValueKind.Duration when SshValues.Seconds(value) is null => "a time such as 30 or 1m30s",
        SshValueKind.HostKeyPolicy when SshValues.Policy(value) is null => "one of yes, accept-new, ask and no",
        SshValueKind.Jumps when SshJump.ParseChain(value) is null => "a chain such as user@jump:22,other",
        _ => null,
    };

    private SshConfigInclude? ReadInclude(SshConfigPlace place, string rest, string includeFolder, int depth)
    {
        if (Words(rest) is not { Count: > 0 } arguments)
        {
            Mistakes.Add($"{place}: Include has no file, or a quote is left open");
            return null;
        }

        if (depth >= MaxDepth)
        {
            Mistakes.Add($"{place}: more than {MaxDepth} files include each other");
            return null;
        }

        var documents = new List<SshConfigDocument>();
        foreach (var argument in arguments)
        {
            var pattern = argument.StartsWith("~/", StringComparison.Ordinal)
                ? Path.Combine(options.Home, argument[2..])
                : Path.Combine(includeFolder, argument);
            foreach (var file in Glob(pattern))
            {
                if (ReadFile(file, includeFolder, depth + 1) is { } document)
                    documents.Add(document);
            }
        }

        return new SshConfigInclude(place, arguments, documents);
    }

    private static IEnumerable<string> Glob(string pattern)
    {
        if (pattern.AsSpan().IndexOfAny('*', '?') < 0)
            return [pattern];
        var root = Path.GetPathRoot(pattern) ?? "";
        IEnumerable<string> found = [root];
        foreach (var part in pattern[root.Length..].Split(['/', Path.DirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries))
        {
            found = part.AsSpan().IndexOfAny('*', '?') < 0
                ? found.Select(f => Path.Combine(f, part)).Where(Path.Exists)
                : found.Where(Directory.Exists).SelectMany(Entries).Where(e => Fits(part, Path.GetFileName(e)));
        }

        return found.Order(StringComparer.Ordinal).ToList();

        // As glob(3): a leading dot is matched by a dot only.
        static bool Fits(string part, string name) =>
            (!name.StartsWith('.') || part.StartsWith('.')) && SshPattern.Matches(part, name);
        // Of a folder that it may not look into, glob(3) says nothing.
        static IEnumerable<string> Entries(string folder) => Directory.EnumerateFileSystemEntries(folder, "*", new EnumerationOptions { IgnoreInaccessible = true, AttributesToSkip = 0, MatchType = MatchType.Simple });
    }
}
