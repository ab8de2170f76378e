using System.Text.Json;

namespace Sealer.Images.Storage;

/// <summary>
/// The local store of images: an OCI layout (<c>blobs/</c>, <c>index.json</c>) in which a blob lies once, whoever uses it,
/// and beside it <c>recipes/</c> (blobs stored as parts of others), <c>partial/</c> (what is being written) and
/// <c>cache/</c> (small documents of the build). Several processes may work in one store at once; what a broken one leaves
/// is removed by <see cref="SweepAsync(SweepOptions, CancellationToken)"/>. Safe for concurrent use.
/// </summary>
public sealed class ImageStore : IImageSource, IImageTarget, IReferrerSource, IReferrerTarget
{
    private static readonly TimeSpan LeasePatience = TimeSpan.FromMinutes(2);

    private readonly StoreFolder _folder;
    private readonly StoreBlobs _blobs;
    private readonly StoreNames _names;
    private readonly StoreCache _cache;

    private ImageStore(StoreFolder folder)
    {
        _folder = folder;
        _blobs = new StoreBlobs(folder);
        _names = new StoreNames(folder);
        _cache = new StoreCache(folder);
    }

    /// <summary>Full path of the store.</summary>
    public string Folder => _folder.Root;

    /// <summary>Opens a store, or makes one of a folder that is missing or empty (mode 0700 on Unix).</summary>
    /// <exception cref="SealerException">
    /// <c>NotAStore</c>: the folder holds something else; <c>StoreCorrupt</c>; <c>StoreTooNew</c>: a later version made it;
    /// <c>StoreUnusable</c>: no rights to it; <c>HomeNotOwned</c>: it belongs to another user.
    /// </exception>
    public static ImageStore Open(string folder)
    {
        var store = new ImageStore(StoreFolder.Open(folder));
        store._names.Read();
        return store;
    }

    /// <summary>Keeps sweeps away until it is disposed. Held from the first blob of an image until it is named.</summary>
    /// <exception cref="SealerException"><c>StoreInUse</c>: a sweep takes longer than two minutes.</exception>
    public StoreLease Lease() => new(
        FileLock.Take(_folder.LeaseLock, exclusive: false, LeasePatience) ?? throw InUse(Folder, "it is being swept"));

    /// <inheritdoc cref="Lease"/>
    public async Task<StoreLease> LeaseAsync(CancellationToken cancellationToken) => new(
        await FileLock.TakeAsync(_folder.LeaseLock, exclusive: false, LeasePatience, cancellationToken).ConfigureAwait(false)
        ?? throw InUse(Folder, "it is being swept"));

    /// <summary>The size of a blob that is in the store, whole or as a recipe.</summary>
    /// <returns>False where it is not there; a recipe of which a part is missing is not there.</returns>
    public bool TryGetSize(Digest digest, out long size) => _blobs.TryGetSize(digest, out size);

    /// <summary>The file of a blob, for readers that want the file itself; null where it is missing or stored as a recipe.</summary>
    public string? TryGetPath(Digest digest) => _blobs.TryGetPath(digest);

