using System.Globalization;
using System.Text;
using Sealer.Hosts;

namespace Sealer.Delivery.Copying;

/// <summary>
/// Copies a file or a folder of a host to this machine: asks what is there, fetches what differs here, verifies it and puts it in its
/// place. Names and links are a stranger's: nothing is ever written outside of the destination, nor through a link.
/// </summary>
internal sealed class HostFetch(IHost host, string source, string destination, CopyOptions options)
{
    private const int PermissionBits = 0x1FF;

    // What comes faster than it is written waits in memory: so much at the most.
    private const long MaxPart = 32L << 20;

    // No disk has more; a host that tells so lies, and sums stay numbers.
    private const decimal MaxTotal = 1L << 60;

    private readonly List<string> _skipped = [];
    private long _done;

    /// <exception cref="SealerException">
    /// <c>ItemNotFound</c>, <c>HostFileChanged</c>, <c>LinkInTheWay</c>, <c>HostCommandFailed</c>, and those of <see cref="IHost.RunAsync"/>.
    /// </exception>
    public async Task<CopyResult> RunAsync(CancellationToken cancellationToken)
    {
        var (root, entries) = await ListAsync(cancellationToken).ConfigureAwait(false);
        var target = new GuardedFolder(destination, host.Name);
        var wanted = target.Select(entries, _skipped);
        foreach (var folder in wanted.Where(e => e.Kind == CopyKind.Folder))
            target.MakeFolder(folder.Path);
        var files = wanted.Where(e => e.Kind == CopyKind.File).ToList();
        if (files.Aggregate(0m, (sum, f) => sum + f.Size) > MaxTotal)
            throw Broken("the sizes that it tells are none");
        var missing = new List<CopyEntry>();
        foreach (var file in files)
        {
            if (!await target.HasAsync(file, cancellationToken).ConfigureAwait(false))
                missing.Add(file);
            else
                target.SetMode(file);
        }

        var total = files.Sum(f => f.Size);
        Advance(total - missing.Sum(f => f.Size), total);
        long fetched = missing.Where(f => !f.IsLarge).Sum(f => f.Size);
        foreach (var part in Parts(missing.Where(f => !f.IsLarge)))
            await FetchAsync(root, target, part, total, cancellationToken).ConfigureAwait(false);
        foreach (var file in missing.Where(f => f.IsLarge))
            fetched += await FetchLargeAsync(root, target, file, total, cancellationToken).ConfigureAwait(false);
        foreach (var link in wanted.Where(e => e.Kind == CopyKind.Link))
            target.MakeLink(link, _skipped);
        foreach (var folder in wanted.Where(e => e.Kind == CopyKind.Folder).Reverse())
            target.SetMode(folder);
        return new CopyResult(host.Name, destination, missing.Count, fetched, files.Count - missing.Count, _skipped);
    }

    private async Task<(string Root, List<CopyEntry> Entries)> ListAsync(CancellationToken cancellationToken)
    {
        var path = source.Length > 1 ? source.TrimEnd('/') : source;
        var slash = path.LastIndexOf('/');
        var (folder, name) = (slash <= 0 ? "/" : path[..slash], path[(slash + 1)..]);
        var inner = ShellText.Quote(HostListing.Script);
        // A name with a line break cannot be told from two; it is counted and said.
        var script = $"""
            if [ -d {ShellText.Quote(path)} ]; then
                cd {ShellText.Quote(path)} || exit 1
                echo '== folders'; find . ! -name '*
            *' -type d -exec stat -c '%f %s %n' -- {"{}"} +
                echo '== files'; find . ! -name '*
            *' -type f -exec sh -c {inner} sh {"{}"} +
                echo '== links'; find . ! -name '*
            *' -type l -exec sh -c 'for f; do printf "%s\n%s\n" "$f" "$(printf %s "$(readlink -- "$f")" | tr "\n" "?")"; done' sh {"{}"} +
                echo '== others'; find . ! -type f ! -type d ! -type l | while IFS= read -r l; do echo "$l"; done
                echo '== broken'; find . -name '*
            *' -prune -exec echo x ';'
            elif [ -f {ShellText.Quote(path)} ]; then
                cd {ShellText.Quote(folder)} || exit 1
                echo '== files'; sh -c {ShellText.Quote(HostListing.FollowingScript)} sh {ShellText.Quote("./" + name)}
            else echo 'No such file or folder' >&2; exit 66; fi
            echo '== end'
            """;
        var output = new BoundedOutput(host.Name);
        var result = await host.RunAsync(new HostCommand(script.Replace("\r", "", StringComparison.Ordinal)) { Elevated = options.Elevated, Output = output }, cancellationToken).ConfigureAwait(false);
        if (result.ExitCode == 66)
            throw new SealerException("ItemNotFound", ErrorKind.NotFound, $"{host.Name} has no file or folder '{source}' that this user can see. Name one that is there, or use -Sudo.", host.Name);
        result.Require($"list {source}");
        if (result.Error.Trim().Length > 0)
            _skipped.Add(result.ShownError.Trim().Split('\n')[0]);
        var isFolder = output.Text.StartsWith("== folders", StringComparison.Ordinal);
        return (isFolder ? path : folder, Read(output.Text));
    }

