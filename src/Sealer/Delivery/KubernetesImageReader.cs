using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sealer.Apps;
using Sealer.Clusterfiles.Configs;
using Sealer.Clusterfiles.Documents;
using Sealer.Images;
using Sealer.Images.ContainerImages.RegistryFolder;
using Sealer.Images.Layers;
using Sealer.Kubernetes;
using Sealer.Kubernetes.Kubeadm;
using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>Reads what a cluster image has of Kubernetes.</summary>
internal static class KubernetesImageReader
{
    private const string Contract = "scripts/init-kube.sh";
    private const string Metadata = "Metadata";
    private const string Documents = "etc/kubeadm.yml";
    private const string AuditPolicy = "statics/audit-policy.yml";
    private const string Repositories = RegistryFolderLayout.Storage + "/repositories/";
    private const int MaxFile = 1 << 20;

    /// <summary>What it has; null of an image of applications, of another runtime than Kubernetes, or without scripts for it.</summary>
    /// <param name="spec">The cluster.</param>
    /// <param name="image">The image for one platform.</param>
    /// <param name="files">Its files.</param>
    /// <param name="rendered">What a Clusterfile makes of them.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SealerException"><c>KubernetesVersionUnknown</c>, <c>InvalidKubeadmFile</c>.</exception>
    public static async Task<KubernetesImage?> ReadAsync(
        ClusterSpec spec, ClusterImage image, ImageFileSystem files, HostContent rendered, CancellationToken cancellationToken)
    {
        if (image.Type == ClusterImageType.AppInstaller || image.RuntimeType != "kubernetes" || files.Find(Contract) is null || spec.ControlPlanes.FirstOrDefault() is not { } first)
            return null;
        var tags = TagsOf(files);
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        await files.ReadFilesAsync(
            new[] { Metadata, Documents }.Where(path => files.Find(path) is { Kind: FileTreeEntryKind.File, Size: <= MaxFile }),
            async (path, stream, token) =>
            {
                using var reader = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, leaveOpen: true);
                texts[path] = await reader.ReadToEndAsync(token).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
        var changed = rendered.For(first, cancellationToken).Files;
        var made = changed.FirstOrDefault(file => file.Path == Documents);
        var documents = made is not null ? Encoding.UTF8.GetString(made.Bytes.Span) : texts.GetValueOrDefault(Documents, "");
        return new KubernetesImage
        {
            Version = VersionOf(image, texts.GetValueOrDefault(Metadata), tags["kube-apiserver"]) ?? throw new SealerException(
                "KubernetesVersionUnknown", ErrorKind.InvalidContent,
                $"The image {image.Name} does not say which Kubernetes it holds: neither the label {SealerAnnotations.RuntimeVersionLabel} nor its file {Metadata} names a version, and its registry has no kube-apiserver of just one. Build it with LABEL {SealerAnnotations.RuntimeVersionLabel}=v1.x.y.", image.Name),
            Runtime = spec.ContainerRuntime ?? image.ContainerRuntime,
            Scripts = files.List("scripts").Select(entry => files.FindFile(entry.Path)).OfType<ImageFile>().Where(file => file.Digest is not null)
                .ToDictionary(file => file.Path["scripts/".Length..], file => $"{file.Digest}", StringComparer.Ordinal),
            Documents = KubeadmText.Read(documents, Documents),
            HasAuditPolicy = files.Find(AuditPolicy) is not null,
            Launches = AppLaunches.Of(spec, image.Extension ?? new ImageExtension(), image.Cni.ToHashSet(StringComparer.Ordinal), Digests(files, changed)),
            TagsOf = name => [.. tags[name]],
            ForeignDomains = [.. image.ContainerImagePaths
                .Select(pair => (Domain: ImageReference.Parse(pair.Key).Domain, Path: pair.Value))
                .Where(pair => pair.Path.StartsWith(RegistryFolderPath.FolderOf(pair.Domain) + "/", StringComparison.Ordinal))
                .Select(pair => pair.Domain).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
        };
    }

    // Of secret files the path counts only: what is in them is nobody's to try.
    private static Dictionary<string, string> Digests(ImageFileSystem files, IReadOnlyList<RenderedContent> changed)
    {
        var digests = files.Files.Where(file => file.Digest is not null).ToDictionary(file => file.Path, file => $"{file.Digest}", StringComparer.Ordinal);
        foreach (var file in changed)
            digests[file.Path] = file.IsSecret ? "" : $"{Digest.Of(file.Bytes.Span)}";
        return digests;
    }

    private static KubernetesVersion? VersionOf(ClusterImage image, string? metadata, IEnumerable<string> tags)
    {
        if (KubernetesVersion.TryParse(image.RuntimeVersion) is { } labelled)
            return labelled;
        if (KubernetesVersion.TryParse(KubeVersionOf(metadata)) is { } told)
            return told;
        var versions = tags.Select(KubernetesVersion.TryParse).OfType<KubernetesVersion>().ToList();
        return versions is [var only] ? only : null;
    }

    private static string? KubeVersionOf(string? metadata)
    {
        try
        {
            return metadata is null ? null : (JsonNode.Parse(metadata) as JsonObject)?["kubeVersion"]?.ToString();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ILookup<string, string> TagsOf(ImageFileSystem files) => files.List(Repositories.TrimEnd('/'))
        .Select(entry => RegistryFolderLayout.TagAt(entry.Path)).OfType<(string Repository, string Tag)>()
        .ToLookup(found => found.Repository, found => found.Tag, StringComparer.Ordinal);
}
