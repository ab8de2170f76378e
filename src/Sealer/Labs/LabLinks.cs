using System.Globalization;
using Sealer.Images.Building.Running;

namespace Sealer.Labs;

/// <summary>
/// What the links of a lab are like: the kernel's netem and tbf at both ends of a link. Where the kernel has no netem, a program
/// carries the frames of that link, late.
/// </summary>
/// <param name="record">The lab.</param>
/// <param name="folder">Its folder.</param>
/// <param name="cgroups">Its groups.</param>
internal sealed class LabLinks(LabRecord record, string folder, LabCgroups cgroups)
{
    private const int FrameSize = 1514;
    private const double QueueSeconds = 0.1;
    private const int HangUp = 1;
    private const int Kill = 9;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly string _files = Path.Combine(folder, "links");

    private string Bridge => LabNames.Bridge(record.Id);

    /// <summary>Changes the link of a host.</summary>
    /// <exception cref="SealerException"><c>LabLinkNotSupported</c>, <c>LabStepFailed</c>.</exception>
    public Task ApplyAsync(int number, LinkConditions link, CancellationToken cancellationToken)
    {
        var host = record.Hosts.First(h => h.Number == number);
        return ApplyAsync(LabNames.Port(number), host.IsJumpHost ? "br1" : "br0", LabNames.Namespace(record.Id, number), "eth0", link, cancellationToken);
    }

    /// <summary>Changes the link of the machine into the lab.</summary>
    /// <exception cref="SealerException"><c>LabLinkNotSupported</c>, <c>LabStepFailed</c>.</exception>
    public Task ApplyToUplinkAsync(LinkConditions link, CancellationToken cancellationToken) =>
        ApplyAsync("uplink", record.Hosts.Any(h => h.IsJumpHost) ? "br1" : "br0", null, LabNames.Uplink(record.Id), link, cancellationToken);

