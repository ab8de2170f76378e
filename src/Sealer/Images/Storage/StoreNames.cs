using System.Text.Json;

namespace Sealer.Images.Storage;

/// <summary>
/// The names of a store: its <c>index.json</c>, changed by one process at a time, which holds a lease besides: what is
/// written passes through <c>partial/</c>, and a sweep empties that.
/// </summary>
internal sealed class StoreNames(StoreFolder folder)
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
        var index = OciJson.Write(new ImageIndex { MediaType = MediaType.OciIndex, Manifests = [.. images.Select(ToEntry)] });
        if (index.Length > OciJson.MaxManifestSize)
        {
            // Written, it could not be read again, and with it every image of the store would be lost.
            throw new SealerException(
                "StoreIndexFull",
                ErrorKind.ResourceUnavailable,
                $"The list of images of the store '{folder.Root}' would have {index.Length} bytes; more than {OciJson.MaxManifestSize} cannot be read. Remove images that are not needed any more, and run it again.",
                folder.Root);
        }

        folder.WriteDocument(folder.Index, index);
    }

    private static StoredImage ToStored(Descriptor entry)
    {
        ImageReference? reference = null;
        if (entry.Annotations?.TryGetValue(NameAnnotation, out var name) == true)
            ImageReference.TryParse(name, out reference, out _);
        return new StoredImage(reference, Own(entry));
    }

    private static Descriptor ToEntry(StoredImage image) => image.Reference is null
        ? Own(image.Descriptor)
        : Own(image.Descriptor) with
        {
            Annotations = new SortedDictionary<string, string>(StringComparer.Ordinal) { [NameAnnotation] = image.Reference.ToString() },
        };

    /// <summary>
    /// Without what the index that it came from said of it there: annotations and addresses are as long as a stranger likes,
    /// and would fill the one document without which the store cannot be read.
    /// </summary>
    private static Descriptor Own(Descriptor descriptor) => descriptor with { Annotations = null, Urls = null };
}
