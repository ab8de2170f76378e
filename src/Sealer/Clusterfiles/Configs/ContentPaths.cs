using Sealer.Clusterfiles.Reading;
using Sealer.Images.Layers;

namespace Sealer.Clusterfiles.Configs;

/// <summary>
/// Where files may be written: inside of the rootfs, in folders that are folders in the image too. Hosts write as root, and a
/// link in an image may lead anywhere on them.
/// </summary>
internal static class ContentPaths
{
    /// <exception cref="SealerException"><c>InvalidContentPath</c>.</exception>
    public static void Check(IFileTree rootfs, string path, string reason)
    {
        if (!Names.IsFileBelow(path))
            throw Error("is not a file below the rootfs; name a relative path without '..'");
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            var folder = path[..slash];
            switch (rootfs.Find(folder)?.Kind)
            {
                case FileTreeEntryKind.SymbolicLink:
                    throw Error($"goes through {Quoting.Quote(folder)}, which is a link in the image; name the file by its real path");
                case FileTreeEntryKind.File:
                    throw Error($"cannot lie below {Quoting.Quote(folder)}, which is a file in the image; name another path");
                default:
                    break;
            }
        }

        switch (rootfs.Find(path)?.Kind)
        {
            case FileTreeEntryKind.SymbolicLink:
                throw Error("is a link in the image; name the file that it leads to");
            case FileTreeEntryKind.Folder:
                throw Error("is a folder in the image; name a file");
            default:
                break;
        }

        SealerException Error(string what) => new("InvalidContentPath", ErrorKind.InvalidInput, $"{reason}: {Quoting.Quote(path)} {what}.", path);
    }
}
