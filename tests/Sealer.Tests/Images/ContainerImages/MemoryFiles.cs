using System.Text;
using Sealer.Images.Layers;

namespace Sealer.Tests.Images.ContainerImages;

/// <summary>A file tree of texts by path.</summary>
internal sealed class MemoryFiles : IFileTree
{
    private readonly SortedDictionary<string, byte[]> _files = new(StringComparer.Ordinal);

    public string this[string path]
    {
        set => _files[path] = Encoding.UTF8.GetBytes(value);
    }

    public void Add(string path, byte[] content) => _files[path] = content;

    public IEnumerable<FileTreeEntry> List(string folder) => _files
        .Where(file => folder.Length == 0 || file.Key.StartsWith(folder + "/", StringComparison.Ordinal))
        .Select(file => new FileTreeEntry(file.Key, FileTreeEntryKind.File, file.Value.Length));

    public FileTreeEntry? Find(string path)
    {
        if (_files.TryGetValue(path, out var content))
            return new FileTreeEntry(path, FileTreeEntryKind.File, content.Length);
        return List(path).Any() ? new FileTreeEntry(path, FileTreeEntryKind.Folder, 0) : null;
    }

    public Stream Open(string path) =>
        _files.TryGetValue(path, out var content) ? new MemoryStream(content, writable: false) : throw new FileNotFoundException(null, path);
}
