using System.Globalization;
using Sealer.Hosts.Facts;

namespace Sealer.Hosts.Checks;

/// <summary>The kernel, what runs on it, and what of it can be used.</summary>
internal static class SystemChecks
{
    private const int WantedOpenFiles = 65_536;
    private const int WantedInstances = 128;
    private const int WantedWatches = 8_192;
    private const int WantedSessions = 4;

    private static readonly Version RecommendedKernel = new(4, 19);

    // Names that a kernel which has them built in knows too.
    private static readonly string[] Modules = ["overlay", "br_netfilter", "nf_conntrack"];
    private static readonly string[] ControllersOfVersion1 = ["cpu", "cpuacct", "cpuset", "devices", "freezer", "memory", "pids"];
    private static readonly string[] ControllersOfVersion2 = ["cpu", "cpuset", "memory", "pids"];
    private static readonly string[] DeliveryTools = [.. HostTools.OfContent, "mount", "umount", "systemctl", "modprobe", "sysctl"];
    private static readonly string[] NodeTools = ["ip", "iptables", "conntrack", "socat", "ethtool", "tc", "nsenter"];

    public static CheckOutcome Sudo(HostView host) => host.Sudo is { } refused
        ? CheckOutcome.Fail($"Nothing can be done there as root. {refused.Message}", "Name a user who may use sudo, with the password that it asks for, or root.")
        : CheckOutcome.Pass(host.Facts.IsRoot ? "Work is done as root." : "The user may do work as root.");

    public static CheckOutcome Systemd(HostView host) => host.Facts.HasSystemd
        ? CheckOutcome.Pass("systemd has started it.")
        : CheckOutcome.Fail("It was not started by systemd, which kubelet, runtime and registry run under.", "Take a distribution with systemd.");

