using System.Globalization;

namespace Sealer.Hosts.Checks;

/// <summary>The mounts that a delivery writes to.</summary>
internal static class DiskChecks
{
    // What is unpacked takes about twice what the registry keeps; the runtime has both.
    private const int UnpackedFactor = 3;
    private const string PodRoot = "/var/lib/kubelet";
    private const double SlowMilliseconds = 10;

    private static readonly string[] Remote = ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "vfat", "ntfs", "exfat"];

    /// <summary>The folders that are written to on a host.</summary>
    public static IReadOnlyList<string> Folders(PreflightHost host)
    {
        List<string> folders = [host.Requirements.DataRoot, host.Requirements.RuntimeRoot, PodRoot, "/usr/bin", "/etc"];
        if (host.IsControlPlane)
            folders.Add(host.Requirements.EtcdRoot);
        return [.. folders.Distinct()];
    }

    public static CheckOutcome Space(HostView host)
    {
        var (lacking, fine, tight) = (new List<string>(), new List<string>(), new List<string>());
        foreach (var mount in Needs(host).GroupBy(n => n.Place.Mount, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var place = mount.First().Place;
            var least = mount.Sum(n => n.Least) + host.Needs.DiskMargin;
            var most = mount.Sum(n => n.Most) + host.Needs.DiskMargin;
            var what = string.Join(" and ", mount.Select(n => n.Folder));
            var said = $"{mount.Key} has {MachineChecks.Bytes(place.Available)} free for {what}";
            if (place.Available < least)
                lacking.Add($"{said}, {MachineChecks.Bytes(least)} are needed");
            else if (place.Available < most)
                tight.Add($"{said}, {MachineChecks.Bytes(most)} are needed where every image comes to run there");
            else
                fine.Add($"{said}, {MachineChecks.Bytes(most)} needed");
        }

        const string Mend = "Make room there, or mount a larger disk; 'du -xh MOUNT | sort -h | tail' shows what takes it.";
        if (lacking.Count > 0)
        {
            return CheckOutcome.Fail(
                string.Join("; ", lacking) + ".", Mend,
                // What is delivered already is counted once more here.
                severity: host.IsMember ? HostCheckSeverity.Warning : null);
        }

        if (tight.Count > 0)
            return CheckOutcome.Fail(string.Join("; ", tight) + ".", Mend, severity: HostCheckSeverity.Warning);
        return fine.Count > 0 ? CheckOutcome.Pass(string.Join("; ", fine) + ".") : CheckOutcome.Skip("df tells nothing.");
    }

    public static CheckOutcome Inodes(HostView host)
    {
        if (!host.Conditions.Places.TryGetValue(host.Needs.DataRoot, out var place) || place.FreeFiles is not { } free)
            return CheckOutcome.Skip("The file system knows no limit.");
        // As many again for what the runtime unpacks, and some that any node needs.
        var needed = host.Needs.RootfsFiles + 50_000;
        return free >= needed
            ? CheckOutcome.Pass($"{place.Mount} can have {Number(free)} files more, {Number(needed)} needed.")
            : CheckOutcome.Fail($"{place.Mount} can have {Number(free)} files more; {Number(needed)} are needed.", $"Take away files that nothing needs; 'df -i {place.Mount}' counts them.");
    }

    public static CheckOutcome MountOptions(HostView host)
    {
        var found = new List<(string Mount, string Option, string Folder)>();
        foreach (var (folder, place) in host.Conditions.Places.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            if (place.Options.Contains("ro"))
                found.Add((place.Mount, "ro", folder));
            if (place.Options.Contains("noexec") && !folder.Equals(host.Needs.EtcdRoot, StringComparison.Ordinal) && folder != "/etc")
                found.Add((place.Mount, "noexec", folder));
        }

        if (found.Count == 0)
            return host.Conditions.Places.Count > 0 ? CheckOutcome.Pass("Everything can be written and run where it must be.") : CheckOutcome.Skip("df tells nothing.");
        var mends = found.Select(f => (f.Mount, Option: f.Option == "ro" ? "rw" : "exec")).Distinct().GroupBy(f => f.Mount)
            .Select(g => $"mount -o remount,{string.Join(',', g.Select(f => f.Option))} {ShellText.Quote(g.Key)}");
        return CheckOutcome.Fail(
            string.Join("; ", found.GroupBy(f => (f.Mount, f.Option)).Select(g => $"{g.Key.Mount} is mounted {g.Key.Option}, and {string.Join(", ", g.Select(f => f.Folder))} must be {(g.Key.Option == "ro" ? "written" : "run from")}")) + ".",
            "Change it in /etc/fstab as well.", string.Join(" && ", mends));
    }

    public static CheckOutcome FileSystem(HostView host)
    {
        var wrong = new List<string>();
        foreach (var (folder, place) in host.Conditions.Places.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            if (folder is "/etc" or "/usr/bin")
                continue;
            if (Remote.Contains(place.Type))
                wrong.Add($"{folder} lies on {place.Type}, which has not what Linux file systems have");
            else if (place.Type is "tmpfs" or "ramfs")
                wrong.Add($"{folder} lies in memory ({place.Type}) and is empty after the next start");
            else if (folder == host.Needs.RuntimeRoot && place.HasNoFileTypes)
                wrong.Add($"{folder} lies on an XFS without ftype, on which the runtime's overlays do not work");
            else if (folder == host.Needs.RuntimeRoot && place.Type == "overlay")
                wrong.Add($"{folder} lies on an overlay, on which the runtime's overlays do not work");
        }

        return wrong.Count > 0
            ? CheckOutcome.Fail(string.Join("; ", wrong) + ".", "Mount ext4, or XFS with ftype=1, of a disk of the host there.")
            : CheckOutcome.Pass(string.Join(", ", host.Conditions.Places.Values.Select(p => p.Type).Where(t => t.Length > 0).Distinct().Order()) is { Length: > 0 } types ? $"File systems: {types}." : "Nothing speaks against its file systems.");
    }

    public static CheckOutcome EtcdDisk(HostView host)
    {
        if (!host.Host.IsControlPlane)
            return CheckOutcome.Skip("It will have no etcd.");
        if (host.Conditions.SyncedWrite is not { } took)
            return CheckOutcome.Skip("Its dd cannot measure.");
        var said = string.Create(CultureInfo.InvariantCulture, $"A small write takes {took.TotalMilliseconds:0.0} ms to be on the disk of {host.Needs.EtcdRoot}");
        return took.TotalMilliseconds <= SlowMilliseconds
            ? CheckOutcome.Pass($"{said}, {SlowMilliseconds:0} allowed.")
            : CheckOutcome.Fail($"{said}; etcd wants {SlowMilliseconds:0} and less, or elections fail under load.", $"Put {host.Needs.EtcdRoot} on a faster disk (SSD), and nothing else with it.");
    }

    private static IEnumerable<(string Folder, HostPlace Place, long Least, long Most)> Needs(HostView host)
    {
        var needs = host.Needs;
        List<(string Folder, long Least, long Most)> wanted =
        [
            (needs.DataRoot, needs.RootfsBytes, needs.RootfsBytes),
            (needs.RuntimeRoot, needs.ContainerImageBytes, needs.ContainerImageBytes * UnpackedFactor),
        ];
        if (host.Host.IsControlPlane)
            wanted.Add((needs.EtcdRoot, needs.EtcdBytes, needs.EtcdBytes));
        foreach (var (folder, least, most) in wanted)
        {
            if (host.Conditions.Places.TryGetValue(folder, out var place))
                yield return (folder, place, least, most);
        }
    }

    private static string Number(long n) => n.ToString("N0", CultureInfo.InvariantCulture);
}
