using System.Text;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;
using Sealer.Images;

namespace Sealer;

/// <summary>A cluster: as it should be, and, where somebody has looked, as it is.</summary>
/// <param name="Spec">How it should be: what its Clusterfile says, with what was given over it.</param>
/// <param name="Path">Full path of the Clusterfile; null where it was read from text or kept elsewhere.</param>
public sealed record Cluster(ClusterSpec Spec, string? Path = null)
{
    private Digest _digest;

    // A copy may get another Spec and so has a digest of its own.
    private Cluster(Cluster other)
    {
        Spec = other.Spec;
        Path = other.Path;
        Status = other.Status;
        KeptWays = other.KeptWays;
        IsPart = other.IsPart;
    }

    /// <summary>Its name.</summary>
    public string Name => Spec.Name;

    /// <summary>How it is; null where only a Clusterfile was read.</summary>
    public ClusterStatus? Status { get; init; }

    /// <summary>
    /// Stands for the desired state: the SHA-256 of the Clusterfile as Sealer itself would write it, passwords left out. Layout,
    /// comments, the order of keys and a new password do not change it; what is given over the file does.
    /// </summary>
    public Digest ClusterfileDigest => _digest.IsEmpty ? _digest = Digest.Of(Encoding.UTF8.GetBytes(Clusterfile.Write(Spec))) : _digest;

    /// <summary>
    /// How the cluster itself says that its hosts are reached, where this controller reaches them otherwise: its own key is nothing
    /// that the cluster keeps. Null where <see cref="Spec"/> says it.
    /// </summary>
    internal ClusterSpec? KeptWays { get; init; }

    /// <summary>The cluster could not be asked how it should be: <see cref="Spec"/> names no more than who to ask.</summary>
    public bool IsPart { get; init; }

    /// <inheritdoc/>
    public bool Equals(Cluster? other) => other is not null && Spec.Equals(other.Spec) && Path == other.Path && Equals(Status, other.Status);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Spec, Path, Status);

    /// <summary>Its name.</summary>
    public override string ToString() => Name;

    /// <summary>What the cluster keeps of how it should be: with the image that it gets, without the ways of this controller.</summary>
    /// <param name="image">The image's name.</param>
    internal ClusterSpec AsKept(string image)
    {
        var spec = Spec.Image is { } named && ImageReference.TryParse(named, out var reference, out _) && reference.ToString() == image ? Spec : Spec with { Image = image };
        if (KeptWays is not { } kept)
            return spec;
        var ways = kept.Hosts.ToDictionary(host => host.Address, host => host.Ssh);
        return spec with { Ssh = kept.Ssh, Hosts = [.. spec.Hosts.Select(host => ways.TryGetValue(host.Address, out var ssh) ? host with { Ssh = ssh } : host)] };
    }
}
