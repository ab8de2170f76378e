namespace Sealer.Labs;

/// <summary>The sources of packages that this machine itself is made of, in the one-line form of sources.list.</summary>
internal static class AptSources
{
    /// <summary>Those of a release's own suites, of the component main; other vendors' are left out.</summary>
    /// <param name="folder">/etc/apt.</param>
    /// <param name="codename">The release, as <c>bookworm</c>.</param>
    public static IReadOnlyList<string> Read(string folder, string codename)
    {
        var found = new List<string>();
        var lists = Path.Combine(folder, "sources.list.d");
        string[] parts = Directory.Exists(lists) ? [.. Directory.GetFiles(lists).Order(StringComparer.Ordinal)] : [];
        foreach (var file in parts.Prepend(Path.Combine(folder, "sources.list")).Where(File.Exists))
        {
            var text = File.ReadAllText(file);
            found.AddRange(file.EndsWith(".sources", StringComparison.Ordinal) ? Stanzas(text, codename)
                : file.EndsWith(".list", StringComparison.Ordinal) ? Lines(text, codename)
                : []);
        }

        return [.. found.Distinct(StringComparer.Ordinal)];
    }

    private static IEnumerable<string> Lines(string text, string codename)
    {
        foreach (var line in text.Split('\n').Select(line => line.Split('#')[0].Trim()))
        {
            if (!line.StartsWith("deb ", StringComparison.Ordinal) && !line.StartsWith("deb\t", StringComparison.Ordinal))
                continue;
            var rest = line[3..].Trim();
            var options = "";
            if (rest.StartsWith('[') && rest.IndexOf(']', StringComparison.Ordinal) is > 0 and var end)
                (options, rest) = (rest[..(end + 1)] + " ", rest[(end + 1)..].Trim());
            var words = rest.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 2 && IsOf(words[1], codename) && words[2..].Contains("main"))
                yield return $"deb {options}{string.Join(' ', words)}";
        }
    }

    private static IEnumerable<string> Stanzas(string text, string codename)
    {
        foreach (var stanza in text.Replace("\r\n", "\n", StringComparison.Ordinal).Split("\n\n"))
        {
            var fields = Fields(stanza);
            string[] Words(string name) => fields.GetValueOrDefault(name, "").Split((char[])[' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries);
            var components = Words("components");
            if (!Words("types").Contains("deb") || !components.Contains("main") || Words("enabled") is ["no"])
                continue;
            // A key written out in the stanza has no place in a line; apt's own folder of keys serves then.
            var options = Words("signed-by") is [var key] && key.StartsWith('/') ? $"[signed-by={key}] " : "";
            foreach (var suite in Words("suites").Where(suite => IsOf(suite, codename)))
            {
                foreach (var place in Words("uris"))
                    yield return $"deb {options}{place} {suite} {string.Join(' ', components)}";
            }
        }
    }

    private static Dictionary<string, string> Fields(string stanza)
    {
        var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        string? last = null;
        foreach (var line in stanza.Split('\n').Where(line => !line.StartsWith('#')))
        {
            if (line.Length > 0 && char.IsWhiteSpace(line[0]) && last is not null)
                fields[last] += "\n" + line.Trim();
            else if (line.Split(':', 2) is [var name, var value])
                fields[last = name.Trim()] = value.Trim();
        }

        return fields;
    }

    private static bool IsOf(string suite, string codename) =>
        suite == codename || suite.StartsWith(codename + "-", StringComparison.Ordinal);
}
