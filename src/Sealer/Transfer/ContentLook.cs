using System.Globalization;
using System.IO.Compression;
using System.Text;
using Sealer.Hosts;
using Sealer.Images;
using Sealer.Images.Archives;
using Sealer.Images.Layers;

namespace Sealer.Transfer;

/// <summary>Has a host look at its folder and reads what it says: one round trip.</summary>
internal static class ContentLook
{
    private const int MaxReport = 64 << 20;
    private const int MaxRatio = 100;

    /// <exception cref="SealerException">Those of <see cref="IHost.RunAsync"/>; <c>ContentTargetInTheWay</c>, <c>ContentNotInspected</c>.</exception>
    public static async Task<FoundContent> AtAsync(ContentTarget target, ContentSet wanted, bool keep, CancellationToken cancellationToken)
    {
        using var packed = new Bounded(() => NotInspected(target, "its answer is far too long", null));
        var result = await target.Host.RunAsync(
            new HostCommand(InspectScript.Of(target, wanted.Digest.Hex, keep)) { Elevated = true, Output = packed }, cancellationToken).ConfigureAwait(false);
        result.Require($"look at {target.Folder}");
        packed.Position = 0;
        try
        {
            var unpacked = new GZipStream(packed, CompressionMode.Decompress);
            await using (unpacked.ConfigureAwait(false))
            {
                using var reader = new StreamReader(new RatioStream(unpacked, packed, MaxRatio, MaxReport, () => NotInspected(target, "its answer is far too long", null)), new UTF8Encoding(false));
                return Read(reader, wanted, target);
            }
        }
        catch (InvalidDataException error)
        {
            throw NotInspected(target, "its answer is damaged", error);
        }
    }

