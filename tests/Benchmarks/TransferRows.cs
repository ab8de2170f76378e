using System.Diagnostics;
using Sealer.Events;
using Sealer.Images;
using Sealer.Images.Layers;
using Sealer.Images.Storage;
using Sealer.Tests.Transfer;
using Sealer.Transfer;

namespace Sealer.Benchmarks;

/// <summary>
/// Content to hosts of a lab, as ratios to what OpenSSH's own programs take over the same link in the same run. Each of them, and
/// ours, logs in anew and is done when the host's disk has it.
/// </summary>
/// <param name="work">Folder for all of it.</param>
/// <param name="mebibytes">Of the content that one host is measured with.</param>
/// <param name="log">Told each figure.</param>
internal sealed class TransferRows(string work, int mebibytes, Action<string> log)
{
    // So slow that one host's link is what is measured, and not the cores that all hosts share with the controller here.
    private const long UplinkRate = 4 << 20;
    private const int SharedMebibytes = 96;

    private readonly ImageStore _store = ImageStore.Open(Path.Combine(work, "store"));
    private int _run;

    /// <summary>What can be measured alone.</summary>
    public static IReadOnlyList<string> Names { get; } = ["one-0", "one-1", "one-10", "one-50", "small", "changed", "many", "memory"];

    public async Task MeasureAsync(IReadOnlyCollection<string> names)
    {
        foreach (var name in Names.Where(n => names.Count == 0 || names.Contains(n)))
        {
            await (name switch
            {
                _ when name.StartsWith("one-", StringComparison.Ordinal) => OneAsync(int.Parse(name[4..], System.Globalization.CultureInfo.InvariantCulture)),
                "small" => SmallAsync(),
                "changed" => ChangedAsync(),
                "many" => ManyAsync(),
                _ => MemoryAsync(),
            });
        }
    }

    private async Task OneAsync(int delay)
    {
        const int Rounds = 3;
        await using var hosts = await LabHosts.StartAsync(1);
        var set = await SetAsync("large", [.. Enumerable.Repeat((long)mebibytes << 17, 8)]);
        var empty = await SetAsync("empty", [8]);
        var file = Random("one-file", (long)mebibytes << 20);
        await hosts.SetLinkAsync(delay);
        await DeliverAsync(empty, hosts, 1);
        string Cat(string command) => $"ssh {hosts.Options} {hosts.Login(0)} '{command}; sync -f {LabHosts.Folder}' < {file}";
        var (cats, hashed, starts, ours) = (new List<double>(), new List<double>(), new List<double>(), new List<Delivery>());
        for (var round = 0; round < Rounds; round++)
        {
            // A file of its own each time, as ours: what is written over another has its memory at hand.
            cats.Add(LabHosts.Time(Cat($"cat > {LabHosts.Folder}/cat-{round}")));
            hashed.Add(LabHosts.Time(Cat($"tee {LabHosts.Folder}/tee-{round} | sha256sum > /dev/null")));
            starts.Add((await DeliverAsync(empty, hosts, 1)).Seconds);
            ours.Add(await DeliverAsync(set, hosts, 1));
        }

        var scp = LabHosts.Time($"scp -q {hosts.Options} {file} {hosts.Login(0)}:{LabHosts.Folder}/cat");
        // So slow that a part has to do.
        var slow = LabHosts.Time($"head -c 8M {file} > {file}.part; echo 'put {file}.part {LabHosts.Folder}/cat' | sftp -q -b - -R 1 -B 32768 {hosts.Options} {hosts.Login(0)} > /dev/null") / 8;
        var (cat, hash, start, seconds) = (Median(cats), Median(hashed), Median(starts), Median(ours.Select(o => o.Seconds)));
        log(FormattableString.Invariant($"one-{delay}: {mebibytes} MiB to one host, round trip {delay} ms, medians of {Rounds}: ssh cat {cat:f2} s, with sha256sum {hash:f2} s; ours {seconds:f2} s = {100 * cat / seconds:f0} % of ssh cat (goal 90), {100 * hash / seconds:f0} % of it with sha256sum; of ours {start:f2} s whatever the size, first chunk after {Median(ours.Select(o => o.First)):f2} s, then {mebibytes / (seconds - start):f0} MiB/s; {ours.Max(o => o.PeakMebibytes)} MiB memory (goal 150). scp {scp:f2} s, stop-and-wait SFTP {slow * mebibytes:f0} s (by 8 MiB)"));
    }

