using System.Globalization;
using System.Text.RegularExpressions;

namespace Sealer.Hosts.Checks;

/// <summary>Who a host is, its clock, and what it has to offer.</summary>
internal static partial class MachineChecks
{
    private static readonly TimeSpan NoticeableSkew = TimeSpan.FromSeconds(5);

    public static CheckOutcome HostName(HostView host)
    {
        var name = host.Facts.HostName;
        if (name.Length is > 0 and <= 63 && Label().IsMatch(name) && !name.StartsWith("localhost", StringComparison.Ordinal))
            return CheckOutcome.Pass($"It is called {name}.");
        var better = Proposal(name);
        var why = name.StartsWith("localhost", StringComparison.OrdinalIgnoreCase) ? "which is every machine's name for itself"
            : "which is no name for a node: up to 63 of a-z, 0-9 and '-', a letter or digit first and last";
        return better is null
            ? CheckOutcome.Fail($"It is called '{name}', {why}.", "Give it a name of its own: hostnamectl set-hostname NAME")
            : CheckOutcome.Fail($"It is called '{name}', {why}.", command: $"hostnamectl set-hostname {better}");
    }

    public static CheckOutcome HostNameUnique(HostView host) =>
        host.Sharing(h => h.Facts.HostName) is { Length: > 0 } others
            ? CheckOutcome.Fail($"It is called {host.Facts.HostName}, and so is {others}. A node is known by its name.", "Give each a name of its own: hostnamectl set-hostname NAME")
            : CheckOutcome.Pass($"No other host is called {host.Facts.HostName}.");

    public static CheckOutcome HostNameResolves(HostView host) => host.Conditions.OwnNameAddress is { } address
        ? CheckOutcome.Pass($"{host.Facts.HostName} is {address}.")
        : CheckOutcome.Fail(
            $"{host.Facts.HostName} cannot be looked up on the host itself. kubelet and kubeadm do.",
            command: $"printf '%s\\t%s\\n' {host.Host.Address?.ToString() ?? "127.0.1.1"} {ShellText.Quote(host.Facts.HostName)} >> /etc/hosts");

    public static CheckOutcome ProductUuid(HostView host) => host.Facts.ProductUuid is not { } uuid
        ? CheckOutcome.Skip("Its firmware tells none.")
        : host.Sharing(h => h.Facts.ProductUuid) is { Length: > 0 } others
            ? CheckOutcome.Fail($"Its firmware has the product_uuid {uuid}, and so has that of {others}. Machines are told apart by it.", "Give the virtual machine a UUID of its own in its hypervisor; a clone keeps that of its original.")
            : CheckOutcome.Pass($"The product_uuid {uuid} is its own.");

    public static CheckOutcome MachineId(HostView host) => host.Facts.MachineId is not { } id
        ? CheckOutcome.Fail("/etc/machine-id is missing or empty. Services tell machines apart by it.", command: "rm -f /etc/machine-id && systemd-machine-id-setup")
        : host.Sharing(h => h.Facts.MachineId) is { Length: > 0 } others
            ? CheckOutcome.Fail($"/etc/machine-id is {id}, as on {others}. Services tell machines apart by it.", command: "rm -f /etc/machine-id /var/lib/dbus/machine-id && systemd-machine-id-setup")
            : CheckOutcome.Pass($"The machine-id {id} is its own.");

    public static CheckOutcome MacAddress(HostView host) => Mac(host) is not { } mac
        ? CheckOutcome.Skip("The interface of its address has no hardware address.")
        : host.Sharing(Mac) is { Length: > 0 } others
            ? CheckOutcome.Fail($"{host.Interface} has the hardware address {mac}, and so has that of {others}. Packets reach the wrong one.", "Give the network card an address of its own in the hypervisor; a clone keeps that of its original.")
            : CheckOutcome.Pass($"{host.Interface} has the hardware address {mac}, its own.");

    public static CheckOutcome ClockSkew(HostView host)
    {
        var allowed = host.Needs.MaxClockSkew;
        var hosts = host.All.Select(h => h.Facts.ClockSkew).Order().ToList();
        // Against the middle one, so that the host is told that is wrong and not those that are right.
        var median = hosts[hosts.Count / 2];
        var (ours, theirs) = (host.Facts.ClockSkew, host.Facts.ClockSkew - median);
        const string Mend = "Start a time service that all hosts and this controller share (chronyd, systemd-timesyncd), or set the clock: date -s 'YYYY-MM-DD hh:mm:ss'";
        if (ours.Duration() - host.Facts.ClockUncertainty > allowed)
            return CheckOutcome.Fail($"Its clock is {Apart(ours)} this controller's; {allowed.TotalSeconds:0} s are allowed, for certificates of one must be valid on the other.", Mend);
        var sure = theirs.Duration() - host.Facts.ClockUncertainty - TimeSpan.FromSeconds(0.5);
        if (sure > allowed)
            return CheckOutcome.Fail($"Its clock is {Apart(theirs)} that of the other hosts; {allowed.TotalSeconds:0} s are allowed.", Mend);
        return sure > NoticeableSkew
            ? CheckOutcome.Fail($"Its clock is {Apart(theirs)} that of the other hosts; etcd complains of more than one.", Mend, severity: HostCheckSeverity.Warning)
            : CheckOutcome.Pass($"Its clock is within {Math.Max(1, ours.Duration().TotalSeconds):0} s of this controller's.");
    }

