namespace Sealer.Kubefiles;

/// <summary>
/// What of the context no COPY sees: Docker's pattern grammar, <c>!</c> takes back, the last line that matches wins, and a
/// pattern that matches a folder holds for everything below it.
/// </summary>
public sealed class IgnoreFile
{
    private readonly List<Rule> _rules;

    private IgnoreFile(string? name, List<Rule> rules)
    {
        Name = name;
        _rules = rules;
    }

    /// <summary>Ignores nothing.</summary>
    public static IgnoreFile None { get; } = new(null, []);

    /// <summary>The file it was read from, or null.</summary>
    public string? Name { get; }

    /// <summary>Reads the patterns.</summary>
    /// <param name="text">One pattern a line; lines that begin with <c>#</c> are comments.</param>
    /// <param name="name">The file's name, for errors.</param>
    /// <exception cref="SealerException"><c>InvalidIgnoreFile</c>: a broken pattern, with its line.</exception>
    public static IgnoreFile Parse(string text, string name)
    {
        var rules = new List<Rule>();
        var lines = text.TrimStart('\uFEFF').Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i];
            if (line.StartsWith('#') || string.IsNullOrWhiteSpace(line))
                continue;
            line = line.Trim();
            var takesBack = line[0] == '!';
            if (takesBack)
                line = line[1..].Trim();
            var cleaned = line.Length == 0 ? null : PathPattern.Clean(line);
            if (cleaned is { Length: > 1 } && cleaned[0] == '/')
                cleaned = cleaned[1..];
            var pattern = cleaned is null ? null : PathPattern.TryParse(cleaned);
            if (pattern is null)
            {
                throw new SealerException(
                    "InvalidIgnoreFile",
                    ErrorKind.InvalidInput,
                    $"{name}:{i + 1}:1 '{lines[i].Trim()}' is not a pattern. Close its brackets, or protect special characters with a backslash.",
                    name);
            }

            rules.Add(new Rule(pattern, takesBack));
        }

        return new IgnoreFile(name, rules);
    }

    /// <summary>
    /// Finds the ignore file of a build: <c>KUBEFILE.containerignore</c> or <c>KUBEFILE.dockerignore</c> beside the
    /// Kubefile, else <c>.containerignore</c> or <c>.dockerignore</c> in the context.
    /// </summary>
    /// <exception cref="SealerException"><c>InvalidIgnoreFile</c>.</exception>
    public static IgnoreFile Find(string contextFolder, string? kubefilePath)
    {
        string?[] candidates =
        [
            kubefilePath is null ? null : kubefilePath + ".containerignore",
            kubefilePath is null ? null : kubefilePath + ".dockerignore",
            Path.Combine(contextFolder, ".containerignore"),
            Path.Combine(contextFolder, ".dockerignore"),
        ];
        return candidates.FirstOrDefault(File.Exists) is { } found
            ? Parse(File.ReadAllText(found), Path.GetFileName(found))
            : None;
    }

    /// <summary>True where no COPY sees the path.</summary>
    /// <param name="path">Relative to the context, with <c>/</c>.</param>
    public bool Ignores(string path)
    {
        var ignored = false;
        foreach (var rule in _rules)
        {
            if (rule.TakesBack == ignored && MatchesPathOrParent(rule.Pattern, path))
                ignored = !rule.TakesBack;
        }

        return ignored;
    }

    /// <summary>True where a folder is ignored and nothing below it can be taken back, so that it need not be looked into.</summary>
    public bool IgnoresAllBelow(string folder) => Ignores(folder) && !_rules.Exists(rule => rule.TakesBack);

    private static bool MatchesPathOrParent(PathPattern pattern, string path)
    {
        if (pattern.Matches(path))
            return true;
        for (var slash = path.IndexOf('/'); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            if (pattern.Matches(path[..slash]))
                return true;
        }

        return false;
    }

    private readonly record struct Rule(PathPattern Pattern, bool TakesBack);
}
