using System.Collections.Concurrent;
using Sealer.Images;
using Sealer.Registries;

namespace Sealer.Tests.Registries;

public sealed class RegistryPushTests
{
    private static readonly byte[] Content = HostileRegistry.Noise(3_000_000);
    private static readonly Descriptor Blob = Descriptor.Of(MediaType.OciLayer, Content);

    [Fact]
    public async Task A_blob_goes_up_as_a_whole_in_two_requests()
    {
        await using var registry = new HostileRegistry();
        using var client = registry.Client();
        var progress = new ConcurrentQueue<long>();
        await DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Blob, Content, new Reports(progress));
        Assert.Equal(Content, registry.Blobs[Blob.Digest.ToString()]);
        Assert.Equal(["POST", "PUT"], registry.Log.Select(e => e.Method));
        Assert.Equal(3_000_000, registry.BlobBytesTaken);
        Assert.Equal(progress.Order(), progress);
        Assert.Equal(3_000_000, progress.Last());
        Assert.DoesNotContain(registry.Log, e => e.Headers.ContainsKey("expect"));
    }

    [Fact]
    public async Task The_query_of_an_upload_address_is_kept_as_it_is()
    {
        await using var registry = new HostileRegistry();
        using var client = registry.Client();
        await DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Blob, Content);
        Assert.EndsWith($"/v2/team/app/blobs/uploads/u1?_state=a%2Fb%3D%3D&digest={Uri.EscapeDataString(Blob.Digest.ToString())}", registry.Log.Last().Target);
    }

    [Theory]
    [InlineData("http://{domain}/elsewhere/u1?sig=%41%7e%2f")]
    [InlineData("/elsewhere/u1?sig=%41%7e%2f")]
    [InlineData("//{domain}/elsewhere/u1?sig=%41%7e%2f")]
    [InlineData("/elsewhere/u1?sig=%41%7e%2f#fragment")]
    public async Task An_upload_address_may_be_absolute_or_relative_and_is_not_tidied(string location)
    {
        await using var registry = new HostileRegistry();
        registry.On = e => e.Method == "POST"
            ? e.ReplyAsync(202, default, null, ("Location", location.Replace("{domain}", registry.Domain)))
            : e.ReplyAsync(201);
        using var client = registry.Client();
        await DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Blob, Content);
        Assert.StartsWith("/elsewhere/u1?sig=%41%7e%2f&digest=sha256%3A", registry.Log.Last().Target);
    }

    [Fact]
    public async Task An_upload_cut_in_the_middle_is_resumed_and_only_the_rest_is_sent_again()
    {
        await using var registry = new HostileRegistry();
        var isFirst = true;
        registry.On = async e =>
        {
            if (e.Method == "PUT" && isFirst)
            {
                isFirst = false;
                var part = await e.ReadBodyAsync(upTo: 1_000_000);
                registry.Uploads["u1"].Write(part);
                registry.BlobBytesTaken += part.Length;
                e.Break();
            }
        };
        using var client = registry.Client();
        var opened = new List<long>();
        await client.Repository(registry.Image()).PutAsync(Blob, (offset, _) => Opened(offset), null, default);
        Assert.Equal(Content, registry.Blobs[Blob.Digest.ToString()]);
        Assert.Equal(3_000_000, registry.BlobBytesTaken);
        Assert.Equal([0, 1_000_000], opened);
        Assert.Equal("1000000-2999999", registry.Log.Single(e => e.Method == "PATCH").Headers["content-range"]);

        Task<Stream> Opened(long offset)
        {
            opened.Add(offset);
            return Task.FromResult<Stream>(new MemoryStream(Content, (int)offset, Content.Length - (int)offset));
        }
    }

    [Fact]
    public async Task An_upload_that_the_registry_forgot_begins_again()
    {
        await using var registry = new HostileRegistry();
        var isFirst = true;
        registry.On = async e =>
        {
            if (e.Method == "PUT" && isFirst)
            {
                isFirst = false;
                await e.ReadBodyAsync(upTo: 1_000_000);
                registry.Uploads.Clear();
                e.Break();
            }
        };
        using var client = registry.Client();
        await DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Blob, Content);
        Assert.Equal(Content, registry.Blobs[Blob.Digest.ToString()]);
        Assert.Equal(2, registry.Log.Count(e => e.Method == "POST"));
    }

    [Fact]
    public async Task A_lost_answer_to_a_finished_upload_costs_no_second_upload()
    {
        await using var registry = new HostileRegistry();
        registry.On = async e =>
        {
            if (e.Method == "PUT")
            {
                registry.Blobs[Blob.Digest.ToString()] = await e.ReadBodyAsync();
                registry.Uploads.Clear();
                e.Break();
            }
        };
        using var client = registry.Client();
        await DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Blob, Content);
        Assert.Single(registry.Log, e => e.Method == "PUT");
        Assert.Single(registry.Log, e => e.Method == "HEAD");
    }

    [Theory]
    [InlineData(400)]
    [InlineData(405)]
    [InlineData(411)]
    [InlineData(413)]
    [InlineData(501)]
    public async Task A_registry_that_takes_no_whole_blob_gets_chunks(int status)
    {
        await using var registry = new HostileRegistry();
        registry.On = e => e.Method == "PUT" && e.Headers.GetValueOrDefault("content-length") is not (null or "0") ? e.ReplyAsync(status) : Task.CompletedTask;
        using var client = registry.Client();
        await DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Blob, Content);
        Assert.Equal(Content, registry.Blobs[Blob.Digest.ToString()]);
        Assert.Equal("0-2999999", Assert.Single(registry.Log, e => e.Method == "PATCH").Headers["content-range"]);
    }

    [Fact]
    public async Task Chunks_have_the_size_that_was_asked_for()
    {
        await using var registry = new HostileRegistry();
        using var client = registry.Client(o => o with { UploadChunkSize = 1_000_000 });
        await DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Blob, Content);
        Assert.Equal(Content, registry.Blobs[Blob.Digest.ToString()]);
        Assert.Equal(["0-999999", "1000000-1999999", "2000000-2999999"], registry.Log.Where(e => e.Method == "PATCH").Select(e => e.Headers["content-range"]));
    }

    [Fact]
    public async Task A_chunk_has_at_least_the_length_that_the_registry_wants()
    {
        await using var registry = new HostileRegistry();
        registry.On = e => e.Method == "POST" ? Begin(e) : Task.CompletedTask;
        using var client = registry.Client(o => o with { UploadChunkSize = 500_000 });
        await DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Blob, Content);
        Assert.Equal(["0-1299999", "1300000-2599999", "2600000-2999999"], registry.Log.Where(e => e.Method == "PATCH").Select(e => e.Headers["content-range"]));

        Task Begin(HostileExchange e)
        {
            registry.Uploads["u1"] = new MemoryStream();
            return e.ReplyAsync(202, default, null, ("Location", e.Path + "u1"), ("OCI-Chunk-Min-Length", "1300000"));
        }
    }

    [Fact]
    public async Task Chunks_become_smaller_where_a_proxy_refuses_their_size()
    {
        await using var registry = new HostileRegistry();
        registry.On = e => e.Headers.TryGetValue("content-length", out var length) && long.Parse(length) > 1_100_000 ? e.ReplyAsync(413) : Task.CompletedTask;
        using var client = registry.Client();
        await DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Blob, Content);
        Assert.Equal(Content, registry.Blobs[Blob.Digest.ToString()]);
    }

    [Fact]
    public async Task A_registry_that_takes_only_a_part_of_a_chunk_gets_the_rest_next()
    {
        await using var registry = new HostileRegistry();
        var isFirst = true;
        registry.On = async e =>
        {
            if (e.Method == "PATCH" && isFirst)
            {
                isFirst = false;
                registry.Uploads["u1"].Write((await e.ReadBodyAsync()).AsSpan(0, 700_000));
                await e.ReplyAsync(202, default, null, ("Location", e.Path), ("Range", "0-699999"));
            }
        };
        using var client = registry.Client(o => o with { UploadChunkSize = 1_000_000 });
        await DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Blob, Content);
        Assert.Equal(Content, registry.Blobs[Blob.Digest.ToString()]);
        Assert.Equal("700000-1699999", registry.Log.Where(e => e.Method == "PATCH").ElementAt(1).Headers["content-range"]);
    }

    [Fact]
    public async Task A_chunk_out_of_place_is_asked_about_and_put_right()
    {
        await using var registry = new HostileRegistry();
        var isFirst = true;
        registry.On = async e =>
        {
            if (e.Method == "PATCH" && e.Headers["content-range"].StartsWith("1000000") && isFirst)
            {
                isFirst = false;
                registry.Uploads["u1"].SetLength(600_000);
                await e.ReplyAsync(416);
            }
        };
        using var client = registry.Client(o => o with { UploadChunkSize = 1_000_000 });
        await DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Blob, Content);
        Assert.Equal(Content, registry.Blobs[Blob.Digest.ToString()]);
        Assert.Contains(registry.Log, e => e.Method == "PATCH" && e.Headers["content-range"].StartsWith("600000-"));
    }

    [Fact]
    public async Task A_registry_that_claims_more_than_was_sent_is_refused()
    {
        await using var registry = new HostileRegistry();
        registry.On = async e =>
        {
            if (e.Method == "PATCH")
                await e.ReplyAsync(202, default, null, ("Location", e.Path), ("Range", "0-2999999"));
        };
        using var client = registry.Client(o => o with { UploadChunkSize = 1_000_000 });
        var e = await Assert.ThrowsAsync<SealerException>(() => DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Blob, Content));
        Assert.Equal("WrongRange", e.Id);
    }

    [Fact]
    public async Task A_registry_that_stores_another_digest_is_refused()
    {
        await using var registry = new HostileRegistry();
        registry.On = e => e.Method == "PUT" ? e.ReplyAsync(201, default, null, ("Docker-Content-Digest", Digest.Of("x"u8).ToString())) : Task.CompletedTask;
        using var client = registry.Client();
        Assert.Equal("DigestMismatch", (await Assert.ThrowsAsync<SealerException>(() => DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Blob, Content))).Id);
        var manifest = HostileRegistry.Manifest();
        Assert.Equal("DigestMismatch", (await Assert.ThrowsAsync<SealerException>(
            () => DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Descriptor.Of(MediaType.OciManifest, manifest), manifest))).Id);
    }

    [Fact]
    public async Task Content_that_is_not_its_digest_is_an_error_and_leaves_nothing()
    {
        await using var registry = new HostileRegistry();
        using var client = registry.Client();
        var lie = Blob with { Digest = Digest.Of("x"u8) };
        var e = await Assert.ThrowsAsync<SealerException>(() => DockerRegistryTests.PutAsync(client.Repository(registry.Image()), lie, Content));
        Assert.Equal("DigestMismatch", e.Id);
        Assert.Empty(registry.Blobs);
        Assert.Empty(registry.Uploads);
    }

    [Theory]
    [InlineData(2_999_999)]
    [InlineData(3_000_001)]
    public async Task Content_of_another_size_is_an_error_and_leaves_nothing(int size)
    {
        await using var registry = new HostileRegistry();
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<SealerException>(() => DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Blob, HostileRegistry.Noise(size)));
        Assert.Equal("SizeMismatch", e.Id);
        Assert.Empty(registry.Blobs);
    }

    [Fact]
    public async Task A_broken_source_is_opened_again_where_it_broke()
    {
        await using var registry = new HostileRegistry();
        using var client = registry.Client();
        var isFirst = true;
        await client.Repository(registry.Image()).PutAsync(
            Blob,
            (offset, _) =>
            {
                var rest = new MemoryStream(Content, (int)offset, Content.Length - (int)offset);
                Stream stream = isFirst ? new BrokenStream(rest, 1_500_000) : rest;
                isFirst = false;
                return Task.FromResult(stream);
            },
            null,
            default);
        Assert.Equal(Content, registry.Blobs[Blob.Digest.ToString()]);
    }

    [Fact]
    public async Task An_error_of_the_source_comes_through_as_it_is()
    {
        await using var registry = new HostileRegistry();
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<SealerException>(() => client.Repository(registry.Image()).PutAsync(
            Blob, (_, _) => throw new SealerException("BlobNotFound", ErrorKind.NotFound, "gone"), null, default));
        Assert.Equal("BlobNotFound", e.Id);
    }

    [Fact]
    public async Task An_upload_refused_while_it_runs_is_waited_for_and_resumed()
    {
        await using var registry = new HostileRegistry();
        var failures = 2;
        registry.On = e => e.Method == "PUT" && failures-- > 0 ? e.ReplyAsync(503, "", ("Retry-After", "3")) : Task.CompletedTask;
        var time = new ImpatientTime();
        using var client = registry.Client(o => o with { Time = time });
        await DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Blob, Content);
        Assert.Equal(Content, registry.Blobs[Blob.Digest.ToString()]);
        Assert.Equal(2, time.Waits.Count(w => w == TimeSpan.FromSeconds(3)));
    }

    [Fact]
    public async Task A_registry_that_always_fails_is_given_up_with_its_own_words()
    {
        await using var registry = new HostileRegistry();
        registry.On = e => e.Method == "PUT" ? e.ReplyAsync(500, """{"errors":[{"code":"UNKNOWN","message":"disk full"}]}""") : Task.CompletedTask;
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<RegistryException>(() => DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Blob, Content));
        Assert.Equal("RegistryFailed", e.Id);
        Assert.Contains("disk full", e.Message);
        Assert.Equal(4, registry.Log.Count(x => x.Method == "PUT"));
    }

    [Fact]
    public async Task A_blob_of_another_repository_is_mounted_and_not_sent()
    {
        await using var registry = new HostileRegistry();
        registry.AddBlob(Content);
        using var client = registry.Client();
        await DockerRegistryTests.PutAsync(client.Repository(registry.Image(), ["team/base"]), Blob, Content);
        Assert.Equal($"POST /v2/team/app/blobs/uploads/?mount={Uri.EscapeDataString(Blob.Digest.ToString())}&from=team%2Fbase", Assert.Single(registry.Requests));
    }

    [Fact]
    public async Task A_blob_that_the_client_met_in_another_repository_is_mounted_without_a_hint()
    {
        await using var registry = new HostileRegistry();
        registry.AddBlob(Content);
        using var client = registry.Client();
        await RegistryPullTests.ReadAsync(client.Repository(registry.Image(path: "team/base")), Blob);
        await DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Blob, Content);
        Assert.Contains("from=team%2Fbase", registry.Requests.Last());
        Assert.Equal(0, registry.BlobBytesTaken);
    }

    [Theory]
    [InlineData(202)]
    [InlineData(404)]
    [InlineData(401)]
    public async Task Where_a_mount_is_not_granted_the_blob_is_sent(int status)
    {
        await using var registry = new HostileRegistry();
        registry.On = e => status != 202 && e.Query["mount"] is not null ? e.ReplyAsync(status) : Task.CompletedTask;
        using var client = registry.Client();
        await DockerRegistryTests.PutAsync(client.Repository(registry.Image(), ["team/base"]), Blob, Content);
        Assert.Equal(Content, registry.Blobs[Blob.Digest.ToString()]);
        Assert.Equal(status == 202 ? 1 : 2, registry.Log.Count(e => e.Method == "POST"));
    }

    [Fact]
    public async Task A_manifest_is_written_by_digest_and_then_by_tag_with_the_same_bytes()
    {
        await using var registry = new HostileRegistry();
        using var client = registry.Client();
        var repository = client.Repository(registry.Image());
        var body = HostileRegistry.Manifest();
        var manifest = Descriptor.Of(MediaType.OciManifest, body);
        await DockerRegistryTests.PutAsync(repository, manifest, body);
        await repository.TagAsync(registry.Image("v7"), manifest, default);
        Assert.Equal(MediaType.OciManifest, registry.Manifests["v7"].Type);
        Assert.Equal(body, registry.Manifests["v7"].Body);
        Assert.Equal([$"PUT /v2/team/app/manifests/{manifest.Digest}", "PUT /v2/team/app/manifests/v7"], registry.Requests);
        Assert.True(await repository.ExistsAsync(manifest, default));
        Assert.False(await repository.ExistsAsync(Blob, default));

        // Another client knows the bytes only from the registry.
        using var other = registry.Client();
        await other.Repository(registry.Image()).TagAsync(registry.Image("v8"), manifest, default);
        Assert.Equal(body, registry.Manifests["v8"].Body);
    }

    [Fact]
    public async Task A_manifest_to_be_pushed_is_held_to_its_descriptor()
    {
        await using var registry = new HostileRegistry();
        using var client = registry.Client();
        var repository = client.Repository(registry.Image());
        var body = HostileRegistry.Manifest();
        var manifest = Descriptor.Of(MediaType.OciManifest, body);
        Assert.Equal("SizeMismatch", (await Assert.ThrowsAsync<SealerException>(() => DockerRegistryTests.PutAsync(repository, manifest, body[..^1]))).Id);
        Assert.Equal("DigestMismatch", (await Assert.ThrowsAsync<SealerException>(() => DockerRegistryTests.PutAsync(repository, manifest with { Digest = Digest.Of("x"u8) }, body))).Id);
        Assert.Equal("ManifestTooLarge", (await Assert.ThrowsAsync<SealerException>(() => DockerRegistryTests.PutAsync(repository, manifest with { Size = OciJson.MaxManifestSize + 1 }, body))).Id);
        Assert.Empty(registry.Log);
    }

    [Fact]
    public async Task An_empty_blob_is_a_blob()
    {
        await using var registry = new HostileRegistry();
        using var client = registry.Client();
        var empty = Descriptor.Of(MediaType.OciLayer, []);
        await DockerRegistryTests.PutAsync(client.Repository(registry.Image()), empty, []);
        Assert.Empty(registry.Blobs[empty.Digest.ToString()]);
        Assert.Empty(await RegistryPullTests.ReadAsync(client.Repository(registry.Image()), empty));
    }

    private sealed class Reports(ConcurrentQueue<long> values) : IProgress<long>
    {
        public void Report(long value) => values.Enqueue(value);
    }

    private sealed class BrokenStream(MemoryStream inner, int good) : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (good <= 0)
                throw new IOException("the source broke");
            var count = inner.Read(buffer.Span[..Math.Min(buffer.Length, good)]);
            good -= count;
            return ValueTask.FromResult(count);
        }
    }
}
