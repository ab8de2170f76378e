using System.Diagnostics;
using Sealer.Images;
using Sealer.Images.Layers;
using Sealer.Images.Storage;
using Sealer.Tests.Transfer;
using Sealer.Transfer;

namespace Sealer.Benchmarks;

/// <summary>Content to hosts, as ratios to what OpenSSH's own programs take over the same link in the same run.</summary>
/// <param name="work">Folder for all of it.</param>
/// <param name="mebibytes">Of the content that one host is measured with.</param>
/// <param name="log">Told each figure.</param>
internal sealed class TransferRows(string work, int mebibytes, Action<string> log)
{
    private readonly ImageStore _store = ImageStore.Open(Path.Combine(work, "store"));
    private int _run;

    public async Task MeasureAsync()
    {
        var large = await SetAsync("large", [.. Enumerable.Range(0, 8).Select(i => mebibytes / 8)]);
        var file = Path.Combine(work, "one-file");
        ShapedHosts.Run($"head -c {mebibytes}M /dev/urandom > {file}");
        await using (var hosts = await ShapedHosts.StartAsync(work, 1))
        {
            foreach (var delay in new[] { 0, 1, 10, 50 })
            {
                if (!hosts.Shape(delay, null))
                {
                    log($"{delay} ms: NOT MEASURED, this kernel delays nothing (sch_netem)");
                    continue;
                }

                var cat = Time(() => ShapedHosts.Run($"{Ssh(hosts)} root@{hosts.AddressOf(0)} 'cat > {hosts.FolderOf(0)}/cat && sync -f {hosts.FolderOf(0)}/cat' < {file}"));
                var scp = Time(() => ShapedHosts.Run($"{Ssh(hosts).Replace("ssh ", "scp -q ", StringComparison.Ordinal)} {file} root@{hosts.AddressOf(0)}:{hosts.FolderOf(0)}/scp"));
                var ours = await DeliverAsync(large, hosts, 1);
                log(FormattableString.Invariant($"{mebibytes} MiB to one host, {delay} ms: ssh cat {cat:f2} s, scp {scp:f2} s, ours {ours:f2} s = {100 * cat / ours:f0} % of ssh cat (goal 90)"));
            }

            var small = await SetAsync("small", [.. Enumerable.Range(0, 4000).Select(_ => 0)]);
            foreach (var delay in new[] { 0, 10 })
            {
                if (hosts.Shape(delay, null))
                    log(FormattableString.Invariant($"4,000 files of 8 KiB, {delay} ms: ours {await DeliverAsync(small, hosts, 1):f2} s"));
            }
        }

        foreach (var count in new[] { 8, 16 })
        {
            await using var hosts = await ShapedHosts.StartAsync(Path.Combine(work, "many" + count), count);
            if (!hosts.Shape(0, 80_000_000))
                log("The uplink is NOT shaped: this kernel has no sch_tbf.");
            var part = await SetAsync("part" + count, [.. Enumerable.Range(0, 8).Select(_ => 12)]);
            var one = await DeliverAsync(part, hosts, 1);
            var many = await DeliverAsync(part, hosts, count);
            log(FormattableString.Invariant($"96 MiB behind 80 Mbit/s: one host {one:f1} s, {count} hosts {many:f1} s = {many / one:f2} times (goal 1.5)"));
            var again = Stopwatch.StartNew();
            await ContentTransfer.RunAsync(new ContentJob(part), Targets(hosts, Math.Min(4, count), _run));
            log(FormattableString.Invariant($"unchanged, 4 hosts: {again.Elapsed.TotalSeconds:f2} s (goal 2)"));
        }

        await MeasureMemoryAsync();
        log(FormattableString.Invariant($"peak memory of this process: {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB (goal 150)"));
    }

    private async Task MeasureMemoryAsync()
    {
        foreach (var (what, count, change) in new (string, int, Action<MemoryNetwork>)[]
        {
            ("one host", 1, _ => { }), ("100 hosts", 100, _ => { }),
            ("100 hosts, one feeds at a twentieth", 100, n => n.SlowUplinks[50] = 0.05),
            ("100 hosts, one dies", 100, n => n.DeadFrom[50] = 100),
        })
        {
            const long Bytes = 512L << 20;
            var size = ChunkPlan.SizeFor(Bytes, count);
            var network = new MemoryNetwork(20e6);
            change(network);
            var all = Enumerable.Range(0, (int)(Bytes / size)).Select(n => new Chunk(n, [], Digest.Of("x"u8), (long)n * size, size, false, [.. Enumerable.Range(0, count)])).ToList();
            Receiver?[] hosts = [.. Enumerable.Range(0, count).Select(i => new Receiver(i, $"host-{i}", all) { Feeders = FanOut.FeedersOf(i) })];
            var watch = Stopwatch.StartNew();
            await new FanOut(hosts, network, new FanOutOptions()).RunAsync(default);
            log(FormattableString.Invariant($"512 MiB in memory, every link 20 MB/s, {what}: {watch.Elapsed.TotalSeconds:f1} s, {network.FromController >> 20} MiB from the controller"));
        }
    }

    private static string Ssh(ShapedHosts hosts) => $"ssh -F /dev/null -i {hosts.Key} -o BatchMode=yes -o Ciphers=aes128-gcm@openssh.com -o UserKnownHostsFile={hosts.KnownHosts}";

    private static double Time(Action act)
    {
        var watch = Stopwatch.StartNew();
        act();
        return watch.Elapsed.TotalSeconds;
    }

    private static List<ContentTarget> Targets(ShapedHosts hosts, int count, int run) =>
        [.. hosts.Hosts.Take(count).Select((h, i) => new ContentTarget(h, $"{hosts.FolderOf(i)}/data{run}/rootfs"))];

    private async Task<double> DeliverAsync(ContentSet set, ShapedHosts hosts, int count)
    {
        var watch = Stopwatch.StartNew();
        var results = await ContentTransfer.RunAsync(new ContentJob(set), Targets(hosts, count, ++_run));
        foreach (var result in results)
        {
            if (result.Error is not null)
                throw result.Error;
        }

        return watch.Elapsed.TotalSeconds;
    }

    /// <summary>Files of so many mebibytes, 0 for 8 KiB; incompressible.</summary>
    private async Task<ContentSet> SetAsync(string name, IReadOnlyList<int> sizes)
    {
        var entries = sizes.Select((size, i) => new LayerEntry
        {
            Path = $"{name}-{i}",
            Kind = LayerEntryKind.File,
            Size = size == 0 ? 8192 : (long)size << 20,
            Open = () =>
            {
                var bytes = new byte[size == 0 ? 8192 : size << 20];
                new Random(i + (name.Length * 100_000)).NextBytes(bytes);
                return new MemoryStream(bytes);
            },
        });
        var layer = await LayerWriter.WriteAsync(_store, entries, new LayerOptions(), null, default);
        return ContentSet.Of(_store, await ImageFileSystem.LoadAsync(_store, [layer.Descriptor], default));
    }
}
