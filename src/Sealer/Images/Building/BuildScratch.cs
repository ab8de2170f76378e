using Sealer.Images.Layers;
using Sealer.Images.Storage;

namespace Sealer.Images.Building;

/// <summary>
/// Files that a build needs until it ends, beside the store's blobs so that they are on the same disk. What a killed build
/// leaves is removed by the store's sweep.
/// </summary>
internal sealed class BuildScratch(ImageStore store) : IDisposable
{
    private readonly List<string> _paths = [];

    /// <summary>A path where nothing is yet, for a file or a folder.</summary>
    public string NewPath()
    {
        var path = store.NewTemporary();
        lock (_paths)
            _paths.Add(path);
        return path;
    }

    public void Dispose()
    {
        foreach (var path in _paths)
        {
            try
            {
                FolderRemoval.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The sweep will find it; a build that succeeded does not fail for that.
            }
        }
    }
}
