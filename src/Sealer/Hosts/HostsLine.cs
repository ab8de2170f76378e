using System.Net;

namespace Sealer.Hosts;

/// <summary>
/// A line of a host's <c>/etc/hosts</c>. One that ends with sealer's mark is a cluster's: given by hand, or, with the name of a
/// cluster behind the mark, what that cluster's Clusterfile says and each of its deliveries writes again. sealer knows both by the
/// mark, and removes both.
/// </summary>
public sealed class HostsLine
{
    /// <summary>What ends the lines that are a cluster's.</summary>
    public const string Mark = "#hostalias-set-by-sealer";

    private readonly string _comment;

    private HostsLine(string text)
    {
        var comment = text.IndexOf('#', StringComparison.Ordinal);
        var words = (comment < 0 ? text : text[..comment]).Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
        (Text, _comment, Names) = (text, comment < 0 ? "" : text[comment..], []);
        if (words.Length > 1 && IPAddress.TryParse(words[0], out var address))
            (Address, Names) = (address, words[1..]);
        var mark = text.LastIndexOf(Mark, StringComparison.Ordinal);
        var end = mark < 0 ? [] : text[(mark + Mark.Length)..].Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
        IsClusters = mark >= 0 && end.Length < 2 && (text.Length == mark + Mark.Length || char.IsWhiteSpace(text[mark + Mark.Length]));
        Cluster = IsClusters ? end.FirstOrDefault() : null;
    }

    /// <summary>The line as it is, without its end.</summary>
    public string Text { get; }

    /// <summary>The address; null where the line names no host.</summary>
    public IPAddress? Address { get; }

    /// <summary>The names of the address.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>A cluster's, and nobody else's.</summary>
    public bool IsClusters { get; }

    /// <summary>The cluster whose Clusterfile says it; null where somebody gave it by hand, or it is no cluster's.</summary>
    public string? Cluster { get; }

    /// <summary>The lines of a text; a last one that is empty is none.</summary>
    public static IReadOnlyList<HostsLine> Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length == 0 ? [] : [.. (text.EndsWith('\n') ? text[..^1] : text).Split('\n').Select(line => new HostsLine(line))];
    }

    /// <summary>The line without some names, in any case of letters; null where no name is left of it, and as it is where it has none of them.</summary>
    internal string? Without(IReadOnlyCollection<string> names)
    {
        var rest = Names.Where(name => !names.Contains(name, StringComparer.OrdinalIgnoreCase)).ToList();
        return rest.Count == Names.Count ? Text
            : rest.Count == 0 ? null
            : $"{Address} {string.Join(' ', rest)}{(_comment.Length == 0 ? "" : " " + _comment)}";
    }
}
