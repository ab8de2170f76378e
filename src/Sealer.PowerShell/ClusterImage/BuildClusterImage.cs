using System.Collections;
using System.Management.Automation;
using Sealer.Images;
using Sealer.Images.Building;
using Sealer.Images.ContainerImages.Scanning;
using Sealer.Images.Layers;
using Sealer.Registries;

namespace Sealer.PowerShell;

/// <summary>Builds a cluster image from a Kubefile, with every container image it needs inside (sealer build).</summary>
/// <remarks>
/// <para>
/// Reads the Kubefile, searches manifests, charts and image lists for container images, downloads them straight from their
/// registries for every wanted platform, and lays all of it into one image of the local store. Needs no Docker and, but for
/// RUN, no Linux. The same inputs give the same image everywhere.
/// </para>
/// <para>
/// With -WhatIf nothing is downloaded and nothing written: it shows the instructions, the layers they would make, and every
/// container image with the file and line that asks for it. The same as an object is in the information stream, in
/// MessageData of the record with the tag BuildPreview.
/// </para>
/// <para>
/// Copied files keep the times they have, and what RUN writes gets the time of the newest file that it could see, never the
/// clock's. Where checkouts of one source give files different times, set SOURCE_DATE_EPOCH (seconds since 1970): nothing
/// in the image is newer then. What ADD and APP download is kept by its --checksum, else by what its server says of it, and
/// fetched again only where it has changed.
/// </para>
/// <para>
/// RUN runs programs of the image named by FROM, as docker build does: apart from the machine's files, processes and names,
/// with the machine's network unless --network=none is given, and with few of root's rights. Where root builds, they are
/// root to the kernel: build images of strangers as another user, for whom they are only that user.
/// </para>
/// <para>All mistakes of a Kubefile are told at once, each with its line and column.</para>
/// </remarks>
/// <example>
/// <code>Build-ClusterImage ./skyline -Tag registry.example.com/skyline:v3</code>
/// Builds the Kubefile in ./skyline for this machine's processor.
/// </example>
/// <example>
/// <code>Build-ClusterImage ./skyline -Tag registry.example.com/skyline:v3 -WhatIf</code>
/// Which container images would it carry, and who asks for them?
/// </example>
/// <example>
/// <code>
/// Build-ClusterImage ./skyline -Tag registry.example.com/skyline:v3 -Platform linux/amd64, linux/arm64 |
///     Publish-ClusterImage |
///     Export-ClusterImage -Path ./skyline-v3.tar
/// </code>
/// Builds for two platforms under one name, publishes it and writes it to a file.
/// </example>
/// <example>
/// <code>Build-ClusterImage ./skyline -Tag skyline:dev -Mode Lite -BuildArgument 'OPTIONS=--level=3 --name=a', 'PORT=8080'</code>
/// Without container images; arguments may hold equals signs.
/// </example>
/// <seealso cref="PublishClusterImage"/>
/// <seealso cref="ExportClusterImage"/>
[Cmdlet("Build", "ClusterImage", SupportsShouldProcess = true)]
[OutputType(typeof(ClusterImage))]
[InformationType(typeof(BuildPreview))]
public sealed class BuildClusterImage : ImageBuildCmdlet
{
    private readonly List<RegistryClient> _clients = [];

