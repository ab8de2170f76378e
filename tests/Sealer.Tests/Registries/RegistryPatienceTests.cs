using System.Net;
using System.Net.Sockets;
using Sealer.Images;
using Sealer.Registries;

namespace Sealer.Tests.Registries;

/// <summary>Registries that keep one waiting: each wait has an end, and the end is told as what it is.</summary>
public sealed class RegistryPatienceTests
{
    [LinuxFact]
    public async Task A_host_that_does_not_answer_is_told_and_is_no_cancellation()
    {
        // A queue of connections that nobody takes is what a firewall that drops looks like.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start(0);
        var endPoint = (IPEndPoint)listener.LocalEndpoint;
        var waiting = new List<TcpClient>();
        try
        {
            for (var i = 0; i < 4; i++)
            {
                var client = new TcpClient();
                waiting.Add(client);
                _ = client.ConnectAsync(endPoint);
            }

            var domain = $"127.0.0.1:{endPoint.Port}";
            using var registries = new RegistryClient(new RegistryOptions
            {
                PlainHttp = [domain],
                CertificateFolders = [],
                ConnectTimeout = TimeSpan.FromMilliseconds(50),
                Retry = new RetryPolicy { BaseDelay = TimeSpan.Zero },
            });
            var error = await Assert.ThrowsAsync<RegistryException>(() => registries.PingAsync(domain, default));
            Assert.Equal("ConnectionTimedOut", error.Id);
            Assert.Contains(domain, error.Message);
        }
        finally
        {
            waiting.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public async Task A_refusal_whose_text_never_comes_is_given_up()
    {
        await using var registry = new HostileRegistry();
        var release = new TaskCompletionSource();
        registry.On = async e =>
        {
            if (e.Authorization is not null)
                return;
            await e.ReplyAsync(401, default, null, ("WWW-Authenticate", "Basic realm=\"x\""), ("Content-Length", "100"));
            await release.Task;
        };
        using var client = registry.Client(options => options with
        {
            Credentials = new GivenCredentials(new Dictionary<string, RegistryCredential> { [registry.Domain] = RegistryCredential.Of("u", "p") }),
            Time = TimeProvider.System,
            StallTimeout = TimeSpan.FromMilliseconds(50),
            Retry = RetryPolicy.None,
        });
        var error = await Assert.ThrowsAsync<RegistryException>(
            () => client.PingAsync(registry.Domain, default).WaitAsync(TimeSpan.FromSeconds(30)));
        release.SetResult();
        Assert.Equal("ConnectionStalled", error.Id);
    }

    [Fact]
    public async Task A_registry_that_takes_chunks_and_keeps_nothing_of_them_is_given_up()
    {
        await using var registry = new HostileRegistry();
        var content = HostileRegistry.Noise(3_000);
        registry.On = KeepsNothingAfter(1_000);
        using var client = registry.Client(options => options with { UploadChunkSize = 1_000 });
        var put = client.Repository(registry.Image()).PutAsync(
            Descriptor.Of(MediaType.OciLayer, content),
            (offset, _) => Task.FromResult<Stream>(new MemoryStream(content[(int)offset..])),
            null,
            default);
        var error = await Assert.ThrowsAsync<SealerException>(() => put.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal("WrongRange", error.Id);
    }

    private static Func<HostileExchange, Task> KeepsNothingAfter(int bytes) => async e =>
    {
        if (e.Method != "PATCH")
            return;
        await e.ReadBodyAsync();
        await e.ReplyAsync(202, default, null, ("Location", e.Target), ("Range", $"0-{bytes - 1}"));
    };
}
