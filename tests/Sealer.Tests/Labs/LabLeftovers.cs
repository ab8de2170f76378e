using System.Net.NetworkInformation;
using System.Text.Json;

namespace Sealer.Tests.Labs;

/// <summary>What a lab has of the machine, looked for where the kernel shows it.</summary>
internal static class LabLeftovers
{
    /// <summary>The six digits of a lab that is being made or stands; null before it has any.</summary>
    public static string? IdOf(string name)
    {
        var file = Path.Combine(SealerHome.FromEnvironment().Labs, name, "lab.json");
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            return document.RootElement.GetProperty("id").GetString();
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Everything there is of it, one line each.</summary>
    public static IReadOnlyList<string> Of(string id, string name)
    {
        var group = "sealer-lab-" + id;
        var found = new List<string>();
        found.AddRange(Directory.Exists("/run/netns") ? Directory.GetFiles("/run/netns", group + "*") : []);
        found.AddRange(NetworkInterface.GetAllNetworkInterfaces().Where(link => link.Name == "lab" + id).Select(link => "link " + link.Name));
        found.AddRange(Directory.GetDirectories("/sys/fs/cgroup", group));
        foreach (var hierarchy in Directory.GetDirectories("/sys/fs/cgroup"))
            found.AddRange(Directory.GetDirectories(hierarchy, group));
        found.AddRange(File.Exists($"/run/sealer-labs/{id}.json") ? ["claim"] : []);
        var folder = Path.Combine(SealerHome.FromEnvironment().Labs, name);
        found.AddRange(Directory.Exists(folder) ? [folder] : []);
        found.AddRange(File.Exists(Path.Combine(SealerHome.FromEnvironment().Labs, $".{name}.lock")) ? ["lock"] : []);
        found.AddRange(File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains(group, StringComparison.Ordinal) || line.Contains(folder + "/", StringComparison.Ordinal)));
        foreach (var process in Directory.GetDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            if (TextOf(Path.Combine(process, "cgroup")).Contains(group, StringComparison.Ordinal))
                found.Add($"process {Path.GetFileName(process)}: {TextOf(Path.Combine(process, "cmdline")).Replace('\0', ' ')}");
        }

        return found;
    }

    /// <summary>Every word that a process list shows now.</summary>
    public static string ProcessList() => string.Concat(Directory.GetDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0]))
        .Select(process => TextOf(Path.Combine(process, "cmdline")) + TextOf(Path.Combine(process, "environ"))));

    private static string TextOf(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
