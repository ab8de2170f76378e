using System.Text;
using Sealer.Images;
using Sealer.Images.Layers;
using Sealer.Images.Storage;

namespace Sealer.Transfer;

/// <summary>
/// The files that hosts shall have, with what their contents are and where they come from. Nothing of an image is unpacked to
/// disk: contents are read out of its layers when they are sent, and their digests are those of the layers' catalogs.
/// </summary>
public sealed class ContentSet
{
    /// <summary>The most that overrides of one host hold together, in bytes.</summary>
    public const int MaxOverrides = 16 << 20;

    private readonly Dictionary<string, ContentEntry> _byPath;
    private readonly Lazy<string> _index;

    private ContentSet(IEnumerable<ContentEntry> entries, ContentOrigins origins, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> overrides)
    {
        Entries = [.. entries.OrderBy(e => e.Path, StringComparer.Ordinal)];
        (Origins, Overrides) = (origins, overrides);
        _byPath = Entries.ToDictionary(e => e.Path, StringComparer.Ordinal);
        _index = new Lazy<string>(() => ContentIndex.Write(Entries));
        Bytes = Entries.Where(e => e.IsFile).Sum(e => e.Size);
    }

    /// <summary>Everything, sorted by path (ordinal), without the target folder itself.</summary>
    public IReadOnlyList<ContentEntry> Entries { get; }

    /// <summary>Bytes of all files.</summary>
    public long Bytes { get; }

    /// <summary>What tells this content from any other: names, kinds, modes, owners and digests.</summary>
    public Digest Digest => Digest.Of(Encoding.UTF8.GetBytes(Index));

    internal string Index => _index.Value;

    internal ContentOrigins Origins { get; }

    /// <summary>Contents of the files that are not the image's, by path.</summary>
    internal IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Overrides { get; }

    /// <summary>The files of an image of the store.</summary>
    /// <param name="store">Where its layers are.</param>
    /// <param name="image">The image, of one platform.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException">
    /// <c>ContentNotDeliverable</c>: a device or a pipe, or a name that cannot be told to hosts; and what
    /// <see cref="ImageFileSystem.LoadAsync"/> refuses.
    /// </exception>
    public static async Task<ContentSet> OfImageAsync(ImageStore store, ClusterImage image, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Of(store, await ImageFileSystem.LoadAsync(store, [.. image.Layers.Select(l => l.Descriptor)], cancellationToken).ConfigureAwait(false));
    }

    /// <inheritdoc cref="OfImageAsync"/>
    /// <param name="store">Where the layers are.</param>
    /// <param name="files">Their files.</param>
    public static ContentSet Of(ImageStore store, ImageFileSystem files)
    {
        ArgumentNullException.ThrowIfNull(files);
        var origins = new ContentOrigins(store, files.Layers);
        foreach (var file in files.Files)
        {
            if (file.Content is { Digest: { } digest } content)
                origins.Add(digest, file.Layer, content.Offset);
        }

        return new ContentSet(files.Files.Select(f => EntryOf(f, files)), origins, new Dictionary<string, ReadOnlyMemory<byte>>());
    }

    /// <summary>Files that are in no image.</summary>
    public static ContentSet Of(IEnumerable<ContentOverride> files) =>
        new ContentSet([], new ContentOrigins(null, []), new Dictionary<string, ReadOnlyMemory<byte>>()).For(ContentFilter.Everything, [.. files]);

    /// <summary>What is at a path, or null.</summary>
    public ContentEntry? Find(string path) => _byPath.GetValueOrDefault(path);

    /// <summary>What one host gets.</summary>
    /// <param name="filter">What of it.</param>
    /// <param name="overrides">Files instead of those, or beside them; the later one wins.</param>
    /// <exception cref="SealerException">
    /// <c>ContentOverrideRefused</c>: an override's path is none, lies below a file or link, or is a folder's; or they are too
    /// many bytes.
    /// </exception>
    public ContentSet For(ContentFilter filter, IReadOnlyList<ContentOverride> overrides)
    {
        if (filter.Without.Count == 0 && overrides.Count == 0)
            return this;
        var kept = Entries.Where(e => filter.Takes(e.Path)).ToDictionary(e => e.Path, StringComparer.Ordinal);
        var bytes = Overrides.Where(o => kept.ContainsKey(o.Key)).ToDictionary(o => o.Key, o => o.Value, StringComparer.Ordinal);
        foreach (var over in overrides)
        {
            Place(over, kept);
            kept[over.Path] = over.Over(kept.GetValueOrDefault(over.Path));
            bytes[over.Path] = over.Content;
        }

        if (bytes.Values.Sum(b => (long)b.Length) > MaxOverrides)
            throw Refused("", $"the files that are a host's own have more than {MaxOverrides >> 20} MiB together; put the large ones into the image");
        return new ContentSet(Linked(kept, bytes), Origins, bytes);
    }

