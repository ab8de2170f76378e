namespace Sealer.Images.Layers;

/// <summary>One tree laid over another: what is in the upper one hides what is at the same path in the lower one.</summary>
/// <param name="upper">Looked at first.</param>
/// <param name="lower">Seen where the upper one has nothing.</param>
public sealed class OverlayFileTree(IFileTree upper, IFileTree lower) : IFileTree
{
    /// <inheritdoc/>
    public IEnumerable<FileTreeEntry> List(string folder)
    {
        var above = upper.List(folder).ToList();
        if (IsHidden(folder))
            return above;
        var paths = above.Select(e => e.Path).ToHashSet(StringComparer.Ordinal);
        var closed = above.Where(e => e.Kind != FileTreeEntryKind.Folder).Select(e => e.Path).ToHashSet(StringComparer.Ordinal);
        var below = lower.List(folder).Where(e => !paths.Contains(e.Path) && !LiesIn(e.Path, closed));
        return above.Concat(below).OrderBy(e => e.Path, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public FileTreeEntry? Find(string path) => upper.Find(path) ?? (IsHidden(path) ? null : lower.Find(path));

    /// <inheritdoc/>
    public Stream Open(string path) =>
        upper.Find(path) is not null ? upper.Open(path)
        : IsHidden(path) ? throw new FileNotFoundException($"There is no file '{path}'.", path)
        : lower.Open(path);

    /// <summary>True where the path, or a folder above it, is something other than a folder in the upper tree.</summary>
    private bool IsHidden(string path)
    {
        while (path.Length > 0)
        {
            if (upper.Find(path) is { Kind: not FileTreeEntryKind.Folder })
                return true;
            path = LayerPath.Parent(path);
        }

        return false;
    }

    private static bool LiesIn(string path, HashSet<string> folders)
    {
        if (folders.Count == 0)
            return false;
        while (path.Length > 0)
        {
            path = LayerPath.Parent(path);
            if (folders.Contains(path))
                return true;
        }

        return false;
    }
}
