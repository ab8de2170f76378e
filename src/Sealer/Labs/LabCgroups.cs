using System.Globalization;

namespace Sealer.Labs;

/// <summary>A cgroup hierarchy of this machine.</summary>
/// <param name="Folder">Where it is mounted.</param>
/// <param name="IsUnified">Version 2.</param>
/// <param name="Options">What version 1 is mounted with: its controllers, or its name.</param>
internal sealed record CgroupHierarchy(string Folder, bool IsUnified, string Options)
{
    /// <summary>What it is called below /sys/fs/cgroup of a host; a dot where it is all there is.</summary>
    public required string HostName { get; init; }
}

/// <summary>
/// The control groups of a lab: everything that runs for it is in them and cannot get out, so that all of it is found again.
/// With version 1 a group in each hierarchy, with version 2 the one.
/// </summary>
/// <param name="id">The lab's.</param>
/// <param name="hierarchies">Those of the machine.</param>
internal sealed class LabCgroups(string id, IReadOnlyList<CgroupHierarchy> hierarchies)
{
    private const int Kill = 9;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>The hierarchy whose groups tell what runs: there is always one, and every process of a lab is in it.</summary>
    private CgroupHierarchy Main => hierarchies.FirstOrDefault(h => h.IsUnified)
        ?? hierarchies.FirstOrDefault(h => h.Options.Contains("name=systemd", StringComparison.Ordinal))
        ?? hierarchies[0];

    private string LabFolder => Path.Combine(Main.Folder, LabNames.Group(id));

    /// <summary>The group of what runs hosts.</summary>
    public string Supervisor => Path.Combine(LabFolder, "supervisor");

    /// <summary>Those of this machine, as it has them mounted.</summary>
    /// <exception cref="SealerException"><c>LabCgroupsMissing</c>.</exception>
    public static LabCgroups OfMachine(string id)
    {
        var found = Parse(File.ReadAllLines("/proc/self/mountinfo"));
        return found.Count > 0
            ? new LabCgroups(id, found)
            : throw new SealerException(
                "LabCgroupsMissing", ErrorKind.ResourceUnavailable,
                "No control groups are mounted on this machine, which systemd needs in each host of a lab. Mount them at /sys/fs/cgroup.");
    }

    /// <summary>The hierarchies in the lines of a mountinfo: those of version 1 with version 2 beside them, or version 2 alone.</summary>
    internal static IReadOnlyList<CgroupHierarchy> Parse(IEnumerable<string> mountinfo)
    {
        var legacy = new List<CgroupHierarchy>();
        string? unified = null;
        foreach (var line in mountinfo)
        {
            var halves = line.Split(" - ", 2);
            var mount = halves[0].Split(' ');
            var source = halves.Length == 2 ? halves[1].Split(' ') : [];
            if (mount.Length < 6 || source.Length < 3)
                continue;
            if (source[0] == "cgroup2")
                unified ??= mount[4];
            if (source[0] == "cgroup" && OptionsOf(source[2]) is { Length: > 0 } options && legacy.All(h => h.Options != options))
                legacy.Add(new CgroupHierarchy(mount[4], false, options) { HostName = options.Replace("none,name=", "", StringComparison.Ordinal) });
        }

        if (unified is not null)
            legacy.Add(new CgroupHierarchy(unified, true, "-") { HostName = legacy.Count == 0 ? "." : "unified" });
        return legacy;
    }

    /// <summary>Makes the group of what runs hosts, and that of each host.</summary>
    public void Create(IEnumerable<string> hosts)
    {
        foreach (var hierarchy in hierarchies)
        {
            var lab = Path.Combine(hierarchy.Folder, LabNames.Group(id));
            Enable(hierarchy, hierarchy.Folder);
            Make(hierarchy, lab);
            Enable(hierarchy, lab);
            foreach (var host in hosts)
                Make(hierarchy, Path.Combine(lab, host));
        }

        Make(Main, Supervisor);
    }

    /// <summary>The lines of a host's file <c>cgroups</c>: name below /sys/fs/cgroup, type, options, folder on the machine.</summary>
    public string FileOf(string host) => string.Concat(hierarchies.Select(h =>
        $"{h.HostName} {(h.IsUnified ? "cgroup2" : "cgroup")} {h.Options} {Path.Combine(h.Folder, LabNames.Group(id), host)}\n"));

    /// <summary>A group of a host for what is run in it from outside.</summary>
    public string GroupForCommands(string host)
    {
        var folder = Path.Combine(LabFolder, host, "sealer-lab-commands");
        Directory.CreateDirectory(folder);
        return folder;
    }

