using System.Text;
using System.Text.Json;
using Sealer.Events;
using Sealer.Images;
using Sealer.Images.Copying;
using Sealer.Registries;

namespace Sealer.Tests.Registries;

public sealed class RegistryListTests
{
    private const string EmptyPage = """{"schemaVersion":2,"tags":["a"],"repositories":["a"],"manifests":[]}""";

    [Theory]
    [InlineData("</v2/team/app/tags/list?last={last}&n=2>; rel=\"next\"")]
    [InlineData("<http://{domain}/v2/team/app/tags/list?last={last}&n=2>; rel=next")]
    [InlineData("<list?last={last}&n=2>; rel=\"next\"")]
    [InlineData("</v2/first>; rel=\"first\", </v2/team/app/tags/list?last={last}&n=2>;rel=\"next\"")]
    [InlineData("<https://{domain}/v2/team/app/tags/list?last={last}&n=2>; rel=\"next\"")]
    public async Task Tags_come_page_after_page(string link)
    {
        await using var registry = new HostileRegistry();
        string[] tags = ["a", "b", "c", "d", "e"];
        registry.On = e =>
        {
            var page = tags.SkipWhile(t => e.Query["last"] is { } last && string.CompareOrdinal(t, last) <= 0).Take(2).ToArray();
            var body = JsonSerializer.Serialize(new { name = "team/app", tags = page });
            return page[^1] == "e"
                ? e.ReplyAsync(200, body)
                : e.ReplyAsync(200, body, ("Link", link.Replace("{domain}", registry.Domain).Replace("{last}", page[^1])));
        };
        using var client = registry.Client();
        Assert.Equal(tags, await ListAsync(client.Repository(registry.Image()).ListTagsAsync()));
        Assert.Equal(3, registry.Log.Count);
        Assert.Empty(registry.Errors);
    }

    [Fact]
    public async Task A_next_page_with_commas_and_escapes_is_asked_for_as_it_is()
    {
        await using var registry = new HostileRegistry();
        registry.On = e => e.Query["last"] is null
            ? e.ReplyAsync(200, """{"repositories":["a"]}""", ("Link", "</v2/_catalog?last=a%2Fb,c;d%20e&n=2>; rel=\"next\""))
            : e.ReplyAsync(200, """{"repositories":["b"]}""");
        using var client = registry.Client();
        Assert.Equal(["a", "b"], await ListAsync(client.ListRepositoriesAsync(registry.Domain)));
        Assert.Equal("/v2/_catalog?last=a%2Fb,c;d%20e&n=2", registry.Log.Last().Target);
    }

    [Theory]
    [InlineData("tags")]
    [InlineData("catalog")]
    [InlineData("referrers")]
    public async Task Pages_in_a_circle_are_refused(string list)
    {
        await using var registry = new HostileRegistry { On = e => e.ReplyAsync(200, EmptyPage, ("Content-Type", MediaType.OciIndex), ("Link", $"<{e.Path}?page={(e.Query["page"] == "1" ? 2 : 1)}>; rel=\"next\"")) };
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<RegistryException>(() => ListAsync(client, registry, list));
        Assert.Equal("InvalidPage", e.Id);
        Assert.Equal(3, registry.Log.Count);
    }

    [Theory]
    [InlineData("tags")]
    [InlineData("catalog")]
    [InlineData("referrers")]
    public async Task A_next_page_on_another_host_is_refused(string list)
    {
        await using var evil = new HostileRegistry();
        await using var registry = new HostileRegistry { On = e => e.ReplyAsync(200, EmptyPage, ("Content-Type", MediaType.OciIndex), ("Link", $"<http://{evil.Domain}{e.Path}?n=1>; rel=\"next\"")) };
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<RegistryException>(() => ListAsync(client, registry, list));
        Assert.Equal("InvalidPage", e.Id);
        Assert.Contains(evil.Domain, e.Message);
        Assert.Empty(evil.Log);
        Assert.Single(registry.Log);
    }

    [Fact]
    public async Task Names_that_are_none_are_left_out()
    {
        await using var registry = new HostileRegistry { On = e => e.ReplyAsync(200, """{"tags":["ok","\u001b[31mred","a/b","..","",null,7],"repositories":["fine","../up","UPPER","\u001b]0;x"]}""") };
        using var client = registry.Client();
        Assert.Equal(["ok"], await ListAsync(client.Repository(registry.Image()).ListTagsAsync()));
        Assert.Equal(["fine"], await ListAsync(client.ListRepositoriesAsync(registry.Domain)));
    }