    internal static FoundContent Read(TextReader report, ContentSet wanted, ContentTarget target)
    {
        var content = new FoundContent();
        var hashes = new Dictionary<string, Digest>(StringComparer.Ordinal);
        var stagedHashes = new Dictionary<string, Digest>(StringComparer.Ordinal);
        var (gone, there, staged, odd) = (new List<(string Path, HostFile File)>(), new List<(string Path, HostFile File)>(), new List<(string Path, HostFile File)>(), new List<string>());
        var (index, section, folder, complete) = ((string?)null, "", false, false);
        while (report.ReadLine() is { } line)
        {
            if (line.StartsWith('@'))
            {
                var space = line.IndexOf(' ', StringComparison.Ordinal);
                (section, var value) = space < 0 ? (line, "") : (line[..space], line[(space + 1)..]);
                switch (section)
                {
                    case "@free":
                        content.FreeBytes = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var free) ? free * 1024 : 0;
                        break;
                    case "@ssh":
                        content.HasSsh = true;
                        break;
                    case "@lacks":
                        content.Lacks ??= value;
                        break;
                    case "@folder":
                        folder = true;
                        break;
                    case "@other":
                        throw new SealerException(
                            "ContentTargetInTheWay", ErrorKind.Conflict, $"{target.Folder} on {target.Host.Name} is no folder. Move it away, then run this again.", target.Host.Name);
                    case "@unsafe":
                        throw new SealerException(
                            "ContentTargetUnsafe", ErrorKind.Conflict,
                            $"{HostText.Shown(value)} on {target.Host.Name} belongs to somebody else than root, or anybody may write to it, so that what is delivered to {target.Folder} could be exchanged. Make it root's own there (chown root, chmod go-w), then run this again.",
                            target.Host.Name);
                    case "@left":
                        content.HasLeftovers = true;
                        break;
                    case "@index":
                        index = value;
                        break;
                    case "@end":
                        complete = true;
                        break;
                }

                continue;
            }

            switch (section)
            {
                case "@differs" when line.Length > 0:
                    if (FileOf(line.TrimStart('\t')) is not { } file)
                        odd.Add(line);
                    else if (line[0] == '\t')
                        there.Add(file);
                    else
                        gone.Add(file);
                    break;
                case "@staged" when FileOf(line) is { } left:
                    staged.Add(left);
                    break;
                case "@hashes":
                    AddHash(hashes, line);
                    break;
                case "@stagedhashes":
                    AddHash(stagedHashes, line);
                    break;
                case "@entries" when ContentIndex.ReadLine(line) is { } entry:
                    content.Delivered[entry.Path] = entry;
                    break;
                case "@parts" when line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var name, var size] && name.Length == 64
                    && long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var length):
                    content.Parts[name] = length;
                    break;
                default:
                    if (line.Length > 0)
                        odd.Add(line);
                    break;
            }
        }

        if (!complete)
            throw NotInspected(target, odd.Count > 0 ? HostText.Shown(odd[^1]) : "its answer ends in the middle", null);
        if (index == wanted.Digest.Hex)
        {
            foreach (var entry in wanted.Entries)
                content.Delivered[entry.Path] = entry;
        }

        // What was noted and is not told to differ is as it was delivered.
        if (folder)
        {
            foreach (var (path, entry) in content.Delivered)
                content.Files[path] = new HostFile(entry.Kind == LayerEntryKind.HardLink ? LayerEntryKind.File : entry.Kind, entry.Mode, entry.Uid, entry.Gid, entry.Digest, entry.Kind == LayerEntryKind.SymbolicLink ? entry.LinkTarget : null, null);
            foreach (var (path, _) in gone)
                content.Files.Remove(path);
            foreach (var (path, file) in there)
                content.Files[path] = file with { Digest = file.Kind == LayerEntryKind.File && hashes.TryGetValue(path, out var digest) ? digest : null };
        }

        foreach (var (path, file) in staged)
            content.Staged[path] = file with { Digest = file.Kind == LayerEntryKind.File && stagedHashes.TryGetValue(path, out var digest) ? digest : null };
        content.IsFresh = content.Files.Count == 0;
        content.IsUnchanged = folder && index == wanted.Digest.Hex && gone.Count == 0 && there.All(f => !content.Delivered.ContainsKey(f.Path));
        content.NeedsNote = index != wanted.Digest.Hex || gone.Count > 0 || there.Any(f => content.Delivered.ContainsKey(f.Path));
        return content;
    }

    /// <summary>A line of <c>walk</c>: kind mode uid gid size modified changed inode path.</summary>
    private static (string Path, HostFile File)? FileOf(string line)
    {
        var words = line.Split(' ', 9);
        if (words.Length < 9 || words[0].Length != 1 || !long.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out var uid)
            || !long.TryParse(words[3], NumberStyles.None, CultureInfo.InvariantCulture, out var gid)
            || words[1].Length is 0 or > 5 || words[1].Any(c => c is < '0' or > '7'))
        {
            return null;
        }

        LayerEntryKind? kind = words[0][0] switch
        {
            'f' => LayerEntryKind.File,
            'd' => LayerEntryKind.Folder,
            'l' => LayerEntryKind.SymbolicLink,
            _ => null,
        };
        var path = words[8].Replace(ContentIndex.LineBreak, '\n');
        string? link = null;
        if (kind == LayerEntryKind.SymbolicLink && path.IndexOf(ContentIndex.LinkMark, StringComparison.Ordinal) is var mark and >= 0)
            (path, link) = (path[..mark], path[(mark + 1)..]);
        return (Relative(path), new HostFile(kind, Convert.ToInt32(words[1], 8), uid, gid, null, link, words[7]));
    }

    /// <summary>A line of sha256sum; a backslash before it says that the name is escaped.</summary>
    private static void AddHash(Dictionary<string, Digest> hashes, string line)
    {
        var escaped = line.StartsWith('\\');
        var rest = escaped ? line[1..] : line;
        if (rest.Length < 67 || !Digest.TryParse("sha256:" + rest[..64], out var digest))
            return;
        var name = rest[66..];
        if (escaped)
            name = name.Replace("\\\\", "\0", StringComparison.Ordinal).Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\r", "\r", StringComparison.Ordinal).Replace('\0', '\\');
        hashes[Relative(name)] = digest;
    }

    private static string Relative(string path) => path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;

    private static SealerException NotInspected(ContentTarget target, string why, Exception? inner) => new(
        "ContentNotInspected", ErrorKind.ResourceUnavailable,
        $"{target.Host.Name} could not look at {target.Folder}: {why}. Mend that, then run this again.", target.Host.Name, inner);

    /// <summary>Takes an answer, and no more of it than one can have.</summary>
    private sealed class Bounded(Func<SealerException> tooLong) : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Length + buffer.Length > MaxReport)
                throw tooLong();
            Write(buffer.Span);
            return ValueTask.CompletedTask;
        }
    }
}
