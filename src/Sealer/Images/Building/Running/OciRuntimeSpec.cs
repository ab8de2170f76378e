using System.Text.Json.Nodes;

namespace Sealer.Images.Building.Running;

/// <summary>Writes the document that tells crun and runc what to run (OCI runtime specification 1.0.2).</summary>
internal static class OciRuntimeSpec
{
    /// <summary>What buildah grants a RUN.</summary>
    public static readonly IReadOnlyList<string> Capabilities =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE",
        "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
    ];

    /// <summary>
    /// What the kernel tells everybody and should not; and cgroups, which stay writable below a read-only /sys of the machine.
    /// </summary>
    public static readonly IReadOnlyList<string> MaskedPaths =
    [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/dev/block",
        "/sys/devices/virtual/powercap", "/sys/firmware", "/sys/fs/bpf", "/sys/fs/cgroup", "/sys/fs/selinux",
    ];

    /// <summary>What root could change the machine by.</summary>
    public static readonly IReadOnlyList<string> ReadOnlyPaths =
        ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    /// <summary>The document for a run.</summary>
    public static JsonObject Create(ContainerRun run) => new()
    {
        ["ociVersion"] = "1.0.2",
        ["hostname"] = "sealer-build",
        ["root"] = new JsonObject { ["path"] = run.RootFolder, ["readonly"] = false },
        ["process"] = new JsonObject
        {
            ["terminal"] = false,
            ["user"] = new JsonObject { ["uid"] = 0, ["gid"] = 0 },
            ["args"] = Array(run.Arguments),
            ["env"] = Array(run.Env),
            ["cwd"] = run.WorkingFolder,
            ["noNewPrivileges"] = run.NoNewPrivileges,
            ["capabilities"] = new JsonObject
            {
                ["bounding"] = Array(Capabilities),
                ["effective"] = Array(Capabilities),
                ["permitted"] = Array(Capabilities),
            },
        },
        ["mounts"] = Mounts(run),
        ["linux"] = Linux(run),
    };

    private static JsonArray Mounts(ContainerRun run)
    {
        // Group 5 (tty) exists only where the container has more groups than root's.
        var tty = !run.Ids.IsMapped || run.Ids.HasMore ? ",gid=5" : "";
        var mounts = new JsonArray
        {
            Mount("/proc", "proc", "proc", "nosuid,noexec,nodev"),
            Mount("/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
            Mount("/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620" + tty),
            Mount("/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k"),
            // The kernel mounts sysfs only for the owner of the network namespace.
            run.Ids.IsMapped && run.Network == RunNetwork.Host
                ? Mount("/sys", "none", "/sys", "rbind,nosuid,noexec,nodev,ro")
                : Mount("/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"),
        };
        foreach (var (source, inside) in run.Binds)
            mounts.Add(Mount(inside, "none", source, "bind,private,nosuid,nodev"));
        if (run.ScriptFile is not null)
            mounts.Add(Mount(ContainerRun.ScriptInside, "none", run.ScriptFile, "bind,private,nosuid,nodev,ro"));
        return mounts;
    }

    private static JsonObject Linux(ContainerRun run)
    {
        var namespaces = new List<string> { "pid", "ipc", "uts", "mount" };
        if (run.Network == RunNetwork.None)
            namespaces.Add("network");
        if (run.Ids.IsMapped)
            namespaces.Add("user");
        var linux = new JsonObject
        {
            ["namespaces"] = new JsonArray([.. namespaces.Select(n => new JsonObject { ["type"] = n })]),
            ["maskedPaths"] = Array(MaskedPaths),
            ["readonlyPaths"] = Array(ReadOnlyPaths),
        };
        if (run.Ids.IsMapped)
        {
            linux["uidMappings"] = Mappings(run.Ids.Uid!.Value, run.Ids.Users);
            linux["gidMappings"] = Mappings(run.Ids.Gid!.Value, run.Ids.Groups);
        }

        return linux;
    }

    private static JsonArray Mappings(uint root, IdRange? more)
    {
        var mappings = new JsonArray { new JsonObject { ["containerID"] = 0, ["hostID"] = root, ["size"] = 1 } };
        if (more is not null)
            mappings.Add(new JsonObject { ["containerID"] = 1, ["hostID"] = more.Start, ["size"] = more.Count });
        return mappings;
    }

    private static JsonObject Mount(string inside, string type, string source, string options) => new()
    {
        ["destination"] = inside,
        ["type"] = type,
        ["source"] = source,
        ["options"] = Array(options.Split(',')),
    };

    private static JsonArray Array(IEnumerable<string> values) => new([.. values.Select(v => JsonValue.Create(v))]);
}
