namespace Sealer.Images.Archives;

/// <summary>The files of a tar that can be read anywhere; only its heads are read to find them.</summary>
internal sealed class TarFiles : ArchiveFiles
{
    private readonly RandomBytes _bytes;
    private readonly Dictionary<string, TarItem> _items;

    private TarFiles(RandomBytes bytes, Dictionary<string, TarItem> items)
    {
        _bytes = bytes;
        _items = items;
        HasLinks = items.Values.Any(i => i.Kind is TarItemKind.SymbolicLink or TarItemKind.HardLink);
    }

    public override IReadOnlyCollection<string> Names => _items.Keys;

    public override bool HasLinks { get; }

    /// <summary>Finds the files; owns <paramref name="bytes"/> from now on.</summary>
    /// <exception cref="SealerException"><c>InvalidArchive</c>, <c>ArchiveTruncated</c>.</exception>
    public static async Task<TarFiles> OpenAsync(RandomBytes bytes, CancellationToken cancellationToken)
    {
        var items = new Dictionary<string, TarItem>(StringComparer.Ordinal);
        var reader = new TarItemReader(new RangeStream(bytes));
        while (await reader.NextAsync(cancellationToken).ConfigureAwait(false) is { } item)
        {
            if (item.Kind == TarItemKind.Folder)
                continue;
            if (item.DataOffset + item.Size > bytes.Length)
                throw ArchiveErrors.Truncated($"in '{item.Name}'");

            // Two files of one name are two images to two readers; nobody who means well writes such.
            if (!items.TryAdd(item.Name, item))
                throw ArchiveErrors.Invalid($"'{item.Name}' is in it twice");
        }

        return new TarFiles(bytes, items);
    }

    public override bool TryGetSize(string name, out long size)
    {
        var item = Find(name);
        size = item?.Size ?? 0;
        return item is not null;
    }

    public override Stream Open(string name, long offset) =>
        new RangeStream(OpenBytes(name) ?? throw ArchiveErrors.Missing(name)) { Position = offset };

    public override RandomBytes? OpenBytes(string name) =>
        Find(name) is { } item ? _bytes.Slice(item.DataOffset, item.Size) : null;

    public override void Dispose() => _bytes.Dispose();

    private TarItem? Find(string name) => _items.GetValueOrDefault(TarLinks.Follow(
        name,
        n => _items.TryGetValue(n, out var item) && item.Kind != TarItemKind.File
            ? (item.Kind == TarItemKind.HardLink, item.LinkTarget)
            : null));
}