    public static CheckOutcome TimeService(HostView host)
    {
        if (!host.Facts.HasSystemd)
            return CheckOutcome.Skip("Without systemd it does not tell what runs.");
        var running = host.Conditions.ActiveServices.Intersect(["chronyd", "chrony", "ntpd", "ntp", "ntpsec", "openntpd", "systemd-timesyncd"]).Order().ToList();
        return running.Count > 0
            ? CheckOutcome.Pass($"{running[0]} keeps its clock.")
            : CheckOutcome.Fail(
                "Nothing keeps its clock: neither chronyd, ntpd nor systemd-timesyncd runs.",
                "Start one and name a time server that the hosts reach: systemctl enable --now chronyd (or systemd-timesyncd)");
    }

    public static CheckOutcome TimeZone(HostView host)
    {
        if (host.Conditions.ZoneOffset is not { } offset)
            return CheckOutcome.Skip("It does not tell its time zone.");
        var usual = Usual(host.All.Select(h => h.Conditions.ZoneOffset));
        return offset == usual
            ? CheckOutcome.Pass($"Its time zone is {host.Conditions.ZoneName} ({offset}).")
            : CheckOutcome.Fail($"Its time zone is {host.Conditions.ZoneName} ({offset}), that of most hosts {usual}. Logs are read side by side.", "Set the zone of the others: timedatectl set-timezone ZONE");
    }

    public static CheckOutcome Architecture(HostView host)
    {
        var wanted = host.Needs.Architectures;
        return wanted.Count == 0 || wanted.Contains(host.Facts.Architecture)
            ? CheckOutcome.Pass($"It is {host.Facts.Architecture}.")
            : CheckOutcome.Fail($"It is {host.Facts.Architecture}; the image is for {string.Join(" and ", wanted)}.", $"Build the image for linux/{host.Facts.Architecture} too, or take another host.");
    }

    public static CheckOutcome Cpu(HostView host)
    {
        var needed = host.Needs.CpusFor(host.Host.IsControlPlane);
        return host.Facts.Cpus >= needed
            ? CheckOutcome.Pass($"{Count(host.Facts.Cpus, "processor")}, {needed} needed.")
            : CheckOutcome.Fail($"{Count(host.Facts.Cpus, "processor")}; a {(host.Host.IsControlPlane ? "control plane" : "worker")} needs {needed}.", "Give it more processors.");
    }

    public static CheckOutcome Memory(HostView host)
    {
        var needed = host.Needs.MemoryFor(host.Host.IsControlPlane);
        return host.Facts.Memory >= needed
            ? CheckOutcome.Pass($"{Bytes(host.Facts.Memory)} of memory, {Bytes(needed)} needed.")
            : CheckOutcome.Fail($"{Bytes(host.Facts.Memory)} of memory; a {(host.Host.IsControlPlane ? "control plane" : "worker")} needs {Bytes(needed)}.", "Give it more memory.");
    }

    internal static string Bytes(long bytes) => bytes switch
    {
        >= 10L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0} GiB"),
        >= 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.0} GiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0} MiB"),
    };

    internal static string Count(int n, string what) => n == 1 ? $"1 {what}" : $"{n} {what}s";

    /// <summary>What most have; of several the first by name.</summary>
    internal static string? Usual(IEnumerable<string?> values) =>
        values.OfType<string>().GroupBy(v => v, StringComparer.Ordinal).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).FirstOrDefault()?.Key;

    private static string Apart(TimeSpan skew) =>
        string.Create(CultureInfo.InvariantCulture, $"{skew.Duration().TotalSeconds:0} s {(skew > TimeSpan.Zero ? "before" : "behind")}");

    private static string? Mac(HostView host) => host.Interface is { } name && host.Conditions.Links.TryGetValue(name, out var link) ? link.Mac : null;

    private static string? Proposal(string name)
    {
        // Of node.example.com the first label is what a node is called; of Node_1 that is node-1.
        var label = NotInLabel().Replace(name.Split('.')[0].ToLowerInvariant(), "-").Trim('-');
        label = label.Length > 63 ? label[..63].Trim('-') : label;
        return label.Length == 0 || label.StartsWith("localhost", StringComparison.Ordinal) ? null : label;
    }

    [GeneratedRegex(@"\A[a-z0-9]([a-z0-9-]*[a-z0-9])?\z")]
    private static partial Regex Label();

    [GeneratedRegex("[^a-z0-9-]+")]
    private static partial Regex NotInLabel();
}
