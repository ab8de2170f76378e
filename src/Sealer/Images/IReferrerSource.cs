namespace Sealer.Images;

/// <summary>A source that knows which artifacts (signatures, SBOMs) refer to an image.</summary>
public interface IReferrerSource
{
    /// <summary>The artifacts whose <c>subject</c> is the manifest or index; empty where there are none.</summary>
    Task<IReadOnlyList<Descriptor>> ListReferrersAsync(Descriptor subject, CancellationToken cancellationToken);
}
