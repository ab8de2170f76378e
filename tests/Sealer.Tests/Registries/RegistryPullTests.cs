using System.Text;
using Sealer.Images;
using Sealer.Registries;

namespace Sealer.Tests.Registries;

public sealed class RegistryPullTests
{
    [Fact]
    public async Task A_tag_resolves_to_type_digest_and_size()
    {
        await using var registry = new HostileRegistry();
        var expected = registry.AddManifest("v1", MediaType.OciManifest, HostileRegistry.Manifest());
        using var client = registry.Client();
        Assert.Equal(expected, await client.Repository(registry.Image()).ResolveAsync(registry.Image(), default));
        Assert.Equal(["HEAD /v2/team/app/manifests/v1"], registry.Requests);
        Assert.Null(await client.Repository(registry.Image()).ResolveAsync(registry.Image("v2"), default));
        Assert.Empty(registry.Errors);
    }

    [Fact]
    public async Task A_registry_that_answers_HEAD_poorly_is_asked_with_GET()
    {
        await using var registry = new HostileRegistry();
        var expected = registry.AddManifest("v1", MediaType.OciManifest, HostileRegistry.Manifest());
        registry.On = e => e.Method == "HEAD" ? e.ReplyAsync(405) : Task.CompletedTask;
        using var client = registry.Client();
        Assert.Equal(expected, await client.Repository(registry.Image()).ResolveAsync(registry.Image(), default));
    }

    [Fact]
    public async Task A_manifest_without_a_telling_content_type_is_what_its_content_says()
    {
        await using var registry = new HostileRegistry();
        var body = HostileRegistry.Manifest();
        registry.On = e => e.ReplyAsync(200, body, null, ("Content-Type", "application/json; charset=utf-8"));
        using var client = registry.Client();
        Assert.Equal(Descriptor.Of(MediaType.OciManifest, body), await client.Repository(registry.Image()).ResolveAsync(registry.Image(), default));
    }

    [Fact]
    public async Task A_blob_cut_in_the_middle_is_resumed_and_only_the_rest_is_sent_again()
    {
        await using var registry = new HostileRegistry();
        var content = HostileRegistry.Noise(3_000_000);
        var blob = registry.AddBlob(content);
        var cuts = new Queue<int>([1_000_000, 500_000]);
        var served = new List<(long From, long Sent)>();
        registry.On = async e =>
        {
            if (e.Path.Contains("/blobs/"))
            {
                var from = e.Headers.TryGetValue("range", out var range) ? long.Parse(range[6..^1]) : 0;
                var before = registry.BlobBytesServed;
                await registry.BlobAsync(e, blob.Digest.ToString(), cuts.TryDequeue(out var cut) ? cut : null);
                served.Add((from, registry.BlobBytesServed - before));
            }
        };
        using var client = registry.Client();
        Assert.Equal(content, await ReadAsync(client.Repository(registry.Image()), blob));

        // A reset destroys what was under way, so that a little of what was sent is sent again, but never what had arrived.
        Assert.Equal(3, served.Count);
        Assert.Equal((0, 1_000_000), served[0]);
        Assert.InRange(served[1].From, 1, 1_000_000);
        Assert.Equal(500_000, served[1].Sent);
        Assert.InRange(served[2].From, served[1].From + 1, served[1].From + 500_000);
        Assert.Equal(3_000_000 - served[2].From, served[2].Sent);
    }

    [Fact]
    public async Task A_cut_that_the_connection_tells_politely_resends_not_one_byte()
    {
        await using var registry = new HostileRegistry();
        var content = HostileRegistry.Noise(1_000_000);
        var blob = registry.AddBlob(content);
        var isFirst = true;
        registry.On = async e =>
        {
            if (!isFirst)
                return;
            isFirst = false;
            registry.BlobBytesServed += 400_000;
            await e.ReplyAsync(200, content.AsMemory(0, 400_000), null, ("Content-Length", "1000000"));
            e.Hang();
        };
        using var client = registry.Client();
        Assert.Equal(content, await ReadAsync(client.Repository(registry.Image()), blob));
        Assert.Equal(1_000_000, registry.BlobBytesServed);
        Assert.Equal("bytes=400000-", registry.Log.Last().Headers["range"]);
    }

    [Fact]
    public async Task A_registry_that_ignores_ranges_is_resumed_by_skipping()
    {
        await using var registry = new HostileRegistry();
        var content = HostileRegistry.Noise(500_000);
        var blob = registry.AddBlob(content);
        registry.On = e => e.ReplyAsync(200, content);
        using var client = registry.Client();
        Assert.Equal(content[123_456..], await ReadAsync(client.Repository(registry.Image()), blob, 123_456));
    }

