using Sealer.Hosts;
using Sealer.Labs;

namespace Sealer.Tests.Labs;

[Trait("Tier", "lab")]
[Collection(LabCollection.Name)]
public sealed class ClusterLabTests(LabFixture fixture)
{
    [Fact]
    public async Task Four_hosts_have_a_name_and_systemd_each_and_answer_to_the_labs_key()
    {
        var lab = await fixture.SharedAsync();

        Assert.Equal(4, lab.Hosts.Count);
        foreach (var host in lab.Hosts)
        {
            var result = await SshAsync(host, "hostname; ps -p 1 -o comm=; systemctl is-system-running");
            Assert.Equal($"{host.Name}\nsystemd\nrunning\n", result.Output);
        }
    }

    internal static Task<HostCommandResult> SshAsync(LabHost host, string command) => LabTools.RunAsync("ssh",
    [
        "-q", "-i", host.KeyPath, "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", $"UserKnownHostsFile={host.KnownHostsPath}", "-F", "none",
        $"{host.User}@{host.Address}", command,
    ]);
}
