using System.Text.Json;
using Sealer.Images.Layers;

namespace Sealer.Images.Storage;

/// <summary>Finds everything that names, pins and the cache reach, and removes the rest.</summary>
internal sealed class StoreSweep(StoreFolder folder, StoreNames names, StoreCache cache)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly HashSet<Digest> _reached = [];
    private readonly List<string> _problems = [];

    public SweepReport Run(SweepOptions options, CancellationToken cancellationToken)
    {
        // Only alone may it delete: a blob that another process has just written has no name yet.
        using var @lock = options.DryRun
            ? null
            : FileLock.Take(folder.LeaseLock, exclusive: true, Patience)
                ?? throw ImageStore.InUse(folder.Root, "somebody builds, fetches or exports an image");
        Mark(options, cancellationToken);

        var removed = new List<Digest>();
        long removedBytes = 0, keptBytes = 0;
        var kept = 0;
        foreach (var (digest, file) in Files(folder.Blobs).Concat(Files(folder.Recipes)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            // Where a manifest cannot be read, any blob may be its layer, and the image may be mended yet.
            if (digest is { } known && (_problems.Count > 0 || _reached.Contains(known)))
            {
                kept++;
                keptBytes += file.Length;
                continue;
            }

            removedBytes += Remove(file, options);
            if (digest is { } unknown)
                removed.Add(unknown);
        }

        var partials = !options.KeepPartials && new DirectoryInfo(folder.Partial) is { Exists: true } partial ? partial.GetFiles() : [];
        var partialBytes = partials.Sum(f => Remove(f, options)) + RemoveFolders(options);
        var documents = options.DropCache ? cache.Files().Select(f => new FileInfo(f)).ToList() : [];
        var documentBytes = documents.Sum(f => Remove(f, options));
        return new SweepReport
        {
            DryRun = options.DryRun,
            Blobs = removed.Count,
            BlobBytes = removedBytes,
            Partials = partials.Length,
            PartialBytes = partialBytes,
            CacheDocuments = documents.Count,
            Bytes = removedBytes + partialBytes + documentBytes,
            Removed = removed,
            KeptBlobs = kept,
            KeptBytes = keptBytes,
            Problems = _problems,
        };
    }

    private static IEnumerable<(Digest? Digest, FileInfo File)> Files(string folder)
    {
        foreach (var algorithm in new DirectoryInfo(folder) is { Exists: true } info ? info.GetDirectories() : [])
        {
            foreach (var file in algorithm.GetFiles())
                yield return (Digest.TryParse(algorithm.Name + ":" + file.Name, out var digest) ? digest : null, file);
        }
    }

    private static long Remove(FileInfo file, SweepOptions options)
    {
        var length = file.Length;
        return options.DryRun || StoreFolder.TryDelete(file.FullName) ? length : 0;
    }

    // The files of an image that a killed build had unpacked for RUN.
    private long RemoveFolders(SweepOptions options)
    {
        var folders = new DirectoryInfo(folder.Partial) is { Exists: true } partial ? partial.GetDirectories() : [];
        long bytes = 0;
        foreach (var left in folders)
        {
            var size = left.EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }).Sum(f => f.Length);
            try
            {
                if (!options.DryRun)
                    FolderRemoval.Delete(left.FullName);
                bytes += size;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A killed build of somebody with more users than one leaves files of the others.
                _problems.Add($"The folder '{left.FullName}', which a build left, cannot be removed: {e.Message} Remove it as root, or with 'unshare --map-root-user --map-auto rm -rf'.");
            }
        }

        return bytes;
    }

    private void Mark(SweepOptions options, CancellationToken cancellationToken)
    {
        var images = names.Read();
        var waiting = new List<(Descriptor Root, Digest Subject)>();
        foreach (var image in images)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (image.Reference is null && SubjectOf(image.Descriptor.Digest) is { } subject)
                waiting.Add((image.Descriptor, subject));
            else
                Reach(image.Descriptor, image.Reference?.ToString() ?? image.Descriptor.Digest.ToString());
        }

        if (!options.DropCache)
        {
            foreach (var digest in cache.Files().SelectMany(cache.BlobsOf))
                ReachBlob(digest);
        }

        // A referrer may refer to a referrer (the signature of an SBOM), so until nothing more is reached.
        for (var found = true; found;)
        {
            found = false;
            foreach (var artifact in waiting.Where(w => _reached.Contains(w.Subject)).ToList())
            {
                waiting.Remove(artifact);
                Reach(artifact.Root, artifact.Root.Digest.ToString());
                found = true;
            }
        }

        if (!options.DryRun && waiting.Count > 0)
            ForgetOrphans(waiting.ConvertAll(w => w.Root.Digest));
    }

    private void ForgetOrphans(List<Digest> orphans)
    {
        using var @lock = FileLock.Take(folder.IndexLock, exclusive: true, Patience)
            ?? throw ImageStore.InUse(folder.Root, "another process is writing its list of images");
        names.Remove(i => i.Reference is null && orphans.Contains(i.Descriptor.Digest));
    }

    private Digest? SubjectOf(Digest digest)
    {
        using var document = TryReadManifest(digest, out _);
        return document is null ? null : ManifestKind.Subject(document.RootElement);
    }

    private void Reach(Descriptor root, string name)
    {
        var open = new Stack<(Digest Digest, bool IsManifest)>();
        open.Push((root.Digest, true));
        while (open.TryPop(out var next))
        {
            if (!ReachBlob(next.Digest))
                continue;
            using var document = TryReadManifest(next.Digest, out var isRight);

            // An index may name platforms that were never fetched; what has a name of its own was.
            var isMissing = next.Digest == root.Digest && !File.Exists(folder.BlobPath(next.Digest));
            if (next.IsManifest && (isMissing || !isRight))
            {
                _problems.Add(
                    $"The manifest {next.Digest} of {name} is {(isMissing ? "missing" : "damaged")}, so that its layers are not known and no layer of any image is removed. Fetch the image again, or remove it.");
            }

            if (document is null)
                continue;

            // By shape and not by media type: what lies deeper than a manifest is never a manifest, so nothing is kept
            // that should go, and a mislabelled one never loses its layers.
            var isIndex = MediaType.IsIndex(ManifestKind.Detect(document.RootElement));
            foreach (var child in ManifestKind.Children(document.RootElement))
                open.Push((child, isIndex));
        }
    }

    /// <returns>False where it was reached before.</returns>
    private bool ReachBlob(Digest digest)
    {
        if (!_reached.Add(digest))
            return false;
        if (!File.Exists(folder.BlobPath(digest)) && File.Exists(folder.RecipePath(digest)))
        {
            var recipe = RecipeFile.TryRead(folder.RecipePath(digest));
            if (recipe is null)
                _problems.Add($"The recipe of the layer {digest} is damaged, so that its parts are not known and no layer of any image is removed. Build or fetch its image again, or remove it.");
            foreach (var part in recipe?.Head.Parts ?? [])
            {
                if (part.Blob is { } blob)
                    _reached.Add(blob);
            }
        }

        return true;
    }

    /// <param name="digest">Of any blob.</param>
    /// <param name="isRight">False where it is there and is not what its digest says, or no document at all.</param>
    private JsonDocument? TryReadManifest(Digest digest, out bool isRight)
    {
        var file = new FileInfo(folder.BlobPath(digest));
        isRight = !file.Exists;
        if (!file.Exists || file.Length > OciJson.MaxManifestSize)
            return null;
        try
        {
            // Most of what is asked about are layers; the first byte tells.
            using (var stream = file.OpenRead())
            {
                if (stream.ReadByte() is not ('{' or ' ' or '\t' or '\r' or '\n'))
                    return null;
            }

            var content = File.ReadAllBytes(file.FullName);
            var document = JsonDocument.Parse(content);
            using var hash = digest.CreateHash();
            hash.AppendData(content);
            isRight = digest.Matches(hash.GetHashAndReset());
            return document;
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            return null;
        }
    }
}