    [Theory]
    [InlineData("bytes 0-399999/500000")]
    [InlineData("bytes 100001-499999/500000")]
    [InlineData("bytes */500000")]
    [InlineData("pages 100000-499999/500000")]
    public async Task An_answer_with_another_range_than_asked_for_is_not_taken(string range)
    {
        await using var registry = new HostileRegistry();
        var content = HostileRegistry.Noise(500_000);
        var blob = registry.AddBlob(content);
        registry.On = e => e.Headers.ContainsKey("range")
            ? e.ReplyAsync(206, content.AsMemory(0, 400_000), null, ("Content-Range", range))
            : Task.CompletedTask;
        using var client = registry.Client();
        Assert.Equal(content[100_000..], await ReadAsync(client.Repository(registry.Image()), blob, 100_000));
    }

    [Fact]
    public async Task A_part_is_taken_where_a_registry_gives_less_than_asked_for()
    {
        await using var registry = new HostileRegistry();
        var content = HostileRegistry.Noise(300_000);
        var blob = registry.AddBlob(content);
        registry.On = e =>
        {
            var from = e.Headers.TryGetValue("range", out var range) ? int.Parse(range[6..^1]) : 0;
            var to = Math.Min(from + 99_999, 299_999);
            return e.ReplyAsync(206, content.AsMemory(from, to - from + 1), null, ("Content-Range", $"bytes {from}-{to}/300000"));
        };
        using var client = registry.Client();
        Assert.Equal(content, await ReadAsync(client.Repository(registry.Image()), blob));
    }

