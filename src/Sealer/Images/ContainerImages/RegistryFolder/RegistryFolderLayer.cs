using System.Text;
using Sealer.Images.ContainerImages.Fetching;
using Sealer.Images.Layers;
using Sealer.Images.Storage;

namespace Sealer.Images.ContainerImages.RegistryFolder;

/// <summary>The layer that puts container images into a cluster image.</summary>
/// <param name="Layer">The layer, uncompressed, so that its digest is its diff id too; null where the parent holds everything.</param>
/// <param name="Paths">The images that lie elsewhere than by rule, with their repositories: see <see cref="RegistryFolderPath"/>.</param>
public sealed record RegistryFolderLayerResult(Descriptor? Layer, IReadOnlyDictionary<string, string> Paths);

/// <summary>
/// Lays container images out as docker-distribution's file storage under <c>registry/</c>. The layer is a recipe over the
/// blobs that are in the store already: it costs no disk but its headers, and one reading for its digest. The same images
/// give the same layer.
/// </summary>
public sealed class RegistryFolderLayer
{
    private readonly ImageStore _store;
    private readonly RegistryFolderSource _held;
    private readonly DateTimeOffset _modified;

    /// <summary>What is written, by path; a blob of the store, or bytes. Ordered so that a folder comes before what is in it.</summary>
    private readonly SortedDictionary<string, (Descriptor? Blob, byte[]? Link)> _files = new(StringComparer.Ordinal);

    /// <summary>What was verified a moment ago, while it was fetched.</summary>
    private readonly HashSet<Digest> _verified = [];

    private RegistryFolderLayer(ImageStore store, RegistryFolderSource held, DateTimeOffset modified)
    {
        _store = store;
        _held = held;
        _modified = modified;
    }

    /// <summary>Writes the layer. What the parent's registry has is left out.</summary>
    /// <param name="store">Holds the images' content.</param>
    /// <param name="images">The images, fetched for one platform.</param>
    /// <param name="held">What the parent image brings.</param>
    /// <param name="modified">The time that all entries get; a function of the inputs, never the clock.</param>
    /// <param name="cancellationToken">Cancels; nothing is kept then.</param>
    /// <exception cref="SealerException"><c>ContainerImageConflict</c>: two images claim one place even under their domains.</exception>
    public static Task<RegistryFolderLayerResult> WriteAsync(
        ImageStore store,
        IReadOnlyList<FetchedImage> images,
        RegistryFolderSource held,
        DateTimeOffset modified,
        CancellationToken cancellationToken) =>
        new RegistryFolderLayer(store, held, modified).WriteAsync(images, cancellationToken);

    private async Task<RegistryFolderLayerResult> WriteAsync(IReadOnlyList<FetchedImage> images, CancellationToken cancellationToken)
    {
        var paths = await RegistryFolderClaims.AssignAsync(images, _held, cancellationToken).ConfigureAwait(false);
        foreach (var image in images)
        {
            _verified.UnionWith(image.Verified);
            await PlanAsync(image, paths[image.Reference], cancellationToken).ConfigureAwait(false);
        }

        var elsewhere = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, path) in _held.Paths)
            elsewhere[name] = path;
        foreach (var (reference, path) in paths)
        {
            if (path != RegistryFolderPath.Of(reference))
                elsewhere[reference.ToString()] = path;
        }

        var layer = _files.Count == 0 ? null : await WriteTarAsync(cancellationToken).ConfigureAwait(false);
        return new RegistryFolderLayerResult(layer, elsewhere);
    }

    private async Task PlanAsync(FetchedImage image, string repository, CancellationToken cancellationToken)
    {
        foreach (var blob in image.Documents.Concat(image.Blobs).Where(blob => !_held.Has(blob)))
            _files[RegistryFolderLayout.Blob(blob.Digest)] = (blob, null);
        foreach (var blob in image.Blobs)
            await PlanLinkAsync(RegistryFolderLayout.Layer(repository, blob.Digest), blob.Digest, cancellationToken).ConfigureAwait(false);
        foreach (var document in image.Documents)
            await PlanLinkAsync(RegistryFolderLayout.Revision(repository, document.Digest), document.Digest, cancellationToken).ConfigureAwait(false);
        // A name with a digest is asked for by its digest; a tag beside it says nothing about what the tag stands for.
        if (image.Reference is not { Digest: null, Tag: { } tag })
            return;
        var root = image.Root.Digest;
        await PlanLinkAsync(RegistryFolderLayout.TagIndex(repository, tag, root), root, cancellationToken).ConfigureAwait(false);
        await PlanLinkAsync(RegistryFolderLayout.Tag(repository, tag), root, cancellationToken).ConfigureAwait(false);
    }

    private async Task PlanLinkAsync(string path, Digest digest, CancellationToken cancellationToken)
    {
        if (await _held.ReadLinkAsync(path, cancellationToken).ConfigureAwait(false) != digest)
            _files[path] = (null, Encoding.ASCII.GetBytes(digest.ToString()));
    }

    private async Task<Descriptor> WriteTarAsync(CancellationToken cancellationToken)
    {
        using var writer = _store.CreateRecipe();
        var folders = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (path, (blob, link)) in _files)
        {
            AppendFolders(writer, path, folders);
            var size = blob?.Size ?? link!.Length;
            writer.Append(TarHeader.Of(new LayerEntry { Path = path, Kind = LayerEntryKind.File, Size = size, Modified = _modified }));
            if (blob is not null)
                await writer.AppendAsync(blob.Digest, _verified.Contains(blob.Digest), cancellationToken).ConfigureAwait(false);
            else
                writer.Append(link);
            writer.Append(new byte[TarHeader.Padded(size) - size]);
        }

        writer.Append(new byte[TarHeader.EndSize]);
        var (digest, length) = await writer.CommitAsync(cancellationToken).ConfigureAwait(false);
        return new Descriptor { MediaType = MediaType.OciLayer, Digest = digest, Size = length };
    }

    /// <summary>The folders above a file that have not been written yet.</summary>
    private void AppendFolders(RecipeWriter writer, string path, HashSet<string> written)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            var folder = path[..slash];
            if (!written.Add(folder))
                continue;
            writer.Append(TarHeader.Of(new LayerEntry
            {
                Path = folder,
                Kind = LayerEntryKind.Folder,
                Mode = 0b111_101_101,
                Modified = _modified,
            }));
        }
    }
}
