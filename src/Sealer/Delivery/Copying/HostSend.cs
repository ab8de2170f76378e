using System.Globalization;
using System.Text;
using Sealer.Hosts;

namespace Sealer.Delivery.Copying;

/// <summary>
/// Copies files of this machine to a host: asks what is there, sends what differs, verifies it there and puts it in its place file by
/// file, each at once. What was cut is taken up: whole files by their digests, a large one in its middle.
/// </summary>
internal sealed class HostSend(IHost host, LocalItems items, string destination, CopyOptions options)
{
    private const long MaxBatch = 64L << 20;
    private const int MaxBatchFiles = 4000;
    private const int NotTheSame = 76;

    // Where the connection breaks, the host sees no more than the end of what comes: what came is left to be taken up.
    private const int Cut = 77;

    private long _done;

    /// <exception cref="SealerException"><c>HostFileDamaged</c>, <c>HostCommandFailed</c>, and those of <see cref="IHost.RunAsync"/>.</exception>
    public async Task<CopyResult> RunAsync(CancellationToken cancellationToken)
    {
        var (root, entries) = await PlaceAsync(cancellationToken).ConfigureAwait(false);
        var there = await InspectAsync(root, [.. entries.Select(e => e.Entry)], cancellationToken).ConfigureAwait(false);
        var files = entries.Where(e => e.Entry.Kind == CopyKind.File).ToList();
        var missing = files.Where(e => !IsThere(e.Entry, there)).ToList();
        var total = files.Sum(e => e.Entry.Size);
        Advance(total - missing.Sum(e => e.Entry.Size), total);

        // Folders come first and get their permissions last: one that nobody may write to would take nothing.
        var folders = entries.Where(e => e.Entry.Kind == CopyKind.Folder).Select(e => e.Entry).ToList();
        var modes = files.Where(e => !missing.Contains(e) && (there[e.Entry.Path].Mode & 0xFFF) != e.Entry.Mode).Select(e => e.Entry).ToList();
        await ScriptAsync(root, [.. folders.Select(f => $"folder {Quote(f.Path)}")], cancellationToken).ConfigureAwait(false);
        foreach (var batch in Batches(missing.Where(e => !e.Entry.IsLarge)))
            await SendBatchAsync(root, batch, total, cancellationToken).ConfigureAwait(false);
        long sent = missing.Where(e => !e.Entry.IsLarge).Sum(e => e.Entry.Size);
        foreach (var (entry, source) in missing.Where(e => e.Entry.IsLarge))
            sent += await SendLargeAsync(root, entry, source, there, total, cancellationToken).ConfigureAwait(false);
        await ScriptAsync(
            root,
            [
                .. entries.Where(e => e.Entry.Kind == CopyKind.Link).Select(e => $"link {ShellText.Quote(e.Entry.Link)} {Quote(e.Entry.Path)}"),
                .. modes.Concat(folders.AsEnumerable().Reverse()).Select(e => $"chmod {ShellText.Octal(e.Mode)} {Quote(e.Path)}"),
            ],
            cancellationToken).ConfigureAwait(false);
        return new CopyResult(host.Name, destination, missing.Count, sent, files.Count - missing.Count, items.Skipped);
    }

    /// <summary>Where everything goes: a folder that is there or will be, and paths below it.</summary>
    private async Task<(string Root, List<(CopyEntry Entry, string Source)> Entries)> PlaceAsync(CancellationToken cancellationToken)
    {
        var into = destination.EndsWith('/');
        if (!into && items.Items is [{ IsFolder: false }])
        {
            var asked = await host.RunAsync(new HostCommand($"[ ! -d {ShellText.Quote(destination)} ]") { Elevated = options.Elevated }, cancellationToken).ConfigureAwait(false);
            into = !asked.Succeeded;
        }

        var entries = new List<(CopyEntry Entry, string Source)>();
        var root = destination.TrimEnd('/');
        foreach (var item in items.Items)
        {
            var below = into && item.IsFolder ? item.Name + "/" : "";
            entries.AddRange(item.Entries.Select(e => (e with { Path = (below + e.Path).TrimEnd('/') }, item.Source(e))));
        }

        if (!into && items.Items is [{ IsFolder: false }])
        {
            var slash = root.LastIndexOf('/');
            entries[0] = (entries[0].Entry with { Path = root[(slash + 1)..] }, entries[0].Source);
            root = root[..slash];
        }

        return (root.Length == 0 ? "/" : root, entries);
    }

