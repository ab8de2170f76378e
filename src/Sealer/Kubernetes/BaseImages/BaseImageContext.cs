using System.IO.Compression;
using System.Formats.Tar;
using System.Text;
using Sealer.Images;

namespace Sealer.Kubernetes.BaseImages;

/// <summary>
/// What a base image is built from, in a folder: our scripts and templates, upstream's files where they lie on this machine, and a
/// Kubefile that has the others fetched and checked while they are laid into the image.
/// </summary>
internal sealed class BaseImageContext(BaseImageOptions options, Platform platform, ReleaseMirror mirror, string folder)
{
    private const string Resources = "BaseImages/";

    // Of all that is ours, so that the same versions make the same image.
    private static readonly DateTime Written = DateTime.UnixEpoch;

    private readonly BaseImageVersions _versions = options.Versions ?? BaseImageVersions.Of(options.Kubernetes);
    private readonly KubernetesRelease _release = KubernetesRelease.Of(options.Kubernetes);
    private readonly StringBuilder _kubefile = new("FROM scratch\n");

    /// <summary>Writes the folder.</summary>
    /// <param name="download">False: nothing is downloaded, and the Kubefile says only what would be.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The Kubefile's text.</returns>
    public async Task<string> WriteAsync(bool download, CancellationToken cancellationToken)
    {
        foreach (var (name, value) in Labels())
            Add($"LABEL {name}=\"{value}\"");
        foreach (var name in EmbeddedText.Names(Resources))
            await WriteOwnAsync(name, EmbeddedText.Read(Resources, name).Replace("@PAUSE@", _release.Images.Pause, StringComparison.Ordinal), cancellationToken).ConfigureAwait(false);
        await WriteOwnAsync("manifests/imageList", string.Concat(ContainerImages().Select(image => image + "\n")), cancellationToken).ConfigureAwait(false);
        Add("COPY --chmod=755 scripts/*.sh scripts/");
        Add("COPY --chmod=644 etc/* etc/");
        Add("COPY --chmod=644 manifests/imageList manifests/");

        foreach (var file in ReleaseFile.Of(options.Kubernetes, _versions, platform.Architecture))
            await AddAsync(file, download, cancellationToken).ConfigureAwait(false);
        await AddHelmAsync(download, cancellationToken).ConfigureAwait(false);
        await AddNetworkAsync(download, cancellationToken).ConfigureAwait(false);
        return _kubefile.ToString();
    }

    private void Add(string line) => _kubefile.Append(line).Append('\n');

    private IEnumerable<(string Name, string Value)> Labels() =>
    [
        (SealerAnnotations.RuntimeTypeLabel, "kubernetes"),
        (SealerAnnotations.RuntimeVersionLabel, options.Kubernetes.ToString()),
        (SealerAnnotations.ContainerRuntimeTypeLabel, "containerd"),
        (SealerAnnotations.ContainerRuntimeVersionLabel, "v" + _versions.Containerd),
    ];

    /// <summary>kubeadm's, and those that balance the API on workers: with ipvs, and where a kernel has none.</summary>
    private IEnumerable<string> ContainerImages() => [.. _release.UpstreamImages, "docker.io/sealerio/lvscare:v1.1.3-beta.8", "docker.io/library/haproxy:3.0-alpine"];

    private async Task AddAsync(ReleaseFile file, bool download, CancellationToken cancellationToken)
    {
        if (mirror.IsFolder)
        {
            await using (await mirror.OpenAsync(file, cancellationToken).ConfigureAwait(false))
                Link(mirror.PlaceOf(file.Address), file.Target);
            Add($"COPY --chmod={file.Mode} {file.Target} {file.Target}");
            return;
        }

        var checksum = download ? $"--checksum={await mirror.DigestAsync(file, cancellationToken).ConfigureAwait(false)} " : "";
        Add($"ADD --chmod={file.Mode} {checksum}{mirror.PlaceOf(file.Address)} {file.Target}");
    }

    private async Task AddHelmAsync(bool download, CancellationToken cancellationToken)
    {
        var helm = ReleaseFile.Helm(_versions, platform.Architecture);
        if (!download && !mirror.IsFolder)
        {
            Add($"ADD {mirror.PlaceOf(helm.Address)} {helm.Target}");
            return;
        }

        var packed = await mirror.OpenAsync(helm, cancellationToken).ConfigureAwait(false);
        await using (packed.ConfigureAwait(false))
        {
            await using var unpacked = new GZipStream(packed, CompressionMode.Decompress);
            await using var tar = new TarReader(unpacked);
            while (await tar.GetNextEntryAsync(copyData: false, cancellationToken).ConfigureAwait(false) is { } entry)
            {
                if (entry is not { EntryType: TarEntryType.RegularFile or TarEntryType.V7RegularFile, DataStream: { } data } || !entry.Name.EndsWith("/helm", StringComparison.Ordinal))
                    continue;
                await using (var file = File.Create(PlaceOf(helm.Target)))
                    await data.CopyToAsync(file, cancellationToken).ConfigureAwait(false);
                File.SetLastWriteTimeUtc(PlaceOf(helm.Target), entry.ModificationTime.UtcDateTime);
                Add($"COPY --chmod={helm.Mode} {helm.Target} {helm.Target}");
                return;
            }
        }

        throw new SealerException("InvalidArchive", ErrorKind.InvalidContent, $"{mirror.PlaceOf(helm.Address)} has no program 'helm' in it.", helm.Name);
    }

    private async Task AddNetworkAsync(bool download, CancellationToken cancellationToken)
    {
        if (options.Network == BaseImageNetwork.None)
            return;
        var name = options.Network.ToString().ToLowerInvariant();
        var file = options.NetworkManifest is null ? ReleaseFile.Manifest(options.Network, options.Kubernetes)! : null;
        if (file is not null && !download && !mirror.IsFolder)
        {
            Add($"CNI {name} {mirror.PlaceOf(file.Address)}");
        }
        else
        {
            var target = $"network/{file?.Name ?? Path.GetFileName(options.NetworkManifest)}";
            var source = file is null ? OpenManifest(options.NetworkManifest!) : await mirror.OpenAsync(file, cancellationToken).ConfigureAwait(false);
            await using (source.ConfigureAwait(false))
            {
                await using var copy = File.Create(PlaceOf(target));
                await source.CopyToAsync(copy, cancellationToken).ConfigureAwait(false);
            }

            File.SetLastWriteTimeUtc(PlaceOf(target), Written);
            Add($"CNI {name} local://{target}");
        }

        Add($"LAUNCH [\"{name}\"]");
    }

    private static FileStream OpenManifest(string path)
    {
        try
        {
            return File.OpenRead(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SealerException("NetworkManifestNotFound", ErrorKind.NotFound, $"The manifest '{path}' cannot be read: {e.Message}", path, e);
        }
    }

    private async Task WriteOwnAsync(string path, string text, CancellationToken cancellationToken)
    {
        await File.WriteAllTextAsync(PlaceOf(path), text, cancellationToken).ConfigureAwait(false);
        File.SetLastWriteTimeUtc(PlaceOf(path), Written);
    }

    // A second name costs no space; where the folder lies on another disk it is copied.
    private void Link(string source, string target)
    {
        if (!Posix.TryLink(source, PlaceOf(target)))
            File.Copy(source, PlaceOf(target));
    }

    private string PlaceOf(string target)
    {
        var path = Path.Combine(folder, target.Replace('/', Path.DirectorySeparatorChar));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }
}
