using Sealer.Images.Building.Running;

namespace Sealer.Tests.Images.Building.Running;

public sealed class RootPathTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxTheory]
    [InlineData("/etc", "etc/resolv.conf")]
    [InlineData("../../../../../etc", "etc/resolv.conf")]
    [InlineData("usr/etc", "usr/etc/resolv.conf")]
    [InlineData("./a/../usr", "usr/resolv.conf")]
    public void A_link_leads_nowhere_outside_the_root(string target, string expected)
    {
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "link"), target);
        Assert.Equal(expected, RootPath.Resolve(_folder.Path, "link/resolv.conf"));
    }

    [LinuxFact]
    public void Links_in_a_circle_are_nothing()
    {
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "a"), "b");
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "b"), "a");
        Assert.Null(RootPath.Resolve(_folder.Path, "a/x"));
    }

    [LinuxFact]
    public void A_mount_point_behind_a_link_is_made_inside_the_root_and_taken_away_again()
    {
        var outside = Directory.CreateDirectory(Path.Combine(_folder.Path, "outside")).FullName;
        var root = Directory.CreateDirectory(Path.Combine(_folder.Path, "root")).FullName;
        File.CreateSymbolicLink(Path.Combine(root, "etc"), outside);
        var mountPoints = new MountPoints(root);

        mountPoints.File("etc/resolv.conf");
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
        mountPoints.Remove();
        Assert.Equal(["etc"], Directory.EnumerateFileSystemEntries(root).Select(Path.GetFileName));
    }

    [LinuxTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_link_in_the_way_of_a_mount_point_has_nothing_taken_away_behind_it(bool elsewhere)
    {
        var root = Directory.CreateDirectory(Path.Combine(_folder.Path, "root")).FullName;
        var mountPoints = new MountPoints(root);
        mountPoints.File("etc/hosts");
        Directory.Move(Path.Combine(root, "etc"), Path.Combine(_folder.Path, "moved"));
        var outside = Path.Combine(_folder.Path, elsewhere ? "outside" : "moved");
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(outside).FullName, "hosts"), "");
        File.CreateSymbolicLink(Path.Combine(root, "etc"), outside);

        mountPoints.Remove();
        Assert.True(File.Exists(Path.Combine(outside, "hosts")));
        Assert.Equal(outside, new FileInfo(Path.Combine(root, "etc")).LinkTarget);
    }

    [LinuxFact]
    public void What_has_taken_the_place_of_a_mount_point_stays()
    {
        var mountPoints = new MountPoints(_folder.Path);
        mountPoints.File("hosts");
        File.Move(Path.Combine(_folder.Path, "hosts"), Path.Combine(_folder.Path, "kept"));
        File.WriteAllText(Path.Combine(_folder.Path, "hosts"), "");

        mountPoints.Remove();
        Assert.Equal(["hosts", "kept"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
    }
}
