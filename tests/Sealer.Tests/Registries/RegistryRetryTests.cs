using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Sealer.Events;
using Sealer.Images;
using Sealer.Registries;

namespace Sealer.Tests.Registries;

public sealed class RegistryRetryTests
{
    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task A_passing_failure_is_tried_again(int status)
    {
        await using var registry = new HostileRegistry();
        registry.AddManifest("v1", MediaType.OciManifest, HostileRegistry.Manifest());
        var failures = 2;
        registry.On = e => failures-- > 0 ? e.ReplyAsync(status) : Task.CompletedTask;
        using var client = registry.Client();
        Assert.NotNull(await client.Repository(registry.Image()).ResolveAsync(registry.Image(), default));
        Assert.Equal(3, registry.Log.Count);
    }

    [Fact]
    public async Task Waits_grow_and_are_random_within_their_bounds()
    {
        await using var registry = new HostileRegistry { On = e => e.ReplyAsync(503) };
        var time = new ImpatientTime();
        using var client = registry.Client(o => o with { Time = time, Retry = new RetryPolicy { MaxAttempts = 9, BaseDelay = TimeSpan.FromSeconds(1), MaxDelay = TimeSpan.FromSeconds(8), Budget = TimeSpan.FromHours(1) } });
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync(registry.Domain, default));
        Assert.Equal(("RegistryFailed", HttpStatusCode.ServiceUnavailable), (e.Id, e.StatusCode));
        Assert.Equal(9, registry.Log.Count);
        var waits = time.Waits.ToList();
        Assert.Equal(8, waits.Count);
        Assert.All(waits.Select((w, i) => (w, i)), p => Assert.InRange(p.w.TotalSeconds, 0, Math.Min(8, Math.Pow(2, p.i))));
        Assert.True(waits.Distinct().Count() > 4);
    }

    [Theory]
    [InlineData(429, false)]
    [InlineData(503, true)]
    public async Task Retry_After_is_honoured_in_seconds_and_as_a_date(int status, bool asDate)
    {
        await using var registry = new HostileRegistry();
        var time = new ImpatientTime();
        var failures = 1;

        // The server's clock is three hours ahead of ours, which must not matter.
        var now = DateTimeOffset.UtcNow.AddHours(3);
        registry.On = e => failures-- > 0
            ? e.ReplyAsync(status, default, null, ("Date", now.ToString("R", CultureInfo.InvariantCulture)), ("Retry-After", asDate ? now.AddSeconds(17).ToString("R", CultureInfo.InvariantCulture) : "17"))
            : Task.CompletedTask;
        var events = new List<SealerEvent>();
        using var client = registry.Client(o => o with { Time = time, Events = new Collector(events) });
        await client.PingAsync(registry.Domain, default);
        Assert.Equal(17, Assert.Single(time.Waits).TotalSeconds, 0.5);
        Assert.Contains(events.OfType<DetailEvent>(), d => d.Message.Contains($"{status}") && d.Message.Contains("17 s"));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task A_blob_refused_for_now_is_waited_for_as_asked_and_not_served_twice(int status)
    {
        await using var registry = new HostileRegistry();
        var content = HostileRegistry.Noise(500_000);
        var blob = registry.AddBlob(content);
        var time = new ImpatientTime();

        // Refused, cut in the middle, refused again, and then the rest.
        var count = 0;
        registry.On = e => (count++) switch
        {
            0 or 2 => e.ReplyAsync(status, default, null, ("Retry-After", "7")),
            1 => registry.BlobAsync(e, blob.Digest.ToString(), cutAfter: 200_000),
            _ => Task.CompletedTask,
        };
        using var client = registry.Client(o => o with { Time = time });
        Assert.Equal(content, await RegistryPullTests.ReadAsync(client.Repository(registry.Image()), blob));
        Assert.Equal(2, time.Waits.Count(w => w == TimeSpan.FromSeconds(7)));
        Assert.Equal(4, registry.Log.Count);

        // What the cut threw away of the first part may come again, and no more.
        Assert.InRange(registry.BlobBytesServed, content.Length, content.Length + 200_000);
    }

    [Fact]
    public async Task A_registry_that_asks_for_a_longer_wait_than_we_have_is_given_up_at_once()
    {
        await using var registry = new HostileRegistry { On = e => e.ReplyAsync(429, """{"errors":[{"code":"TOOMANYREQUESTS","message":"pull rate limit"}]}""", ("Retry-After", "21600")) };
        var time = new ImpatientTime();
        using var client = registry.Client(o => o with { Time = time });
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync(registry.Domain, default));
        Assert.Equal("RegistryBusy", e.Id);
        Assert.Contains("21600 s", e.Message);
        Assert.Contains("pull rate limit", e.Message);
        Assert.Empty(time.Waits);
        Assert.Single(registry.Log);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(501)]
    public async Task What_will_not_pass_is_not_tried_again(int status)
    {
        await using var registry = new HostileRegistry { On = e => e.ReplyAsync(status) };
        using var client = registry.Client();
        await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync(registry.Domain, default));
        Assert.Single(registry.Log);
    }

    [Fact]
    public async Task A_connection_cut_before_the_answer_is_made_again()
    {
        await using var registry = new HostileRegistry();
        var cuts = 2;
        registry.On = e =>
        {
            if (cuts-- > 0)
                e.Break();
            return Task.CompletedTask;
        };
        using var client = registry.Client();
        await client.PingAsync(registry.Domain, default);
        Assert.InRange(registry.Log.Count, 3, 5);
    }

    [Fact]
    public async Task A_manifest_cut_in_the_middle_is_read_again()
    {
        await using var registry = new HostileRegistry();
        var manifest = registry.AddManifest("v1", MediaType.OciManifest, HostileRegistry.Manifest());
        var cuts = 2;
        registry.On = e => cuts-- > 0 ? e.ReplyAsync(200, HostileRegistry.Manifest(), 50, ("Content-Type", MediaType.OciManifest)) : Task.CompletedTask;
        using var client = registry.Client();
        Assert.Equal(HostileRegistry.Manifest(), await RegistryPullTests.ReadAsync(client.Repository(registry.Image()), manifest));
    }

    [Fact]
    public async Task No_answer_in_time_is_an_error_that_says_so()
    {
        await using var registry = new HostileRegistry();
        using var never = new SemaphoreSlim(0);
        registry.On = async e =>
        {
            await never.WaitAsync();
            e.Break();
        };
        using var client = registry.Client(o => o with { ResponseTimeout = TimeSpan.FromSeconds(1), Retry = RetryPolicy.None });
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync(registry.Domain, default));
        Assert.Equal("ConnectionStalled", e.Id);
        never.Release();
    }

    [Fact]
    public async Task Where_nobody_listens_there_are_two_attempts_and_a_clear_error()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var domain = $"127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        listener.Stop();
        var time = new ImpatientTime();
        using var client = new RegistryClient(new RegistryOptions { PlainHttp = [domain], CertificateFolders = [], Time = time });
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync(domain, default));
        Assert.Equal("ConnectionRefused", e.Id);
        Assert.Contains(domain, e.Message);
        Assert.Single(time.Waits);
    }

    [Fact]
    public async Task Cancelling_ends_a_wait()
    {
        await using var registry = new HostileRegistry { On = e => e.ReplyAsync(503, "", ("Retry-After", "100")) };
        using var stop = new CancellationTokenSource();
        using var client = registry.Client(o => o with { Time = TimeProvider.System, Events = new Collector([], stop.Cancel) });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.PingAsync(registry.Domain, stop.Token));
    }

    [Fact]
    public async Task What_a_registry_warns_of_is_passed_on_once()
    {
        await using var registry = new HostileRegistry { On = e => e.ReplyAsync(200, "", ("Warning", "299 - \"This image is deprecated.\"")) };
        var events = new List<SealerEvent>();
        using var client = registry.Client(o => o with { Events = new Collector(events) });
        await client.PingAsync(registry.Domain, default);
        await client.PingAsync(registry.Domain, default);
        Assert.Contains("This image is deprecated.", Assert.Single(events.OfType<WarningEvent>()).Message);
    }

    internal sealed class Collector(List<SealerEvent> events, Action? then = null) : IProgress<SealerEvent>
    {
        public void Report(SealerEvent value)
        {
            lock (events)
                events.Add(value);
            then?.Invoke();
        }
    }
}