    [Theory]
    [InlineData(999_999)]
    [InlineData(1_000_001)]
    public async Task A_blob_of_another_length_than_its_descriptor_is_refused_before_it_is_read(int length)
    {
        await using var registry = new HostileRegistry();
        var blob = registry.AddBlob(HostileRegistry.Noise(1_000_000));
        registry.On = e => e.ReplyAsync(200, HostileRegistry.Noise(length));
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.Repository(registry.Image()).OpenAsync(blob, 0, default));
        Assert.Equal("SizeMismatch", e.Id);
    }

    [Fact]
    public async Task A_blob_that_goes_on_after_its_size_is_refused()
    {
        await using var registry = new HostileRegistry();
        var blob = registry.AddBlob(HostileRegistry.Noise(10_000));
        registry.On = e => e.ReplyAsync(200, HostileRegistry.Noise(10_001), null, ("Transfer-Encoding", "chunked"));
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<RegistryException>(() => ReadAsync(client.Repository(registry.Image()), blob));
        Assert.Equal("SizeMismatch", e.Id);
    }

    [Fact]
    public async Task A_blob_that_always_ends_early_is_given_up()
    {
        await using var registry = new HostileRegistry();
        var content = HostileRegistry.Noise(1_000_000);
        var blob = registry.AddBlob(content);
        registry.On = e => e.Headers.ContainsKey("range")
            ? e.ReplyAsync(206, content.AsMemory(500_000), 0, ("Content-Range", "bytes 500000-999999/1000000"))
            : registry.BlobAsync(e, blob.Digest.ToString(), 500_000);
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<RegistryException>(() => ReadAsync(client.Repository(registry.Image()), blob));
        Assert.Equal(ErrorKind.Connection, e.Kind);
        Assert.InRange(registry.Log.Count, 4, 9);
    }

    [Fact]
    public async Task A_connection_on_which_nothing_moves_is_broken_off_and_resumed()
    {
        await using var registry = new HostileRegistry();
        var content = HostileRegistry.Noise(1_000_000);
        var blob = registry.AddBlob(content);
        using var stalled = new SemaphoreSlim(0);
        var isFirst = true;
        registry.On = async e =>
        {
            if (!isFirst)
                return;
            isFirst = false;
            await e.ReplyAsync(200, content.AsMemory(0, 300_000), null, ("Content-Length", "1000000"));
            await stalled.WaitAsync();
        };
        using var client = registry.Client(o => o with { Time = TimeProvider.System, StallTimeout = TimeSpan.FromMilliseconds(200), Retry = o.Retry with { BaseDelay = TimeSpan.Zero } });
        Assert.Equal(content, await ReadAsync(client.Repository(registry.Image()), blob));
        stalled.Release();
        Assert.Equal("bytes=300000-", registry.Log.Last().Headers["range"]);
    }

    [Fact]
    public async Task What_is_missing_is_named_when_it_is_opened()
    {
        await using var registry = new HostileRegistry();
        using var client = registry.Client();
        var blob = Descriptor.Of(MediaType.OciLayer, "x"u8);
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.Repository(registry.Image()).OpenAsync(blob, 0, default));
        Assert.Equal(("BlobNotFound", ErrorKind.NotFound), (e.Id, e.Kind));
        Assert.Contains(blob.Digest.ToString(), e.Message);
        e = await Assert.ThrowsAsync<RegistryException>(() => client.Repository(registry.Image()).OpenAsync(Descriptor.Of(MediaType.OciManifest, "{}"u8), 0, default));
        Assert.Equal("BlobNotFound", e.Id);
    }

    [Fact]
    public async Task A_manifest_whose_bytes_are_not_its_digest_is_refused()
    {
        await using var registry = new HostileRegistry();
        var told = registry.AddManifest("v1", MediaType.OciManifest, HostileRegistry.Manifest());
        var other = HostileRegistry.Manifest(""","annotations":{"a":"b"}""");
        registry.On = e => e.Method == "GET"
            ? e.ReplyAsync(200, other, null, ("Content-Type", MediaType.OciManifest), ("Docker-Content-Digest", told.Digest.ToString()))
            : Task.CompletedTask;
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<SealerException>(() => client.Repository(registry.Image()).OpenAsync(told, 0, default));
        Assert.Equal("DigestMismatch", e.Id);
    }

    [Fact]
    public async Task A_tag_whose_GET_has_other_bytes_than_its_header_tells_is_refused()
    {
        await using var registry = new HostileRegistry();
        registry.On = e => e.Method == "HEAD"
            ? e.ReplyAsync(500)
            : e.ReplyAsync(200, HostileRegistry.Manifest(), null, ("Content-Type", MediaType.OciManifest), ("Docker-Content-Digest", Digest.Of("x"u8).ToString()));
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<SealerException>(() => client.Repository(registry.Image()).ResolveAsync(registry.Image(), default));
        Assert.Equal("DigestMismatch", e.Id);
    }

    [Fact]
    public async Task A_name_by_digest_that_resolves_to_another_digest_is_refused()
    {
        await using var registry = new HostileRegistry();
        registry.On = e => e.ReplyAsync(200, HostileRegistry.Manifest(), null, ("Content-Type", MediaType.OciManifest), ("Docker-Content-Digest", Digest.Of("x"u8).ToString()));
        using var client = registry.Client();
        var name = registry.Image().WithDigest(Digest.Of("y"u8));
        var e = await Assert.ThrowsAsync<SealerException>(() => client.Repository(name).ResolveAsync(name, default));
        Assert.Equal("DigestMismatch", e.Id);
    }

    [Theory]
    [InlineData(MediaType.OciIndex, """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]}""", "MediaTypeMismatch")]
    [InlineData(MediaType.OciManifest, """{"schemaVersion":2,"manifests":[]}""", "MediaTypeMismatch")]
    [InlineData(MediaType.OciIndex, """{"schemaVersion":2,"layers":[],"config":{}}""", "MediaTypeMismatch")]
    [InlineData(MediaType.OciManifest, """{"schemaVersion":2,"layers":[],"config":{},"manifests":[]}""", "MediaTypeMismatch")]
    [InlineData("application/vnd.docker.distribution.manifest.v1+prettyjws", """{"schemaVersion":1,"fsLayers":[]}""", "UnsupportedManifest")]
    [InlineData(MediaType.OciManifest, "[1]", "InvalidManifest")]
    [InlineData(MediaType.OciManifest, "not json", "InvalidManifest")]
    public async Task A_manifest_that_can_be_taken_for_something_else_is_refused(string type, string body, string id)
    {
        await using var registry = new HostileRegistry();
        registry.On = e => e.Method == "HEAD" ? e.ReplyAsync(405) : e.ReplyAsync(200, body, ("Content-Type", type));
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<SealerException>(() => client.Repository(registry.Image()).ResolveAsync(registry.Image(), default));
        Assert.Equal(id, e.Id);
    }

    [Fact]
    public async Task A_manifest_of_another_type_than_its_descriptor_is_refused()
    {
        await using var registry = new HostileRegistry();
        var body = HostileRegistry.Manifest();
        registry.AddManifest("v1", MediaType.OciManifest, body);
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<SealerException>(
            () => client.Repository(registry.Image()).OpenAsync(Descriptor.Of(MediaType.DockerManifest, body), 0, default));
        Assert.Equal("MediaTypeMismatch", e.Id);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_manifest_over_4_MiB_is_refused_unread(bool tellsLength)
    {
        await using var registry = new HostileRegistry();
        var body = Encoding.UTF8.GetBytes("{\"a\":\"" + new string('x', OciJson.MaxManifestSize) + "\"}");
        registry.AddManifest("v1", MediaType.OciManifest, body);
        registry.On = e => tellsLength ? Task.CompletedTask
            : e.Method == "HEAD" ? e.ReplyAsync(405)
            : e.ReplyAsync(200, body, null, ("Content-Type", MediaType.OciManifest), ("Transfer-Encoding", "chunked"));
        using var client = registry.Client();
        var e = await Assert.ThrowsAnyAsync<SealerException>(() => client.Repository(registry.Image()).ResolveAsync(registry.Image(), default));
        Assert.Equal("ManifestTooLarge", e.Id);
    }

    internal static async Task<byte[]> ReadAsync(IImageSource source, Descriptor descriptor, long offset = 0)
    {
        await using var stream = await source.OpenAsync(descriptor, offset, default);
        var content = new MemoryStream();
        await stream.CopyToAsync(content);
        return content.ToArray();
    }
}
