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
}
