using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;
using Sealer.Delivery.Checks;
using Sealer.Hosts;
using Sealer.Hosts.Checks;

namespace Sealer.Tests.Delivery.Checks;

public sealed class ClusterCheckupTests
{
    private static readonly ClusterSpec Spec = Clusterfile.Read(TestCluster.Text("", "  - {ips: [10.0.0.1], roles: [master]}\n  - {ips: [10.0.0.2, 10.0.0.3], roles: [node]}\n")).GetSpec();

    private static async Task<List<string>> WrongAsync(Func<string, string, string?> answer, params string[] checks) =>
        [.. (await ClusterCheckup.RunAsync("sky", Spec, address => new Talker($"{address}", answer), new PreflightOptions { Checks = checks })).Where(result => result.Status != HostCheckStatus.Passed).Select(result => $"{result}")];

    private static string Seconds(int ahead) => $"{DateTimeOffset.UtcNow.ToUnixTimeSeconds() + ahead}\n";

    [Fact]
    public async Task A_clock_that_is_not_the_others_is_told_and_one_that_all_share_with_nobody_here()
    {
        Assert.Empty(await WrongAsync((_, _) => Seconds(0), "Clock"));
        Assert.Equal(["10.0.0.2 Clock: Failed"], await WrongAsync((host, _) => Seconds(host == "10.0.0.2" ? 100 : 0), "Clock"));
        Assert.Equal(["10.0.0.3 Clock: Failed"], await WrongAsync((host, _) => Seconds(host == "10.0.0.3" ? -100 : 0), "Clock"));
        Assert.Equal(["10.0.0.1 Clock: Failed", "10.0.0.2 Clock: Failed", "10.0.0.3 Clock: Failed"], await WrongAsync((_, _) => Seconds(1000), "Clock"));
        Assert.Equal(["10.0.0.1 Clock: Failed", "10.0.0.2 Clock: Failed", "10.0.0.3 Clock: Failed"], await WrongAsync((_, _) => "nonsense", "Clock"));
    }

    [Fact]
    public async Task A_host_that_is_not_reached_and_an_API_that_is_silent_are_results_and_no_errors()
    {
        Assert.Equal(["10.0.0.2 Reachable: Failed", "sky Api: Failed"], await WrongAsync((host, command) => host == "10.0.0.2" ? null : Seconds(0), "Reachable", "Api"));
        // Nobody who does not end what is asked is believed.
        Assert.Equal(["10.0.0.3 Reachable: Failed"], await WrongAsync((host, command) => host == "10.0.0.3" && command.Contains("tell end", StringComparison.Ordinal) ? "Etcd|x|{\n" : Seconds(0), "Reachable"));
    }

    [Fact]
    public async Task What_is_not_a_check_is_told_with_the_nearest_one()
    {
        var error = await Assert.ThrowsAsync<SealerException>(() => WrongAsync((_, _) => null, "Etdc"));
        Assert.Equal("ClusterCheckUnknown", error.Id);
        Assert.Contains("Etcd", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("00 3e 5e a1 85 80 00 01 00 01 00 00 00 00", null)]
    [InlineData("00 3e 5e a1 85 83 00 01 00 00 00 00 00 00", "error 3")]
    [InlineData("00 3e 5e a1 85 80 00 01 00 00 00 00 00 00", "no address")]
    [InlineData("", "without a word")]
    [InlineData("bash: connect: Connection refused", "refused")]
    [InlineData("00 3e 5e zz 85 80 00 01 00 01 00 00 00 00", "zz")]
    public void What_a_name_server_says_is_understood(string answer, string? wrong)
    {
        if (wrong is null)
            Assert.Null(ClusterCheckScript.Wrong(answer));
        else
            Assert.Contains(wrong, ClusterCheckScript.Wrong(answer), StringComparison.Ordinal);
    }

    // Says what it is told to say, and ends what is asked of it; null: it is not reached.
    private sealed class Talker(string name, Func<string, string, string?> answer) : IHost
    {
        public string Name => name;

        public Task<HostCommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken = default)
        {
            if (command.Script.Contains("get nodes", StringComparison.Ordinal))
                return Task.FromResult(new HostCommandResult(name, 1, "", "refused", false));
            var said = answer(name, command.Script) ?? throw new SealerException("HostUnreachable", ErrorKind.Connection, $"{name} does not answer.", name);
            return Task.FromResult(new HostCommandResult(name, 0, command.Script.Contains("tell end", StringComparison.Ordinal) && !said.Contains('|', StringComparison.Ordinal) ? "end|end|end\n" : said, "", false));
        }

        public Task PutAsync(Stream content, string path, HostFileOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task GetAsync(string path, Stream target, HostFileOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
