namespace Sealer.Images;

/// <summary>One layer of a cluster image, lowest first in <see cref="ClusterImage.Layers"/>.</summary>
/// <param name="Descriptor">The blob as it is stored: media type, digest and size in bytes.</param>
/// <param name="DiffId">The digest of the uncompressed layer, or null where the config names none.</param>
/// <param name="CreatedBy">The instruction that made the layer, or null where the history does not say.</param>
public sealed record ClusterImageLayer(Descriptor Descriptor, Digest? DiffId, string? CreatedBy)
{
    /// <summary>Address of the stored blob.</summary>
    public Digest Digest => Descriptor.Digest;

    /// <summary>Bytes of the stored blob.</summary>
    public long Size => Descriptor.Size;

    /// <summary>The stored form, see <see cref="Images.MediaType"/>.</summary>
    public string MediaType => Descriptor.MediaType;

    /// <inheritdoc/>
    public override string ToString() => $"{Descriptor.Digest.Short} {CreatedBy}".TrimEnd();
}
