using Sealer.Hosts;
using Sealer.Hosts.Local;
using Sealer.Hosts.Memory;

namespace Sealer.Tests.Hosts;

public sealed class HostTextTests
{
    [Fact]
    public void A_command_does_not_print_its_secrets()
    {
        var command = new HostCommand("x") { Secrets = new Dictionary<string, Secret> { ["A"] = Secret.Of("hunter22") } };
        Assert.DoesNotContain("hunter22", command.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_sudo_password_of_two_lines_is_refused() =>
        Assert.Equal("SecretNotOneLine", Assert.Throws<SealerException>(() => new LocalHost("h", Secret.Of("a\nb"))).Id);

    [Fact]
    public async Task A_secret_of_two_lines_is_refused_before_anything_runs()
    {
        await using var host = new LocalHost();
        var e = await Assert.ThrowsAsync<SealerException>(() => host.RunAsync(
            new HostCommand("echo ran") { Secrets = new Dictionary<string, Secret> { ["TOKEN"] = Secret.Of("a\nhunter22") } }));
        Assert.Equal("SecretNotOneLine", e.Id);
        Assert.Contains("TOKEN", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter22", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_memory_host_keeps_files_and_answers()
    {
        await using var host = new MemoryHost("m1", c => c.Script == "hostname" ? new HostCommandResult("m1", 0, "m1\n", "", false) : null);
        await host.PutAsync(new MemoryStream([1, 2]), "/a");
        var got = new MemoryStream();
        await host.GetAsync("/a", got);
        Assert.Equal([1, 2], got.ToArray());
        Assert.Equal("m1\n", (await host.RunAsync(new HostCommand("hostname"))).Output);
        Assert.Equal("HostCommandFailed", (await Assert.ThrowsAsync<SealerException>(() => host.GetAsync("/b", got))).Id);
    }
}
