using Sealer.Hosts.Facts;

namespace Sealer.Hosts.Checks;

/// <summary>Everything that is known of a host when its checks are made, and its place among the others.</summary>
internal sealed class HostView(PreflightHost host, HostFacts facts, HostConditions conditions, SealerException? sudo)
{
    public PreflightHost Host { get; set; } = host;

    public string Name => Host.Host.Name;

    public HostRequirements Needs => Host.Requirements;

    public HostFacts Facts { get; } = facts;

    public HostConditions Conditions { get; } = conditions;

    /// <summary>Why it could not be looked at as root; null where it was.</summary>
    public SealerException? Sudo { get; } = sudo;

    /// <summary>All hosts that answered, this one too.</summary>
    public IReadOnlyList<HostView> All { get; set; } = [];

    /// <summary>What connecting between the hosts showed; null where it was not tried.</summary>
    public PairReport? Pairs { get; set; }

    /// <summary>It is a node of the very cluster that is to be.</summary>
    public bool IsMember => Needs.Cluster is { } cluster && Facts.Kubernetes.IsMember && Facts.Kubernetes.SealerClusters.Contains(cluster);

    public IEnumerable<HostView> Others => All.Where(other => !ReferenceEquals(other, this));

    /// <summary>The interface of its address, or of the default route.</summary>
    public string? Interface => Host.Address is { } own && Facts.Addresses.FirstOrDefault(a => a.Address.Equals(own)) is { } found
        ? found.Interface
        : Facts.DefaultInterface;

    /// <summary>Others with whom it shares something that must be its own.</summary>
    public string Sharing(Func<HostView, string?> of) =>
        of(this) is { Length: > 0 } mine ? HostNames(Others.Where(other => string.Equals(of(other), mine, StringComparison.OrdinalIgnoreCase)).Select(other => other.Name)) : "";

    /// <summary>A few names, and how many more.</summary>
    public static string HostNames(IEnumerable<string> names, int most = 5)
    {
        var all = names.ToList();
        return all.Count <= most ? string.Join(", ", all) : $"{string.Join(", ", all.Take(most))} and {all.Count - most} more";
    }
}
