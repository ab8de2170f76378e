using Sealer.Images;

namespace Sealer.Kubefiles.Instructions;

/// <summary><c>FROM [--platform=os/arch] IMAGE [AS name]</c>: what the image is built upon.</summary>
public sealed record FromInstruction : KubefileInstruction
{
    /// <summary>The word for "nothing".</summary>
    public const string Scratch = "scratch";

    /// <summary>The image as written, variables replaced.</summary>
    public required string Image { get; init; }

    /// <summary>The reference, or null of <c>scratch</c>.</summary>
    public ImageReference? Reference { get; init; }

    /// <summary>The platform of the flag, or null: then the one that is built for.</summary>
    public Platform? Platform { get; init; }

    /// <summary>The name behind AS; nothing refers to it, because a Kubefile has one FROM.</summary>
    public string? Alias { get; init; }

    /// <summary>True of <c>FROM scratch</c>.</summary>
    public bool IsScratch => Reference is null;
}
