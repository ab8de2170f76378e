using Sealer.Images.Storage;

namespace Sealer.Images.Layers;

/// <summary>
/// Mounts images of a store: extracts them to a folder, or on Linux as root lays their layers over each other. What is
/// mounted is listed in the store's <c>mounts.json</c>; a process that is killed while it mounts leaves an entry there that
/// can be dismounted. Safe for concurrent use, by several processes too.
/// </summary>
/// <param name="store">Where the layers are; overlays keep theirs and what is changed below its folder <c>mounts</c>.</param>
public sealed class ImageMounts(ImageStore store)
{
    // The kernel takes the options of a mount in one page.
    private const int MaxOptions = 4000;

    private readonly MountList _list = new(store.Folder);
    private readonly string _folder = Path.Combine(store.Folder, "mounts");

    /// <summary>What is mounted, in the order it was.</summary>
    /// <exception cref="SealerException"><c>MountsCorrupt</c>.</exception>
    public IReadOnlyList<ImageMount> List() => _list.Read();

    /// <summary>Mounts an image of one platform.</summary>
    /// <param name="image">The image; of several platforms the wanted one is chosen, or the only one there is.</param>
    /// <param name="platform">The platform; null for Linux on this machine's processor.</param>
    /// <param name="folder">The folder; must not exist, or be empty.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told how many files are extracted; may be null.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException"><c>PlatformNotFound</c>, and what mounting layers throws.</exception>
    public Task<ImageMount> MountAsync(
        ClusterImage image, Platform? platform, string folder, MountOptions options, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var member = MemberFor(image, platform);
        return MountAsync(image.Name, member.Digest, [.. member.Layers.Select(layer => layer.Descriptor)], folder, options, progress, cancellationToken);
    }

