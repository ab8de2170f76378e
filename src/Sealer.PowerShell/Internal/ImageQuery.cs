using System.Management.Automation;
using Sealer.Images;

namespace Sealer.PowerShell;

/// <summary>What a search of a registry looks for: <c>registry</c>, <c>[registry/]path</c>, <c>[registry/]path:tag</c>, wildcards in path and tag.</summary>
internal sealed record ImageQuery(string Domain, string Path, string Tag)
{
    /// <summary>True where the whole registry has to be asked.</summary>
    public bool IsCatalog => WildcardPattern.ContainsWildcardCharacters(Path);

    public bool MatchesPath(string path) => IsMatch(Path, path);

    public bool MatchesTag(string tag) => IsMatch(Tag, tag);

    /// <exception cref="SealerException"><c>InvalidImageReference</c>.</exception>
    public static ImageQuery Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? text : text[..slash];
        if (slash < 0 && IsRegistry(first))
            return new ImageQuery(first, "*", "*");
        var colon = text.LastIndexOf(':');
        var tag = colon > slash ? text[(colon + 1)..] : "*";
        var name = colon > slash ? text[..colon] : text;
        if (slash >= 0 && IsRegistry(first))
            return new ImageQuery(first, name[(slash + 1)..], tag);
        if (WildcardPattern.ContainsWildcardCharacters(name))
            return new ImageQuery(ImageReference.DefaultDomain, name, tag);
        var reference = ImageReference.Parse(name);
        return new ImageQuery(reference.Domain, reference.Repository, tag);
    }

    // As in a reference; alone, a word with a colon is rather an image with a tag than a registry with a port.
    private static bool IsRegistry(string word)
    {
        var colon = word.LastIndexOf(':');
        var host = colon < 0 ? word : word[..colon];
        var port = colon < 0 ? "" : word[(colon + 1)..];
        return (host == "localhost" || host.Contains('.', StringComparison.Ordinal) || host.StartsWith('[') || port.Length >= 2)
            && port.All(char.IsAsciiDigit)
            && !WildcardPattern.ContainsWildcardCharacters(host.TrimStart('[').TrimEnd(']'));
    }

    private static bool IsMatch(string pattern, string text) =>
        WildcardPattern.Get(pattern, WildcardOptions.CultureInvariant).IsMatch(text);
}
