namespace Sealer.Images.Merging;

/// <summary>What two images both claim.</summary>
public enum MergeCollisionKind
{
    /// <summary>Another file, folder or link at the same path.</summary>
    File,

    /// <summary>A file that the later image's layers remove (it was in what the later image was built from).</summary>
    RemovedFile,

    /// <summary>Another application of the same name.</summary>
    Application,

    /// <summary>Another container image of the same name, or of the same path at another registry.</summary>
    ContainerImage,

    /// <summary>Another value of the same label.</summary>
    Label,

    /// <summary>Another value of the same annotation of the manifest.</summary>
    Annotation,

    /// <summary>Another value of the same variable.</summary>
    Env,

    /// <summary>Another value of the same setting of the config (Cmd, User, ...).</summary>
    Setting,

    /// <summary>Applications here and commands there, or another order of the same applications.</summary>
    Launch,
}

/// <summary>Something that two images claim, and what became of it.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Path, application, container image, label, variable or setting.</param>
/// <param name="Earlier">The image, given earlier, that has it.</param>
/// <param name="Later">The image, given later, that has it too.</param>
/// <param name="Resolution">What holds in the merged image, as a sentence.</param>
/// <param name="Platform">The platform that was merged.</param>
public sealed record MergeCollision(MergeCollisionKind Kind, string Name, string Earlier, string Later, string Resolution, Platform Platform)
{
    /// <summary>Path, application, container image, label, variable or setting; harmless to print.</summary>
    public string Name { get; } = PlainText.Of(Name);

    /// <summary>What holds in the merged image, as a sentence that is harmless to print.</summary>
    public string Resolution { get; } = PlainText.Of(Resolution);

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Name} ({Earlier}, {Later}): {Resolution}";
}

/// <summary>A merged image and what had to be settled.</summary>
/// <param name="Image">The image, in the store, with its name.</param>
/// <param name="Collisions">Everything that two images claimed, in the order of the images; empty where nothing did.</param>
public sealed record MergeResult(ClusterImage Image, IReadOnlyList<MergeCollision> Collisions);