    /// <summary>
    /// Names of a file whose first name is left out or overridden: the next of them is the file then.
    /// </summary>
    private static IEnumerable<ContentEntry> Linked(Dictionary<string, ContentEntry> kept, Dictionary<string, ReadOnlyMemory<byte>> own)
    {
        var carriers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in kept.Values.OrderBy(e => e.Path, StringComparer.Ordinal))
        {
            if (entry.Kind != LayerEntryKind.HardLink
                || (kept.TryGetValue(entry.LinkTarget!, out var target) && target.IsFile && !own.ContainsKey(target.Path)))
            {
                yield return entry;
            }
            else if (carriers.TryGetValue(entry.LinkTarget!, out var carrier))
            {
                yield return entry with { LinkTarget = carrier };
            }
            else
            {
                carriers[entry.LinkTarget!] = entry.Path;
                yield return entry with { Kind = LayerEntryKind.File, LinkTarget = null };
            }
        }
    }

    private static void Place(ContentOverride over, Dictionary<string, ContentEntry> kept)
    {
        var parts = over.Path.Split('/');
        if (parts.Any(p => p is "" or "." or "..") || ContentIndex.WhyNot(over.Path) is not null)
            throw Refused(over.Path, "it is no relative path");
        if (kept.TryGetValue(over.Path, out var there) && there.Kind == LayerEntryKind.Folder)
            throw Refused(over.Path, "the image has a folder there");
        for (var parent = LayerPath.Parent(over.Path); parent.Length > 0; parent = LayerPath.Parent(parent))
        {
            if (!kept.TryGetValue(parent, out var entry))
                kept[parent] = new ContentEntry(parent, LayerEntryKind.Folder, 0x1ED, 0, 0, 0, 0, null, null);
            else if (entry.Kind != LayerEntryKind.Folder)
                throw Refused(over.Path, $"'{parent}' above it is no folder in the image");
        }
    }

    private static ContentEntry EntryOf(ImageFile file, ImageFileSystem files)
    {
        var e = file.Entry;
        if (ContentIndex.WhyNot(e.Path) is { } why)
            throw NotDeliverable(e.Path, why);
        if (e.Kind is not (LayerEntryKind.File or LayerEntryKind.Folder or LayerEntryKind.SymbolicLink or LayerEntryKind.HardLink))
            throw NotDeliverable(e.Path, "it is a device or a named pipe, which a cluster image has no use for");
        if (e.Kind == LayerEntryKind.HardLink && file.Content is null)
            throw NotDeliverable(e.Path, "it is a hard link to what is no file");
        if (e.LinkTarget is { } target && ContentIndex.WhyNot(target) is { } whyNot)
            throw NotDeliverable(e.Path, "what it points at cannot be told: " + whyNot);
        // Where an upper layer has something else under the first name, the others are files of their own.
        var carrier = file.Content is { } content && content.Path != e.Path
            && files.FindFile(content.Path) is { } first && first.Layer == file.Layer && ReferenceEquals(first.Content, content) ? content : null;
        var owner = file.Content ?? e;
        return new ContentEntry(
            e.Path, carrier is null ? file.Kind : LayerEntryKind.HardLink, owner.Mode, owner.Uid, owner.Gid,
            owner.Modified, file.Size, file.Digest, carrier?.Path ?? (e.Kind == LayerEntryKind.SymbolicLink ? e.LinkTarget : null));
    }

    private static SealerException Refused(string path, string why) => new(
        "ContentOverrideRefused", ErrorKind.InvalidInput, $"'{path}' cannot be a file of a host's own: {why}.", path);

    private static SealerException NotDeliverable(string path, string why) => new(
        "ContentNotDeliverable", ErrorKind.InvalidContent, $"'{path}' of the image cannot be delivered to hosts: {why}. Build the image without it.", path);
}