    public static CheckOutcome Kernel(HostView host)
    {
        var text = host.Facts.Kernel;
        var parts = text.Split('.', '-', '+', '_').Take(2).Select(p => int.TryParse(p, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : -1).ToList();
        if (parts.Count < 2 || parts.Contains(-1))
            return CheckOutcome.Skip($"'{text}' is no version of a kernel that is known.");
        var version = new Version(parts[0], parts[1]);
        const string Mend = "Update its kernel and start it anew.";
        if (version < host.Needs.MinimumKernel)
            return CheckOutcome.Fail($"Its kernel is {text}; {host.Needs.MinimumKernel} is needed.", Mend);
        return version < RecommendedKernel
            ? CheckOutcome.Fail($"Its kernel is {text}; Kubernetes 1.32 and later want {RecommendedKernel}.", Mend, severity: HostCheckSeverity.Warning)
            : CheckOutcome.Pass($"Its kernel is {text}.");
    }

    public static CheckOutcome KernelModules(HostView host)
    {
        // A sysctl of br_netfilter shows it where it was built in without a parameter, and then /sys/module does not.
        var missing = Modules.Where(m => host.Facts.Modules.GetValueOrDefault(m) == KernelModuleState.Missing
            && !(m == "br_netfilter" && host.Facts.Sysctls.ContainsKey("net.bridge.bridge-nf-call-iptables"))).ToList();
        return missing.Count > 0
            ? CheckOutcome.Fail($"Its kernel {host.Facts.Kernel} has no {string.Join(" and no ", missing)}.", $"Install the kernel's modules (a package as linux-modules-extra-{host.Facts.Kernel} or kernel-modules), or another kernel.")
            : CheckOutcome.Pass($"It has {string.Join(", ", Modules)}.");
    }

    public static CheckOutcome Ipvs(HostView host) => host.Facts.HasIpvs
        ? CheckOutcome.Pass("It has ip_vs and ip_vs_rr.")
        : CheckOutcome.Fail($"Its kernel {host.Facts.Kernel} has no ip_vs; the API servers are balanced by a process of the node instead.", "Install the kernel's modules for ip_vs, or leave it at that.");

    public static CheckOutcome IpForward(HostView host)
    {
        var sixth = host.Host.Address?.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward";
        return Sysctl(host, [sixth], n => n >= 1, 1, "packets of pods are not passed on");
    }

    public static CheckOutcome BridgeNetfilter(HostView host)
    {
        if (!host.Facts.Sysctls.ContainsKey("net.bridge.bridge-nf-call-iptables"))
            return CheckOutcome.Skip("br_netfilter is not loaded yet; what it begins with is right.");
        string[] names = host.Host.Address?.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
            ? ["net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables"] : ["net.bridge.bridge-nf-call-iptables"];
        return Sysctl(host, names, n => n >= 1, 1, "services are not reached from pods of the same node");
    }

    public static CheckOutcome Inotify(HostView host)
    {
        var instances = Sysctl(host, ["fs.inotify.max_user_instances"], n => n >= WantedInstances, WantedInstances, "kubelet and pods cannot watch files");
        return instances.Status == HostCheckStatus.Failed ? instances : Sysctl(host, ["fs.inotify.max_user_watches"], n => n >= WantedWatches, 524_288, "kubelet and pods cannot watch files");
    }

    public static CheckOutcome OpenFiles(HostView host) => host.Conditions.OpenFiles is not { } files
        ? CheckOutcome.Skip("systemd tells no limit, or none that is a number.")
        : files >= WantedOpenFiles
            ? CheckOutcome.Pass($"Services may open {files} files.")
            : CheckOutcome.Fail(
                $"Services may open {files} files; {WantedOpenFiles} are wanted.",
                command: "rm -f /etc/systemd/system.conf.d/zz-files.conf; mkdir -p /etc/systemd/system.conf.d && printf '[Manager]\\nDefaultLimitNOFILE=1024:524288\\n' > /etc/systemd/system.conf.d/zz-files.conf && systemctl daemon-reexec");

    public static CheckOutcome Swap(HostView host)
    {
        var names = host.Conditions.Swaps;
        return names.Count == 0 && host.Facts.Swap == 0
            ? CheckOutcome.Pass("It does not swap.")
            : CheckOutcome.Fail(
                $"It swaps {(host.Facts.Swap > 0 ? MachineChecks.Bytes(host.Facts.Swap) + " " : "")}to {(names.Count > 0 ? string.Join(", ", names) : "somewhere")}; kubelet does not start then, unless it is told to.",
                command: @"swapoff -a && sed -i -E 's/^([^#].*[[:space:]]swap[[:space:]].*)$/# \1/' /etc/fstab");
    }

    public static CheckOutcome SeLinux(HostView host) => host.Facts.SeLinux == "enforcing"
        ? CheckOutcome.Fail(
            "SELinux is enforcing; pods may be refused their own files where its policy for containers is not installed.",
            "Or install container-selinux, and ignore this.",
            "setenforce 0 && sed -i 's/^SELINUX=enforcing/SELINUX=permissive/' /etc/selinux/config")
        : CheckOutcome.Pass(host.Facts.SeLinux is { } mode ? $"SELinux is {mode}." : "There is no SELinux.");

    public static CheckOutcome AppArmor(HostView host) => !host.Facts.HasAppArmor
        ? CheckOutcome.Pass("There is no AppArmor.")
        : host.Conditions.Tools.Contains("apparmor_parser")
            ? CheckOutcome.Pass("AppArmor is on, and apparmor_parser is there.")
            : CheckOutcome.Fail("AppArmor is on, but there is no apparmor_parser, without which the runtime starts no container.", "Install the package apparmor, or boot with apparmor=0.");

    public static CheckOutcome Cgroups(HostView host)
    {
        if (host.Conditions.Controllers.Count == 0)
            return CheckOutcome.Fail("It has no cgroups.", "Boot it with cgroups, as distributions do.");
        var missing = (host.Facts.CgroupVersion == 2 ? ControllersOfVersion2 : ControllersOfVersion1).Except(host.Conditions.Controllers).ToList();
        return missing.Count > 0
            ? CheckOutcome.Fail(
                $"Its cgroups (version {host.Facts.CgroupVersion}) lack {string.Join(", ", missing)}, without which kubelet does not start.",
                $"Boot it with {string.Join(' ', missing.Select(m => m == "memory" ? "cgroup_enable=memory swapaccount=1" : $"cgroup_enable={m}"))} in the kernel's command line.")
            : CheckOutcome.Pass($"cgroups version {host.Facts.CgroupVersion} with all that kubelet needs.");
    }

    public static CheckOutcome Tools(HostView host) => Missing(host, DeliveryTools, "a delivery");

    public static CheckOutcome KubernetesTools(HostView host) => Missing(host, NodeTools, "a node");

    public static CheckOutcome SshServer(HostView host)
    {
        if (host.Conditions.Sshd.Count == 0)
            return CheckOutcome.Skip("Its sshd does not tell its settings.");
        var odd = new List<string>();
        if (host.Conditions.Sshd.TryGetValue("maxsessions", out var sessions) && int.TryParse(sessions, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n < WantedSessions)
            odd.Add($"MaxSessions {n}: less is done at once");
        if (host.Conditions.Sshd.TryGetValue("allowtcpforwarding", out var forwarding) && forwarding is "no" or "remote")
            odd.Add($"AllowTcpForwarding {forwarding}: it can be no jump host");
        return odd.Count > 0
            ? CheckOutcome.Fail($"sshd has {string.Join("; ", odd)}.", "Change it in /etc/ssh/sshd_config and reload sshd, or leave it at that.")
            : CheckOutcome.Pass($"sshd allows {sessions ?? "several"} sessions.");
    }

    private static CheckOutcome Missing(HostView host, string[] wanted, string forWhat)
    {
        var missing = wanted.Where(t => !host.Conditions.Tools.Contains(t)).ToList();
        return missing.Count > 0
            ? CheckOutcome.Fail($"It has no {string.Join(", no ", missing)}, which {forWhat} needs.", "Install the packages that have them, unless the image brings them.")
            : CheckOutcome.Pass($"It has {string.Join(", ", wanted)}.");
    }

    private static CheckOutcome Sysctl(HostView host, string[] names, Func<long, bool> enough, long wanted, string otherwise)
    {
        var wrong = new List<string>();
        foreach (var name in names)
        {
            if (!host.Facts.Sysctls.TryGetValue(name, out var value) || !long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n))
                return CheckOutcome.Skip($"Its kernel has no {name}.");
            if (!enough(n))
                wrong.Add(name);
        }

        return wrong.Count == 0
            ? CheckOutcome.Pass(string.Join(", ", names.Select(n => $"{n} is {host.Facts.Sysctls[n]}")) + ".")
            : CheckOutcome.Fail(
                $"{string.Join(", ", wrong.Select(n => $"{n} is {host.Facts.Sysctls[n]}, {wanted} is wanted"))}: {otherwise}.",
                command: string.Join("; ", wrong.Select(n => $"printf '{n} = {wanted}\\n' >> /etc/sysctl.d/99-kubernetes.conf")) + $" && sysctl -w {string.Join(' ', wrong.Select(n => $"{n}={wanted}"))}");
    }
}
