using System.Globalization;
using Sealer.Images.Layers;
using Sealer.Kubefiles;

namespace Sealer.Images.Building;

/// <summary>
/// The folder that a build may copy from, without what the ignore file hides. Nothing outside it can be named: not by
/// <c>..</c>, not by an absolute path (which begins at the context), not by a link.
/// </summary>
internal sealed class BuildContext
{
    private const int MaxLinks = 40;

    private readonly string _root;
    private readonly IgnoreFile _ignore;
    private readonly DateTimeOffset? _sourceDate;

    /// <param name="folder">The folder.</param>
    /// <param name="ignore">What of it is hidden.</param>
    /// <param name="sourceDate">No file is newer than this; null: files keep their times.</param>
    /// <exception cref="SealerException"><c>ContextNotFound</c>.</exception>
    public BuildContext(string folder, IgnoreFile ignore, DateTimeOffset? sourceDate)
    {
        if (!Directory.Exists(folder))
        {
            throw new SealerException(
                "ContextNotFound",
                ErrorKind.NotFound,
                $"There is no folder '{folder}' to build from. Give the folder that holds the Kubefile.",
                folder);
        }

        _root = RealPath(Path.GetFullPath(folder));
        _ignore = ignore;
        _sourceDate = sourceDate;
    }

    /// <summary>Told what is left out although it was asked for: sockets, pipes, devices.</summary>
    public Action<string>? Warn { get; init; }

    /// <summary>Finds what a source of COPY, ADD or APP means.</summary>
    /// <param name="source">A path or a pattern.</param>
    /// <returns>At least one; several where a pattern matches several.</returns>
    /// <exception cref="SealerException"><c>SourceNotFound</c>, <c>ContextEscape</c>, <c>InvalidSource</c>.</exception>
    public IReadOnlyList<SourceItem> Resolve(string source)
    {
        var path = Inside(source);
        var pattern = PathPattern.TryParse(path) ?? throw Invalid(source);
        if (pattern.Literal is { } literal)
            return [Item(literal, source)];

        var matches = Match(path, pattern).ToList();
        if (matches.Count == 0)
            throw NotFound($"nothing in the context matches '{source}'{Excluded()}", source);
        return [.. matches.Select(match => Item(match, source))];
    }

    private SourceItem Item(string path, string source)
    {
        var full = Locate(path, source);
        var name = path.Length == 0 ? "" : path[(path.LastIndexOf('/') + 1)..];
        var info = Info(full);
        if (info is DirectoryInfo folder)
        {
            var entries = new List<SourceEntry> { Entry(folder, "") };
            Walk(folder, path, "", entries);
            if (entries.Count == 1 && path.Length > 0 && _ignore.Ignores(path))
                throw Hidden(source);
            return new SourceItem(name, IsFolder: true, entries);
        }

        if (_ignore.Ignores(path))
            throw Hidden(source);
        if (IsSpecial(info))
            throw new SealerException("InvalidSource", ErrorKind.InvalidInput, $"'{source}' is neither file, folder nor link", source);
        return new SourceItem(name, IsFolder: false, [Entry(info, "")]);
    }

    // Follows links part by part, so that one that leads out is seen before anything behind it is touched.
    private string Locate(string path, string source)
    {
        var at = _root;
        var open = new Stack<string>(Enumerable.Reverse(path.Split('/', StringSplitOptions.RemoveEmptyEntries)));
        var links = 0;
        while (open.TryPop(out var part))
        {
            if (part == ".")
                continue;
            if (part == "..")
            {
                at = at == _root ? throw Escape(source) : Path.GetDirectoryName(at)!;
                continue;
            }

            var next = Path.Combine(at, part);
            var target = Info(next).LinkTarget;
            if (target is null)
            {
                if (!Path.Exists(next))
                    throw NotFound(Missing(at, part, source), source);
                at = next;
                continue;
            }

            if (++links > MaxLinks)
                throw NotFound($"the links of '{source}' go round in a circle", source);
            if (Path.IsPathRooted(target))
            {
                target = Relative(RealPath(target)) ?? throw Escape(source);
                at = _root;
            }

            foreach (var piece in Enumerable.Reverse(target.Split('/', '\\')))
            {
                if (piece.Length > 0)
                    open.Push(piece);
            }
        }

        return at;
    }

    private IEnumerable<string> Match(string path, PathPattern pattern)
    {
        var parts = path.Split('/');
        var fixedParts = parts.TakeWhile(part => part.IndexOfAny(['*', '?', '[', '\\']) < 0).ToArray();
        var start = string.Join('/', fixedParts);
        string folder;
        try
        {
            folder = Locate(start, path);
        }
        catch (SealerException e) when (e.Id == "SourceNotFound")
        {
            return [];
        }

        if (!Directory.Exists(folder))
            return [];
        var depth = path.Contains("**", StringComparison.Ordinal) ? int.MaxValue : parts.Length - fixedParts.Length;
        return MatchBelow(new DirectoryInfo(folder), start, depth, pattern);
    }

