using System.Globalization;
using System.Text;
using Sealer.Hosts;
using Sealer.Images;
using Sealer.Images.Layers;

namespace Sealer.Transfer;

/// <summary>
/// What is to be done on one host so that it holds what it shall: what it is sent, and the steps that put it in place, for
/// <see cref="HostScripts"/>. Decides, and touches nothing.
/// </summary>
internal sealed class HostNeed
{
    /// <summary>Files from this size on are sent in pieces and looked for under other names; smaller ones go together in packs.</summary>
    public const long LargeFile = 1 << 20;

    // To find so small a file again and copy it takes a host longer than to get it anew.
    private const long WorthCopying = 4096;

    private readonly ContentSet _set;
    private readonly FoundContent _has;
    private readonly List<string> _missing = [];
    private readonly Dictionary<string, ContentEntry> _placed = new(StringComparer.Ordinal);
    private readonly StringBuilder _assemble = new();
    private readonly StringBuilder _commit = new();
    private readonly List<ContentEntry> _mended = [];
    private readonly List<ContentEntry> _links = [];
    private readonly SortedSet<string> _inTheWay = new(StringComparer.Ordinal);

    public HostNeed(ContentSet set, FoundContent has)
    {
        (_set, _has) = (set, has);
        Kept = [.. has.Staged.Where(f => f.Value.Digest is { } digest && set.Find(f.Key) is { IsFile: true } wanted && wanted.Digest == digest && !set.Overrides.ContainsKey(f.Key)).Select(f => f.Key)];
        Dropped = [.. has.Staged.Keys.Where(p => !Kept.Contains(p) && !(has.Staged[p].Kind == LayerEntryKind.Folder && set.Find(p)?.Kind == LayerEntryKind.Folder)).OrderDescending(StringComparer.Ordinal)];
        Obsolete = [.. has.Delivered.Keys.Where(p => set.Find(p) is null && has.Files.ContainsKey(p)).OrderDescending(StringComparer.Ordinal)];
        Unknown = [.. has.Files.Where(f => f.Value.Kind != LayerEntryKind.Folder && set.Find(f.Key) is null && !has.Delivered.ContainsKey(f.Key)).Select(f => f.Key).Order(StringComparer.Ordinal).Take(1000)];
        Compare();
    }

    /// <summary>Of what a broken delivery left, what is of use where it lies.</summary>
    public HashSet<string> Kept { get; }

    /// <summary>Of what a broken delivery left, what is to go, the deepest first.</summary>
    public IReadOnlyList<string> Dropped { get; }

    /// <summary>Copies that the host makes of its own files: to be verified once more.</summary>
    public List<ContentEntry> Copied { get; } = [];

    /// <summary>Paths that are not as they shall be.</summary>
    public IReadOnlyList<string> Missing => _missing;

    /// <summary>What an earlier delivery brought and is not wanted, the deepest first.</summary>
    public IReadOnlyList<string> Obsolete { get; }

    /// <summary>Files that nobody of us brought.</summary>
    public IReadOnlyList<string> Unknown { get; }

    /// <summary>Small files to be sent.</summary>
    public List<ContentEntry> Small { get; } = [];

    /// <summary>Contents to be sent in pieces, and the bytes of each that are there.</summary>
    public Dictionary<Digest, (long Size, long From)> Large { get; } = [];

    /// <summary>Folders, links and the host's own files, to be laid over what was sent.</summary>
    public List<ContentEntry> Overlay { get; } = [];

    /// <summary>Bytes to be sent, the host's own files included.</summary>
    public long Bytes => Small.Sum(e => e.Size) + Large.Values.Sum(l => l.Size - l.From) + Overlay.Sum(e => e.Size);

    /// <summary>There is nothing to be done, nor to be noted.</summary>
    public bool IsNothing => _missing.Count == 0 && Obsolete.Count == 0;

    /// <summary>Steps in the staging folder, before anything is in place.</summary>
    public string Assemble => _assemble.ToString();

    /// <summary>Steps in the target folder.</summary>
    public string Commit => _commit.ToString();

    private void Compare()
    {
        var changed = _set.Entries.Where(e => !IsThere(e)).ToList();
        _missing.AddRange(changed.Select(e => e.Path));
        var byDigest = Elsewhere();
        foreach (var entry in changed)
            Bring(entry, byDigest);
        if (_has.IsFresh)
            MakeWhole();
        else
            MakeSteps(changed);
    }

