using System.Net;
using System.Runtime.Versioning;
using Sealer.Hosts;
using Sealer.Hosts.Local;

namespace Sealer.Tests.Hosts;

[SupportedOSPlatform("linux")]
public sealed class HostsFileTests
{
    private const string Before = "127.0.0.1\tlocalhost\n# mine\n10.0.0.9 db.example.com db # the database\n\n";
    private static readonly IPAddress Address = IPAddress.Parse("10.0.0.5");

    [Fact]
    public void Names_are_added_once_and_nothing_else_changes()
    {
        var after = HostsFile.Add(Before, Address, ["reg.example.com", "reg", "reg"]);
        Assert.Equal(Before + "10.0.0.5 reg.example.com #hostalias-set-by-sealer\n10.0.0.5 reg #hostalias-set-by-sealer\n", after);
        Assert.Equal(after, HostsFile.Add(after, Address, ["REG"]));
        Assert.Equal(Before, HostsFile.Remove(after));
        Assert.Equal(Before + "10.0.0.5 reg.example.com #hostalias-set-by-sealer\n", HostsFile.Remove(after, ["reg"]));
        Assert.Equal(after, HostsFile.Remove(after, null, IPAddress.Loopback));
        Assert.Equal(Before, HostsFile.Remove(Before));
    }

    [Fact]
    public void A_name_that_sealer_set_moves_to_the_new_address()
    {
        var after = HostsFile.Add(Before + "10.0.0.4 reg other #hostalias-set-by-sealer\n", Address, ["reg"]);
        Assert.Equal(Before + "10.0.0.4 other #hostalias-set-by-sealer\n10.0.0.5 reg #hostalias-set-by-sealer\n", after);
    }

    [Fact]
    public void Lines_that_a_delivery_wrote_are_a_cluster_s_too()
    {
        const string Delivered = "10.0.0.4 reg other #hostalias-set-by-sealer skyline\n";
        const string Others = "10.0.0.3 a #hostalias-set-by-sealer-of-old\n10.0.0.2 b #hostalias-set-by-sealer is a mark\n";
        Assert.Equal(Before + Others, HostsFile.Remove(Before + Delivered + Others));
        Assert.Equal("10.0.0.4 other #hostalias-set-by-sealer skyline\n10.0.0.5 reg #hostalias-set-by-sealer\n", HostsFile.Add(Delivered, Address, ["reg"]));
        Assert.Equal([("skyline", true), (null, true)], HostsLine.Of(HostsFile.Add(Delivered, Address, ["reg"])).Select(line => (line.Cluster, line.IsClusters)));
    }

    [Fact]
    public void A_line_of_somebody_else_is_touched_only_by_force()
    {
        var error = Assert.Throws<SealerException>(() => HostsFile.Add(Before, Address, ["db"], host: "web-1"));
        Assert.Equal("HostAliasTaken", error.Id);
        Assert.Contains("web-1 says in line 3", error.Message, StringComparison.Ordinal);
        Assert.Contains("10.0.0.9 db.example.com # the database\n", HostsFile.Add(Before, Address, ["db"], force: true), StringComparison.Ordinal);
        Assert.Equal(Before, HostsFile.Add(Before, IPAddress.Parse("10.0.0.9"), ["db"]));
        Assert.EndsWith("fd00::1 db #hostalias-set-by-sealer\n", HostsFile.Add(Before, IPAddress.Parse("fd00::1"), ["db"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "10.0.0.5 a #hostalias-set-by-sealer\n")]
    [InlineData("127.0.0.1 x", "127.0.0.1 x\n10.0.0.5 a #hostalias-set-by-sealer\n")]
    public void A_file_that_is_empty_or_has_no_last_line_end_is_understood(string before, string after)
    {
        Assert.Equal(after, HostsFile.Add(before, Address, ["a"]));
        Assert.Equal(before, HostsFile.Remove(before));
    }

    [Fact]
    public async Task The_file_is_replaced_as_a_whole_and_keeps_its_permissions_and_links()
    {
        using var folder = new TemporaryFolder();
        await using var host = new LocalHost();
        var (file, link) = (folder["real"], folder["hosts"]);
        await File.WriteAllTextAsync(file, Before);
        File.SetUnixFileMode(file, (UnixFileMode)0x1B4); // 0664
        File.CreateSymbolicLink(link, file);
        Assert.True(await HostsFile.ChangeAsync(host, text => HostsFile.Add(text, Address, ["a"]), link, default));
        Assert.False(await HostsFile.ChangeAsync(host, text => HostsFile.Add(text, Address, ["a"]), link, default));
        Assert.Equal(HostsFile.Add(Before, Address, ["a"]), await File.ReadAllTextAsync(file));
        Assert.Equal(0x1B4, (int)File.GetUnixFileMode(file));
        Assert.NotNull(new FileInfo(link).LinkTarget);
        Assert.Equal(2, Directory.GetFileSystemEntries(folder.Path).Length);
    }

    [Fact]
    public async Task A_file_that_is_no_text_is_told_as_that_and_left_alone()
    {
        using var folder = new TemporaryFolder();
        await using var host = new LocalHost();
        var file = folder["hosts"];
        byte[] bytes = [.. "127.0.0.1 localhost\n# caf"u8, 0xE9, (byte)'\n'];
        await File.WriteAllBytesAsync(file, bytes);
        var error = await Assert.ThrowsAsync<SealerException>(() => HostsFile.ChangeAsync(host, text => HostsFile.Add(text, Address, ["a"]), file, default));
        Assert.Equal("HostsFileUnreadable", error.Id);
        Assert.Contains("line 2", error.Message, StringComparison.Ordinal);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(file));
    }

    [Fact]
    public async Task A_change_that_somebody_else_makes_meanwhile_is_not_lost()
    {
        using var folder = new TemporaryFolder();
        await using var host = new LocalHost();
        var file = folder["hosts"];
        await File.WriteAllTextAsync(file, Before);
        var others = 0;
        await HostsFile.ChangeAsync(
            host,
            text =>
            {
                if (others++ == 0)
                    File.AppendAllText(file, "10.0.0.7 theirs\n");
                return HostsFile.Add(text, Address, ["a"]);
            },
            file,
            default);
        Assert.Equal(HostsFile.Add(Before + "10.0.0.7 theirs\n", Address, ["a"]), await File.ReadAllTextAsync(file));

        var error = await Assert.ThrowsAsync<SealerException>(() => HostsFile.ChangeAsync(
            host,
            text =>
            {
                File.AppendAllText(file, "#\n");
                return text + "x\n";
            },
            file,
            default));
        Assert.Equal("HostsFileBusy", error.Id);
    }
}
