using System.Security.Cryptography;
using Sealer.Images.Layers;

namespace Sealer.Delivery.Copying;

/// <summary>A folder here that what a host says is written into, and nowhere else.</summary>
internal sealed class GuardedFolder(string folder, string host)
{
    private readonly string _folder = Path.GetFullPath(folder);

    /// <summary>The entries whose names can be used here; of two that are one here the first.</summary>
    public List<CopyEntry> Select(IEnumerable<CopyEntry> entries, List<string> skipped)
    {
        var names = TargetNames.Current;
        var taken = new HashSet<string>(StringComparer.Ordinal);
        var wanted = new List<CopyEntry>();
        foreach (var entry in entries)
        {
            var why = entry.Path.Length == 0 ? null : entry.Path.Split('/').Select(names.WhyNot).FirstOrDefault(w => w is not null);
            if (entry.Path.Contains('\uFFFD', StringComparison.Ordinal))
                why = "its name is no UTF-8";
            else if (why is null && !taken.Add(names.Fold(entry.Path)))
                why = "another has its name here";
            if (why is null)
                wanted.Add(entry);
            else
                skipped.Add($"{PlainText.Of(entry.Path)}: {why}");
        }

        return wanted;
    }

    /// <summary>The full path of a place below, whose folders are made and are none of them links.</summary>
    /// <exception cref="SealerException"><c>LinkInTheWay</c>.</exception>
    public string Place(string path)
    {
        var at = _folder;
        Directory.CreateDirectory(at);
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < parts.Length; i++)
        {
            at = Path.Combine(at, parts[i]);
            if (i == parts.Length - 1)
                break;
            Refuse(at);
            Directory.CreateDirectory(at);
        }

        return at;
    }

    public void MakeFolder(string path)
    {
        if (path.Length == 0)
        {
            Directory.CreateDirectory(_folder);
            return;
        }

        var place = Place(path);
        Refuse(place);
        // Nobody else's until all is in it and it gets its own rights.
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(place);
        else
            Directory.CreateDirectory(place, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public async Task<bool> HasAsync(CopyEntry file, CancellationToken cancellationToken)
    {
        var info = new FileInfo(Place(file.Path));
        if (!info.Exists || info.LinkTarget is not null || info.Length != file.Size)
            return false;
        await using var stream = info.OpenRead();
        return Convert.ToHexString(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false)).Equals(file.Digest, StringComparison.OrdinalIgnoreCase);
    }

    public long PartialSize(CopyEntry file)
    {
        var info = new FileInfo(Place(file.Partial));
        return info.Exists && info.LinkTarget is null && info.Length <= file.Size ? info.Length : 0;
    }

    /// <summary>Opens the place where a file is gathered: a new one, or the one that is to be taken up.</summary>
    public FileStream OpenPartial(CopyEntry file, bool takeUp)
    {
        var partial = Place(file.Partial);
        if (!takeUp)
            File.Delete(partial);
        var options = new FileStreamOptions
        {
            Mode = takeUp ? FileMode.Open : FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 1 << 17,
            Options = FileOptions.Asynchronous,
        };
        // What root reads there may be a key.
        if (!takeUp && !OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(partial, options);
    }

    /// <summary>Puts what was gathered in its place.</summary>
    public void Finish(CopyEntry file)
    {
        var (partial, place) = (Place(file.Partial), Place(file.Path));
        if (Directory.Exists(place) && new DirectoryInfo(place).LinkTarget is null)
            throw new SealerException("FolderInTheWay", ErrorKind.Conflict, $"'{place}' is a folder here, and a file on {host}. Move it away, or choose another destination.", place);
        SetMode(partial, file.Mode);
        File.Move(partial, place, overwrite: true);
    }

    public void Drop(CopyEntry file) => File.Delete(Place(file.Partial));

    public void SetMode(CopyEntry entry) => SetMode(entry.Path.Length == 0 ? _folder : Place(entry.Path), entry.Mode);

    /// <summary>Only links that stay inside: others would lead whoever follows them to places that the host chose.</summary>
    public void MakeLink(CopyEntry link, List<string> skipped)
    {
        var place = Place(link.Path);
        var leads = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(place)!, link.Link));
        // Over another link, a step up after a name leads elsewhere than its text says.
        var steps = link.Link.Split('/').SkipWhile(step => step is ".." or "." or "");
        if (Path.IsPathRooted(link.Link) || OperatingSystem.IsWindows() || steps.Contains("..", StringComparer.Ordinal) || !leads.StartsWith(_folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            skipped.Add($"{PlainText.Of(link.Path)}: a link to '{PlainText.Of(link.Link)}', which is not copied");
            return;
        }

        var there = new FileInfo(place);
        if (there.LinkTarget == link.Link)
            return;
        if (there.LinkTarget is null && (there.Exists || Directory.Exists(place)))
        {
            skipped.Add($"{PlainText.Of(link.Path)}: it is a link there, and something else here");
            return;
        }

        File.Delete(place);
        File.CreateSymbolicLink(place, link.Link);
    }

    // Rights of the host's users (setuid) are none here.
    private static void SetMode(string path, int mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, (UnixFileMode)HostFetch.Permissions(mode));
    }

    private void Refuse(string place)
    {
        if (new DirectoryInfo(place).LinkTarget is not null)
        {
            throw new SealerException(
                "LinkInTheWay", ErrorKind.Conflict, $"'{place}' is a link here, and a folder on {host}; nothing is written through it. Remove it, or choose another destination.", place);
        }
    }
}
