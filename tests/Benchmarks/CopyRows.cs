using System.Diagnostics;
using Sealer.Delivery.Copying;

namespace Sealer.Benchmarks;

/// <summary>One large file to a host and back by hand (Copy-ClusterItem), as ratios to OpenSSH's own programs in the same run.</summary>
/// <param name="work">Folder for all of it.</param>
/// <param name="mebibytes">Of the file.</param>
/// <param name="runs">Runs of each, in turn; the medians count.</param>
/// <param name="log">Told each figure.</param>
internal sealed class CopyRows(string work, int mebibytes, int runs, Action<string> log)
{
    private const string There = LabHosts.Folder + "/file";

    public async Task MeasureAsync()
    {
        var file = Path.Combine(work, "file");
        LabHosts.Time($"head -c {mebibytes}M /dev/urandom > {file}");
        await using var hosts = await LabHosts.StartAsync(1);
        await using var host = hosts.Host(0);
        await host.ConnectAsync();
        var (ssh, scp, at) = ($"ssh {hosts.Options} {hosts.Login(0)}", $"scp -q {hosts.Options}", hosts.Login(0));
        var remove = $"{ssh} rm {There}";
        var sent = new Times();
        for (var run = 0; run < runs; run++)
        {
            sent.Cat.Add(LabHosts.Time($"{ssh} 'cat > {There} && sync -f {There}' < {file}"));
            LabHosts.Time(remove);
            sent.Scp.Add(LabHosts.Time($"{scp} {file} {at}:{There}"));
            LabHosts.Time(remove);
            // The file is read and hashed first, as the cmdlet does.
            sent.Ours.Add(await TimeAsync(async () => await HostCopy.SendAsync(host, await LocalItems.ReadAsync([file]), There)));
            if (run < runs - 1)
                LabHosts.Time(remove);
        }

        Tell("to a host", sent);
        var (fetched, here) = (new Times(), Directory.CreateDirectory(Path.Combine(work, "back")).FullName);
        for (var run = 0; run < runs; run++)
        {
            fetched.Cat.Add(LabHosts.Time($"{ssh} 'cat {There}' > {here}/file"));
            File.Delete($"{here}/file");
            fetched.Scp.Add(LabHosts.Time($"{scp} {at}:{There} {here}/file"));
            File.Delete($"{here}/file");
            fetched.Ours.Add(await TimeAsync(() => HostCopy.FetchAsync(host, There, here)));
            File.Delete($"{here}/file");
        }

        Tell("from a host", fetched);
    }

    private static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);

    private static async Task<double> TimeAsync(Func<Task> act)
    {
        var watch = Stopwatch.StartNew();
        await act();
        return watch.Elapsed.TotalSeconds;
    }

    private void Tell(string what, Times times)
    {
        var (cat, scp, ours) = (Median(times.Cat), Median(times.Scp), Median(times.Ours));
        log(FormattableString.Invariant($"{mebibytes} MiB {what}: ssh cat {cat:f2} s, scp {scp:f2} s, ours {ours:f2} s = {100 * scp / ours:f0} % of scp (goal 90), {100 * cat / ours:f0} % of ssh cat"));
    }

    private sealed record Times
    {
        public List<double> Cat { get; } = [];

        public List<double> Scp { get; } = [];

        public List<double> Ours { get; } = [];
    }
}
