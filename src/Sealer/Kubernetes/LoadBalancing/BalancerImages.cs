namespace Sealer.Kubernetes.LoadBalancing;

/// <summary>Images of balancers that a cluster image carries, as hosts pull them; null where it has none.</summary>
/// <param name="Lvscare">sealer's.</param>
/// <param name="Keepalived">Of our base image.</param>
/// <param name="Proxy">haproxy.</param>
public sealed record BalancerImages(string? Lvscare, string? Keepalived, string? Proxy)
{
    private static readonly string[] LvscareRepositories = ["sealerio/lvscare", "fanux/lvscare", "sealyun/lvscare"];
    private static readonly string[] KeepalivedRepositories = ["sealer/keepalived", "keepalived"];

    internal static readonly string[] ProxyRepositories = ["sealer/haproxy", "library/haproxy", "haproxy"];

    internal static string Names => string.Join(", ", new[] { LvscareRepositories[0], KeepalivedRepositories[0], ProxyRepositories[0] });

    /// <summary>Looks them up in an image's registry. Of several tags the last in ordinal order counts.</summary>
    /// <param name="tagsOf">The tags of a repository; empty where it is not there.</param>
    /// <param name="registry">Domain and port that hosts pull from.</param>
    public static BalancerImages Find(Func<string, IReadOnlyCollection<string>> tagsOf, string registry)
    {
        ArgumentNullException.ThrowIfNull(tagsOf);
        return new BalancerImages(First(LvscareRepositories), First(KeepalivedRepositories), First(ProxyRepositories));

        string? First(IEnumerable<string> repositories) => repositories
            .Select(repository => (Repository: repository, Tag: tagsOf(repository).Order(StringComparer.Ordinal).LastOrDefault()))
            .Where(found => found.Tag is not null)
            .Select(found => $"{registry}/{found.Repository}:{found.Tag}")
            .FirstOrDefault();
    }
}
