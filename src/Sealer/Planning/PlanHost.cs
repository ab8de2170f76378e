namespace Sealer.Planning;

/// <summary>A host as a plan knows it.</summary>
/// <param name="Name">Its address.</param>
/// <param name="Roles">As in the Clusterfile.</param>
/// <param name="Fingerprint">What the plan was based on; null where it could not be asked.</param>
/// <param name="Unreachable">Why it could not be asked, and so has no steps; null where it could.</param>
public sealed record PlanHost(string Name, IReadOnlyList<string> Roles, HostFingerprint? Fingerprint, string? Unreachable = null)
{
    /// <summary>It is no host of the Clusterfile: the cluster is taken away from it.</summary>
    public bool Leaves { get; init; }

    /// <summary>Its roles.</summary>
    public IReadOnlyList<string> Roles { get; init => field = Listed.Of(value); } = Listed.Of(Roles);
}
