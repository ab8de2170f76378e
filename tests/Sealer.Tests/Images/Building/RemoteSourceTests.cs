using System.Text;
using Sealer.Events;
using Sealer.Images;
using Sealer.Images.Building;
using Sealer.Images.Storage;
using Sealer.Registries;
using Sealer.Registries.Connections;
using Sealer.Tests.Registries;

namespace Sealer.Tests.Images.Building;

/// <summary>Downloads of ADD and APP: what is asked for again and what not, and servers that do not behave.</summary>
public sealed class RemoteSourceTests : IAsyncDisposable
{
    private static readonly byte[] Content = HostileRegistry.Noise(1_000_000);

    private readonly TemporaryFolder _temp = new();
    private readonly HostileRegistry _server = new();
    private readonly Told _told = new();

    public RemoteSourceTests() => _server.On = e => AnswerAsync(e);

    private ImageStore Store => ImageStore.Open(_temp["store"]);

    private string Address => $"http://{_server.Domain}/file";

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _temp.Dispose();
    }

    [Fact]
    public async Task What_has_a_checksum_is_downloaded_once()
    {
        var checksum = Digest.Of(Content);
        for (var i = 0; i < 2; i++)
            Assert.Equal(Content, await ReadAsync(checksum: checksum));
        Assert.Single(_server.Log);
        await ReadAsync(checksum: checksum, useCache: false);
        Assert.Equal(2, _server.Log.Count);
    }

    [Fact]
    public async Task What_has_another_kind_of_checksum_is_downloaded_once_too()
    {
        var checksum = Digest.Parse("sha512:" + Convert.ToHexString(System.Security.Cryptography.SHA512.HashData(Content)).ToLowerInvariant());
        for (var i = 0; i < 2; i++)
            Assert.Equal(Content, await ReadAsync(checksum: checksum));
        Assert.Single(_server.Log);
    }

    [Fact]
    public async Task A_checksum_that_changed_is_asked_for_and_checked()
    {
        await ReadAsync(checksum: Digest.Of(Content));
        var error = await Assert.ThrowsAsync<SealerException>(() => ReadAsync(checksum: Digest.Of([1])));
        Assert.Equal("ChecksumMismatch", error.Id);
        Assert.Equal(2, _server.Log.Count);
        Assert.DoesNotContain("if-none-match", _server.Log.Last().Headers.Keys);
    }

    [Theory]
    [InlineData("ETag", "\"a\"", "if-none-match")]
    [InlineData("Last-Modified", "Tue, 14 Nov 2023 22:13:20 GMT", "if-modified-since")]
    public async Task What_has_none_is_fetched_again_only_where_the_server_says_that_it_changed(string header, string value, string question)
    {
        _server.On = e => e.Headers.GetValueOrDefault(question) == value ? e.ReplyAsync(304) : e.ReplyAsync(200, Content, null, (header, value));
        for (var i = 0; i < 3; i++)
            Assert.Equal(Content, await ReadAsync());
        Assert.Equal([200, 304, 304], _server.Log.Select(e => e.Status));

        _server.On = e => e.ReplyAsync(200, "new"u8.ToArray(), null, (header, "other"));
        Assert.Equal("new"u8.ToArray(), await ReadAsync());
    }

    [Fact]
    public async Task What_says_nothing_of_itself_is_fetched_each_time()
    {
        await ReadAsync();
        await ReadAsync();
        Assert.Equal([200, 200], _server.Log.Select(e => e.Status));
    }

    [Fact]
    public async Task A_cached_download_that_was_damaged_on_disk_is_fetched_again()
    {
        var checksum = Digest.Of(Content);
        await ReadAsync(checksum: checksum);
        var file = Directory.EnumerateFiles(Store.Folder, checksum.Hex, SearchOption.AllDirectories).Single();
        File.SetAttributes(file, FileAttributes.Normal);
        var bytes = await File.ReadAllBytesAsync(file);
        bytes[500] ^= 1;
        File.Delete(file);
        await File.WriteAllBytesAsync(file, bytes);
        Assert.Equal(Content, await ReadAsync(checksum: checksum));
        Assert.Equal(2, _server.Log.Count);
    }

    [Fact]
    public async Task A_connection_that_breaks_is_resumed_where_it_broke()
    {
        var served = 0;
        _server.On = e =>
        {
            var from = e.Headers.TryGetValue("range", out var range) ? int.Parse(range["bytes=".Length..].TrimEnd('-')) : 0;
            if (from > 0)
                Assert.Equal("\"v\"", e.Headers["if-range"]);
            var cut = served++ < 3 ? 300_000 : (int?)null;
            return from == 0
                ? e.ReplyAsync(200, Content, cut, ("ETag", "\"v\""))
                : e.ReplyAsync(206, Content.AsMemory(from), cut, ("ETag", "\"v\""), ("Content-Range", $"bytes {from}-{Content.Length - 1}/{Content.Length}"));
        };
        Assert.Equal(Content, await ReadAsync(checksum: Digest.Of(Content)));
        Assert.InRange(_server.Log.Count, 3, 4);
        Assert.All(_server.Log.Skip(1), e => Assert.NotEqual("bytes=0-", e.Headers["range"]));
        Assert.Empty(_server.Errors);
    }

    [Fact]
    public async Task A_file_that_changed_while_it_came_begins_anew()
    {
        var first = true;
        _server.On = e =>
        {
            var isFirst = first;
            first = false;
            return isFirst ? e.ReplyAsync(200, new byte[900_000], 500_000, ("ETag", "\"old\"")) : e.ReplyAsync(200, Content, null, ("ETag", "\"new\""));
        };
        Assert.Equal(Content, await ReadAsync());
    }

    [Theory]
    [InlineData(503, 2)]
    [InlineData(429, 2)]
    [InlineData(404, 1)]
    [InlineData(401, 1)]
    public async Task Answers_that_may_pass_are_waited_for_and_others_are_not(int status, int requests)
    {
        var isFirst = true;
        _server.On = e =>
        {
            var answer = isFirst ? status : 200;
            isFirst = false;
            return e.ReplyAsync(answer, Content, null, ("Retry-After", "1"));
        };
        if (requests == 1)
        {
            var error = await Assert.ThrowsAsync<SealerException>(() => ReadAsync());
            Assert.Equal("DownloadFailed", error.Id);
            Assert.Contains(status == 404 ? "404 NotFound; look at the address" : "401 Unauthorized; it wants to know who asks", error.Message, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(Content, await ReadAsync());
        }

        Assert.Equal(requests, _server.Log.Count);
    }

    [Fact]
    public async Task A_password_reaches_its_server_and_nobody_that_one_sends_us_to()
    {
        await using var other = new HostileRegistry();
        other.On = e => e.ReplyAsync(200, Content);
        _server.On = e => e.ReplyAsync(302, default, null, ("Location", $"http://{other.Domain}/there"));
        await ReadAsync(Address.Replace("http://", "http://ann:p%40ss@", StringComparison.Ordinal));
        Assert.Equal("Basic " + Convert.ToBase64String("ann:p@ss"u8), Assert.Single(_server.Log).Authorization);
        Assert.Null(Assert.Single(other.Log).Authorization);

        // Nor does it lie anywhere afterwards.
        foreach (var file in Directory.EnumerateFiles(_temp.Path, "*.json", SearchOption.AllDirectories))
            Assert.DoesNotContain("p%40ss", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        Assert.DoesNotContain(_told.Events, e => e.ToString().Contains("p%40ss", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_sends_us_in_circles_is_left()
    {
        _server.On = e => e.ReplyAsync(302, default, null, ("Location", "/file"));
        Assert.Contains("more than 10 times", (await Assert.ThrowsAsync<SealerException>(() => ReadAsync())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_own_authority_is_trusted_where_it_is_named_and_plain_http_is_not_gone_to_from_there()
    {
        using var certificate = TestCertificate.Server(out var authority);
        await File.WriteAllTextAsync(_temp["ca.pem"], authority.ExportCertificatePem());
        await using var secure = new HostileRegistry(certificate) { On = e => e.ReplyAsync(200, Content) };
        var address = $"https://{secure.Domain}/file";
        var error = await Assert.ThrowsAsync<SealerException>(() => ReadAsync(address));
        Assert.Contains("-CertificateAuthority", error.Message, StringComparison.Ordinal);

        var trusting = Options with { CertificateAuthorityFiles = [_temp["ca.pem"]] };
        Assert.Equal(Content, await ReadAsync(address, options: trusting));
        Assert.Equal(Content, await ReadAsync(address, useCache: false, options: Options with { SkipCertificateCheck = [secure.Domain] }));

        secure.On = e => e.ReplyAsync(302, default, null, ("Location", Address));
        error = await Assert.ThrowsAsync<SealerException>(() => ReadAsync(address, options: trusting));
        Assert.Contains("from https to http, which is refused", error.Message, StringComparison.Ordinal);
        Assert.Empty(_server.Log);
    }

    [Fact]
    public async Task The_way_leads_through_the_proxy_that_the_environment_names()
    {
        // A proxy is asked for the whole address; the host behind it is known to it alone.
        _server.On = e => e.ReplyAsync(200, Encoding.UTF8.GetBytes(e.Target));
        var proxy = EnvironmentProxy.Read(new Dictionary<string, string> { ["HTTP_PROXY"] = $"http://{_server.Domain}" }.GetValueOrDefault);
        var content = await ReadAsync("http://files.example/a", options: Options with { Proxy = proxy });
        Assert.Equal("http://files.example/a", Encoding.UTF8.GetString(content));
    }

    [Fact]
    public async Task Progress_is_told()
    {
        await ReadAsync();
        var last = _told.Events.OfType<ProgressEvent>().Last();
        Assert.Equal(("Downloading", Address, Content.Length, Content.Length), (last.Activity, last.Item, last.Done, last.Total));
    }

    private static RegistryOptions Options => new()
    {
        CertificateFolders = [],
        Time = new ImpatientTime(),
        Retry = new RetryPolicy { MaxAttempts = 3 },
    };

    private static Task AnswerAsync(HostileExchange exchange) => exchange.ReplyAsync(200, Content);

    private async Task<byte[]> ReadAsync(
        string? address = null, Digest? checksum = null, bool useCache = true, RegistryOptions? options = null)
    {
        using var source = new RemoteSource(Store, options ?? Options, useCache, null, _told);
        var item = await source.FetchAsync(address ?? Address, 0b110_000_000, checksum, "file", CancellationToken.None);
        var content = new MemoryStream();
        await using (var stream = item.Entries[0].OpenContent())
            await stream.CopyToAsync(content);
        Assert.Equal(content.Length, item.Entries[0].Size);
        return content.ToArray();
    }

    private sealed class Told : IProgress<SealerEvent>
    {
        public System.Collections.Concurrent.ConcurrentQueue<SealerEvent> Events { get; } = new();

        public void Report(SealerEvent value) => Events.Enqueue(value);
    }
}
