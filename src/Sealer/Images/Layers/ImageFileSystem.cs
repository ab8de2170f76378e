using Sealer.Images.Storage;

namespace Sealer.Images.Layers;

/// <summary>A file of an image: what the topmost layer that has it says of it.</summary>
/// <param name="Entry">What it is.</param>
/// <param name="Layer">Number of the layer, 0 the lowest; -1 of a folder that no layer names.</param>
/// <param name="Content">Of a file or hard link the entry of the same layer that carries the content; else null.</param>
public sealed record ImageFile(LayerCatalogEntry Entry, int Layer, LayerCatalogEntry? Content)
{
    /// <summary>Relative to the root of the image.</summary>
    public string Path => Entry.Path;

    /// <summary>What it is; a hard link is a file.</summary>
    public LayerEntryKind Kind => Content is null ? Entry.Kind : LayerEntryKind.File;

    /// <summary>Bytes of the content.</summary>
    public long Size => Content?.Size ?? 0;

    /// <summary>The content's digest.</summary>
    public Digest? Digest => Content?.Digest;
}

/// <summary>
/// The files of an image in the store as its layers make them together, removals applied. Reading the whole needs one pass
/// over each layer the first time, none later; reading one file unpacks only the frame it lies in where the layer is zstd
/// and was written by <see cref="LayerWriter"/>, and all that lies before it elsewhere. Safe for concurrent use.
/// </summary>
public sealed class ImageFileSystem : IFileTree
{
    /// <summary>The largest content with several names that is kept until all of them were read.</summary>
    private const int MaxKept = 64 * 1024 * 1024;

    private readonly ImageStore _store;
    private readonly IReadOnlyList<LayerCatalog> _layers;
    private readonly List<ImageFile> _files;
    private readonly Dictionary<string, ImageFile> _byPath;
    private long _unpacked;

    private ImageFileSystem(ImageStore store, IReadOnlyList<LayerCatalog> layers)
    {
        _store = store;
        _layers = layers;
        _byPath = LayerMerge.Merge(layers);
        _files = [.. _byPath.Values.Where(f => f.Path.Length > 0)];
        _files.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
    }

    /// <summary>Everything in the image, sorted by path (ordinal), without the root folder.</summary>
    public IReadOnlyList<ImageFile> Files => _files;

    /// <summary>The layers, lowest first.</summary>
    public IReadOnlyList<LayerCatalog> Layers => _layers;

    /// <summary>Bytes that came out of the layers so far, what was only passed over included; for tests that count them.</summary>
    internal long Unpacked => Interlocked.Read(ref _unpacked);

    /// <summary>Opens the files of an image.</summary>
    /// <param name="store">Where its layers are.</param>
    /// <param name="layers">The layers of its manifest, lowest first.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException">What <see cref="LayerReader.NextAsync"/> refuses; <c>BlobNotFound</c>.</exception>
    public static async Task<ImageFileSystem> LoadAsync(
        ImageStore store,
        IReadOnlyList<Descriptor> layers,
        CancellationToken cancellationToken)
    {
        var catalogs = new LayerCatalog[layers.Count];
        for (var i = 0; i < layers.Count; i++)
            catalogs[i] = await LayerCatalog.LoadAsync(store, layers[i], cancellationToken).ConfigureAwait(false);
        return new ImageFileSystem(store, catalogs);
    }

    /// <summary>What is at a path, or null.</summary>
    public ImageFile? FindFile(string path) => _byPath.GetValueOrDefault(path);

    /// <inheritdoc/>
    public IEnumerable<FileTreeEntry> List(string folder)
    {
        var prefix = folder.Length == 0 ? "" : folder + "/";
        for (var i = FirstAt(prefix); i < _files.Count && _files[i].Path.StartsWith(prefix, StringComparison.Ordinal); i++)
        {
            if (AsTreeEntry(_files[i]) is { } entry)
                yield return entry;
        }
    }

    /// <inheritdoc/>
    public FileTreeEntry? Find(string path) => FindFile(path) is { } file ? AsTreeEntry(file) : null;

    /// <inheritdoc/>
    public Stream Open(string path)
    {
        var file = FindContent(path);
        if (file.Size == 0)
            return new MemoryStream([], writable: false);
        var content = Content(file.Layer);
        try
        {
            content.Seek(file.Content!.Offset);
            return new LayerContentStream(content, file.Size, owns: true);
        }
        catch
        {
            content.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task ReadFilesAsync(
        IEnumerable<string> paths,
        Func<string, Stream, CancellationToken, Task> read,
        CancellationToken cancellationToken)
    {
        // Layer by layer in the order the files lie there; what nobody wants is unpacked only where it lies between.
        var wanted = paths.Distinct(StringComparer.Ordinal).Select(FindContent).ToList();
        foreach (var layer in wanted.GroupBy(f => f.Layer).OrderBy(g => g.Key))
        {
            using var content = Content(layer.Key);
            foreach (var same in layer.GroupBy(f => f.Content!.Offset).OrderBy(g => g.Key))
                await ReadAsync(content, [.. same], read, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads one content for all its names; to come back to it would be to unpack all that lies before it again.</summary>
    private static async Task ReadAsync(
        LayerContent content, ImageFile[] files, Func<string, Stream, CancellationToken, Task> read, CancellationToken cancellationToken)
    {
        var size = files[0].Size;
        var kept = files.Length > 1 && size <= MaxKept ? new byte[size] : null;
        if (kept is not null)
        {
            content.Seek(files[0].Content!.Offset);
            using var whole = new LayerContentStream(content, size, owns: false);
            whole.ReadExactly(kept);
        }

        foreach (var file in files)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (kept is null && size > 0)
                content.Seek(file.Content!.Offset);
            using Stream stream = kept is null ? new LayerContentStream(content, size, owns: false) : new MemoryStream(kept, writable: false);
            await read(file.Path, stream, cancellationToken).ConfigureAwait(false);
        }
    }

    private static FileTreeEntry? AsTreeEntry(ImageFile file) => file.Kind switch
    {
        LayerEntryKind.File => new FileTreeEntry(file.Path, FileTreeEntryKind.File, file.Size, file.Entry.Mode),
        LayerEntryKind.Folder => new FileTreeEntry(file.Path, FileTreeEntryKind.Folder, 0, file.Entry.Mode),
        LayerEntryKind.SymbolicLink => new FileTreeEntry(file.Path, FileTreeEntryKind.SymbolicLink, 0),
        // Devices and pipes are no files to anybody who asks for files.
        _ => null,
    };

    private LayerContent Content(int layer) => new(_store, _layers[layer], bytes => Interlocked.Add(ref _unpacked, bytes));

    private ImageFile FindContent(string path) => FindFile(path) is { Content: not null } file
        ? file
        : throw new FileNotFoundException($"The image has no file '{path}'.", path);

    private int FirstAt(string prefix)
    {
        var (low, high) = (0, _files.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (string.CompareOrdinal(_files[middle].Path, prefix) < 0)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