    private async Task<Dictionary<string, (int Mode, long Size, string Digest)>> InspectAsync(string root, IReadOnlyList<CopyEntry> entries, CancellationToken cancellationToken)
    {
        var names = entries.Where(e => e.Kind == CopyKind.File).SelectMany(e => e.IsLarge ? new[] { e.Path, e.Partial } : [e.Path]).ToList();
        var output = new BoundedOutput(host.Name);
        var result = await host.RunAsync(
            new HostCommand($"cd {ShellText.Quote(root)} 2>/dev/null || exit 0; xargs -0 sh -c {ShellText.Quote(HostListing.Script)} sh 2>/dev/null; true")
            {
                Elevated = options.Elevated,
                Input = new MemoryStream(Encoding.UTF8.GetBytes(string.Concat(names.Select(n => $"./{n}\0")))),
                Output = output,
            },
            cancellationToken).ConfigureAwait(false);
        result.Require($"look at {root}");
        return HostListing.Read(output.Text);
    }

    private static bool IsThere(CopyEntry entry, Dictionary<string, (int Mode, long Size, string Digest)> there) =>
        there.TryGetValue(entry.Path, out var file) && HostListing.IsRegular(file.Mode) && file.Size == entry.Size && file.Digest == entry.Digest;

    private static IEnumerable<List<(CopyEntry Entry, string Source)>> Batches(IEnumerable<(CopyEntry Entry, string Source)> entries)
    {
        var batch = new List<(CopyEntry Entry, string Source)>();
        long size = 0;
        foreach (var entry in entries)
        {
            if (batch.Count == MaxBatchFiles || (batch.Count > 0 && size + entry.Entry.Size > MaxBatch))
            {
                yield return batch;
                (batch, size) = ([], 0);
            }

            batch.Add(entry);
            size += entry.Entry.Size;
        }

        if (batch.Count > 0)
            yield return batch;
    }

    private async Task SendBatchAsync(string root, List<(CopyEntry Entry, string Source)> batch, long total, CancellationToken cancellationToken)
    {
        var sums = new StringBuilder();
        var place = new StringBuilder(Functions);
        var files = new List<(string Name, int Mode, long Size, Func<Stream> Open)>();
        foreach (var ((entry, source), i) in batch.Select((b, i) => (b, i)))
        {
            var name = i.ToString("D6", CultureInfo.InvariantCulture);
            files.Add((name, entry.Mode, entry.Size, () => Open(source, 0)));
            sums.Append(CultureInfo.InvariantCulture, $"{entry.Digest}  {name}\n");
            place.Append(CultureInfo.InvariantCulture, $"put \"$s/{name}\" {Quote(entry.Path)}\n");
        }

        files.Insert(0, Text("sums", sums.ToString()));
        files.Insert(1, Text("place", place.ToString()));
        using var feed = new TarFeed(files, count => Advance(count, total));
        var before = _done;
        var result = await host.RunAsync(
            new HostCommand($"""
                mkdir -p {ShellText.Quote(root)} && cd {ShellText.Quote(root)} || exit 1
                umask 077
                find . -maxdepth 1 -name '.sealer-copy-*' -mmin +1440 -exec rm -rf {"{}"} + 2>/dev/null
                s=$(mktemp -d "$PWD/.sealer-copy-XXXXXXXXXX") || exit 1
                trap 'rm -rf "$s"' EXIT
                trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM
                tar -xpof - -C "$s" || exit 1
                (cd "$s" && sha256sum -c sums >/dev/null) || exit {NotTheSame}
                umask 022
                . "$s/place"
                """.Replace("\r", "", StringComparison.Ordinal))
            {
                Elevated = options.Elevated,
                Input = feed,
            },
            cancellationToken).ConfigureAwait(false);
        if (result.ExitCode == NotTheSame)
            throw Damaged(root);
        result.Require($"write to {root}");
        _done = before;
        Advance(batch.Sum(b => b.Entry.Size), total);

        static (string Name, int Mode, long Size, Func<Stream> Open) Text(string name, string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            return (name, 0x180, bytes.Length, () => new MemoryStream(bytes)); // 0600
        }
    }

