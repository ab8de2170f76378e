using Sealer.Images.Building.Running;
using Sealer.Images.Layers;

namespace Sealer.Images.ContainerImages.Scanning;

/// <summary>Where a scan looks.</summary>
public sealed record ContainerImageScanOptions
{
    /// <summary>The rootfs of the cluster image, with all that its parent brings.</summary>
    public required IFileTree Files { get; init; }

    /// <summary>
    /// True of the files that the parent image brought; null: of none. An archive that such a file names lay on the machine
    /// that built the parent, and what it held is in the parent.
    /// </summary>
    public Func<string, bool>? IsInherited { get; init; }

    /// <summary>What the image is built for; a helm in the rootfs is only run where it is this machine's platform.</summary>
    public Platform Platform { get; init; } = Platform.Default;

    /// <summary>Images that the caller wants besides, each as an entry of a list; archives are relative to the current folder.</summary>
    public IReadOnlyList<string> ContainerImages { get; init; } = [];

    /// <summary>Lists of images on this machine, one a line; may be empty.</summary>
    public IReadOnlyList<string> ImageLists { get; init; } = [];

    /// <summary>Lists with credentials on this machine (YAML); may be empty.</summary>
    public IReadOnlyList<string> CredentialLists { get; init; } = [];

    /// <summary>Images to leave out: names, or patterns with <c>*</c>.</summary>
    public IReadOnlyList<string> IgnoredImages { get; init; } = [];

    /// <summary>What the paths of archives in <c>manifests/imageList</c> are relative to: the build context's folder.</summary>
    public string ContextFolder { get; init; } = Environment.CurrentDirectory;

    /// <summary>How charts are rendered.</summary>
    public HelmOptions Helm { get; init; } = new();

    /// <summary>
    /// True where the helm of the rootfs, a stranger's program, may run; false: where there is no other, a warning tells of
    /// each chart whose images are not known.
    /// </summary>
    public bool RunsHelmOfImage { get; init; } = true;
}

/// <summary>How charts are rendered.</summary>
public sealed record HelmOptions
{
    /// <summary>The program; null: <c>helm</c> on PATH, else <c>bin/helm</c> of the rootfs, which runs in a container only.</summary>
    public string? Path { get; init; }

    /// <summary>
    /// Files with values, by the chart's name, its folder's name or the application's name; a later file wins over an
    /// earlier one.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Values { get; init; } =
        new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>The Kubernetes version that charts are told, or null for helm's own.</summary>
    public string? KubeVersion { get; init; }

    /// <summary>Where helm is looked for; the PATH variable, but for tests.</summary>
    internal string SearchPath { get; init; } = Environment.GetEnvironmentVariable("PATH") ?? "";

    /// <summary>How the rootfs's own helm is run; the defaults, but for tests.</summary>
    internal RunExecutorOptions? Container { get; init; }
}
