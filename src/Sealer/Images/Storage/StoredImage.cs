namespace Sealer.Images.Storage;

/// <summary>A name in a store and what it stands for.</summary>
/// <param name="Reference">The full, normalised name; null of what is kept without one (a pinned image, a referrer).</param>
/// <param name="Descriptor">The manifest or index.</param>
public sealed record StoredImage(ImageReference? Reference, Descriptor Descriptor);