    private async Task ApplyAsync(
        string port, string bridge, string? outerNamespace, string outer, LinkConditions link, CancellationToken cancellationToken)
    {
        // Frames that are many packets in one would be lost, and wait, together.
        var segments = link.Loss > 0 || link.Rate is not null ? 1 : 65535;
        await LabTools.RequireAsync(
            "change a link", "ip", [.. In(outerNamespace), "link", "set", outer, "gso_max_segs", segments.ToString(CultureInfo.InvariantCulture)], "", cancellationToken).ConfigureAwait(false);
        if (Relay(port) is { } running)
        {
            if (link.AreNone)
            {
                await StopRelayAsync(port, bridge, running, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                WriteSettings(port, link);
                await LimitAsync(port, segments, cancellationToken).ConfigureAwait(false);
                Posix.Kill(running, HangUp);
            }

            return;
        }

        (string? Namespace, string Name)[] ends = [(Bridge, port), (outerNamespace, outer)];
        var rule = link.AreNone ? null : RuleOf(link);
        foreach (var (name, device) in ends)
        {
            if (rule is null)
            {
                await LabTools.RunAsync("tc", [.. In(name), "qdisc", "del", "dev", device, "root"], "", cancellationToken).ConfigureAwait(false);
                continue;
            }

            var result = await LabTools.RunAsync("tc", [.. In(name), "qdisc", "replace", "dev", device, "root", .. rule], "", cancellationToken).ConfigureAwait(false);
            if (result.Succeeded)
                continue;
            if (!result.Error.Contains("qdisc kind is unknown", StringComparison.Ordinal))
                throw LabTools.Failed("change a link", "tc refused it", LabTools.Words(result), device);
            foreach (var (otherName, otherDevice) in ends)
                await LabTools.RunAsync("tc", [.. In(otherName), "qdisc", "del", "dev", otherDevice, "root"], "", cancellationToken).ConfigureAwait(false);
            await StartRelayAsync(port, bridge, link, segments, cancellationToken).ConfigureAwait(false);
            return;
        }
    }

    /// <summary>What tc is told.</summary>
    internal static IReadOnlyList<string> RuleOf(LinkConditions link)
    {
        string Text(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);
        if (link.Delay == TimeSpan.Zero && link.Loss == 0)
        {
            var burst = Math.Max(8 * FrameSize, link.Rate!.Value / 8 / 200);
            return ["tbf", "rate", $"{link.Rate.Value}bit", "burst", burst.ToString(CultureInfo.InvariantCulture), "latency", "100ms"];
        }

        // The queue holds what is on its way, and a tenth of a second of what waits for the link to be free.
        var packets = link.Rate is { } bits ? Math.Max(100, (long)(bits / 8.0 / FrameSize * (link.Delay.TotalSeconds + QueueSeconds))) : 200_000;
        List<string> rule = ["netem", "limit", packets.ToString(CultureInfo.InvariantCulture)];
        if (link.Delay > TimeSpan.Zero)
            rule.AddRange(["delay", Text(link.Delay.TotalMilliseconds) + "ms"]);
        if (link.Loss > 0)
            rule.AddRange(["loss", Text(link.Loss) + "%"]);
        if (link.Rate is { } rate)
            rule.AddRange(["rate", $"{rate}bit"]);
        return rule;
    }

    private static string[] In(string? name) => name is null ? [] : ["-netns", name];

    private int? Relay(string port)
    {
        var file = Path.Combine(_files, port + ".pid");
        return File.Exists(file) && int.TryParse(File.ReadAllText(file), CultureInfo.InvariantCulture, out var process) && cgroups.Holds(process, "supervisor")
            ? process
            : null;
    }

    private void WriteSettings(string port, LinkConditions link)
    {
        Directory.CreateDirectory(_files);
        var file = Path.Combine(_files, port);
        File.WriteAllText(file + ".new", string.Create(CultureInfo.InvariantCulture, $"{link.Delay.TotalSeconds:0.######} {link.Rate ?? 0} {link.Loss:0.######}\n"));
        File.Move(file + ".new", file, overwrite: true);
    }

    private async Task StartRelayAsync(string port, string bridge, LinkConditions link, int segments, CancellationToken cancellationToken)
    {
        if (ContainerProcess.Find("perl") is not { } perl)
        {
            throw new SealerException(
                "LabLinkNotSupported", ErrorKind.NotSupported,
                "A link cannot have a delay or a loss here: this kernel has no netem, and there is no perl that could stand in for it. Install perl-base, or the kernel's extra modules.", port);
        }

        WriteSettings(port, link);
        var pid = Path.Combine(_files, port + ".pid");
        File.Delete(pid);
        await BatchAsync(
            $"""
            link add {port}r type veth peer name {port}b
            link set {port}r addrgenmode none
            link set {port}b addrgenmode none
            link set {port} nomaster
            link set {port} arp off
            link set {port}r arp off up
            link set {port}b master {bridge} up

            """, cancellationToken).ConfigureAwait(false);
        await LimitAsync(port, segments, cancellationToken).ConfigureAwait(false);
        await LabTools.RequireAsync(
            "start a link", "sh",
            [
                "-c", "echo 0 > \"$1/cgroup.procs\"; cd /; setsid nsenter --net=\"$2\" \"$3\" \"$4\" \"$5\" \"$6\" \"$6\" \"${6}r\" </dev/null >>\"$5/$6.log\" 2>&1 &",
                "sh", cgroups.Supervisor, LabNetwork.PathOf(Bridge), perl, Path.Combine(folder, "scripts", LabScripts.Relay), _files, port,
            ],
            "", cancellationToken).ConfigureAwait(false);
        for (var until = Environment.TickCount64 + (long)Patience.TotalMilliseconds; Relay(port) is null;)
        {
            if (Environment.TickCount64 > until)
                throw LabTools.Failed("start a link", "the program that carries its frames did not begin", File.ReadAllText(Path.Combine(_files, port + ".log")), port);
            await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task StopRelayAsync(string port, string bridge, int process, CancellationToken cancellationToken)
    {
        Posix.Kill(process, Kill);
        await BatchAsync(
            $"""
            link del {port}r
            link set {port} arp on
            link set {port} master {bridge}

            """, cancellationToken).ConfigureAwait(false);
        File.Delete(Path.Combine(_files, port + ".pid"));
    }

    private Task LimitAsync(string port, int segments, CancellationToken cancellationToken) => BatchAsync(
        string.Create(CultureInfo.InvariantCulture, $"link set {port}b gso_max_segs {segments}\n"), cancellationToken);

    private Task BatchAsync(string text, CancellationToken cancellationToken) =>
        LabTools.RequireAsync("change a link", "ip", ["-netns", Bridge, "-batch", "-"], text, cancellationToken);
}
