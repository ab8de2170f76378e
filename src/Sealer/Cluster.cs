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

    /// <inheritdoc/>
    public bool Equals(Cluster? other) => other is not null && Spec.Equals(other.Spec) && Path == other.Path && Equals(Status, other.Status);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Spec, Path, Status);

    /// <summary>Its name.</summary>
    public override string ToString() => Name;
}
