namespace Sealer.Images;

/// <summary>
/// A target that has to be told of artifacts that refer to an image, because nothing else would keep them; a registry
/// learns it from the artifact's manifest itself.
/// </summary>
public interface IReferrerTarget
{
    /// <summary>Keeps an artifact, whose content is there, as long as what it refers to.</summary>
    Task AttachAsync(Descriptor referrer, CancellationToken cancellationToken);
}