    private async Task<long> SendLargeAsync(
        string root, CopyEntry entry, string source, Dictionary<string, (int Mode, long Size, string Digest)> there, long total, CancellationToken cancellationToken)
    {
        long from = 0;
        if (there.TryGetValue(entry.Partial, out var partial) && HostListing.IsRegular(partial.Mode) && partial.Size > 0 && partial.Size <= entry.Size
            && await DigestAsync(source, partial.Size, cancellationToken).ConfigureAwait(false) == partial.Digest)
            from = partial.Size;
        while (true)
        {
            Advance(from, total);
            var (name, target) = (Quote(entry.Partial), Quote(entry.Path));
            // Only what is ours is taken up; noclobber opens a new one exclusively, and follows no link.
            var open = from == 0
                ? $"rm -f {name}; set -C; cat > {name} || exit 1; set +C"
                : $"[ -O {name} ] && [ ! -L {name} ] && [ \"$(stat -c %s {name})\" = {from} ] || exit {NotTheSame}; cat >> {name} || exit 1";
            await using var content = new ReadCounter(Open(source, from), count => Advance(count, total));
            var before = _done;
            var result = await host.RunAsync(
                new HostCommand($"""
                    mkdir -p {ShellText.Quote(root)} && cd {ShellText.Quote(root)} || exit 1
                    {Functions}umask 077
                    {open}
                    [ "$(stat -c %s {name})" -ge {entry.Size} ] || exit {Cut}
                    sum=$(sha256sum < {name})
                    [ "${"{sum%% *}"}" = {entry.Digest} ] || {"{"} rm -f {name}; exit {NotTheSame}; {"}"}
                    chmod {ShellText.Octal(entry.Mode)} {name} && put {name} {target}
                    """.Replace("\r", "", StringComparison.Ordinal))
                {
                    Elevated = options.Elevated,
                    Input = content,
                },
                cancellationToken).ConfigureAwait(false);
            if (result.ExitCode != NotTheSame)
            {
                result.Require($"write {root}/{entry.Path}");
                return entry.Size - from;
            }

            if (from == 0)
                throw Damaged($"{root}/{entry.Path}");
            (_done, from) = (before - from, 0);
        }
    }

    private async Task ScriptAsync(string root, IReadOnlyList<string> lines, CancellationToken cancellationToken)
    {
        if (lines.Count == 0)
            return;
        // Over the input: many names are longer than a command may be.
        var script = $"set -e\nmkdir -p {ShellText.Quote(root)}\ncd {ShellText.Quote(root)}\n{Functions}{string.Join('\n', lines)}\n";
        var result = await host.RunAsync(
            new HostCommand("umask 022; exec /bin/sh -s") { Elevated = options.Elevated, Input = new MemoryStream(Encoding.UTF8.GetBytes(script.Replace("\r", "", StringComparison.Ordinal))) },
            cancellationToken).ConfigureAwait(false);
        result.Require($"write to {root}");
    }

    /// <summary>
    /// A folder is never taken for a place to move into, and a link is replaced, not followed; one to a folder is followed where it is
    /// root's or the login's own, as /lib often is.
    /// </summary>
    private const string Functions = """
        put() { if [ -L "$2" ]; then rm -f "$2"; elif [ -d "$2" ]; then echo "$2 is a folder there" >&2; exit 1; fi; mv -f "$1" "$2" || exit 1; }
        folder() {
            if [ -L "$1" ]; then case $(stat -c %u -- "$1") in 0 | "$(id -u)") ;; *) echo "$1 is another user's link there" >&2; exit 1;; esac; fi
            mkdir -p "$1"
        }
        link() { if [ -L "$2" ] && [ "$(readlink "$2")" = "$1" ]; then return 0; elif [ -d "$2" ] && [ ! -L "$2" ]; then echo "$2 is a folder there" >&2; exit 1; fi; rm -f "$2"; ln -s "$1" "$2" || exit 1; }

        """;

    private static string Quote(string path) => ShellText.Quote(path.Length == 0 ? "." : "./" + path);

    private static FileStream Open(string source, long from)
    {
        var stream = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 17, FileOptions.SequentialScan | FileOptions.Asynchronous);
        stream.Position = from;
        return stream;
    }

    private static async Task<string> DigestAsync(string source, long count, CancellationToken cancellationToken)
    {
        await using var stream = Open(source, 0);
        return await PartDigest.OfAsync(stream, count, cancellationToken).ConfigureAwait(false);
    }

    private void Advance(long count, long total)
    {
        _done += count;
        options.Progress?.Report((Math.Min(_done, total), total));
    }

    private SealerException Damaged(string path) => new(
        "HostFileDamaged", ErrorKind.InvalidContent, $"{host.Name} has something else than what was sent for {path}. Look at its disk, and copy it again.", host.Name);
}
