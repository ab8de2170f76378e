using Sealer.Events;

namespace Sealer.Images.Copying;

/// <summary>A config, manifest or index that was read and verified.</summary>
internal sealed record ImageDocumentNode(Descriptor Descriptor, byte[] Content);

/// <summary>
/// Everything that an image is made of: found by following its manifests, each verified before it is believed.
/// </summary>
internal sealed class ImageGraph
{
    // Generous for real images (an index of indexes with attestations), small for what a hostile one could ask for.
    private const int MaxDepth = 8;
    private const int MaxDocuments = 4096;
    private const int MaxDocumentBytes = 64 * 1024 * 1024;
    private const string AttestationOf = "vnd.docker.reference.digest";

    private readonly IImageSource _source;
    private readonly CopyOptions _options;
    private readonly IProgress<SealerEvent>? _progress;
    private readonly Dictionary<Digest, Descriptor> _known = [];
    private readonly HashSet<Digest> _blobs = [];
    private long _documentBytes;

    private ImageGraph(IImageSource source, CopyOptions options, IProgress<SealerEvent>? progress)
    {
        _source = source;
        _options = options;
        _progress = progress;
    }

    /// <summary>What the copy begins with: as asked for, or what it was cut to.</summary>
    public required Descriptor Root { get; set; }

    /// <summary>Configs, manifests and indexes, each after everything that it refers to.</summary>
    public List<ImageDocumentNode> Documents { get; } = [];

    /// <summary>Everything else, each once.</summary>
    public List<Descriptor> Blobs { get; } = [];

    /// <summary>Artifacts that refer to the image; their content is among documents and blobs.</summary>
    public List<Descriptor> Referrers { get; } = [];

    /// <exception cref="SealerException">
    /// <c>ManifestTooLarge</c>, <c>IndexTooDeep</c>, <c>InvalidManifest</c>, <c>MediaTypeMismatch</c>,
    /// <c>LayerCountMismatch</c>, <c>PlatformNotFound</c>, <c>DigestMismatch</c>, <c>SizeMismatch</c>, <c>BlobNotFound</c>.
    /// </exception>
    public static async Task<ImageGraph> WalkAsync(
        IImageSource source,
        Descriptor root,
        CopyOptions options,
        IProgress<SealerEvent>? progress,
        CancellationToken cancellationToken)
    {
        var graph = new ImageGraph(source, options, progress) { Root = root };
        graph.Root = await graph.VisitRootAsync(root, cancellationToken).ConfigureAwait(false);
        if (options.Referrers && source is IReferrerSource referrers)
            await graph.VisitReferrersAsync(referrers, cancellationToken).ConfigureAwait(false);
        return graph;
    }

    private async Task<Descriptor> VisitRootAsync(Descriptor root, CancellationToken cancellationToken)
    {
        var visited = await VisitAsync(root, 0, _options.Platforms, cancellationToken).ConfigureAwait(false);
        if (visited is null)
            throw await NoPlatformAsync(root, cancellationToken).ConfigureAwait(false);
        if (_options is not { Platforms.Count: 1, IndexCut: IndexCut.Manifest } || Documents[^1].Descriptor != visited)
            return visited;

        // The index that was cut to one entry is not needed at all.
        while (ManifestKind.IsIndex(Documents[^1].Content, Documents[^1].Descriptor)
            && OciJson.ReadIndex(Documents[^1].Content).Manifests is [var only])
        {
            Documents.RemoveAt(Documents.Count - 1);
            visited = Documents.Single(d => d.Descriptor.Digest == only.Digest).Descriptor with { Annotations = null };
        }

        return visited;
    }

