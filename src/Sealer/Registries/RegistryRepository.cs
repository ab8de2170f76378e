using System.Collections.Concurrent;
using System.Net;
using System.Text.RegularExpressions;
using Sealer.Images;
using Sealer.Registries.Authentication;
using Sealer.Registries.Connections;
using Sealer.Registries.Content;

namespace Sealer.Registries;

/// <summary>
/// One repository of a registry, to read images from and write them to. Downloads resume by themselves; uploads resume
/// where the registry can. Manifests are verified here, blobs by who reads them, uploads by the registry.
/// </summary>
public sealed partial class RegistryRepository : IImageSource, IImageTarget, IReferrerSource
{
    private const int MaxKeptManifests = 256;

    private readonly RegistryClient _client;
    private readonly RegistryHost _host;
    private readonly RepositoryManifests _manifests;
    private readonly RepositoryReferrers _referrers;
    private readonly ConcurrentDictionary<Digest, ReadOnlyMemory<byte>> _written = new();

    internal RegistryRepository(RegistryClient client, RegistryHost host, ImageReference name)
    {
        _client = client;
        _host = host;
        Domain = name.Domain;
        Path = name.Repository;
        _manifests = new RepositoryManifests(client.Transport, host, Path);
        _referrers = new RepositoryReferrers(client.Transport, host, Path, _manifests, client.Options);
    }

    /// <summary>The registry, as in an image name.</summary>
    public string Domain { get; }

    /// <summary>The path in the registry.</summary>
    public string Path { get; }

    /// <summary>Domain and path.</summary>
    public string Name => $"{Domain}/{Path}";

    /// <summary>
    /// Repositories of the same registry that may hold the blobs to be written: the registry then takes them over and
    /// nothing is sent. Where the client itself has met a blob in another repository of the registry it knows without.
    /// </summary>
    public IReadOnlyList<string> MountFrom { get; init; } = [];