    private static double Median(IEnumerable<double> values) => values.Order().ToList() is var sorted ? sorted[sorted.Count / 2] : 0;

    private async Task SmallAsync()
    {
        const int Files = 4000;
        await using var hosts = await LabHosts.StartAsync(1);
        var set = await SetAsync("small", [.. Enumerable.Repeat(8192L, Files)]);
        var folder = Directory.CreateDirectory(Path.Combine(work, "small")).FullName;
        foreach (var i in Enumerable.Range(0, Files))
            Random($"small/{i}", 8192);
        LabHosts.Time($"mkdir {folder}-part && cp {folder}/1?? {folder}-part && tar -cf {folder}.tar -C {folder} .");
        foreach (var delay in new[] { 0, 10 })
        {
            await hosts.SetLinkAsync(delay);
            // So slow over a link that a part has to do.
            var (part, times) = delay == 0 ? (folder, 1) : (folder + "-part", Files / 100);
            string Clean() => $"ssh {hosts.Options} {hosts.Login(0)} 'rm -rf {LabHosts.Folder}/small; mkdir {LabHosts.Folder}/small'";
            LabHosts.Time(Clean());
            var cat = LabHosts.Time($"ssh {hosts.Options} {hosts.Login(0)} 'tar -xf - -C {LabHosts.Folder}/small && sync -f {LabHosts.Folder}/small' < {folder}.tar");
            LabHosts.Time(Clean());
            var scp = times * LabHosts.Time($"scp -q -r {hosts.Options} {part} {hosts.Login(0)}:{LabHosts.Folder}/small");
            LabHosts.Time(Clean());
            var slow = times * LabHosts.Time($"echo 'put -r {part} {LabHosts.Folder}/small' | sftp -q -b - -R 1 {hosts.Options} {hosts.Login(0)} > /dev/null");
            var ours = await DeliverAsync(set, hosts, 1);
            log(FormattableString.Invariant($"small: {Files} files of 8 KiB, round trip {delay} ms: tar over ssh cat {cat:f2} s, scp -r {scp:f1} s, stop-and-wait SFTP {slow:f1} s{(times > 1 ? " (of 100 files)" : "")}, ours {ours.Seconds:f2} s = {100 * cat / ours.Seconds:f0} % of ssh cat, {scp / ours.Seconds:f1} times faster than scp"));
        }
    }

    private async Task ChangedAsync()
    {
        await using var hosts = await LabHosts.StartAsync(1);
        var sizes = Enumerable.Range(0, 400).Select(i => (long)mebibytes * (1 << 20) / 400).ToList();
        var before = await SetAsync("changed", sizes);
        var after = await SetAsync("changed", sizes, changed: 4);
        foreach (var delay in new[] { 0, 10 })
        {
            await hosts.SetLinkAsync(delay);
            var whole = await DeliverAsync(before, hosts, 1);
            var part = await DeliverAsync(after, hosts, 1, again: true);
            log(FormattableString.Invariant($"changed: 4 of 400 files, {mebibytes} MiB, round trip {delay} ms: at first {whole.Seconds:f2} s, then {part.Seconds:f2} s and {part.Bytes >> 10} KiB"));
        }
    }

