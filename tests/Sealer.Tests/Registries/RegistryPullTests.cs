using System.Text;
using Sealer.Images;

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
        var expected = registry.AddManifest("v1", MediaType.DockerManifest, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(HostileRegistry.Manifest()).Replace(MediaType.OciManifest, MediaType.DockerManifest)));
        registry.On = e => e.Method == "HEAD" ? e.ReplyAsync(405) : Task.CompletedTask;
        using var client = registry.Client();
        Assert.Equal(expected, await client.Repository(registry.Image()).ResolveAsync(registry.Image(), default));
    }

    [Fact]
    public async Task A_blob_cut_in_the_middle_is_resumed_and_only_the_rest_is_sent_again()
    {
        await using var registry = new HostileRegistry();
        var content = HostileRegistry.Noise(3_000_000);
        var blob = registry.AddBlob(content);
        var cuts = new Queue<int>([1_000_000, 500_000]);
        registry.On = e => e.Path.Contains("/blobs/") && cuts.TryDequeue(out var cut)
            ? registry.BlobAsync(e, blob.Digest.ToString(), cut)
            : Task.CompletedTask;
        using var client = registry.Client();
        Assert.Equal(content, await ReadAsync(client.Repository(registry.Image()), blob));

        // A reset may destroy what was under way: a little less arrives than was sent.
        Assert.InRange(registry.BlobBytesServed, 3_000_000, 4_500_000);
        var ranges = registry.Log.Select(e => e.Headers.GetValueOrDefault("range")).ToList();
        Assert.Equal(3, ranges.Count);
        Assert.Null(ranges[0]);
        Assert.All(ranges.Skip(1), r => Assert.StartsWith("bytes=", r));
    }

    internal static async Task<byte[]> ReadAsync(IImageSource source, Descriptor descriptor, long offset = 0)
    {
        await using var stream = await source.OpenAsync(descriptor, offset, default);
        var content = new MemoryStream();
        await stream.CopyToAsync(content);
        return content.ToArray();
    }
}