    /// <summary>True where a process runs in a host of this lab.</summary>
    public bool Holds(int process, string host) => GroupsOf(process).Any(line => (line + "/").Contains($"/{LabNames.Group(id)}/{host}/", StringComparison.Ordinal));

    /// <summary>Kills everything in a host, or in the whole lab, and returns when nothing of it runs.</summary>
    /// <exception cref="SealerException"><c>LabProcessesStay</c>.</exception>
    public async Task KillAsync(string? host, CancellationToken cancellationToken)
    {
        var folder = host is null ? LabFolder : Path.Combine(LabFolder, host);
        var killed = new HashSet<int>();
        for (var until = Environment.TickCount64 + (long)Patience.TotalMilliseconds; ;)
        {
            var processes = ProcessesIn(folder);
            // What has ended is in no group any more, and still is there until its parent has taken note.
            if (processes is [] && (Environment.TickCount64 > until || !killed.Any(IsThere)))
                return;
            foreach (var process in processes ?? [])
            {
                Posix.Kill(process, Kill);
                killed.Add(process);
            }

            if (Environment.TickCount64 > until && processes is { Count: > 0 })
            {
                throw new SealerException(
                    "LabProcessesStay", ErrorKind.ResourceUnavailable,
                    $"Of the lab's processes {string.Join(", ", processes)} do not end, though killed: they wait in the kernel, mostly for a disk. Try again when they have.", folder);
            }

            await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Removes all groups of the lab; nothing runs in them any more.</summary>
    /// <exception cref="IOException">One stays.</exception>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        foreach (var hierarchy in hierarchies)
        {
            var lab = Path.Combine(hierarchy.Folder, LabNames.Group(id));
            for (var until = Environment.TickCount64 + (long)Patience.TotalMilliseconds; Directory.Exists(lab);)
            {
                try
                {
                    RemoveFolders(lab);
                }
                catch (IOException) when (Environment.TickCount64 < until)
                {
                    // A process that has ended is counted until the kernel has done with it.
                    await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
                }
            }
        }
    }

    private bool IsThere(int process) => GroupsOf(process).Any(line => line.Contains($"/{LabNames.Group(id)}/", StringComparison.Ordinal));

    private static string[] GroupsOf(int process)
    {
        try
        {
            return File.ReadAllLines($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/cgroup");
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>What runs in a group and those in it; null where one went while it was looked at.</summary>
    private static List<int>? ProcessesIn(string folder)
    {
        var found = new List<int>();
        try
        {
            foreach (var file in Directory.EnumerateFiles(folder, "cgroup.procs", SearchOption.AllDirectories))
                found.AddRange(File.ReadLines(file).Select(line => int.Parse(line, CultureInfo.InvariantCulture)).Where(process => process > 0));
        }
        catch (IOException)
        {
            return Directory.Exists(folder) ? null : [];
        }

        return found;
    }

    private static void RemoveFolders(string folder)
    {
        foreach (var inside in Directory.GetDirectories(folder))
            RemoveFolders(inside);
        Posix.RemoveFolder(folder);
    }

    private static void Make(CgroupHierarchy hierarchy, string folder)
    {
        Directory.CreateDirectory(folder);
        if (hierarchy.Options.Split(',').Contains("cpuset"))
        {
            foreach (var file in (string[])["cpuset.cpus", "cpuset.mems"])
                File.WriteAllText(Path.Combine(folder, file), File.ReadAllText(Path.Combine(hierarchy.Folder, file)));
        }

        var hierarchical = Path.Combine(folder, "memory.use_hierarchy");
        if (File.Exists(hierarchical))
            TryWrite(hierarchical, "1");
    }

    /// <summary>Gives what is below a group of version 2 the controllers that it has itself, as far as the machine lets it.</summary>
    private static void Enable(CgroupHierarchy hierarchy, string folder)
    {
        if (!hierarchy.IsUnified)
            return;
        foreach (var controller in File.ReadAllText(Path.Combine(folder, "cgroup.controllers")).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
            TryWrite(Path.Combine(folder, "cgroup.subtree_control"), "+" + controller);
    }

    private static void TryWrite(string file, string text)
    {
        try
        {
            File.WriteAllText(file, text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A host without a controller still is a host; what needs it says so there.
        }
    }

    private static string OptionsOf(string super)
    {
        var words = super.Split(',').Where(word =>
            word is not ("rw" or "ro" or "xattr" or "noprefix" or "clone_children" or "cpuset_v2_mode" or "favordynmods")
            && !word.StartsWith("release_agent=", StringComparison.Ordinal)).ToList();
        return words.Count == 1 && words[0].StartsWith("name=", StringComparison.Ordinal) ? "none," + words[0] : string.Join(',', words);
    }
}