    /// <returns>What is written in its place; null where nothing of it is for the wanted platforms.</returns>
    private async Task<Descriptor?> VisitAsync(
        Descriptor descriptor,
        int depth,
        IReadOnlyList<Platform>? platforms,
        CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(descriptor.Digest, out var known))
            return known;
        var content = await ReadAsync(descriptor, depth, cancellationToken).ConfigureAwait(false);
        var visited = ManifestKind.IsIndex(content, descriptor)
            ? await VisitIndexAsync(descriptor, content, depth, platforms, cancellationToken).ConfigureAwait(false)
            : await VisitManifestAsync(descriptor, content, platforms, cancellationToken).ConfigureAwait(false);
        if (visited is not null)
            _known[descriptor.Digest] = visited;
        return visited;
    }

    private async Task<Descriptor?> VisitIndexAsync(
        Descriptor descriptor,
        byte[] content,
        int depth,
        IReadOnlyList<Platform>? platforms,
        CancellationToken cancellationToken)
    {
        var index = OciJson.ReadIndex(content);
        CheckMediaType(descriptor, index.MediaType);
        var kept = new List<Descriptor>();
        foreach (var entry in index.Manifests)
        {
            if (platforms is not null && entry.Platform is { } offered && !IsAttestation(entry) && !IsWanted(platforms, offered))
                continue;
            if (IsAttestation(entry) && platforms is not null && kept.All(k => k.Digest.ToString() != entry.Annotations![AttestationOf]))
                continue;
            var visited = await VisitAsync(
                entry,
                depth + 1,
                entry.Platform is null && !IsAttestation(entry) ? platforms : null,
                cancellationToken).ConfigureAwait(false);
            if (visited is not null)
                kept.Add(entry with { Digest = visited.Digest, Size = visited.Size });
        }

        if (kept.Count == 0 && platforms is not null)
            return null;
        if (_options.IndexCut != IndexCut.Whole && !kept.SequenceEqual(index.Manifests))
        {
            content = OciJson.Write(index with { Manifests = kept });
            descriptor = descriptor with { Digest = Digest.Of(content), Size = content.Length };
        }

        Documents.Add(new ImageDocumentNode(descriptor, content));
        return descriptor;
    }

    private async Task<Descriptor?> VisitManifestAsync(
        Descriptor descriptor,
        byte[] content,
        IReadOnlyList<Platform>? platforms,
        CancellationToken cancellationToken)
    {
        var manifest = OciJson.ReadManifest(content);
        CheckMediaType(descriptor, manifest.MediaType);
        if (manifest.ArtifactType is null && manifest.Config.MediaType is MediaType.OciConfig or MediaType.DockerConfig)
        {
            var bytes = await ReadAsync(manifest.Config, 0, cancellationToken).ConfigureAwait(false);
            var config = OciJson.ReadConfig(bytes);
            if (platforms is not null && !IsWanted(platforms, config.Platform))
                return null;
            if (config.Rootfs?.DiffIds?.Count != manifest.Layers.Count)
            {
                throw new SealerException(
                    "LayerCountMismatch",
                    ErrorKind.InvalidContent,
                    $"The manifest {descriptor.Digest} has {manifest.Layers.Count} layers, but its config tells of {config.Rootfs?.DiffIds?.Count ?? 0}. The image is broken or hostile.",
                    descriptor.Digest);
            }

            // Read once, written from memory: a registry is not asked for it a second time.
            if (_blobs.Add(manifest.Config.Digest))
                Documents.Add(new ImageDocumentNode(manifest.Config, bytes));
        }

        foreach (var blob in manifest.Layers.Append(manifest.Config))
        {
            if (!_blobs.Add(blob.Digest))
                continue;
            if (MediaType.IsForeign(blob.MediaType))
            {
                _progress?.Report(new WarningEvent(
                    $"The layer {blob.Digest} of {descriptor.Digest} is not copied: it may only be had where it was published ({string.Join(", ", blob.Urls ?? [])})."));
                continue;
            }

            Blobs.Add(blob);
        }

        Documents.Add(new ImageDocumentNode(descriptor, content));
        return descriptor;
    }

    private async Task VisitReferrersAsync(IReferrerSource referrers, CancellationToken cancellationToken)
    {
        var subjects = new Queue<Descriptor>(_known.Values.ToList());
        while (subjects.TryDequeue(out var subject))
        {
            foreach (var referrer in await referrers.ListReferrersAsync(subject, cancellationToken).ConfigureAwait(false))
            {
                if (_known.ContainsKey(referrer.Digest))
                    continue;
                try
                {
                    if (await VisitAsync(referrer, 0, null, cancellationToken).ConfigureAwait(false) is not { } visited)
                        continue;
                    Referrers.Add(visited);
                    subjects.Enqueue(visited);
                }
                catch (SealerException e) when (e.Kind == ErrorKind.NotFound)
                {
                    // Registries without the referrers API go on listing what was deleted; the image itself is whole.
                    _progress?.Report(new WarningEvent($"The artifact {referrer.Digest} of {subject.Digest} is not copied: {e.Message}"));
                }
            }
        }
    }

    private async Task<byte[]> ReadAsync(Descriptor descriptor, int depth, CancellationToken cancellationToken)
    {
        if (depth > MaxDepth || _known.Count >= MaxDocuments || _documentBytes > MaxDocumentBytes)
        {
            throw new SealerException(
                "IndexTooDeep",
                ErrorKind.InvalidContent,
                $"The image has indexes in indexes deeper than {MaxDepth}, or more than {MaxDocuments} manifests or {MaxDocumentBytes} bytes of them. It is broken or hostile.",
                descriptor.Digest);
        }

        var content = await ImageDocument.ReadAsync(_source, descriptor, cancellationToken).ConfigureAwait(false);
        _documentBytes += content.Length;
        return content;
    }

    private async Task<SealerException> NoPlatformAsync(Descriptor root, CancellationToken cancellationToken)
    {
        var content = await ImageDocument.ReadAsync(_source, root, cancellationToken).ConfigureAwait(false);
        var offered = ManifestKind.IsIndex(content, root)
            ? OciJson.ReadIndex(content).Manifests.Select(m => m.Platform?.ToString()).OfType<string>().Distinct()
            : [];
        return new SealerException(
            "PlatformNotFound",
            ErrorKind.NotFound,
            $"The image {root.Digest} is not for {string.Join(", ", _options.Platforms!)}"
            + (offered.Any() ? $"; it is for {string.Join(", ", offered)}." : ".")
            + " Ask for a platform that it has.",
            root.Digest);
    }

    private static bool IsWanted(IReadOnlyList<Platform> platforms, Platform offered) =>
        platforms.Any(p => p.Accepts(offered));

    /// <summary>BuildKit hangs provenance and SBOM into the index as entries of an unknown platform.</summary>
    private static bool IsAttestation(Descriptor entry) => entry.Annotations?.ContainsKey(AttestationOf) == true;

    /// <summary>
    /// A document that calls itself something else than it is announced as is read differently by different tools, which is
    /// how an attacker shows two images under one digest.
    /// </summary>
    private static void CheckMediaType(Descriptor descriptor, string? own)
    {
        if (own is null || own == descriptor.MediaType || string.IsNullOrEmpty(descriptor.MediaType))
            return;
        throw new SealerException(
            "MediaTypeMismatch",
            ErrorKind.InvalidContent,
            $"{descriptor.Digest} is announced as {descriptor.MediaType}, but calls itself {own}. The image is broken or hostile.",
            descriptor.Digest);
    }
}
