namespace Sealer.Images;

/// <summary>A target that writes one blob after the other, so that the order in which it gets them is its content.</summary>
internal interface ISequentialTarget : IImageTarget;
