using System.Text.Json;

namespace Sealer.Images.Storage;

/// <summary>Finds everything that names, pins and the cache reach, and removes the rest.</summary>
internal sealed class StoreSweep(StoreFolder folder, StoreIndex index, StoreCache cache)
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
            if (digest is { } known && _reached.Contains(known))
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
            bytes += left.EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }).Sum(f => f.Length);
            if (!options.DryRun)
                left.Delete(recursive: true);
        }

        return bytes;
    }

    private void Mark(SweepOptions options, CancellationToken cancellationToken)
    {
        var images = index.Read();
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
        index.Remove(i => i.Reference is null && orphans.Contains(i.Descriptor.Digest));
    }

    private Digest? SubjectOf(Digest digest)
    {
        using var document = TryReadManifest(digest);
        return document is null ? null : ManifestKind.Subject(document.RootElement);
    }

    private void Reach(Descriptor root, string name)
    {
        var open = new Stack<Digest>();
        open.Push(root.Digest);
        while (open.TryPop(out var digest))
        {
            if (!ReachBlob(digest))
                continue;
            using var document = TryReadManifest(digest);
            if (document is null)
            {
                if (digest == root.Digest)
                    _problems.Add($"The manifest {digest} of {name} is missing or damaged, so that its layers are not known.");
                continue;
            }

            // By shape and not by media type: what lies deeper than a manifest is never a manifest, so nothing is kept
            // that should go, and a mislabelled one never loses its layers.
            foreach (var child in ManifestKind.Children(document.RootElement))
                open.Push(child);
        }
    }

    /// <returns>False where it was reached before.</returns>
    private bool ReachBlob(Digest digest)
    {
        if (!_reached.Add(digest))
            return false;
        if (!File.Exists(folder.BlobPath(digest)))
        {
            foreach (var part in RecipeFile.TryRead(folder.RecipePath(digest))?.Head.Parts ?? [])
            {
                if (part.Blob is { } blob)
                    _reached.Add(blob);
            }
        }

        return true;
    }

    private JsonDocument? TryReadManifest(Digest digest)
    {
        var file = new FileInfo(folder.BlobPath(digest));
        if (!file.Exists || file.Length > OciJson.MaxManifestSize)
            return null;
        try
        {
            using var stream = file.OpenRead();
            if (stream.ReadByte() != '{')
                return null;
            stream.Position = 0;
            return JsonDocument.Parse(stream);
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            return null;
        }
    }
}
