using Sealer.Images;

namespace Sealer.Registries.Credentials;

/// <summary>
/// The keys under which credential files keep an entry: a domain, the beginning of a name, or one of Docker's older
/// forms with a scheme (<c>https://index.docker.io/v1/</c>).
/// </summary>
internal static class CredentialKey
{
    /// <summary>The key that Docker's tools and helpers use for docker.io.</summary>
    public const string LegacyDockerHub = "https://index.docker.io/v1/";

    /// <summary>Brings a key to <c>domain</c> or <c>domain/path</c>, in the words of an image name.</summary>
    public static string Normalize(string key)
    {
        var text = key.Trim();
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0)
            text = text[(scheme + 3)..];
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var domain = (slash < 0 ? text : text[..slash]).ToLowerInvariant();

        // With a scheme the path is an address of the API (/v1/, /v2/), not the beginning of a name.
        var path = slash < 0 || scheme >= 0 ? "" : text[(slash + 1)..].Trim('/');
        if (path is "v1" or "v2")
            path = "";
        if (domain is "index.docker.io" or "registry-1.docker.io")
            domain = ImageReference.DefaultDomain;
        return path.Length == 0 ? domain : domain + "/" + path;
    }

    /// <summary>The normalised keys that fit a repository, the longest first.</summary>
    public static IEnumerable<string> Candidates(string domain, string? repository)
    {
        var name = Normalize(domain);
        var path = repository ?? "";
        while (path.Length > 0)
        {
            yield return name + "/" + path;
            path = path[..Math.Max(0, path.LastIndexOf('/'))];
        }

        yield return name;
    }
}
