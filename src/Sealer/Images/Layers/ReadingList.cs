namespace Sealer.Images.Layers;

/// <summary>
/// Files that are wanted and what is done with each, so that all of them are read in one pass: asked for one by one, each
/// could cost the unpacking of a parent's whole layer.
/// </summary>
internal sealed class ReadingList(IFileTree files)
{
    private readonly Dictionary<string, Func<Stream, CancellationToken, Task>> _readers = new(StringComparer.Ordinal);

    /// <summary>Wants a file; it is read when <see cref="ReadAsync"/> comes to it, in no order that could be relied on.</summary>
    public void Add(string path, Func<Stream, CancellationToken, Task> read) => _readers.Add(path, read);

    /// <summary>Reads all of them.</summary>
    public Task ReadAsync(CancellationToken cancellationToken) =>
        files.ReadFilesAsync(_readers.Keys, (path, content, token) => _readers[path](content, token), cancellationToken);
}