    [Fact]
    public async Task A_repository_that_does_not_exist_has_no_tags_and_an_empty_one_neither()
    {
        await using var registry = new HostileRegistry();
        using var client = registry.Client();
        Assert.Empty(await ListAsync(client.Repository(registry.Image()).ListTagsAsync()));
        registry.On = e => e.ReplyAsync(200, """{"name":"team/app","tags":null}""");
        Assert.Empty(await ListAsync(client.Repository(registry.Image()).ListTagsAsync()));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("{}")]
    public async Task A_page_that_is_none_is_refused(string body)
    {
        await using var registry = new HostileRegistry { On = e => e.ReplyAsync(200, body) };
        using var client = registry.Client();
        Assert.Equal("InvalidPage", (await Assert.ThrowsAsync<RegistryException>(() => ListAsync(client.Repository(registry.Image()).ListTagsAsync()))).Id);
    }

    [Fact]
    public async Task A_registry_without_a_catalog_says_so()
    {
        await using var registry = new HostileRegistry();
        using var client = registry.Client();
        Assert.Equal("CatalogNotSupported", (await Assert.ThrowsAsync<RegistryException>(() => ListAsync(client.ListRepositoriesAsync(registry.Domain)))).Id);
    }

    [Fact]
    public async Task Referrers_come_from_the_registry_where_it_knows_them()
    {
        await using var registry = new HostileRegistry();
        var subject = Digest.Of("subject"u8);
        var one = Descriptor.Of(MediaType.OciManifest, "1"u8) with { ArtifactType = "signature" };
        var two = Descriptor.Of(MediaType.OciManifest, "2"u8) with { ArtifactType = "sbom" };
        registry.On = e => e.Path.EndsWith($"/referrers/{subject}")
            ? e.Query["page"] is null
                ? e.ReplyAsync(200, Index(one), null, ("Content-Type", MediaType.OciIndex), ("Link", $"<{e.Path}?page=2>; rel=\"next\""))
                : e.ReplyAsync(200, Index(two, one), null, ("Content-Type", MediaType.OciIndex))
            : Task.CompletedTask;
        using var client = registry.Client();
        var repository = client.Repository(registry.Image());
        Assert.Equal([one.Digest, two.Digest], (await repository.ListReferrersAsync(subject)).Select(d => d.Digest));

        // The registry did not filter; we do.
        Assert.Equal([two.Digest], (await repository.ListReferrersAsync(subject, "sbom")).Select(d => d.Digest));
        Assert.Contains(registry.Requests, r => r.Contains("?artifactType=sbom"));
    }

    [Fact]
    public async Task Where_the_registry_knows_no_referrers_the_tag_is_kept_by_us()
    {
        await using var registry = new HostileRegistry();
        using var client = registry.Client();
        var repository = client.Repository(registry.Image());
        var image = registry.AddManifest("v1", MediaType.OciManifest, HostileRegistry.Manifest());
        var subject = JsonSerializer.Serialize(image);
        foreach (var type in new[] { "signature", "sbom", "sbom" })
        {
            var body = HostileRegistry.Manifest($$""","artifactType":"{{type}}","subject":{{subject}},"annotations":{"of":"tests"}""");
            await DockerRegistryTests.PutAsync(repository, Descriptor.Of(MediaType.OciManifest, body), body);
        }

        var found = await repository.ListReferrersAsync(image.Digest);
        Assert.Equal(["signature", "sbom"], found.Select(d => d.ArtifactType));
        Assert.All(found, d => Assert.Equal("tests", d.Annotations!["of"]));
        Assert.Equal(["signature"], (await repository.ListReferrersAsync(image.Digest, "signature")).Select(d => d.ArtifactType));
        Assert.Equal(MediaType.OciIndex, registry.Manifests[$"sha256-{image.Digest.Hex}"].Type);
        Assert.Empty(await repository.ListReferrersAsync(Digest.Of("unknown"u8)));
    }