    private bool IsThere(ContentEntry entry)
    {
        if (!_has.Files.TryGetValue(entry.Path, out var file))
            return false;
        return entry.Kind switch
        {
            LayerEntryKind.SymbolicLink => file.Kind == LayerEntryKind.SymbolicLink && file.LinkTarget == entry.LinkTarget && file.Uid == entry.Uid && file.Gid == entry.Gid,
            LayerEntryKind.Folder => file.Kind == LayerEntryKind.Folder && HasAttributes(file, entry),
            _ => file.Kind == LayerEntryKind.File && file.Digest == entry.Digest && HasAttributes(file, entry),
        };
    }

    private static bool HasAttributes(HostFile file, ContentEntry entry) => file.Mode == entry.Mode && file.Uid == entry.Uid && file.Gid == entry.Gid;

    /// <summary>Where the host has which content already: in its folder, or left by a broken delivery.</summary>
    private Dictionary<Digest, (char From, string Path)> Elsewhere()
    {
        var found = new Dictionary<Digest, (char, string)>();
        foreach (var path in Kept)
            found.TryAdd(_has.Staged[path].Digest!.Value, ('n', path));

        foreach (var (path, file) in _has.Files)
        {
            if (file.Digest is { } digest)
                found.TryAdd(digest, ('t', path));
        }

        return found;
    }

    private void Bring(ContentEntry entry, Dictionary<Digest, (char From, string Path)> elsewhere)
    {
        switch (entry.Kind)
        {
            case LayerEntryKind.Folder:
                return; // With all folders that something lies in, below.
            case LayerEntryKind.SymbolicLink:
                _placed[entry.Path] = entry;
                Overlay.Add(entry);
                return;
            case LayerEntryKind.HardLink:
                _links.Add(entry);
                return;
        }

        if (_has.Files.TryGetValue(entry.Path, out var file) && file.Kind == LayerEntryKind.File && file.Digest == entry.Digest)
        {
            _mended.Add(entry);
            return;
        }

        var digest = entry.Digest!.Value;
        _placed[entry.Path] = entry;
        if (_set.Overrides.ContainsKey(entry.Path))
        {
            Overlay.Add(entry);
        }
        else if (Kept.Contains(entry.Path))
        {
            Attributes(entry);
        }
        else if (entry.Size > WorthCopying && elsewhere.TryGetValue(digest, out var there))
        {
            Step(_assemble, there.From == 't' ? "C" : "D", there.Path, entry.Path);
            Copied.Add(entry);
            Attributes(entry);
        }
        else if (entry.Size >= LargeFile)
        {
            var size = _has.Parts.GetValueOrDefault(digest.Hex);
            Large[digest] = (entry.Size, size >= entry.Size ? entry.Size : size / LargeFile * LargeFile);
            _assemble.Append("P ").Append(digest.Hex).Append(' ').Append(ShellText.Quote("./" + entry.Path)).Append('\n');
            Attributes(entry);
            elsewhere[digest] = ('n', entry.Path);
        }
        else
        {
            Small.Add(entry);
            if (entry.Size > WorthCopying)
                elsewhere[digest] = ('n', entry.Path);
        }
    }

    /// <summary>All of it, made beside and named at the end.</summary>
    private void MakeWhole()
    {
        foreach (var entry in _set.Entries)
        {
            if (entry.Kind == LayerEntryKind.Folder)
                Overlay.Add(entry);
            else if (entry.Kind == LayerEntryKind.HardLink)
                Step(_assemble, "H", entry.LinkTarget!, entry.Path);
        }

        _commit.Append("W\n");
    }

    private void MakeSteps(List<ContentEntry> changed)
    {
        foreach (var entry in changed)
            FindWhatIsInTheWay(entry);
        foreach (var path in _inTheWay.Reverse())
            Step(_commit, "R", path);

        // A folder that is not there comes with all that is in it.
        var whole = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in changed.Where(e => e.Kind == LayerEntryKind.Folder))
        {
            var there = _has.Files.TryGetValue(entry.Path, out var file) && file.Kind == LayerEntryKind.Folder;
            if (!there)
                Overlay.Add(entry);
            if (there)
                _mended.Add(entry);
            else if (!whole.Contains(LayerPath.Parent(entry.Path)))
                Step(_commit, "M", entry.Path);
            if (!there)
                whole.Add(entry.Path);
        }