    /// <summary>The folder that COPY, ADD and APP read from. Nothing outside of it is read.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Context", "FullName")]
    [PSDefaultValue(Help = "The current folder")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = ".";

    /// <summary>The Kubefile: relative to the current folder, or, where there is none, to the context.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Kubefile")]
    [PSDefaultValue(Help = "Kubefile in the context")]
    [ValidateNotNullOrEmpty]
    public string? File { get; set; }

    /// <summary>Names for the image, for example <c>registry.example.com/skyline:v3</c>.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    public ImageReference[] Tag { get; set; } = [];

    /// <summary>A whole cluster (kube-installer), or applications for a cluster that is there (app-installer).</summary>
    [Parameter]
    [PSDefaultValue(Help = ClusterImageType.KubeInstaller)]
    [ValidateSet(ClusterImageType.KubeInstaller, ClusterImageType.AppInstaller)]
    public string Type { get; set; } = ClusterImageType.KubeInstaller;

    /// <summary>All: the container images lie in the image. Lite: they do not, and the cluster fetches them elsewhere.</summary>
    [Parameter]
    [PSDefaultValue(Help = "All")]
    public BuildMode Mode { get; set; } = BuildMode.All;

    /// <summary>When the image named by FROM is fetched though the local store has one.</summary>
    [Parameter]
    [PSDefaultValue(Help = "IfNewer")]
    public PullPolicy Pull { get; set; } = PullPolicy.IfNewer;

    /// <summary>Values for the Kubefile's ARG: a hashtable, or <c>name=value</c> text, whose value may hold equals signs.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("BuildArg")]
    [KeyValue]
    public IDictionary? BuildArgument { get; set; }

    /// <summary>Annotations of the manifest: a hashtable, or <c>name=value</c> text.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [KeyValue]
    public IDictionary? Annotation { get; set; }

    /// <summary>Makes every layer anew.</summary>
    [Parameter]
    public SwitchParameter NoCache { get; set; }

    /// <summary>Files that list further container images, one a line.</summary>
    [Parameter]
    public string[] ImageList { get; set; } = [];

    /// <summary>Files that list container images with user and password (YAML, as sealer's --image-list-with-auth).</summary>
    [Parameter]
    [Alias("ImageListWithAuth")]
    public string[] ImageListWithCredential { get; set; } = [];

    /// <summary>Container images to leave out: names, or patterns with <c>*</c>.</summary>
    [Parameter]
    public string[] IgnoredImage { get; set; } = [];

    /// <summary>A file that lists container images to leave out.</summary>
    [Parameter]
    public string? IgnoredImageList { get; set; }

    /// <summary>How layers are packed.</summary>
    [Parameter]
    [PSDefaultValue(Help = "Zstd")]
    public LayerCompression Compression { get; set; } = LayerCompression.Zstd;

    /// <summary>
    /// Files with values for charts, by the chart's name: a hashtable, or <c>chart=file</c> text. Charts are rendered with
    /// them when they are searched for container images.
    /// </summary>
    [Parameter]
    [KeyValue]
    public IDictionary? HelmValue { get; set; }

    /// <summary>The helm that renders charts.</summary>
    [Parameter]
    [PSDefaultValue(Help = "helm on PATH, else bin/helm of the image, in a container")]
    public string? HelmPath { get; set; }

    /// <summary>The Kubernetes version that charts are told, for example <c>1.31.1</c>.</summary>
    [Parameter]
    public string? KubeVersion { get; set; }

    /// <summary>The network that RUN sees where it does not say itself.</summary>
    [Parameter]
    [PSDefaultValue(Help = "default")]
    [ValidateSet("default", "none", "host")]
    public string Network { get; set; } = "default";

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _clients.ForEach(client => client.Dispose());
        base.Dispose(disposing);
    }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var options = Options();
        var client = new RegistryClient(RegistryOptions);
        _clients.Add(client);
        var builder = new ClusterImageBuilder(Store, client, Engine);
        var names = string.Join(", ", Tag.Select(tag => tag.ToFamiliarString()));
        await BuildAsync(
            $"Build {names} from {options.ContextFolder}",
            () => builder.BuildAsync(options, cancellationToken),
            () => builder.PreviewAsync(options, cancellationToken));
    }

    private BuildOptions Options()
    {
        var context = FullPath(Path);
        return new BuildOptions
        {
            ContextFolder = context,
            KubefilePath = File is null ? null : Kubefile(context, File),
            Tags = Tag,
            Type = Type,
            Mode = Mode,
            Pull = Pull,
            Platforms = Platform,
            BuildArguments = KeyValueAttribute.Read(BuildArgument),
            Labels = KeyValueAttribute.Read(Label),
            Annotations = KeyValueAttribute.Read(Annotation),
            NoCache = NoCache,
            ImageListPaths = [.. ImageList.Select(FullPath)],
            ImageListWithCredentialsPaths = [.. ImageListWithCredential.Select(FullPath)],
            IgnoredImages = IgnoredImage,
            IgnoredImageListPath = IgnoredImageList is null ? null : FullPath(IgnoredImageList),
            ImageArchives = ImageArchives,
            Helm = new HelmOptions
            {
                Path = HelmPath is null ? null : FullPath(HelmPath),
                Values = KeyValueAttribute.ReadLists(HelmValue).ToDictionary(
                    chart => chart.Key, chart => (IReadOnlyList<string>)[.. chart.Value.Select(FullPath)]),
                KubeVersion = KubeVersion,
            },
            Compression = Compression,
            Network = Network,
        };
    }

    private string Kubefile(string context, string file)
    {
        var path = FullPath(file);
        var inContext = System.IO.Path.Combine(context, file);
        return !System.IO.File.Exists(path) && System.IO.File.Exists(inContext) ? inContext : path;
    }
}
