namespace Sealer.Images.Archives;

/// <summary>An image in an archive.</summary>
/// <param name="Reference">Its full name; null where the archive gives none, or only a tag.</param>
/// <param name="Name">The name as the archive gives it, or null.</param>
/// <param name="Descriptor">Its manifest or index.</param>
public sealed record ArchivedImage(ImageReference? Reference, string? Name, Descriptor Descriptor);