    private async Task ManyAsync()
    {
        var set = await SetAsync("part", [.. Enumerable.Repeat((long)SharedMebibytes << 17, 8)]);
        await using var hosts = await LabHosts.StartAsync(17);
        await hosts.SetLinkAsync(1, UplinkRate);
        var one = await DeliverAsync(set, hosts, 1);
        foreach (var count in new[] { 8, 16 })
        {
            var many = await DeliverAsync(set, hosts, count);
            log(FormattableString.Invariant($"many: {SharedMebibytes} MiB behind an uplink of {UplinkRate >> 20} MiB/s: one host {one.Seconds:f1} s, {count} hosts {many.Seconds:f1} s = {many.Seconds / one.Seconds:f2} times (goal 1.5), {many.Sent >> 20} MiB over the uplink"));
        }

        var before = Uplink(hosts);
        var again = await DeliverAsync(set, hosts, 4, again: true);
        log(FormattableString.Invariant($"many: unchanged, 4 hosts: {again.Seconds:f2} s (goal 2), {(Uplink(hosts) - before) >> 10} KiB both ways, logins included (goal 1024)"));
        var more = await DeliverAsync(set, hosts, 17, again: true);
        log(FormattableString.Invariant($"many: one more host beside 16 that have it: {more.Seconds:f1} s, {more.Sent >> 20} MiB over the uplink"));
        foreach (var (what, act) in new (string, Func<Task>)[]
        {
            ("a slow feeder", () => hosts.Lab.Hosts[2].SetLinkAsync(new() { Rate = UplinkRate / 2 })),
            ("a dead feeder", () => hosts.Lab.Hosts[2].CutOffAsync()),
        })
        {
            var broken = await DeliverAsync(set, hosts, 8, after: act, mayFail: 2);
            log(FormattableString.Invariant($"many: 8 hosts, {what}: {broken.Seconds:f1} s for the others = {broken.Seconds / one.Seconds:f2} times one"));
            await hosts.Lab.Hosts[2].ReconnectAsync();
            await hosts.Lab.Hosts[2].SetLinkAsync(new());
        }
    }

    private async Task MemoryAsync()
    {
        var one = 0.0;
        foreach (var (what, count, change) in new (string, int, Action<MemoryNetwork>)[]
        {
            ("one host", 1, _ => { }), ("16 hosts", 16, _ => { }), ("100 hosts", 100, _ => { }),
            ("100 hosts, one feeds at a twentieth", 100, n => n.SlowUplinks[50] = 0.05),
            ("100 hosts, the first feeds at a twentieth", 100, n => n.SlowUplinks[0] = 0.05),
            ("100 hosts, one gets all at a twentieth, the others", 100, n => n.SlowDownlinks[50] = 0.05),
            ("100 hosts, one dies", 100, n => n.DeadFrom[50] = 100),
        })
        {
            const long Bytes = 512L << 20;
            var size = ChunkPlan.SizeFor(Bytes, count);
            var network = new MemoryNetwork(20e6, 0.01);
            change(network);
            var all = Enumerable.Range(0, (int)(Bytes / size)).Select(n => new Chunk(n, [], Digest.Of("x"u8), (long)n * size, size, false, [.. Enumerable.Range(0, count)])).ToList();
            Receiver?[] hosts = [.. Enumerable.Range(0, count).Select(i => new Receiver(i, $"host-{i}", all) { Feeders = FanOut.FeedersOf(i), Last = i + 1 < count ? count - 1 : null })];
            await network.FeedAsync(hosts);
            var seconds = hosts.Where(h => h!.IsComplete && !network.SlowDownlinks.ContainsKey(h.Number)).Max(h => h!.LastProgress) / 1000.0;
            one = one == 0 ? seconds : one;
            log(FormattableString.Invariant($"memory: 512 MiB, every link 20 MB/s, {what}: {seconds:f1} s = {seconds / one:f2} times (goal 1.5), {network.FromController >> 20} MiB from the controller"));
        }
    }

    private static long Uplink(LabHosts hosts)
    {
        var device = LabNamesOf(hosts);
        return new[] { "rx_bytes", "tx_bytes" }.Sum(f => long.Parse(File.ReadAllText($"/sys/class/net/{device}/statistics/{f}"), System.Globalization.CultureInfo.InvariantCulture));
    }

