using Sealer.Images.Copying;

namespace Sealer.Images.Storage;

/// <summary>
/// The blobs of a store, whole or as recipes. Whoever writes holds a lease of the store. A blob of the right size is taken for
/// the right one: hashing gigabytes before every use would cost more than fetching a damaged one again, and whoever reads it
/// to a purpose verifies it then (<see cref="SetAsideIfDamagedAsync"/>).
/// </summary>
internal sealed class StoreBlobs(StoreFolder folder)
{
    /// <summary>Attempts on a source that breaks off without a further byte; one that makes progress may break off for ever.</summary>
    private const int Attempts = 3;

    public static SealerException NotFound(Digest digest, Exception? inner = null) => new(
        "BlobNotFound",
        ErrorKind.NotFound,
        $"{digest} is not in the image store. Fetch or build the image again.",
        digest,
        inner);

    /// <summary>False where the blob is not there; a recipe of which a part is missing is not there.</summary>
    public bool TryGetSize(Digest digest, out long size)
    {
        if (new FileInfo(folder.BlobPath(digest)) is { Exists: true } file)
        {
            size = file.Length;
            return true;
        }

        var recipe = ReadRecipe(digest);
        size = recipe is not null && HasParts(recipe) ? recipe.Head.Size : 0;
        return size > 0;
    }

    public string? TryGetPath(Digest digest)
    {
        var path = folder.BlobPath(digest);
        return File.Exists(path) ? path : null;
    }

    public bool Exists(Descriptor descriptor) => TryGetSize(descriptor.Digest, out var size) && size == descriptor.Size;

    public RecipeFile? ReadRecipe(Digest digest) => RecipeFile.TryRead(folder.RecipePath(digest));

    /// <summary>A recipe as the blob it makes.</summary>
    public RecipeStream OpenRead(RecipeFile recipe) => new(recipe, folder.BlobPath);

