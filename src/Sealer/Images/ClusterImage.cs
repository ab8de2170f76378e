using System.Collections.Immutable;

namespace Sealer.Images;

/// <summary>
/// An image as users see it: what it is called, what it holds and what it does. Immutable; it describes, and opens nothing.
/// Made by <see cref="ClusterImages"/>, its lists as arrays and the like: PowerShell finds no [0] in what a collection
/// expression makes of them. An ordinary OCI image can be described too; its <see cref="IsClusterImage"/> is false.
/// </summary>
public sealed record ClusterImage
{
    private readonly IReadOnlyList<ContainerImageEntry> _containerImageEntries = [];

    /// <summary>The name as users write it (<c>skyline:v3</c>); the digest where the image has no name.</summary>
    public string Name => Reference?.ToFamiliarString() ?? Digest.ToString();

    /// <summary>The complete name (<c>docker.io/library/skyline:v3</c>); empty where the image has no name.</summary>
    public string FullName => Reference?.ToString() ?? "";

    /// <summary>The name, or null where the image has none.</summary>
    public ImageReference? Reference { get; init; }

    /// <summary>What addresses the image: the descriptor of its manifest, or of its index.</summary>
    public required Descriptor Descriptor { get; init; }

    /// <summary>Digest of the manifest, or of the index.</summary>
    public Digest Digest => Descriptor.Digest;

    /// <summary>Digest of the config, which is the same however the layers are compressed; of an index, the index's digest.</summary>
    public required Digest Id { get; init; }

    /// <summary>True where the name stands for several platforms; they are in <see cref="Images"/>.</summary>
    public bool IsIndex => Manifest is null;

    /// <summary>What it runs on; of an index, one a platform that is present here.</summary>
    public required IReadOnlyList<Platform> Platforms { get; init => field = Listed.Of(value); }

    /// <summary>Platforms that the index names and whose content is not here, as after a pull of one platform.</summary>
    public IReadOnlyList<Platform> AbsentPlatforms { get; init => field = Listed.Of(value); } = [];

    /// <summary>Of an index the image of each platform, in the index's order; otherwise empty.</summary>
    public IReadOnlyList<ClusterImage> Images { get; init => field = Listed.Of(value); } = [];

    /// <summary>When it was made, as the config says (of an index the newest); null where it says nothing.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>Bytes to store or send: manifests, configs and layers as stored, each blob counted once.</summary>
    public required long Size { get; init; }

    /// <summary>True where the image carries sealer's data and can be run as a cluster or application.</summary>
    public bool IsClusterImage => Extension is not null;

    /// <summary>True for an image of sealer 0.8 or older, which has to be built again.</summary>
    public bool IsLegacy { get; init; }

    /// <summary>See <see cref="ClusterImageType"/>; null where it is not a cluster image.</summary>
    public string? Type => Extension?.Type;

    /// <summary>The applications in the order of declaration; what older sealers wrote elsewhere is in its place.</summary>
    public IReadOnlyList<Application> Applications => Extension?.Applications ?? [];

    /// <summary>The container images inside, each once a platform, with all that asked for it.</summary>
    public IReadOnlyList<ContainerImage> ContainerImages { get; private init; } = [];

