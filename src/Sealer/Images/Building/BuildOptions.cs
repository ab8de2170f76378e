using Sealer.Images.ContainerImages.Scanning;
using Sealer.Images.Layers;

namespace Sealer.Images.Building;

/// <summary>Whether the container images that a cluster image needs lie in it.</summary>
public enum BuildMode
{
    /// <summary>They are downloaded and lie in <c>registry/</c>.</summary>
    All,

    /// <summary>They do not; the cluster fetches them elsewhere.</summary>
    Lite,
}

/// <summary>When the image named by FROM is fetched from its registry.</summary>
public enum PullPolicy
{
    /// <summary>Where the registry has another one than the local store, or the local store has none. A registry that does not answer is no mistake where the image is there.</summary>
    IfNewer,

    /// <summary>Where the local store has none.</summary>
    Missing,

    /// <summary>Always.</summary>
    Always,

    /// <summary>Never: it must be in the local store.</summary>
    Never,
}

/// <summary>What to build, and how.</summary>
public sealed record BuildOptions
{
    /// <summary>The folder that COPY, ADD and APP read from.</summary>
    public required string ContextFolder { get; init; }

    /// <summary>The Kubefile; null: <c>Kubefile</c> in the context.</summary>
    public string? KubefilePath { get; init; }

    /// <summary>The Kubefile's text, instead of a file.</summary>
    public string? KubefileText { get; init; }

    /// <summary>Names for the image; at least one to build.</summary>
    public IReadOnlyList<ImageReference> Tags { get; init; } = [];

    /// <summary>A value of <see cref="ClusterImageType"/>.</summary>
    public string Type { get; init; } = ClusterImageType.KubeInstaller;

    /// <summary>Whether the container images lie in the image.</summary>
    public BuildMode Mode { get; init; } = BuildMode.All;

    /// <summary>When the image named by FROM is fetched.</summary>
    public PullPolicy Pull { get; init; } = PullPolicy.IfNewer;

    /// <summary>What to build for; none: Linux on this machine's processor. Several make an index.</summary>
    public IReadOnlyList<Platform> Platforms { get; init; } = [];

    /// <summary>Values for ARG.</summary>
    public IReadOnlyDictionary<string, string> BuildArguments { get; init; } = new Dictionary<string, string>();

    /// <summary>Labels on top of the Kubefile's; a value for <c>io.sealer.version</c> replaces ours.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Annotations of the manifest (of several platforms: of each manifest and of the index).</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>True to make every layer anew.</summary>
    public bool NoCache { get; init; }

    /// <summary>Lists of further container images, files on this machine.</summary>
    public IReadOnlyList<string> ImageListPaths { get; init; } = [];

    /// <summary>Lists of container images with credentials, files on this machine.</summary>
    public IReadOnlyList<string> ImageListWithCredentialsPaths { get; init; } = [];

    /// <summary>A list of container images to leave out, a file on this machine; null where there is none.</summary>
    public string? IgnoredImageListPath { get; init; }

    /// <summary>Container images to leave out: names, or patterns with <c>*</c>.</summary>
    public IReadOnlyList<string> IgnoredImages { get; init; } = [];

    /// <summary>
    /// Archives and folders that container images are taken from: <c>oci-archive:path[:name]</c> and so on, relative to the
    /// process's current folder (in a list, to the list's folder; in <c>manifests/imageList</c>, to the context).
    /// </summary>
    public IReadOnlyList<string> ImageArchives { get; init; } = [];

    /// <summary>How charts are rendered when they are searched for container images.</summary>
    public HelmOptions Helm { get; init; } = new();

    /// <summary>How layers are packed.</summary>
    public LayerCompression Compression { get; init; } = LayerCompression.Zstd;

    /// <summary>The network that RUN sees where it does not say itself: <c>default</c>, <c>none</c> or <c>host</c>.</summary>
    public string Network { get; init; } = "default";

    /// <summary>
    /// No file is newer than this; null: what <c>SOURCE_DATE_EPOCH</c> says. Where that is not set, copied files keep their
    /// times, and what RUN writes gets that of the newest file it could see, so that the same inputs give the same image.
    /// </summary>
    public DateTimeOffset? SourceDate { get; init; }
}