    private IEnumerable<string> MatchBelow(DirectoryInfo folder, string path, int depth, PathPattern pattern)
    {
        foreach (var info in Sorted(folder))
        {
            var child = path.Length == 0 ? info.Name : path + "/" + info.Name;
            var hidden = _ignore.Ignores(child);
            var isFolder = info is DirectoryInfo && info.LinkTarget is null;
            if (pattern.Matches(child) && (!hidden || (isFolder && !_ignore.IgnoresAllBelow(child))))
            {
                yield return child;
                continue;
            }

            if (!isFolder || depth <= 1 || _ignore.IgnoresAllBelow(child))
                continue;
            foreach (var match in MatchBelow((DirectoryInfo)info, child, depth - 1, pattern))
                yield return match;
        }
    }

    private void Walk(DirectoryInfo folder, string path, string relative, List<SourceEntry> entries)
    {
        foreach (var info in Sorted(folder))
        {
            var child = LayerPath.Join(path, info.Name);
            var childRelative = LayerPath.Join(relative, info.Name);
            if (info is DirectoryInfo below && info.LinkTarget is null)
            {
                if (_ignore.IgnoresAllBelow(child))
                    continue;
                var before = entries.Count;
                entries.Add(Entry(info, childRelative));
                Walk(below, child, childRelative, entries);

                // A hidden folder is only there for what was taken back below it.
                if (entries.Count == before + 1 && _ignore.Ignores(child))
                    entries.RemoveAt(before);
            }
            else if (!_ignore.Ignores(child))
            {
                if (IsSpecial(info))
                    Warn?.Invoke($"'{child}' in the context is neither file, folder nor link, and is left out.");
                else
                    entries.Add(Entry(info, childRelative));
            }
        }
    }

    private static IEnumerable<FileSystemInfo> Sorted(DirectoryInfo folder) =>
        folder.EnumerateFileSystemInfos("*", new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false })
            .OrderBy(info => info.Name, StringComparer.Ordinal);

    private SourceEntry Entry(FileSystemInfo info, string relative)
    {
        var modified = SourceDate.Clamp(info.LastWriteTimeUtc, _sourceDate);
        if (info.LinkTarget is { } target)
        {
            return new SourceEntry
            {
                RelativePath = relative,
                Kind = LayerEntryKind.SymbolicLink,
                Mode = 0b111_111_111,
                Modified = modified,
                LinkTarget = OperatingSystem.IsWindows() ? target.Replace('\\', '/') : target,
            };
        }

        var isFolder = info is DirectoryInfo;
        return new SourceEntry
        {
            RelativePath = relative,
            Kind = isFolder ? LayerEntryKind.Folder : LayerEntryKind.File,
            Mode = FileModes.Of(info),
            Modified = modified,
            Size = isFolder ? 0 : ((FileInfo)info).Length,
            LocalFile = isFolder ? null : info.FullName,
        };
    }

    // .NET has no word for pipes, sockets and devices; they are neither empty nor seekable files, and reading one may hang.
    private static bool IsSpecial(FileSystemInfo info) =>
        info.LinkTarget is null
        && info is FileInfo { Length: 0 }
        && OperatingSystem.IsLinux()
        && Posix.Stat(info.FullName) is { Type: not FileState.File };

    private static FileSystemInfo Info(string path)
    {
        // Of a link to a folder this is the link, which is what is asked here.
        var folder = new DirectoryInfo(path);
        return folder.Exists ? folder : new FileInfo(path);
    }

    private static string Inside(string source)
    {
        var depth = 0;
        foreach (var part in source.Split('/'))
        {
            if (part is "" or ".")
                continue;
            depth += part == ".." ? -1 : 1;
            if (depth < 0)
                throw Escape(source);
        }

        var clean = PathPattern.Clean(source).TrimStart('/');
        return clean == "." ? "" : clean;
    }

    private string? Relative(string full)
    {
        if (full == _root)
            return "";
        var prefix = _root.EndsWith(Path.DirectorySeparatorChar) ? _root : _root + Path.DirectorySeparatorChar;
        return full.StartsWith(prefix, StringComparison.Ordinal) ? full[prefix.Length..].Replace('\\', '/') : null;
    }

    private static string RealPath(string path)
    {
        var parent = Path.GetDirectoryName(path);
        if (parent is null)
            return path;
        var real = Path.Combine(RealPath(parent), Path.GetFileName(path));
        try
        {
            return Info(real).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? real;
        }
        catch (IOException)
        {
            return real;
        }
    }

    private string Missing(string folder, string part, string source)
    {
        var names = Directory.Exists(folder) ? Sorted(new DirectoryInfo(folder)).Select(info => info.Name) : [];
        return string.Create(CultureInfo.InvariantCulture, $"there is no '{source}' in the context{Spelling.DidYouMean(part, names)}");
    }

    private string Excluded() => _ignore.Name is null ? "" : $", or {_ignore.Name} hides it";

    private SealerException Hidden(string source) =>
        NotFound($"'{source}' is hidden by {_ignore.Name}; change that file, where a last line '!{source}' takes it back", source);

    private static SealerException NotFound(string message, string source) =>
        new("SourceNotFound", ErrorKind.NotFound, message, source);

    private static SealerException Escape(string source) =>
        new("ContextEscape", ErrorKind.InvalidInput, $"'{source}' leads out of the context; copy what it means into the context first", source);

    private static SealerException Invalid(string source) =>
        new("InvalidSource", ErrorKind.InvalidInput, $"'{source}' is not a pattern; close its brackets, or protect special characters with a backslash", source);
}
