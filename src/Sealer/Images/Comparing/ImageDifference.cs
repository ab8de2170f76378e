namespace Sealer.Images.Comparing;

/// <summary>What part of an image differs.</summary>
public enum DifferenceArea
{
    /// <summary>A platform that only one of the two has.</summary>
    Platform,

    /// <summary>Type, launch commands and the like.</summary>
    Setting,

    /// <summary>A label.</summary>
    Label,

    /// <summary>A variable, of the cluster (ENV) or of the config.</summary>
    Env,

    /// <summary>An application.</summary>
    Application,

    /// <summary>A container image inside.</summary>
    ContainerImage,

    /// <summary>A file, folder or link.</summary>
    File,
}

/// <summary>How something differs.</summary>
public enum DifferenceKind
{
    /// <summary>Only the second image has it.</summary>
    Added,

    /// <summary>Only the first image has it.</summary>
    Removed,

    /// <summary>Both have it, not alike.</summary>
    Changed,
}

/// <summary>One thing in which two images differ.</summary>
/// <param name="Area">What part of the image.</param>
/// <param name="Kind">How.</param>
/// <param name="Name">Path, label, variable, application, container image, ...</param>
/// <param name="Before">What the first image has, in words; null where it has nothing.</param>
/// <param name="After">What the second image has, in words; null where it has nothing.</param>
/// <param name="Platform">The platform that was compared; null of <see cref="DifferenceArea.Platform"/>.</param>
public sealed record ImageDifference(DifferenceArea Area, DifferenceKind Kind, string Name, string? Before, string? After, Platform? Platform)
{
    /// <summary>Path, label, variable, application, container image, ...; harmless to print.</summary>
    public string Name { get; } = PlainText.Of(Name);

    /// <summary>What the first image has, in words that are harmless to print; null where it has nothing.</summary>
    public string? Before { get; } = Before is null ? null : PlainText.Of(Before);

    /// <summary>What the second image has, in words that are harmless to print; null where it has nothing.</summary>
    public string? After { get; } = After is null ? null : PlainText.Of(After);

    /// <summary>Of a file: what the first image has.</summary>
    public ComparedFile? FileBefore { get; init; }

    /// <summary>Of a file: what the second image has.</summary>
    public ComparedFile? FileAfter { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Area} {Name} {Kind}";
}