    /// <summary>Of container images that lie elsewhere in <c>registry/</c> than by rule, the repository, by full name.</summary>
    public IReadOnlyDictionary<string, string> ContainerImagePaths { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Labels of the config, without those in which docker archives carry sealer's data; sorted by name.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Environment of the whole cluster (ENV), which reaches scripts and applications; sorted by name.</summary>
    public IReadOnlyDictionary<string, string> Env => Extension?.Env ?? ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>What is started after the cluster stands.</summary>
    public Launch Launch => Extension?.Launch ?? new Launch();

    /// <summary><c>kubernetes</c> (also where no label says otherwise), <c>k0s</c> or <c>k3s</c>.</summary>
    public string RuntimeType => Label(SealerAnnotations.RuntimeTypeLabel) ?? "kubernetes";

    /// <summary>Version of Kubernetes in the image, or null where no label says it.</summary>
    public string? RuntimeVersion => Label(SealerAnnotations.RuntimeVersionLabel);

    /// <summary><c>docker</c> (also where no label says otherwise) or <c>containerd</c>.</summary>
    public string ContainerRuntime => Label(SealerAnnotations.ContainerRuntimeTypeLabel) ?? "docker";

    /// <summary>Version of the container runtime in the image, or null where no label says it.</summary>
    public string? ContainerRuntimeVersion => Label(SealerAnnotations.ContainerRuntimeVersionLabel);

    /// <summary>The Kubernetes versions the applications allow (KUBEVERSION), or null.</summary>
    public string? SupportedKubeVersion => Label(SealerAnnotations.SupportedKubeVersionLabel);

    /// <summary>Names of the applications that are a CNI, sorted.</summary>
    public IReadOnlyList<string> Cni => LabelledBy(SealerAnnotations.CniLabelPrefix);

    /// <summary>Names of the applications that are a CSI, sorted.</summary>
    public IReadOnlyList<string> Csi => LabelledBy(SealerAnnotations.CsiLabelPrefix);

    /// <summary>The layers, lowest first; of an index empty.</summary>
    public IReadOnlyList<ClusterImageLayer> Layers { get; init => field = Listed.Of(value); } = [];

    /// <summary>Sealer's data, in the form of today; null where it is not a cluster image.</summary>
    public ImageExtension? Extension { get; init; }

    /// <summary>The manifest; null of an index.</summary>
    public ImageManifest? Manifest { get; init; }

    /// <summary>The config; null of an index and of artifacts, which have none of an image.</summary>
    public ImageConfig? Config { get; init; }

    /// <summary>The container images as the annotation has them.</summary>
    internal IReadOnlyList<ContainerImageEntry> ContainerImageEntries
    {
        get => _containerImageEntries;
        init
        {
            _containerImageEntries = value;
            ContainerImages = ContainerImage.Of(value);
        }
    }

    /// <summary>The manifest's bytes as stored; empty of an index.</summary>
    internal ReadOnlyMemory<byte> ManifestJson { get; init; }

    /// <summary>The config's bytes as stored; empty of an index.</summary>
    internal ReadOnlyMemory<byte> ConfigJson { get; init; }

    /// <summary>The image for a platform: this one, or the member of the index.</summary>
    /// <exception cref="SealerException"><c>PlatformNotFound</c>, with those that there are.</exception>
    public ClusterImage ForPlatform(Platform platform)
    {
        ArgumentNullException.ThrowIfNull(platform);
        if (!IsIndex && Platforms.Any(platform.Accepts))
            return this;
        // Of several that run, the one that says exactly this comes first: linux/arm/v6 also has v7's name in some indexes.
        var match = Images.FirstOrDefault(i => i.Platforms.Contains(platform))
            ?? Images.FirstOrDefault(i => i.Platforms.Any(platform.Accepts));
        if (match is not null)
            return match;
        var there = Platforms.Count == 0 ? "no platform" : string.Join(", ", Platforms);
        var next = AbsentPlatforms.Any(platform.Accepts)
            ? $" The name stands for {platform} too, but its content is not here: receive the image again with that platform."
            : " Build or receive it for that platform, or ask for one that is there.";
        throw new SealerException(
            "PlatformNotFound",
            ErrorKind.NotFound,
            $"The image {Name} is not there for {platform}; it is for {there}.{next}",
            Name);
    }

    /// <summary>Returns this image, or says why it cannot be used as a cluster image.</summary>
    /// <exception cref="SealerException"><c>NotAClusterImage</c>.</exception>
    public ClusterImage RequireClusterImage()
    {
        if (IsClusterImage)
            return this;
        throw new SealerException(
            "NotAClusterImage",
            ErrorKind.InvalidInput,
            IsLegacy
                ? $"The image {Name} was built by sealer 0.8 or older, whose format no later sealer reads. Build it again from its Kubefile."
                : $"The image {Name} is not a cluster image: it has no annotation {SealerAnnotations.Extension}. Build one from a Kubefile, or begin a Kubefile with FROM scratch and COPY its files.",
            Name);
    }

    /// <summary>The JSON that <c>sealer inspect</c> prints of the image; of an index, of the member for this machine's platform, else the first.</summary>
    /// <exception cref="SealerException"><c>NotAClusterImage</c>.</exception>
    public string ToInspectJson() => InspectDocument.Write(this);

    /// <inheritdoc/>
    public override string ToString() => Name;

    private string? Label(string name) => Labels.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    private List<string> LabelledBy(string prefix) =>
        [.. Labels.Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal)).Select(k => k[prefix.Length..]).Order(StringComparer.Ordinal)];
}