    /// <summary>The image that is mounted of one for several platforms.</summary>
    /// <exception cref="SealerException"><c>PlatformNotFound</c>.</exception>
    public static ClusterImage MemberFor(ClusterImage image, Platform? platform)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (platform is null && !image.IsIndex)
            return image;
        return platform is null && image.Images.Count == 1 ? image.Images[0] : image.ForPlatform(platform ?? Platform.Default);
    }

    /// <summary>Mounts an image.</summary>
    /// <param name="name">The image's name, for the list.</param>
    /// <param name="image">The digest of its manifest.</param>
    /// <param name="layers">The layers of its manifest, lowest first.</param>
    /// <param name="folder">Where; must not exist, or be empty.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told the bytes extracted; may be null.</param>
    /// <param name="cancellationToken">Cancels; nothing is left then.</param>
    /// <exception cref="SealerException">
    /// <c>AlreadyMounted</c>: something is mounted in the folder; <c>OverlayNotSupported</c>; and what
    /// <see cref="LayerExtractor"/> refuses.
    /// </exception>
    public async Task<ImageMount> MountAsync(
        string name,
        Digest image,
        IReadOnlyList<Descriptor> layers,
        string folder,
        MountOptions options,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        var path = RealPath(folder);
        var overlay = options.Overlay ?? (OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess);
        var mount = new ImageMount
        {
            Path = path,
            Image = name,
            Digest = image,
            IsOverlay = overlay,
            Created = DateTimeOffset.UtcNow,
            MadeFolder = !Directory.Exists(path),
            Changes = overlay ? Guid.NewGuid().ToString("N") : null,
            Layers = overlay ? [.. layers.Select(l => l.Digest)] : [],
        };
        LayerExtractor.CheckEmpty(path);
        // Written before anything is made: from now on a dismount finds it, and no other dismount takes its layers away.
        await _list.ChangeAsync(mounts => Add(mounts, mount), cancellationToken).ConfigureAwait(false);
        try
        {
            if (overlay && !await TryOverlayAsync(mount, layers, options, progress, cancellationToken).ConfigureAwait(false))
            {
                mount = mount with { IsOverlay = false };
                overlay = false;
            }

            if (!overlay)
                await LayerExtractor.ExtractAsync(store, layers, path, options.Extract, progress, cancellationToken).ConfigureAwait(false);
            mount = mount with { IsReady = true };
            await _list.ChangeAsync(mounts => mounts[IndexOf(mounts, path)] = mount, cancellationToken).ConfigureAwait(false);
            return mount;
        }
        catch
        {
            await DismountAsync(path, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Dismounts the image of a folder: what was changed there is gone, and so is the folder if mounting made it.</summary>
    /// <returns>What was mounted.</returns>
    /// <exception cref="SealerException">
    /// <c>NotMounted</c>; <c>MountBusy</c>: somebody uses it, or something else is mounted below it.
    /// </exception>
    public async Task<ImageMount> DismountAsync(string folder, CancellationToken cancellationToken)
    {
        var path = RealPath(folder);
        ImageMount? found = null;
        await _list.ChangeAsync(
            mounts =>
            {
                found = mounts[IndexOf(mounts, path)];
                Remove(found);
                mounts.Remove(found);
                var used = mounts.SelectMany(m => m.Layers).ToHashSet();
                foreach (var layer in found.Layers.Where(l => !used.Contains(l)))
                {
                    FolderRemoval.Delete(LayerFolder(layer));
                    // What a process that was killed while it extracted has left of it.
                    foreach (var half in FoldersIn(LayersFolder).Where(f => LayerOf(f) == layer.Hex))
                        FolderRemoval.Delete(half);
                }
            },
            cancellationToken).ConfigureAwait(false);
        return found!;
    }

    /// <summary>Removes what mounts that were killed have left in the store and no mount of the list uses.</summary>
    /// <exception cref="SealerException"><c>MountsCorrupt</c>, <c>StoreInUse</c>.</exception>
    /// <exception cref="IOException">A folder cannot be removed: something is mounted in it.</exception>
    public Task RemoveLeftoversAsync(CancellationToken cancellationToken) =>
        Directory.Exists(_folder)
            ? _list.ChangeAsync(
                mounts =>
                {
                    // A mount that is not ready may be extracting right now, to folders of any name of its layers.
                    var whole = mounts.SelectMany(m => m.Layers).Select(l => l.Hex).ToHashSet(StringComparer.Ordinal);
                    var half = mounts.Where(m => !m.IsReady).SelectMany(m => m.Layers).Select(l => l.Hex).ToHashSet(StringComparer.Ordinal);
                    var changes = mounts.Select(m => m.Changes).ToHashSet(StringComparer.Ordinal);
                    foreach (var folder in FoldersIn(LayersFolder))
                    {
                        if (!whole.Contains(Path.GetFileName(folder)) && !half.Contains(LayerOf(folder)))
                            FolderRemoval.Delete(folder);
                    }

                    foreach (var folder in FoldersIn(_folder))
                    {
                        if (folder != LayersFolder && !changes.Contains(Path.GetFileName(folder)))
                            FolderRemoval.Delete(folder);
                    }
                },
                cancellationToken)
            : Task.CompletedTask;

    /// <summary>
    /// The full path of a folder. On Linux without links on the way: the kernel tells mounts by such paths, and a link may be
    /// another one when it is dismounted.
    /// </summary>
    private static string RealPath(string folder)
    {
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (!OperatingSystem.IsLinux())
            return path;
        var real = "/";
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            real = Path.Combine(real, name);
            // What a link leads to may have links on its way too.
            if (new DirectoryInfo(real).LinkTarget is not null && new DirectoryInfo(real).ResolveLinkTarget(returnFinalTarget: true) is { } target)
                real = RealPath(target.FullName);
        }

        return real;
    }

    private static void Add(List<ImageMount> mounts, ImageMount mount)
    {
        if (mounts.Find(m => m.Path == mount.Path) is { } there)
        {
            throw new SealerException(
                "AlreadyMounted",
                ErrorKind.Conflict,
                $"'{there.Image}' is mounted in '{mount.Path}' already. Dismount it first (Dismount-ClusterImage), or name another folder.",
                mount.Path);
        }

        mounts.Add(mount);
    }

    private static int IndexOf(List<ImageMount> mounts, string path) =>
        mounts.FindIndex(m => m.Path == path) is var at and >= 0
            ? at
            : throw new SealerException(
                "NotMounted",
                ErrorKind.NotFound,
                $"No image is mounted in '{path}'." + (mounts.Count > 0 ? $" Mounted are: {string.Join(", ", mounts.Select(m => m.Path))}." : ""),
                path);

    private string LayersFolder => Path.Combine(_folder, "layers");

    private string LayerFolder(Digest layer) => Path.Combine(LayersFolder, layer.Hex);

    private static string[] FoldersIn(string folder) => Directory.Exists(folder) ? Directory.GetDirectories(folder) : [];

    /// <summary>The layer that a folder of <see cref="LayersFolder"/> is of, whole (HEX) or not yet (HEX.GUID).</summary>
    private static string LayerOf(string folder) => Path.GetFileName(folder).Split('.')[0];

    private string ChangesFolder(ImageMount mount) => Path.Combine(_folder, mount.Changes!);

    private async Task<bool> TryOverlayAsync(
        ImageMount mount,
        IReadOnlyList<Descriptor> layers,
        MountOptions options,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        // The same layer twice is an error to the kernel and means the same as its upper place alone.
        var folders = layers.Select(l => LayerFolder(l.Digest)).Reverse().Distinct(StringComparer.Ordinal).ToList();
        var changes = ChangesFolder(mount);
        folders.Add(Path.Combine(changes, "empty"));
        var text = $"lowerdir={string.Join(':', folders)},upperdir={Path.Combine(changes, "upper")},workdir={Path.Combine(changes, "work")}";
        var why = !OperatingSystem.IsLinux() ? "it exists on Linux only"
            : text.Length > MaxOptions ? "the image has too many layers for it"
            : store.Folder.AsSpan().ContainsAny(":,\\") ? "the path of the store holds a character that it cannot take"
            : null;
        if (why is null)
        {
            try
            {
                await ExtractLayersAsync(layers, options, progress, cancellationToken).ConfigureAwait(false);
                foreach (var name in (string[])["empty", "upper", "work"])
                    Directory.CreateDirectory(Path.Combine(changes, name));
                Directory.CreateDirectory(mount.Path);
                NativeFiles.MountOverlay(mount.Path, text);
                return true;
            }
            catch (Exception e) when (e is IOException and not FileNotFoundException && !DiskSpace.IsFull(e))
            {
                why = e.Message;
            }
            catch (SealerException e) when (e is { Id: "ExtractFailed", InnerException: IOException } && options.Overlay is null)
            {
                // Without the right to make removals as devices, as in a container; extracting together needs none.
                why = e.Message;
            }
        }

        return options.Overlay is null
            ? false
            : throw new SealerException(
                "OverlayNotSupported",
                ErrorKind.NotSupported,
                $"The image cannot be mounted as an overlay: {why}. Mount it without asking for one; it is extracted then.",
                mount.Path);
    }

    private async Task ExtractLayersAsync(
        IReadOnlyList<Descriptor> layers,
        MountOptions options,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        var extract = options.Extract with { OverlayRemovals = true, Owners = true };
        foreach (var layer in layers)
        {
            var folder = LayerFolder(layer.Digest);
            if (Directory.Exists(folder))
                continue;
            // Whole under its name or not at all; of two processes that extract the same layer one is first.
            var temporary = folder + "." + Guid.NewGuid().ToString("N");
            Directory.CreateDirectory(Path.GetDirectoryName(folder)!);
            await LayerExtractor.ExtractAsync(store, [layer], temporary, extract, progress, cancellationToken).ConfigureAwait(false);
            try
            {
                Directory.Move(temporary, folder);
            }
            catch (IOException) when (Directory.Exists(folder))
            {
                FolderRemoval.Delete(temporary);
            }
        }
    }

    private void Remove(ImageMount mount)
    {
        try
        {
            if (mount.IsOverlay && OperatingSystem.IsLinux())
                NativeFiles.Unmount(mount.Path);
            // An entry of an earlier version may have links in its path.
            if (MountedAt(RealPath(mount.Path)) is { } inner)
                throw new IOException($"'{inner}' is mounted there");
            if (mount.MadeFolder)
                FolderRemoval.Delete(mount.Path);
            else
                FolderRemoval.Empty(mount.Path);
            if (mount.Changes is not null)
                FolderRemoval.Delete(ChangesFolder(mount));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SealerException(
                "MountBusy",
                ErrorKind.Conflict,
                $"'{mount.Path}' cannot be dismounted: {e.Message} Leave the folder, end what uses it, and try again.",
                mount.Path,
                e);
        }
    }

    /// <summary>A file system that is mounted in the folder or below it, whose files are not ours to remove; or null.</summary>
    private static string? MountedAt(string folder)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        foreach (var line in File.ReadLines("/proc/self/mountinfo"))
        {
            var fields = line.Split(' ');
            if (fields.Length < 5)
                continue;
            var at = fields[4]
                .Replace("\\040", " ", StringComparison.Ordinal)
                .Replace("\\011", "\t", StringComparison.Ordinal)
                .Replace("\\012", "\n", StringComparison.Ordinal)
                .Replace("\\134", "\\", StringComparison.Ordinal);
            if (at == folder || at.StartsWith(folder + "/", StringComparison.Ordinal))
                return at;
        }

        return null;
    }
}