        foreach (var path in _placed.Keys.Where(p => !whole.Contains(LayerPath.Parent(p))).Order(StringComparer.Ordinal))
            Step(_commit, "M", path);
        foreach (var entry in _links)
            Step(_commit, "L", entry.LinkTarget!, entry.Path);
        // What was the first name of others is another file now: they have to follow it.
        var moved = _placed.Keys.ToHashSet(StringComparer.Ordinal);
        foreach (var entry in _set.Entries.Where(e => e.Kind == LayerEntryKind.HardLink && moved.Contains(e.LinkTarget!) && IsThere(e)))
            Step(_commit, "L", entry.LinkTarget!, entry.Path);
        foreach (var group in _mended.GroupBy(e => (e.Kind, e.Mode, e.Uid, e.Gid)))
            AttributeStep(_commit, group.Key.Mode, group.Key.Uid, group.Key.Gid, null, [.. group.Select(e => e.Path)]);
        foreach (var path in Obsolete.Where(p => !_inTheWay.Contains(p)))
            Step(_commit, "U", path);
        AddParents();
    }

    /// <summary>Folders in the staging folder that hold what is placed, though they are there already in the target.</summary>
    private void AddParents()
    {
        var parents = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var path in _placed.Keys)
        {
            for (var parent = LayerPath.Parent(path); parent.Length > 0 && parents.Add(parent); parent = LayerPath.Parent(parent))
            {
            }
        }

        parents.ExceptWith(Overlay.Where(e => e.Kind == LayerEntryKind.Folder).Select(e => e.Path).ToList());
        Overlay.AddRange(parents.Select(p => _set.Find(p) ?? new ContentEntry(p, LayerEntryKind.Folder, 0x1C0, 0, 0, 0, 0, null, null)));
    }

    private void FindWhatIsInTheWay(ContentEntry entry)
    {
        // A parent that is wanted as a folder and is none is in the way on its own account.
        if (!_has.Files.TryGetValue(entry.Path, out var file))
            return;
        var folder = entry.Kind == LayerEntryKind.Folder;
        if (folder == (file.Kind == LayerEntryKind.Folder))
            return;
        _inTheWay.Add(entry.Path);
        if (folder)
            return;
        foreach (var path in _has.Files.Keys.Where(p => p.StartsWith(entry.Path + "/", StringComparison.Ordinal)))
        {
            if (_has.Delivered.ContainsKey(path) || _has.Files[path].Kind == LayerEntryKind.Folder)
                _inTheWay.Add(path);
        }
    }

    private readonly Dictionary<(int, long, long, long), List<string>> _attributes = [];

    private void Attributes(ContentEntry entry)
    {
        var key = (entry.Mode, entry.Uid, entry.Gid, entry.Modified);
        if (!_attributes.TryGetValue(key, out var paths))
            _attributes[key] = paths = [];
        paths.Add(entry.Path);
    }

    /// <summary>Modes, owners and times of what came without them.</summary>
    public string AttributeSteps()
    {
        var text = new StringBuilder();
        foreach (var ((mode, uid, gid, modified), paths) in _attributes)
            AttributeStep(text, mode, uid, gid, modified, paths);
        return text.ToString();
    }

    private static void AttributeStep(StringBuilder text, int mode, long uid, long gid, long? modified, IReadOnlyList<string> paths)
    {
        foreach (var some in paths.Chunk(500))
        {
            text.Append(CultureInfo.InvariantCulture, $"A {Convert.ToString(mode, 8)} {uid}:{gid} {modified?.ToString(CultureInfo.InvariantCulture) ?? "-"}");
            foreach (var path in some)
                text.Append(' ').Append(ShellText.Quote("./" + path));
            text.Append('\n');
        }
    }

    private static void Step(StringBuilder text, string step, params string[] words)
    {
        text.Append(step);
        foreach (var word in words)
            text.Append(' ').Append(ShellText.Quote("./" + word));
        text.Append('\n');
    }
}
