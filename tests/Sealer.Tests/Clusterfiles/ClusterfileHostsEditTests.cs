using System.Net;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;

namespace Sealer.Tests.Clusterfiles;

public sealed class ClusterfileHostsEditTests : IDisposable
{
    private const string Text = """
        # Ours, since 2019.
        apiVersion: sealer.io/v2
        kind: Cluster
        metadata: { name: sky }
        spec:
          image: skyline:v1
          hosts:
          - ips: [10.0.0.1, "10.0.0.2", 10.0.0.3]   # in the cellar
            roles: [master]
          - ips:
            - 10.0.0.11
            - 10.0.0.12 # slow
            roles: [node]
            labels: {zone: a}
          - ips: [ 10.0.0.21 ]
            roles: [node]
          # What else there is.
          dataRoot: /data
        """;

    private readonly TemporaryFolder _folder = new();

    private string File => _folder["Clusterfile"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Hosts_go_line_by_line_and_all_the_rest_stays_as_it_is_written()
    {
        Write(Text);
        Assert.Null(ClusterfileEdit.ChangeHosts(File, [], [Address("10.0.0.2"), Address("10.0.0.12"), Address("10.0.0.21")]));
        Assert.Equal(
            Text.Replace("\"10.0.0.2\", ", "", StringComparison.Ordinal).Replace("    - 10.0.0.12 # slow\n", "", StringComparison.Ordinal).Replace("  - ips: [ 10.0.0.21 ]\n    roles: [node]\n", "", StringComparison.Ordinal),
            System.IO.File.ReadAllText(File));
        Assert.Null(ClusterfileEdit.ChangeHosts(File, [], [Address("10.0.0.3"), Address("10.0.0.99")]));
        Assert.Contains("- ips: [10.0.0.1]   # in the cellar\n", System.IO.File.ReadAllText(File), StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void Hosts_come_behind_all_others_so_that_the_first_control_plane_stays_the_first(string end)
    {
        Write(Text.Replace("\n", end, StringComparison.Ordinal));
        Assert.Null(ClusterfileEdit.ChangeHosts(File, [Host("10.0.0.4", "master"), Host("10.0.0.22", "node"), Host("10.0.0.23", "node"), Host("10.0.0.1", "master")], []));
        Assert.Equal(
            Text.Replace("  # What", "  - ips: [\"10.0.0.4\"]\n    roles: [master]\n  - ips: [\"10.0.0.22\", \"10.0.0.23\"]\n    roles: [node]\n  # What", StringComparison.Ordinal).Replace("\n", end, StringComparison.Ordinal),
            System.IO.File.ReadAllText(File));
    }

    [Fact]
    public void Where_the_hosts_are_the_end_of_the_file_they_come_there()
    {
        var text = Text[..Text.IndexOf("  # What", StringComparison.Ordinal)].TrimEnd('\n');
        Write(text);
        Assert.Null(ClusterfileEdit.ChangeHosts(File, [Host("10.0.0.22", "node")], []));
        Assert.Equal(text + "\n  - ips: [\"10.0.0.22\"]\n    roles: [node]", System.IO.File.ReadAllText(File));
    }

    [Fact]
    public void A_file_that_names_a_range_is_written_anew_and_what_was_there_is_kept_with_its_passwords()
    {
        var text = Text.Replace("[10.0.0.1, \"10.0.0.2\", 10.0.0.3]", "[10.0.0.1-10.0.0.3]", StringComparison.Ordinal).Replace("  image:", "  ssh: {user: ops, passwd: 's3cret'}\n  image:", StringComparison.Ordinal);
        Write(text);
        var copy = ClusterfileEdit.ChangeHosts(File, [], [Address("10.0.0.2")]);
        Assert.Equal(text, System.IO.File.ReadAllText(copy!));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(copy!));
        var read = Clusterfile.ReadFile(File).GetSpec();
        Assert.Equal(["10.0.0.1", "10.0.0.3", "10.0.0.11", "10.0.0.12", "10.0.0.21"], read.Hosts.Select(host => host.Address.ToString()));
        Assert.Equal("s3cret", read.Ssh.Password!.Reveal());
    }

    private void Write(string text)
    {
        System.IO.File.WriteAllText(File, text);
        if (!OperatingSystem.IsWindows())
            System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static IPAddress Address(string text) => IPAddress.Parse(text);

    private static HostSpec Host(string address, string role) => new() { Address = Address(address), Roles = [role] };
}
