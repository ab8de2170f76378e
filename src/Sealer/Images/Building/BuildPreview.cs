using Sealer.Images.ContainerImages;
using Sealer.Images.Layers;
using Sealer.Kubefiles;
using Sealer.Kubefiles.Instructions;

namespace Sealer.Images.Building;

/// <summary>What a build would do: what <c>-WhatIf</c> shows. Nothing was downloaded and nothing written.</summary>
/// <param name="Kubefile">The Kubefile's name.</param>
/// <param name="Platforms">One a platform.</param>
public sealed record BuildPreview(string Kubefile, IReadOnlyList<PlatformPreview> Platforms);

/// <summary>What a build would do for one platform.</summary>
public sealed record PlatformPreview
{
    /// <summary>What it is built for.</summary>
    public required Platform Platform { get; init; }

    /// <summary>The instructions, variables replaced.</summary>
    public required IReadOnlyList<KubefileInstruction> Instructions { get; init; }

    /// <summary>Warnings about the Kubefile.</summary>
    public required IReadOnlyList<KubefileDiagnostic> Diagnostics { get; init; }

    /// <summary>The image named by FROM; null of scratch.</summary>
    public ImageReference? Base { get; init; }

    /// <summary>
    /// False where the image named by FROM is not in the local store: then its files, applications and container images are
    /// not known here.
    /// </summary>
    public required bool BaseIsKnown { get; init; }

    /// <summary>The layers that instructions would make.</summary>
    public required IReadOnlyList<LayerPreview> Layers { get; init; }

    /// <summary>The container images that would lie in the image, each with the file and line that ask for it.</summary>
    public required IReadOnlyList<FoundImage> ContainerImages { get; init; }

    /// <summary>What is not known before it is done, and what the search for container images stumbled over.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }
}

/// <summary>A layer that an instruction would make.</summary>
/// <param name="Instruction">The instruction.</param>
/// <param name="Place"><c>Kubefile:LINE:COLUMN</c>.</param>
/// <param name="Files">How many files it has.</param>
/// <param name="Bytes">What they have together, before packing.</param>
/// <param name="Entries">Everything in it, sorted by path.</param>
/// <param name="Downloads">What would be downloaded, without users, passwords and queries; not in <paramref name="Bytes"/>.</param>
public sealed record LayerPreview(
    KubefileInstruction Instruction,
    string Place,
    int Files,
    long Bytes,
    IReadOnlyList<LayerEntry> Entries,
    IReadOnlyList<string> Downloads);