    [Fact]
    public async Task Artifacts_written_at_once_are_all_listed()
    {
        await using var registry = new HostileRegistry();
        using var client = registry.Client();
        var repository = client.Repository(registry.Image());
        var image = registry.AddManifest("v1", MediaType.OciManifest, HostileRegistry.Manifest());
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(() =>
        {
            var body = Artifact(image, $"kind-{i}");
            return DockerRegistryTests.PutAsync(repository, Descriptor.Of(MediaType.OciManifest, body), body);
        })));
        Assert.Equal(12, (await repository.ListReferrersAsync(image.Digest)).Count);
    }

    [Theory]
    [InlineData(3, null)]
    [InlineData(int.MaxValue, "ReferrerNotListed")]
    public async Task An_artifact_that_others_drop_from_the_list_is_put_back_or_told(int losses, string? id)
    {
        await using var registry = new HostileRegistry();
        var image = registry.AddManifest("v1", MediaType.OciManifest, HostileRegistry.Manifest());
        var tag = $"sha256-{image.Digest.Hex}";

        // Another client that read the list before us writes it after us.
        var writes = 0;
        registry.On = async e =>
        {
            if (e.Method == "PUT" && e.Path.EndsWith(tag) && writes++ < losses)
            {
                var digest = Digest.Of(await e.ReadBodyAsync());
                registry.AddManifest(tag, MediaType.OciIndex, Index(Descriptor.Of(MediaType.OciManifest, "theirs"u8)));
                await e.ReplyAsync(201, default, null, ("Docker-Content-Digest", digest.ToString()));
            }
        };
        using var client = registry.Client(o => o with { Retry = new RetryPolicy { MaxAttempts = 6 } });
        var repository = client.Repository(registry.Image());
        var body = Artifact(image, "signature");
        var artifact = Descriptor.Of(MediaType.OciManifest, body);
        var put = DockerRegistryTests.PutAsync(repository, artifact, body);
        if (id is null)
        {
            await put;
            Assert.Equal(["theirs"u8.ToArray().Length, body.Length], (await repository.ListReferrersAsync(image.Digest)).Select(d => (int)d.Size));
            return;
        }

        var error = await Assert.ThrowsAsync<SealerException>(() => put);
        Assert.Equal(id, error.Id);
        Assert.Contains(artifact.Digest.ToString(), error.Message);
        Assert.Contains("Push it again", error.Message);
        Assert.Equal(6, writes);
    }

    [Fact]
    public async Task A_registry_that_tells_of_artifacts_without_end_is_refused_and_not_cut_short()
    {
        await using var registry = new HostileRegistry();
        var subject = Digest.Of("subject"u8);
        var page = 0;
        registry.On = e => e.ReplyAsync(
            200,
            Index([.. Enumerable.Range(0, 4000).Select(i => Descriptor.Of(MediaType.OciManifest, BitConverter.GetBytes((page * 4000) + i)))]),
            null,
            ("Content-Type", MediaType.OciIndex),
            ("Link", $"<{e.Path}?page={++page}>; rel=next"));
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<SealerException>(() => client.Repository(registry.Image()).ListReferrersAsync(subject));
        Assert.Equal("TooManyReferrers", e.Id);
    }

    [Fact]
    public async Task A_registry_that_notes_the_subject_itself_gets_no_tag()
    {
        await using var registry = new HostileRegistry();
        var image = Descriptor.Of(MediaType.OciManifest, HostileRegistry.Manifest());
        registry.On = e => e.Method == "PUT" ? e.ReplyAsync(201, default, null, ("OCI-Subject", image.Digest.ToString())) : Task.CompletedTask;
        using var client = registry.Client();
        var body = HostileRegistry.Manifest($$""","subject":{{JsonSerializer.Serialize(image)}}""");
        await DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Descriptor.Of(MediaType.OciManifest, body), body);
        Assert.Single(registry.Log);
    }

    [Fact]
    public async Task Deleting_says_whether_there_was_something_and_whether_the_registry_can()
    {
        await using var registry = new HostileRegistry();
        using var client = registry.Client();
        var repository = client.Repository(registry.Image());
        registry.AddManifest("v1", MediaType.OciManifest, HostileRegistry.Manifest());
        Assert.True(await repository.DeleteAsync(registry.Image(), default));
        Assert.False(await repository.DeleteAsync(registry.Image(), default));
        registry.On = e => e.ReplyAsync(405);
        Assert.Equal("DeleteNotSupported", (await Assert.ThrowsAsync<RegistryException>(() => repository.DeleteAsync(registry.Image(), default))).Id);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Artifacts_come_along_from_registry_to_registry(bool hasApi)
    {
        await using var from = new HostileRegistry();
        await using var to = new HostileRegistry();
        var layer = from.AddBlob(HostileRegistry.Noise(1000));
        var config = from.AddBlob(Encoding.UTF8.GetBytes($$$"""{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":["{{{layer.Digest}}}"]}}""")) with { MediaType = MediaType.OciConfig };
        from.AddBlob("{}"u8.ToArray());
        var image = from.AddManifest("v1", MediaType.OciManifest, OciJson.Write(new ImageManifest { MediaType = MediaType.OciManifest, Config = config, Layers = [layer] }));
        var gone = Descriptor.Of(MediaType.OciManifest, "deleted"u8);
        var signature = from.AddManifest("sig", MediaType.OciManifest, Artifact(image, "signature"));
        var ofSignature = from.AddManifest("sigsig", MediaType.OciManifest, Artifact(signature, "countersignature"));
        foreach (var (subject, artifact) in new[] { (image, signature), (signature, ofSignature) })
            from.AddManifest($"sha256-{subject.Digest.Hex}", MediaType.OciIndex, Index(gone, artifact));
        if (hasApi)
        {
            from.On = e => e.Path.Contains("/referrers/") && from.Manifests.TryGetValue(e.Path.Split('/')[^1].Replace(':', '-'), out var index)
                ? e.ReplyAsync(200, index.Body, null, ("Content-Type", MediaType.OciIndex))
                : Task.CompletedTask;
        }

        using var source = from.Client();
        using var target = to.Client();
        var events = new List<SealerEvent>();
        var copy = target.Repository(to.Image());
        await ImageCopier.CopyAsync(
            source.Repository(from.Image()), image, copy, new CopyOptions { Referrers = true }, new RegistryRetryTests.Collector(events), default);
        Assert.Equal([signature.Digest], (await copy.ListReferrersAsync(image.Digest)).Select(d => d.Digest));
        Assert.Equal([ofSignature.Digest], (await copy.ListReferrersAsync(signature.Digest)).Select(d => d.Digest));
        Assert.Contains(events.OfType<WarningEvent>(), w => w.Message.Contains(gone.Digest.ToString()));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(405)]
    [InlineData(406)]
    [InlineData(501)]
    public async Task A_registry_from_before_the_referrers_API_has_them_under_a_tag_whatever_it_answers(int status)
    {
        await using var registry = new HostileRegistry { On = e => e.Path.Contains("/referrers/") ? e.ReplyAsync(status) : Task.CompletedTask };
        var image = registry.AddManifest("v1", MediaType.OciManifest, HostileRegistry.Manifest());
        registry.AddManifest($"sha256-{image.Digest.Hex}", MediaType.OciIndex, Index(Descriptor.Of(MediaType.OciManifest, "1"u8)));
        using var client = registry.Client();
        Assert.Single(await client.Repository(registry.Image()).ListReferrersAsync(image.Digest));
    }

    [Theory]
    [InlineData(401, "RegistryUnauthorized")]
    [InlineData(403, "RegistryForbidden")]
    public async Task Referrers_that_may_not_be_listed_are_an_error_and_not_none(int status, string id)
    {
        await using var registry = new HostileRegistry { On = e => e.Path.Contains("/referrers/") ? e.ReplyAsync(status) : Task.CompletedTask };
        using var client = registry.Client();
        Assert.Equal(id, (await Assert.ThrowsAsync<RegistryException>(() => client.Repository(registry.Image()).ListReferrersAsync(Digest.Of("x"u8)))).Id);
    }

    private static async Task ListAsync(RegistryClient client, HostileRegistry registry, string list)
    {
        var repository = client.Repository(registry.Image());
        if (list == "referrers")
            await repository.ListReferrersAsync(Digest.Of("subject"u8));
        else
            await ListAsync(list == "tags" ? repository.ListTagsAsync() : client.ListRepositoriesAsync(registry.Domain));
    }

    private static byte[] Artifact(Descriptor subject, string type) =>
        HostileRegistry.Manifest($$""","artifactType":"{{type}}","subject":{{JsonSerializer.Serialize(subject)}}""");

    private static byte[] Index(params Descriptor[] manifests) =>
        OciJson.Write(new ImageIndex { MediaType = MediaType.OciIndex, Manifests = manifests });

    private static async Task<List<string>> ListAsync(IAsyncEnumerable<string> list)
    {
        var found = new List<string>();
        await foreach (var item in list)
            found.Add(item);
        return found;
    }
}
