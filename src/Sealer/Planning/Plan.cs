using System.Text.Json.Serialization;

namespace Sealer.Planning;

/// <summary>
/// The ordered steps that turn the hosts as they were found into what the Clusterfile says. Immutable; what is carried out
/// is exactly this. Holds no secret.
/// </summary>
public sealed record Plan
{
    /// <summary>The version of the form that plans are written in.</summary>
    public const int CurrentVersion = 1;

    private string? _digest;

    /// <summary>The version of its form.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The cluster's name.</summary>
    public required string Cluster { get; init; }

    /// <summary>When the hosts were asked.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>Where the Clusterfile was read; null where it has no file.</summary>
    public string? Clusterfile { get; init; }

    /// <summary>Digest of the Clusterfile that it was made from.</summary>
    public required string ClusterfileDigest { get; init; }

    /// <summary>The cluster image's name; null where no content is delivered.</summary>
    public string? Image { get; init; }

    /// <summary>Digest of the image's manifest or index.</summary>
    public string? ImageDigest { get; init; }

    /// <summary>The host that has the cluster's lock and the journal.</summary>
    public required string LockHost { get; init; }

    /// <summary>Hosts that would have it where that one leaves or dies, in order.</summary>
    public IReadOnlyList<string> LockSuccessors { get; init => field = Listed.Of(value); } = [];

    /// <summary>All hosts of the cluster.</summary>
    public IReadOnlyList<PlanHost> Hosts { get; init => field = Listed.Of(value); } = [];

    /// <summary>What should be known, in whole sentences.</summary>
    public IReadOnlyList<string> Notes { get; init => field = Listed.Of(value); } = [];

    /// <summary>The steps in an order that they could be done in one after the other.</summary>
    public IReadOnlyList<PlanStep> Steps { get; init => field = Listed.Of(value); } = [];

    /// <summary>Digest of all of it.</summary>
    [JsonIgnore]
    public string Digest => _digest ??= PlanFile.DigestOf(this);

    /// <summary>What it is called in journals: the beginning of its digest.</summary>
    [JsonIgnore]
    public string Id => Digest.Substring("sha256:".Length, 12);

    /// <summary>True where everything is already as it should be.</summary>
    [JsonIgnore]
    public bool IsSatisfied => Steps.Count == 0 && Hosts.All(host => host.Unreachable is null);

    /// <summary>Bytes to bring to hosts, all together.</summary>
    [JsonIgnore]
    public long Bytes => Steps.Sum(step => step.Bytes);

    /// <summary>How long it may take: the longest chain of steps that wait for each other.</summary>
    [JsonIgnore]
    public TimeSpan Estimate => PlanTimes.Longest(Steps);

    /// <inheritdoc/>
    public override string ToString() => $"{Cluster} {Id}";

    /// <summary>Two plans are the same where their digests are.</summary>
    public bool Equals(Plan? other) => other is not null && Digest == other.Digest;

    /// <inheritdoc/>
    public override int GetHashCode() => Digest.GetHashCode(StringComparison.Ordinal);

    // A copy by `with` is another plan.
    private Plan(Plan original)
    {
        (Version, Cluster, Created, Clusterfile, ClusterfileDigest) = (original.Version, original.Cluster, original.Created, original.Clusterfile, original.ClusterfileDigest);
        (Image, ImageDigest, LockHost, LockSuccessors) = (original.Image, original.ImageDigest, original.LockHost, original.LockSuccessors);
        (Hosts, Notes, Steps) = (original.Hosts, original.Notes, original.Steps);
    }
}
