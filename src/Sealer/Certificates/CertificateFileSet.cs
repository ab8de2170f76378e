using System.Collections;

namespace Sealer.Certificates;

/// <summary>Files of one host by their paths; those that are there, or those that must be written, in the order of their paths.</summary>
public sealed class CertificateFileSet : IReadOnlyCollection<CertificateFile>
{
    private readonly SortedDictionary<string, CertificateFile> _files = new(StringComparer.Ordinal);

    /// <summary>No files.</summary>
    public CertificateFileSet()
    {
    }

    /// <param name="files">Of two with one path the later counts.</param>
    public CertificateFileSet(IEnumerable<CertificateFile> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        foreach (var file in files)
            Add(file);
    }

    /// <inheritdoc/>
    public int Count => _files.Count;

    /// <summary>Adds a file, or replaces the one of its path.</summary>
    public void Add(CertificateFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        _files[file.Path] = file;
    }

    /// <summary>The file of a path, or null.</summary>
    public CertificateFile? Find(string path) => _files.GetValueOrDefault(path);

    /// <summary>These files with others put over them.</summary>
    public CertificateFileSet With(IEnumerable<CertificateFile> others) => new(_files.Values.Concat(others));

    /// <summary>What a further control plane of the cluster gets of these.</summary>
    public CertificateFileSet SharedOf(CertificatePaths paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        return new(paths.Shared.Select(Find).OfType<CertificateFile>());
    }

    /// <inheritdoc/>
    public IEnumerator<CertificateFile> GetEnumerator() => _files.Values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
