using System.Collections.Concurrent;
using Sealer.Clusterfiles.Documents;
using Sealer.Events;
using Sealer.Images;
using Sealer.Images.ContainerImages.RegistryFolder;
using Sealer.Images.Copying;
using Sealer.Images.Layers;
using Sealer.Planning;
using Sealer.Registries;
using Sealer.Transfer;

namespace Sealer.Delivery;

/// <summary>
/// The container images under <c>registry/</c> of a cluster image, for the registry that a Clusterfile names as external. There they
/// have the names that hosts ask for: repository and tag as they lie in the image. Of an index that names more platforms than the
/// image holds, the rest is cut away, since registries refuse an index that is not whole; its digest is another one then.
/// </summary>
internal sealed class RegistryContent : IRegistryContent
{
    private const int Parallelism = 6;

    private readonly string _endpoint;
    private readonly RegistryOptions _options;
    private readonly Folders _folders;
    private readonly List<Name> _names;

    private RegistryContent(ExternalRegistrySpec registry, ImageContentOptions how, IReadOnlyList<IFileTree> platforms, IEnumerable<Name> names)
    {
        var options = how.Registries;
        _endpoint = registry.Endpoint;
        _folders = new Folders([.. platforms.Select(files => new RegistryFolderSource(files, null, null))], new Throttle(how.BandwidthLimit));
        _names = [.. names.DistinctBy(name => name.ToString()).OrderBy(name => name.ToString(), StringComparer.Ordinal)];
        _options = registry is { UserName: { } user, Password: { } password }
            ? options with { Credentials = new GivenCredentials(new Dictionary<string, RegistryCredential> { [_endpoint] = new() { UserName = user, Password = password } }, options.Credentials) }
            : options;
    }

    /// <summary>Those of an image; null where it has none.</summary>
    /// <param name="registry">The registry; its user goes before those that were kept for it.</param>
    /// <param name="options">How it is talked to, and how much a second.</param>
    /// <param name="platforms">The image's files, a platform each.</param>
    public static RegistryContent? Of(ExternalRegistrySpec registry, ImageContentOptions options, IReadOnlyList<IFileTree> platforms)
    {
        var names = platforms.SelectMany(files => files.List(RegistryFolderLayout.Storage)).Select(entry => NameAt(entry.Path)).OfType<Name>().ToList();
        return names.Count == 0 ? null : new RegistryContent(registry, options, platforms, names);
    }

    /// <inheritdoc/>
    public async Task<ObservedRegistry> InspectAsync(CancellationToken cancellationToken)
    {
        using var client = new RegistryClient(_options);
        var wanted = await WantedAsync(cancellationToken).ConfigureAwait(false);
        var missing = await MissingAsync(client, wanted, cancellationToken).ConfigureAwait(false);
        return new ObservedRegistry
        {
            Endpoint = _endpoint,
            Digest = HostFingerprint.Digest(string.Concat(wanted.Select(image => $"{image.Name} {image.Root.Digest}\n"))),
            Images = wanted.Count,
            Missing = [.. missing.Select(image => image.Name.ToString())],
            Bytes = missing.SelectMany(image => image.Content).DistinctBy(blob => blob.Digest).Sum(blob => blob.Size),
        };
    }

    /// <inheritdoc/>
    public async Task FillAsync(IProgress<long>? progress, IProgress<SealerEvent>? events, CancellationToken cancellationToken)
    {
        using var client = new RegistryClient(_options with { Events = events });
        var sum = new Sum(progress, events);
        foreach (var image in await MissingAsync(client, await WantedAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false))
        {
            var target = client.Repository(image.Reference(_endpoint));
            try
            {
                await ImageCopier.CopyAsync(_folders, image.Source, target, image.Options, sum, cancellationToken).ConfigureAwait(false);
                await target.TagAsync(image.Reference(_endpoint), image.Root, cancellationToken).ConfigureAwait(false);
            }
            catch (RegistryException e) when (e.StatusCode is { } status && (int)status is >= 400 and < 500)
            {
                throw new SealerException(
                    "RegistryNotFilled", e.Kind,
                    $"{_endpoint} does not take {image.Name}: {e.Message} Where it keeps images in projects, make '{image.Name.Repository.Split('/')[0]}' there, with the right to push for the user of spec.registry.externalRegistry, and run the same again: what is there is not sent again.", _endpoint, e);
            }
        }
    }

    // The same of all platforms, or the registry would have one of them only.
    private async Task<List<Wanted>> WantedAsync(CancellationToken cancellationToken)
    {
        var wanted = new List<Wanted>();
        var covered = new HashSet<Digest>();
        foreach (var name in _names.OrderBy(name => name.Tag is null))
        {
            var found = new List<Descriptor>();
            foreach (var folder in _folders.All)
            {
                if (await folder.ResolveAsync(name.Reference("in.image"), cancellationToken).ConfigureAwait(false) is { } descriptor)
                    found.Add(descriptor);
            }

            if (found.DistinctBy(descriptor => descriptor.Digest).Count() > 1)
            {
                throw new SealerException(
                    "ContainerImagesDiffer", ErrorKind.InvalidContent,
                    $"The cluster image holds a container image {name} of its own for each platform, and {_endpoint} can have one under that name only. Deliver an image of one platform, or build it of images that stand for all platforms.", name.ToString());
            }

            // What a tag has brought is there by its digest too; what is broken, verifying the image tells.
            if (found is not [var root, ..] || (name.Tag is null && covered.Contains(root.Digest)))
                continue;
            var options = await CutAsync(root, cancellationToken).ConfigureAwait(false);
            if (options is null || (name.Tag is null && options.Platforms is not null))
                continue;
            var graph = await ImageGraph.WalkAsync(_folders, root, options, null, cancellationToken).ConfigureAwait(false);
            covered.Add(root.Digest);
            covered.UnionWith(graph.Documents.Select(document => document.Descriptor.Digest));
            wanted.Add(new Wanted(name, root, graph.Root, options, [.. graph.Blobs, .. graph.Documents.Select(document => document.Descriptor)]));
        }

        return wanted;
    }

