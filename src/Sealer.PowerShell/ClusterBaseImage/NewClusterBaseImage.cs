using System.Management.Automation;
using Sealer.Images;
using Sealer.Images.Building;
using Sealer.Kubernetes.BaseImages;

namespace Sealer.PowerShell;

/// <summary>Makes a base cluster image: Kubernetes with containerd, a registry, helm and a network (sealer's basefs, auto-build).</summary>
/// <remarks>
/// <para>
/// Fetches what upstream publishes of a version of Kubernetes, checks every file against its published SHA-256, and lays it into
/// an image of the local store together with scripts that install it on a bare host, and with all container images that the
/// control plane, the network and the balancers of the API need. Kubefiles begin with it: FROM kubernetes:v1.31.1.
/// </para>
/// <para>
/// -Source names another place for upstream's files: the address of a mirror, or a folder. Each file lies there at its upstream
/// address without https://, for example dl.k8s.io/release/v1.31.1/bin/linux/amd64/kubeadm, with the list of its checksum beside it
/// as upstream has it. With -WhatIf nothing is downloaded and all addresses are shown.
/// </para>
/// </remarks>
/// <example>
/// <code>New-ClusterBaseImage v1.31.1 -WhatIf</code>
/// What would be fetched, and from where?
/// </example>
/// <example>
/// <code>New-ClusterBaseImage v1.31.1 -Tag registry.example.com/kubernetes:v1.31.1 -Platform linux/amd64, linux/arm64 -Source https://mirror.example.com/releases</code>
/// Makes one name for two platforms, from a mirror inside of the company.
/// </example>
/// <example>
/// <code>New-ClusterBaseImage v1.20.2 -Network None -ContainerdVersion 1.6.36</code>
/// An older Kubernetes with another containerd; the network comes with what is built on it.
/// </example>
/// <seealso cref="BuildClusterImage"/>
[Cmdlet(VerbsCommon.New, "ClusterBaseImage", SupportsShouldProcess = true)]
[OutputType(typeof(ClusterImage))]
[InformationType(typeof(BuildPreview))]
public sealed class NewClusterBaseImage : ImageBuildCmdlet
{
    /// <summary>The version of Kubernetes, for example <c>v1.31.1</c>.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public string KubernetesVersion { get; set; } = "";

    /// <summary>The image's name.</summary>
    [Parameter(Position = 1)]
    [PSDefaultValue(Help = "kubernetes:VERSION")]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    public ImageReference? Tag { get; set; }

    /// <summary>The address of a mirror, or a folder, that has upstream's files.</summary>
    [Parameter]
    [PSDefaultValue(Help = "Upstream")]
    [ValidateNotNullOrEmpty]
    public string? Source { get; set; }

    /// <summary>What connects pods: Calico (Kubernetes 1.21 and later), Flannel, or None.</summary>
    [Parameter]
    [PSDefaultValue(Help = "Calico")]
    public BaseImageNetwork Network { get; set; } = BaseImageNetwork.Calico;

    /// <summary>A manifest of this machine to take for -Network instead of upstream's.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? NetworkManifest { get; set; }

    /// <summary>Another version of containerd than the one that goes with that Kubernetes.</summary>
    [Parameter]
    [ValidatePattern(VersionPattern)]
    public string? ContainerdVersion { get; set; }

    /// <summary>Another version of runc.</summary>
    [Parameter]
    [ValidatePattern(VersionPattern)]
    public string? RuncVersion { get; set; }

    /// <summary>Another version of crictl.</summary>
    [Parameter]
    [ValidatePattern(VersionPattern)]
    public string? CrictlVersion { get; set; }

    /// <summary>Another version of the CNI plugins.</summary>
    [Parameter]
    [ValidatePattern(VersionPattern)]
    public string? CniPluginsVersion { get; set; }

    /// <summary>Another version of helm.</summary>
    [Parameter]
    [ValidatePattern(VersionPattern)]
    public string? HelmVersion { get; set; }

    /// <summary>Another version of the registry (distribution).</summary>
    [Parameter]
    [ValidatePattern(VersionPattern)]
    public string? RegistryVersion { get; set; }

    private const string VersionPattern = @"^\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$";

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var kubernetes = Kubernetes.KubernetesVersion.Parse(KubernetesVersion);
        var usual = BaseImageVersions.Of(kubernetes);
        var options = new BaseImageOptions
        {
            Kubernetes = kubernetes,
            Tag = Tag ?? ImageReference.Parse($"kubernetes:{kubernetes}"),
            Source = Source is null || Source.Contains("://", StringComparison.Ordinal) ? Source : FullPath(Source),
            Platforms = Platform,
            Network = Network,
            NetworkManifest = NetworkManifest is null ? null : FullPath(NetworkManifest),
            Versions = usual with
            {
                Containerd = ContainerdVersion ?? usual.Containerd,
                Runc = RuncVersion ?? usual.Runc,
                Crictl = CrictlVersion ?? usual.Crictl,
                CniPlugins = CniPluginsVersion ?? usual.CniPlugins,
                Helm = HelmVersion ?? usual.Helm,
                Registry = RegistryVersion ?? usual.Registry,
            },
            ImageArchives = ImageArchives,
            Labels = KeyValueAttribute.Read(Label),
            Registries = RegistryOptions,
        };
        var builder = new BaseImageBuilder(Store, Engine);
        await BuildAsync(
            $"Build {options.Tag.ToFamiliarString()} of Kubernetes {kubernetes} from {options.Source ?? "upstream"}",
            () => builder.BuildAsync(options, cancellationToken),
            () => builder.PreviewAsync(options, cancellationToken));
    }
}
