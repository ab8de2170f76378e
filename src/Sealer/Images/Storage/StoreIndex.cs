using System.Text.Json;

namespace Sealer.Images.Storage;

/// <summary>The names of a store: its <c>index.json</c>, changed by one process at a time.</summary>
internal sealed class StoreIndex(StoreFolder folder)
{
    /// <summary>OCI's annotation for a name; the store keeps the full, normalised one in it.</summary>
    public const string NameAnnotation = "org.opencontainers.image.ref.name";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public IReadOnlyList<StoredImage> Read()
    {
        try
        {
            return [.. OciJson.ReadIndex(File.ReadAllBytes(folder.Index)).Manifests.Select(ToStored)];
        }
        catch (Exception e) when (e is SealerException or FileNotFoundException or JsonException)
        {
            throw new SealerException(
                "StoreCorrupt",
                ErrorKind.InvalidContent,
                $"The image store '{folder.Root}' cannot be read: index.json is damaged or missing. Restore it, or remove the folder and fetch the images again.",
                folder.Root,
                e);
        }
    }

    /// <summary>Reads, changes and writes the names while no other process does.</summary>
    public async Task ChangeAsync(Func<List<StoredImage>, bool> change, CancellationToken cancellationToken)
    {
        using var @lock = await FileLock.TakeAsync(folder.IndexLock, exclusive: true, Patience, cancellationToken).ConfigureAwait(false)
            ?? throw ImageStore.InUse(folder.Root, "another process is writing its list of images");
        Change(change);
    }

    /// <summary>Removes entries; the caller holds the lock.</summary>
    public void Remove(Predicate<StoredImage> which) => Change(images => images.RemoveAll(which) > 0);

    private void Change(Func<List<StoredImage>, bool> change)
    {
        var images = Read().ToList();
        if (!change(images))
            return;
        var index = new ImageIndex { MediaType = MediaType.OciIndex, Manifests = [.. images.Select(ToEntry)] };
        folder.WriteDocument(folder.Index, OciJson.Write(index));
    }

    private static StoredImage ToStored(Descriptor entry)
    {
        var annotations = entry.Annotations?.Where(a => a.Key != NameAnnotation).ToDictionary();
        ImageReference? reference = null;
        if (entry.Annotations?.TryGetValue(NameAnnotation, out var name) == true)
            ImageReference.TryParse(name, out reference, out _);
        return new StoredImage(reference, entry with { Annotations = annotations is { Count: > 0 } ? annotations : null });
    }

    private static Descriptor ToEntry(StoredImage image)
    {
        if (image.Reference is null)
            return image.Descriptor;
        var annotations = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in image.Descriptor.Annotations ?? new Dictionary<string, string>())
            annotations[key] = value;
        annotations[NameAnnotation] = image.Reference.ToString();
        return image.Descriptor with { Annotations = annotations };
    }
}