    /// <inheritdoc/>
    /// <exception cref="RegistryException">The registry refuses or cannot be reached.</exception>
    public Task<Descriptor?> ResolveAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        CheckName(reference);
        return _manifests.FindAsync(reference.Digest?.ToString() ?? reference.Tag!, cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="RegistryException">The registry refuses or cannot be reached; <c>BlobNotFound</c>.</exception>
    public async Task<Stream> OpenAsync(Descriptor descriptor, long offset, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, descriptor.Size);
        if (IsManifest(descriptor))
        {
            var found = await _manifests.GetAsync(descriptor.Digest.ToString(), descriptor, cancellationToken).ConfigureAwait(false)
                ?? throw NotFound(descriptor);
            return new MemoryStream(found.Body[(int)offset..].ToArray(), writable: false);
        }

        var stream = new RegistryBlobStream(_client.Transport, _host, Path, descriptor, offset, _client.Options);
        try
        {
            await stream.StartAsync(cancellationToken).ConfigureAwait(false);
            _client.Met(Domain, Path, descriptor.Digest);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="RegistryException">The registry refuses or cannot be reached.</exception>
    public async Task<bool> ExistsAsync(Descriptor descriptor, CancellationToken cancellationToken)
    {
        if (IsManifest(descriptor))
            return await _manifests.FindAsync(descriptor.Digest.ToString(), cancellationToken).ConfigureAwait(false) is not null;
        var call = new RegistryCall(HttpMethod.Head, _host.Api($"{Path}/blobs/{descriptor.Digest}")) { Scope = AccessScope.Pull(Path) };
        var reply = await _client.Transport.FetchAsync(_host, call, 0, cancellationToken).ConfigureAwait(false);
        if (reply.StatusCode == HttpStatusCode.NotFound)
            return false;
        if (!reply.IsSuccess)
            throw RegistryFailure.Of(_host, reply, $"look for {Name}@{descriptor.Digest}", descriptor.Digest);

        // A blob of another size under this digest is broken; writing it again is the only cure.
        var isWhole = reply.ContentHeaders.ContentLength is not { } length || length == descriptor.Size;
        if (isWhole)
            _client.Met(Domain, Path, descriptor.Digest);
        return isWhole;
    }

    /// <inheritdoc/>
    /// <exception cref="RegistryException">The registry refuses or cannot be reached.</exception>
    public async Task PutAsync(
        Descriptor descriptor,
        Func<long, CancellationToken, Task<Stream>> openAsync,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        if (IsManifest(descriptor))
        {
            var body = await ReadManifestAsync(descriptor, openAsync, cancellationToken).ConfigureAwait(false);
            await PutManifestAsync(descriptor.Digest.ToString(), descriptor, body, cancellationToken).ConfigureAwait(false);
            if (_written.Count < MaxKeptManifests)
                _written.TryAdd(descriptor.Digest, body);
            progress?.Report(descriptor.Size);
            return;
        }

        var upload = new BlobUpload(_client.Transport, _host, Path, descriptor, openAsync, progress, _client.Options);
        await upload.RunAsync(MountFrom.FirstOrDefault(p => p != Path) ?? _client.WhereMet(Domain, Path, descriptor.Digest), cancellationToken)
            .ConfigureAwait(false);
        _client.Met(Domain, Path, descriptor.Digest);
    }

    /// <inheritdoc/>
    /// <exception cref="RegistryException">The registry refuses or cannot be reached.</exception>
    public async Task TagAsync(ImageReference reference, Descriptor descriptor, CancellationToken cancellationToken)
    {
        CheckName(reference);
        if (reference.Tag is null)
            return;
        if (!_written.TryGetValue(descriptor.Digest, out var body))
        {
            body = (await _manifests.GetAsync(descriptor.Digest.ToString(), descriptor, cancellationToken).ConfigureAwait(false)
                ?? throw NotFound(descriptor)).Body;
        }

        await PutManifestAsync(reference.Tag, descriptor, body, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Lists the signatures, SBOMs and other artifacts that refer to a manifest; their descriptors carry
    /// <see cref="Descriptor.ArtifactType"/>.
    /// </summary>
    /// <param name="subject">The manifest.</param>
    /// <param name="artifactType">Only artifacts of this type; all where null.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task<IReadOnlyList<Descriptor>> ListReferrersAsync(
        Digest subject, string? artifactType = null, CancellationToken cancellationToken = default) =>
        _referrers.ListAsync(subject, artifactType, cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="RegistryException">The registry refuses or cannot be reached.</exception>
    Task<IReadOnlyList<Descriptor>> IReferrerSource.ListReferrersAsync(Descriptor subject, CancellationToken cancellationToken) =>
        ListReferrersAsync(subject.Digest, null, cancellationToken);

    /// <summary>Lists the tags, page after page, in the registry's order. Nothing where the repository does not exist.</summary>
    public async IAsyncEnumerable<string> ListTagsAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var pages = RegistryPages.ReadAsync(
            _client.Transport, _host, _host.Api($"{Path}/tags/list?n={RegistryClient.PageSize}"), AccessScope.Pull(Path), $"list the tags of {Name}", s => s == HttpStatusCode.NotFound, cancellationToken);
        await foreach (var page in pages.ConfigureAwait(false))
        {
            // A tag that is none could only do harm: nobody can ask for it, and it would be printed.
            foreach (var tag in RegistryPages.Strings(_host, page, "tags").Where(t => TagPattern().IsMatch(t)))
                yield return tag;
        }
    }

    /// <summary>Deletes a manifest with all its tags, or (where the registry can) one tag.</summary>
    /// <param name="reference">With a digest the manifest is deleted; else the tag.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>False where there was nothing.</returns>
    /// <exception cref="RegistryException"><c>DeleteNotSupported</c>, or the registry refuses or cannot be reached.</exception>
    public Task<bool> DeleteAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        CheckName(reference);
        return _manifests.DeleteAsync(reference.Digest?.ToString() ?? reference.Tag!, cancellationToken);
    }

    private static bool IsManifest(Descriptor descriptor) =>
        MediaType.IsManifest(descriptor.MediaType) || MediaType.IsIndex(descriptor.MediaType);

    private static async Task<ReadOnlyMemory<byte>> ReadManifestAsync(
        Descriptor descriptor, Func<long, CancellationToken, Task<Stream>> openAsync, CancellationToken cancellationToken)
    {
        if (descriptor.Size > OciJson.MaxManifestSize)
            throw Wrong("ManifestTooLarge", descriptor, $"has {descriptor.Size} bytes; registries take {OciJson.MaxManifestSize}");
        var body = new byte[descriptor.Size];
        var source = await openAsync(0, cancellationToken).ConfigureAwait(false);
        await using (source.ConfigureAwait(false))
        {
            var count = await source.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            if (count < body.Length || await source.ReadAsync(new byte[1], cancellationToken).ConfigureAwait(false) > 0)
                throw Wrong("SizeMismatch", descriptor, $"should have {descriptor.Size} bytes and has another size");
        }

        using var hash = descriptor.Digest.CreateHash();
        hash.AppendData(body);
        return descriptor.Digest.Matches(hash.GetHashAndReset())
            ? body
            : throw Wrong("DigestMismatch", descriptor, "has other content");
    }

    private static SealerException Wrong(string id, Descriptor descriptor, string how) => new(
        id, ErrorKind.InvalidContent, $"The manifest {descriptor.Digest} that was to be uploaded {how}. The image is broken: build or load it again.", descriptor.Digest);

    private async Task PutManifestAsync(
        string tagOrDigest, Descriptor descriptor, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var document = ManifestDocument.Read(_host, body, descriptor.MediaType, $"{Name}@{descriptor.Digest}");
        var isNoted = await _manifests.PutAsync(tagOrDigest, descriptor, body, cancellationToken).ConfigureAwait(false);
        if (document.Subject is not null && !isNoted)
            await _referrers.AddAsync(descriptor, document, cancellationToken).ConfigureAwait(false);
    }

    private void CheckName(ImageReference reference)
    {
        if (reference.Domain != Domain || reference.Repository != Path)
            throw new ArgumentException($"{reference} is not in {Name}.", nameof(reference));
    }

    private RegistryException NotFound(Descriptor descriptor) => new(
        "BlobNotFound",
        ErrorKind.NotFound,
        $"{Name} does not hold the manifest {descriptor.Digest}. The image there is incomplete: push it again.",
        descriptor.Digest,
        HttpStatusCode.NotFound);

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\z")]
    private static partial Regex TagPattern();
}