    public Stream OpenRead(Digest digest, long offset = 0)
    {
        Stream stream;
        try
        {
            stream = new FileStream(
                folder.BlobPath(digest),
                FileMode.Open,
                FileAccess.Read,
                FileShare.ReadWrite | FileShare.Delete,
                64 * 1024,
                FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            stream = OpenRead(ReadRecipe(digest) ?? throw NotFound(digest, e));
        }

        if (offset > 0)
            stream.Position = offset;
        return stream;
    }

    /// <inheritdoc cref="ImageStore.PutAsync"/>
    public async Task PutAsync(
        Descriptor descriptor,
        Func<long, CancellationToken, Task<Stream>> openAsync,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        for (var isDone = Exists(descriptor); !isDone;)
        {
            using var partial = await PartialBlob.ClaimAsync(folder, descriptor, () => Exists(descriptor), cancellationToken)
                .ConfigureAwait(false);
            if (partial is null)
                break;
            try
            {
                await ReceiveAsync(partial, descriptor, openAsync, progress, cancellationToken).ConfigureAwait(false);
                isDone = partial.Commit();
            }
            catch (SealerException e) when (e.Id is "DigestMismatch" or "SizeMismatch" or "Truncated" or "DiskFull")
            {
                partial.Delete();
                throw;
            }
        }

        progress?.Report(descriptor.Size);
    }

    /// <inheritdoc cref="ImageStore.AddRecipeAsync"/>
    public void AddRecipe(BlobRecipe recipe)
    {
        if (TryGetSize(recipe.Digest, out var size) && size == recipe.Size)
            return;
        var flat = recipe with { Parts = new RecipeParts(this).Flatten(recipe.Parts) };
        if (flat.Parts.Sum(p => p.Length) != recipe.Size)
        {
            throw new SealerException(
                "SizeMismatch",
                ErrorKind.InvalidContent,
                $"The parts of {recipe.Digest} have {flat.Parts.Sum(p => p.Length)} bytes together, not {recipe.Size}.",
                recipe.Digest);
        }

        var path = folder.RecipePath(recipe.Digest);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        folder.WriteDocument(path, RecipeFile.Format(flat));
    }

    /// <inheritdoc cref="ImageStore.Adopt"/>
    public void Adopt(FileStream file, string path, Digest digest, long size)
    {
        file.Dispose();
        var target = folder.BlobPath(digest);
        try
        {
            // Over what is there, too: this was hashed a moment ago, and that may have been damaged since.
            StoreFolder.Replace(path, target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && new FileInfo(target) is { Exists: true } there && there.Length == size)
        {
            // Windows does not replace what somebody reads.
            StoreFolder.TryDelete(path);
        }
    }

    /// <inheritdoc cref="ImageStore.SetAsideIfDamagedAsync"/>
    public async Task<bool> SetAsideIfDamagedAsync(Digest digest, CancellationToken cancellationToken)
    {
        if (!await IsDamagedAsync(digest, cancellationToken).ConfigureAwait(false))
            return false;

        // Claimed as if it were being fetched, and looked at again: of two that find the damage at once, neither may set aside
        // what the other has mended.
        using var claim = FileLock.TryTake(folder.PartialPath(digest), exclusive: true);
        if (claim is null || !await IsDamagedAsync(digest, cancellationToken).ConfigureAwait(false))
            return false;
        var path = TryGetPath(digest);
        var parts = path is null ? ReadRecipe(digest)?.Head.Parts ?? [] : [];
        var liesInParts = false;
        foreach (var part in parts.Select(part => part.Blob).OfType<Digest>().Distinct())
            liesInParts |= await SetAsideIfDamagedAsync(part, cancellationToken).ConfigureAwait(false);
        if (!liesInParts)
            StoreFolder.Replace(path ?? folder.RecipePath(digest), folder.NewTemporary());
        return true;
    }

    private async Task<bool> IsDamagedAsync(Digest digest, CancellationToken cancellationToken)
    {
        if (!TryGetSize(digest, out _))
            return false;
        using var hash = digest.CreateHash();
        var stream = OpenRead(digest);
        await using (stream.ConfigureAwait(false))
        {
            await StreamPump.RunAsync(stream, (_, _) => ValueTask.CompletedTask, hash, long.MaxValue - 1, null, 0, cancellationToken)
                .ConfigureAwait(false);
        }

        return !digest.Matches(hash.GetHashAndReset());
    }

    private bool HasParts(RecipeFile recipe) => recipe.Head.Parts
        .Where(part => part.Blob is not null)
        .GroupBy(part => part.Blob!.Value, part => part.Offset + part.Length)
        .All(blob => new FileInfo(folder.BlobPath(blob.Key)) is { Exists: true } file && file.Length >= blob.Max());

    private static async Task ReceiveAsync(
        PartialBlob partial,
        Descriptor descriptor,
        Func<long, CancellationToken, Task<Stream>> openAsync,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        for (var failures = 0; ;)
        {
            var before = partial.Length;
            try
            {
                if (partial.Length < descriptor.Size)
                {
                    var source = await openAsync(partial.Length, cancellationToken).ConfigureAwait(false);
                    await using (source.ConfigureAwait(false))
                        await partial.ReceiveAsync(source, progress, cancellationToken).ConfigureAwait(false);
                }

                if (partial.IsRight(out var found))
                    return;
                if (partial.Length < descriptor.Size)
                    throw VerifyingStream.TruncatedAt(descriptor, partial.Length);
                if (!partial.IsResumed)
                    throw VerifyingStream.WrongDigest(descriptor, found);

                // What an earlier process left may be wrong (a power cut); only whole content is held against the source.
                partial.Restart();
            }
            catch (Exception e) when (BlobTransfer.IsBroken(e) && !cancellationToken.IsCancellationRequested)
            {
                failures = partial.Length > before ? 1 : failures + 1;
                if (failures >= Attempts)
                    throw;
            }
        }
    }
}
