using Sealer.Hosts;
using Sealer.Hosts.Memory;

namespace Sealer.Tests.Hosts;

public sealed class HostTextTests
{
    [Fact]
    public void A_secret_never_prints()
    {
        var secret = new HostSecret("hunter22");
        Assert.Equal("***", $"{secret}");
        Assert.DoesNotContain("hunter22", new HostCommand("x") { Secrets = new Dictionary<string, HostSecret> { ["A"] = secret } }.ToString(), StringComparison.Ordinal);
        Assert.Equal("a *** b", secret.HideIn("a hunter22 b"));
        Assert.Equal("a b", new HostSecret("a").HideIn("a b"));
        Assert.Equal("a b", new HostSecret("").HideIn("a b"));
    }

    [Fact]
    public void A_secret_of_two_lines_is_refused() => Assert.Throws<ArgumentException>(() => new HostSecret("a\nb"));

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