    private List<CopyEntry> Read(string text)
    {
        var sections = new Dictionary<string, string>(StringComparer.Ordinal);
        var lines = text.Split('\n');
        var begin = 0;
        for (var i = 1; i < lines.Length; i++)
        {
            // No name begins so: all that find writes begins with a dot, and all else with a number.
            if (!lines[i].StartsWith("== ", StringComparison.Ordinal) || (lines[begin] == "== links" && (i - begin) % 2 == 0))
                continue;
            sections[lines[begin][3..]] = string.Join('\n', lines[(begin + 1)..i]);
            begin = i;
        }

        if (lines[begin] != "== end")
            throw Broken("it ends in the middle");
        var entries = HostListing.Read(Section("folders")).Select(f => new CopyEntry(f.Key == "." ? "" : f.Key, CopyKind.Folder, f.Value.Mode & 0xFFF))
            .OrderBy(f => f.Path.Length).ToList();
        foreach (var (name, file) in HostListing.Read(Section("files")))
        {
            if (file.Digest.Length == 0)
                _skipped.Add($"{PlainText.Of(name)}: it cannot be read");
            else if (HostListing.IsRegular(file.Mode))
                entries.Add(new CopyEntry(name, CopyKind.File, file.Mode & 0xFFF, file.Size, file.Digest));
        }

        var links = Section("links").Split('\n');
        for (var i = 0; i + 1 < links.Length; i += 2)
            entries.Add(new CopyEntry(links[i].StartsWith("./", StringComparison.Ordinal) ? links[i][2..] : links[i], CopyKind.Link, 0, Link: links[i + 1]));
        _skipped.AddRange(Section("others").Split('\n').Where(l => l.Length > 0).Select(l => $"{PlainText.Of(l)}: it is no regular file"));
        var broken = Section("broken").Split('\n').Count(l => l.Length > 0);
        if (broken > 0)
            _skipped.Add(string.Create(CultureInfo.InvariantCulture, $"{broken} with line breaks in their names"));
        return entries;

        string Section(string name) => sections.GetValueOrDefault(name, "");
    }

    /// <summary>All in one stream, one after the other: their sizes are known, and their digests tell whether that was right.</summary>
    private async Task FetchAsync(string root, GuardedFolder target, IReadOnlyList<CopyEntry> files, long total, CancellationToken cancellationToken)
    {
        await using var output = new FetchedFiles(files, target, count => Advance(count, total));
        var result = await host.RunAsync(
            new HostCommand($"cd {ShellText.Quote(root)} && xargs -0 cat --")
            {
                Elevated = options.Elevated,
                Input = new MemoryStream(Encoding.UTF8.GetBytes(string.Concat(files.Select(f => $"./{f.Path}\0")))),
                Output = output,
            },
            cancellationToken).ConfigureAwait(false);
        result.Require($"read the files in {root}");
        await output.CompleteAsync(cancellationToken).ConfigureAwait(false);
        if (output.Wrong is { } wrong)
            throw Changed(wrong);
    }

    private static IEnumerable<List<CopyEntry>> Parts(IEnumerable<CopyEntry> files)
    {
        var part = new List<CopyEntry>();
        long size = 0;
        foreach (var file in files)
        {
            if (part.Count > 0 && size + file.Size > MaxPart)
            {
                yield return part;
                (part, size) = ([], 0);
            }

            part.Add(file);
            size += file.Size;
        }

        if (part.Count > 0)
            yield return part;
    }

    private async Task<long> FetchLargeAsync(string root, GuardedFolder target, CopyEntry file, long total, CancellationToken cancellationToken)
    {
        var from = target.PartialSize(file);
        while (true)
        {
            Advance(from, total);
            var before = _done;
            await using var output = await LargeFile.OpenAsync(file, target, from, count => Advance(count, total), cancellationToken).ConfigureAwait(false);
            for (var at = from; at < file.Size; at += MaxPart)
            {
                var read = FormattableString.Invariant($"cd {ShellText.Quote(root)} && tail -c +{at + 1} -- {ShellText.Quote("./" + file.Path)} | head -c {MaxPart}");
                var result = await host.RunAsync(new HostCommand(read) { Elevated = options.Elevated, Output = output }, cancellationToken).ConfigureAwait(false);
                result.Require($"read {root}/{file.Path}");
                // A host that gives less than it told is not asked for the rest.
                if (output.Left > file.Size - Math.Min(file.Size, at + MaxPart))
                    break;
            }

            if (await output.CompleteAsync(cancellationToken).ConfigureAwait(false))
                return file.Size - from;
            if (from == 0)
                throw Changed(file);
            // What lay here was the beginning of something else.
            (_done, from) = (before - from, 0);
        }
    }

    private void Advance(long count, long total)
    {
        _done += count;
        options.Progress?.Report((Math.Min(_done, total), total));
    }

    private SealerException Broken(string why) => new(
        "HostListingBroken", ErrorKind.InvalidContent, $"{host.Name} did not list all of '{source}' ({why}). Look there with: find {source}", host.Name);

    private SealerException Changed(CopyEntry file) => new(
        "HostFileChanged", ErrorKind.Conflict, $"{host.Name} changed '{file.Path}' while it was read. Copy it again, when nothing writes there.", host.Name);

    internal static int Permissions(int mode) => mode & PermissionBits;
}
