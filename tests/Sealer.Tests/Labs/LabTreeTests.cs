using Sealer.Labs;

namespace Sealer.Tests.Labs;

public sealed class LabTreeTests
{
    [LinuxFact]
    public void Old_files_of_hosts_go_unless_a_lab_has_them_or_somebody_makes_them()
    {
        using var folder = new TemporaryFolder();
        foreach (var name in new[] { "debian-old", "debian-used", "debian-new", "debian-busy", "tar-old.new-1" })
        {
            Directory.CreateDirectory(Path.Combine(folder[name], "root"));
            File.WriteAllText(Path.Combine(folder[name], "root", "file"), "x");
            Directory.SetLastWriteTimeUtc(folder[name], DateTime.UtcNow - (name == "debian-new" ? TimeSpan.FromDays(6) : TimeSpan.FromDays(8)));
        }

        using (FileLock.TryTake(folder["debian-busy"] + ".lock", exclusive: true))
            new LabTree(folder.Path).Sweep([Path.Combine(folder["debian-used"], "root")]);
        Assert.Equal(["debian-busy", "debian-new", "debian-used"], Directory.GetDirectories(folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }
}