    // All of it, or of an index the platforms that are there; null where none is.
    private async Task<CopyOptions?> CutAsync(Descriptor root, CancellationToken cancellationToken)
    {
        var options = new CopyOptions { Activity = $"Filling {_endpoint}", Parallelism = Parallelism };
        if (!MediaType.IsIndex(root.MediaType))
            return options;
        var content = new byte[root.Size];
        using (var stream = await _folders.OpenAsync(root, 0, cancellationToken).ConfigureAwait(false))
            await stream.ReadExactlyAsync(content, cancellationToken).ConfigureAwait(false);
        var entries = OciJson.ReadIndex(content).Manifests;
        var there = entries.Where(_folders.Has).ToList();
        if (there.Count == entries.Count)
            return options;
        var platforms = there.Select(entry => entry.Platform).OfType<Platform>().Where(platform => platform.Os != "unknown").Distinct().ToList();
        return platforms.Count == 0 ? null : options with { Platforms = platforms, IndexCut = IndexCut.Manifest };
    }

    private async Task<List<Wanted>> MissingAsync(RegistryClient client, List<Wanted> wanted, CancellationToken cancellationToken)
    {
        var missing = new ConcurrentBag<Wanted>();
        try
        {
            // One question first: a registry that cannot be asked is told of once.
            await client.PingAsync(_endpoint, cancellationToken).ConfigureAwait(false);
        }
        catch (RegistryException e) when (e.Id is "CertificateNotTrusted" or "PlainHttpRegistry")
        {
            throw new SealerException(
                e.Id, e.Kind,
                e.Id == "PlainHttpRegistry"
                    ? $"{_endpoint}, the external registry of the Clusterfile, speaks plain http, and hosts ask it by https. Give it a certificate, or leave externalRegistry out: the cluster brings a registry of its own."
                    : $"The certificate of {_endpoint}, the external registry of the Clusterfile, is not trusted here. Put its authority at /etc/docker/certs.d/{_endpoint}/ca.crt or among this machine's authorities, and among those of every host.", _endpoint, e);
        }

        await Parallel.ForEachAsync(
            wanted,
            new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken },
            async (image, token) =>
            {
                var reference = image.Reference(_endpoint);
                if ((await client.Repository(reference).ResolveAsync(reference, token).ConfigureAwait(false))?.Digest != image.Root.Digest)
                    missing.Add(image);
            }).ConfigureAwait(false);
        return [.. missing.OrderBy(image => image.Name.Tag is null).ThenBy(image => image.Name.ToString(), StringComparer.Ordinal)];
    }

    private static Name? NameAt(string path) =>
        RegistryFolderLayout.TagAt(path) is { } tag ? new Name(tag.Repository, tag.Tag, null)
        : RegistryFolderLayout.RevisionIn(path) is { } revision ? new Name(revision.Repository, null, revision.Digest)
        : null;

    /// <summary>A tag of a repository, or a manifest that it has by digest.</summary>
    private sealed record Name(string Repository, string? Tag, Digest? Digest)
    {
        public ImageReference Reference(string domain) => ImageReference.Parse($"{domain}/{this}");

        public override string ToString() => Tag is null ? $"{Repository}@{Digest}" : $"{Repository}:{Tag}";
    }

    /// <summary>An image as the registry shall have it.</summary>
    private sealed record Wanted(Name Name, Descriptor Source, Descriptor Root, CopyOptions Options, IReadOnlyList<Descriptor> Content)
    {
        public ImageReference Reference(string endpoint) => Name.Reference(endpoint);
    }

    /// <summary>The folders of all platforms as one source: what lies in several is the same.</summary>
    private sealed class Folders(IReadOnlyList<RegistryFolderSource> all, Throttle throttle) : IImageSource
    {
        public IReadOnlyList<RegistryFolderSource> All => all;

        public bool Has(Descriptor descriptor) => all.Any(folder => folder.Has(descriptor));

        public Task<Descriptor?> ResolveAsync(ImageReference reference, CancellationToken cancellationToken) => throw new NotSupportedException();

        public async Task<Stream> OpenAsync(Descriptor descriptor, long offset, CancellationToken cancellationToken)
        {
            var content = await (all.FirstOrDefault(folder => folder.Has(descriptor)) ?? all[0]).OpenAsync(descriptor, offset, cancellationToken).ConfigureAwait(false);
            return MediaType.IsManifest(descriptor.MediaType) || MediaType.IsIndex(descriptor.MediaType) ? content : new ThrottledStream(content, throttle);
        }
    }

    /// <summary>Bytes of all blobs as one number.</summary>
    private sealed class Sum(IProgress<long>? progress, IProgress<SealerEvent>? events) : IProgress<SealerEvent>
    {
        private readonly Dictionary<string, long> _done = new(StringComparer.Ordinal);
        private long _sum;

        public void Report(SealerEvent value)
        {
            if (value is not ProgressEvent blob)
            {
                events?.Report(value);
                return;
            }

            lock (_done)
            {
                _sum += blob.Done - _done.GetValueOrDefault(blob.Item);
                _done[blob.Item] = blob.Done;
                progress?.Report(_sum);
            }
        }
    }
}