    /// <inheritdoc/>
    public Task<Descriptor?> ResolveAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var images = _names.Read();
        if (reference.Digest is not { } digest)
            return Task.FromResult(images.FirstOrDefault(i => i.Reference == reference)?.Descriptor);
        return Task.FromResult(images.FirstOrDefault(i => i.Descriptor.Digest == digest)?.Descriptor ?? TryDescribe(digest));
    }

    /// <inheritdoc/>
    public Task<bool> ExistsAsync(Descriptor descriptor, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(_blobs.Exists(descriptor));
    }

    /// <inheritdoc/>
    public Task<Stream> OpenAsync(Descriptor descriptor, long offset, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(OpenRead(descriptor.Digest, offset));
    }

    /// <summary>Opens a blob at an offset. Seekable, and not verified: its size was looked at, nothing else.</summary>
    /// <exception cref="SealerException"><c>BlobNotFound</c>.</exception>
    public Stream OpenRead(Digest digest, long offset = 0) => _blobs.OpenRead(digest, offset);

    /// <summary>
    /// Takes a blob out of the store if its content is not what its digest says, so that the next fetch brings it again;
    /// what it is made of, too, where it is a recipe. Reads all of it: to be called where somebody found the content wrong,
    /// as everything here does that reads the store and verifies.
    /// </summary>
    /// <returns>True where it was damaged; the damaged file lies in <c>partial/</c> until the next sweep.</returns>
    public async Task<bool> SetAsideIfDamagedAsync(Digest digest, CancellationToken cancellationToken)
    {
        using var lease = await LeaseAsync(cancellationToken).ConfigureAwait(false);
        return await _blobs.SetAsideIfDamagedAsync(digest, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Begins a blob whose digest will be known at its end.</summary>
    /// <exception cref="SealerException"><c>StoreInUse</c>, <c>DiskFull</c>.</exception>
    public BlobWriter CreateBlob()
    {
        var lease = Lease();
        try
        {
            return new BlobWriter(this, lease, _folder.NewTemporary());
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>Writes small content (a manifest, a config) whole.</summary>
    public async Task<Descriptor> AddAsync(string mediaType, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var descriptor = Descriptor.Of(mediaType, content.Span);
        await PutAsync(
            descriptor,
            (offset, _) => Task.FromResult<Stream>(new MemoryStream(content[(int)offset..].ToArray(), writable: false)),
            null,
            cancellationToken).ConfigureAwait(false);
        return descriptor;
    }

    /// <summary>
    /// Writes content. What came of it before the source broke off, or the process, is kept in <c>partial/</c>, and the next
    /// call asks its source for the rest only. Two that write the same content at once write it once.
    /// </summary>
    /// <exception cref="SealerException">
    /// <c>DigestMismatch</c>, <c>SizeMismatch</c>, <c>Truncated</c> (nothing is kept then), <c>DiskFull</c>.
    /// </exception>
    public async Task PutAsync(
        Descriptor descriptor,
        Func<long, CancellationToken, Task<Stream>> openAsync,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        using var lease = await LeaseAsync(cancellationToken).ConfigureAwait(false);
        await _blobs.PutAsync(descriptor, openAsync, progress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Stores a blob as parts of others. Its digest is believed, sizes and the presence of its blobs are checked;
    /// <see cref="CreateRecipe"/> makes a recipe and its digest together.
    /// </summary>
    /// <exception cref="SealerException"><c>BlobNotFound</c>: a part's blob is missing; <c>SizeMismatch</c>: a part is not in it.</exception>
    public async Task AddRecipeAsync(BlobRecipe recipe, CancellationToken cancellationToken)
    {
        using var lease = await LeaseAsync(cancellationToken).ConfigureAwait(false);
        _blobs.AddRecipe(recipe);
    }

    /// <summary>Begins a recipe that hashes its parts as they are added.</summary>
    public RecipeWriter CreateRecipe() => new(this, Lease());

    /// <summary>All names, and what is kept without one.</summary>
    public IReadOnlyList<StoredImage> List() => _names.Read();

    /// <summary>Gives a manifest or index that is in the store a name; a name that was another image's moves.</summary>
    /// <exception cref="SealerException"><c>BlobNotFound</c>: it is not in the store.</exception>
    public async Task TagAsync(ImageReference reference, Descriptor descriptor, CancellationToken cancellationToken)
    {
        using var lease = await LeaseAsync(cancellationToken).ConfigureAwait(false);
        if (!_blobs.Exists(descriptor))
            throw StoreBlobs.NotFound(descriptor.Digest);
        await _names.ChangeAsync(
            images =>
            {
                var named = new StoredImage(reference, descriptor);
                images.RemoveAll(i => i.Reference == reference || (i.Reference is null && i.Descriptor.Digest == descriptor.Digest));
                images.Add(named);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes a name away; the content stays until a sweep.</summary>
    /// <returns>False where there was no such name.</returns>
    public async Task<bool> UntagAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        var removed = false;
        using var lease = await LeaseAsync(cancellationToken).ConfigureAwait(false);
        await _names.ChangeAsync(
            images => removed = images.RemoveAll(i => i.Reference == reference) > 0,
            cancellationToken).ConfigureAwait(false);
        return removed;
    }

    /// <summary>
    /// Keeps a manifest or index without a name. An artifact that refers to another image (<c>subject</c>) lives as long as
    /// that image does; anything else until <see cref="UnpinAsync"/>.
    /// </summary>
    /// <exception cref="SealerException"><c>BlobNotFound</c>: it is not in the store.</exception>
    public async Task PinAsync(Descriptor descriptor, CancellationToken cancellationToken)
    {
        using var lease = await LeaseAsync(cancellationToken).ConfigureAwait(false);
        if (!_blobs.Exists(descriptor))
            throw StoreBlobs.NotFound(descriptor.Digest);
        await _names.ChangeAsync(
            images =>
            {
                if (images.Any(i => i.Descriptor.Digest == descriptor.Digest))
                    return false;
                images.Add(new StoredImage(null, descriptor));
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task AttachAsync(Descriptor referrer, CancellationToken cancellationToken) => PinAsync(referrer, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Descriptor>> ListReferrersAsync(Descriptor subject, CancellationToken cancellationToken)
    {
        var found = new List<Descriptor>();
        foreach (var image in _names.Read().Where(i => i.Reference is null && _blobs.Exists(i.Descriptor)))
        {
            var content = await ImageDocument.ReadAsync(this, image.Descriptor, cancellationToken).ConfigureAwait(false);
            using var document = JsonDocument.Parse(content);
            if (ManifestKind.Subject(document.RootElement) == subject.Digest)
                found.Add(image.Descriptor);
        }

        return found;
    }

    /// <summary>Ends <see cref="PinAsync"/>; names are not touched.</summary>
    /// <returns>False where it was not pinned.</returns>
    public async Task<bool> UnpinAsync(Digest digest, CancellationToken cancellationToken)
    {
        var removed = false;
        using var lease = await LeaseAsync(cancellationToken).ConfigureAwait(false);
        await _names.ChangeAsync(
            images => removed = images.RemoveAll(i => i.Reference is null && i.Descriptor.Digest == digest) > 0,
            cancellationToken).ConfigureAwait(false);
        return removed;
    }

    /// <summary>Reads a document of the cache.</summary>
    /// <param name="key">What <see cref="WriteCache"/> was given; any text.</param>
    /// <returns>The JSON; null where there is none, it is damaged, or a blob that it needs is gone.</returns>
    public byte[]? TryReadCache(string key) => _cache.TryRead(key, digest => TryGetSize(digest, out _));

    /// <summary>Writes a document of the cache.</summary>
    /// <param name="key">Any text; the document of the same key is replaced.</param>
    /// <param name="json">One JSON value.</param>
    /// <param name="blobs">What the document needs; kept by sweeps as long as the document is.</param>
    public void WriteCache(string key, ReadOnlyMemory<byte> json, IEnumerable<Digest> blobs)
    {
        using var lease = Lease();
        _cache.Write(key, json, [.. blobs]);
    }

    /// <summary>Removes what no image uses, the build cache counting as use.</summary>
    /// <inheritdoc cref="SweepAsync(SweepOptions, CancellationToken)"/>
    public Task<SweepReport> SweepAsync(bool dryRun, CancellationToken cancellationToken) =>
        SweepAsync(new SweepOptions { DryRun = dryRun }, cancellationToken);

    /// <summary>Removes what no image uses and what broken processes left.</summary>
    /// <exception cref="SealerException"><c>StoreInUse</c>: somebody is writing to the store (not of a dry run).</exception>
    public Task<SweepReport> SweepAsync(SweepOptions options, CancellationToken cancellationToken) =>
        Task.Run(() => new StoreSweep(_folder, _names, _cache).Run(options, cancellationToken), cancellationToken);

    /// <summary>A path in <c>partial/</c> where nothing is yet; whoever holds a lease may make a file or folder there.</summary>
    internal string NewTemporary() => _folder.NewTemporary();

    internal static SealerException InUse(string folder, string reason) => new(
        "StoreInUse",
        ErrorKind.Conflict,
        $"The image store '{folder}' is in use: {reason}. Wait until that has ended, and run it again.",
        folder);

    /// <summary>Takes a finished temporary file in as a blob.</summary>
    internal void Adopt(FileStream file, string path, Digest digest, long size) => _blobs.Adopt(file, path, digest, size);

    private Descriptor? TryDescribe(Digest digest)
    {
        if (!TryGetSize(digest, out var size) || size > OciJson.MaxManifestSize)
            return null;
        try
        {
            using var stream = OpenRead(digest);
            using var document = JsonDocument.Parse(stream);
            return ManifestKind.Detect(document.RootElement) is { } mediaType
                ? new Descriptor { MediaType = mediaType, Digest = digest, Size = size }
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
