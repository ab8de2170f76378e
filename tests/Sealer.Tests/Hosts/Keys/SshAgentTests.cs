using System.Net.Sockets;
using Sealer.Hosts.Keys;

namespace Sealer.Tests.Hosts.Keys;

public sealed class SshAgentTests
{
    [LinuxTheory]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 12 })]
    [InlineData(new byte[] { 0, 0, 0, 0 })]
    [InlineData(new byte[] { 0, 0, 0, 1, 5 })]
    [InlineData(new byte[] { 0, 0, 0, 5, 12, 0, 0, 0, 9 })]
    [InlineData(new byte[] { 0, 0, 0, 9, 12, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF })]
    [InlineData(new byte[] { 0, 0 })]
    public async Task An_agent_that_answers_nonsense_is_an_error_that_names_it(byte[] answer)
    {
        using var folder = new TemporaryFolder();
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(folder["agent"]));
        listener.Listen();
        var answering = Task.Run(async () =>
        {
            using var client = await listener.AcceptAsync();
            await client.ReceiveAsync(new byte[5]);
            await client.SendAsync(answer);
        });
        var error = Assert.Throws<SealerException>(() => new SshAgent(folder["agent"]).List());
        Assert.Equal("SshAgentFailed", error.Id);
        Assert.Contains(folder["agent"], error.Message, StringComparison.Ordinal);
        await answering;
    }

    [LinuxFact]
    public void An_agent_that_is_not_there_is_told() =>
        Assert.Contains("ssh-add", Assert.Throws<SealerException>(() => new SshAgent("/no/such/agent").List()).Message, StringComparison.Ordinal);

    [LinuxFact]
    public void A_path_that_no_socket_can_have_is_told() =>
        Assert.Equal("SshAgentFailed", Assert.Throws<SealerException>(() => new SshAgent("/" + new string('x', 300)).List()).Id);

    [Fact]
    public void None_means_no_agent() => Assert.Null(SshAgent.Find("none"));
}