    private static string LabNamesOf(LabHosts hosts) => Labs.LabNames.Uplink(hosts.Lab.Id);

    /// <summary>One delivery to hosts that have nothing, or, again, to those of the last one; with the logins.</summary>
    private async Task<Delivery> DeliverAsync(
        ContentSet set, LabHosts hosts, int count, bool again = false, Func<Task>? after = null, int? mayFail = null)
    {
        if (!again)
            _run++;
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        await File.WriteAllTextAsync("/proc/self/clear_refs", "5");
        var watch = Stopwatch.StartNew();
        var connected = Enumerable.Range(0, count).Select(hosts.Host).ToList();
        var progress = new FirstChunk(watch, after);
        var job = new ContentJob(set) { Patience = TimeSpan.FromSeconds(10) };
        var runs = ContentTransfer.RunsOf(job, [.. connected.Select(h => new ContentTarget(h, $"{LabHosts.Folder}/data{_run}/rootfs"))]);
        var run = new ContentRun(job, runs, progress);
        await run.RunAsync(default);
        var seconds = mayFail is null ? watch.Elapsed.TotalSeconds : progress.LastOfOthers(connected[mayFail.Value].Name);
        foreach (var host in connected)
            await host.DisposeAsync();
        var failed = runs.FirstOrDefault(r => r.Error is not null && r.Number != mayFail);
        using var self = Process.GetCurrentProcess();
        return failed is null ? new Delivery(seconds, progress.First, runs.Sum(r => r.Bytes), run.Sent, self.PeakWorkingSet64 >> 20) : throw failed.Error!;
    }

    /// <summary>Files of so many bytes each; incompressible.</summary>
    private async Task<ContentSet> SetAsync(string name, IReadOnlyList<long> sizes, int changed = 0)
    {
        var entries = sizes.Select((size, i) => new LayerEntry
        {
            Path = $"{name}-{i}",
            Kind = LayerEntryKind.File,
            Size = size,
            Open = () => new Noise(i + (name.Length * 100_000) + (i < changed ? 1 << 30 : 0), size),
        });
        var layer = await LayerWriter.WriteAsync(_store, entries, new LayerOptions(), null, default);
        return ContentSet.Of(_store, await ImageFileSystem.LoadAsync(_store, [layer.Descriptor], default));
    }

    private string Random(string name, long size)
    {
        var path = Path.Combine(work, name);
        using var file = File.Create(path);
        new Noise(size, size).CopyTo(file);
        return path;
    }

    /// <summary>What a delivery took.</summary>
    private sealed record Delivery(double Seconds, double First, long Bytes, long Sent, long PeakMebibytes);

    /// <summary>Bytes as if by chance, the same for the same seed; never in memory at once.</summary>
    private sealed class Noise(long seed, long length) : ReadOnlyStream
    {
        private readonly Random _random = new((int)(seed % int.MaxValue));
        private long _left = length;

        public override int Read(Span<byte> buffer)
        {
            var count = (int)Math.Min(buffer.Length, _left);
            _random.NextBytes(buffer[..count]);
            _left -= count;
            return count;
        }
    }

    /// <summary>When something came, and what is done then.</summary>
    private sealed class FirstChunk(Stopwatch watch, Func<Task>? after) : IProgress<SealerEvent>
    {
        private readonly Dictionary<string, double> _last = [];
        private int _count;

        public double First { get; private set; }

        public double LastOfOthers(string name) => _last.Where(l => l.Key != name).Max(l => l.Value);

        public void Report(SealerEvent value)
        {
            if (value is not ProgressEvent { Item: var host })
                return;
            lock (_last)
                _last[host] = watch.Elapsed.TotalSeconds;
            var count = Interlocked.Increment(ref _count);
            if (count == 1)
                First = watch.Elapsed.TotalSeconds;
            if (count == 20)
                _ = after?.Invoke();
        }
    }
}
