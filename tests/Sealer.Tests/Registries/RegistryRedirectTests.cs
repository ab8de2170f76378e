using Sealer.Images;
using Sealer.Registries;

namespace Sealer.Tests.Registries;

public sealed class RegistryRedirectTests
{
    private static readonly byte[] Content = HostileRegistry.Noise(200_000);
    private static readonly Descriptor Blob = Descriptor.Of(MediaType.OciLayer, Content);

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_to_another_host_takes_no_credentials_along(int status)
    {
        await using var storage = new HostileRegistry { On = e => e.ReplyAsync(200, Content) };
        await using var registry = Private(e => e.ReplyAsync(status, default, null, ("Location", $"http://{storage.Domain}/bucket/x?X-Sig=%2Fa")));
        using var client = registry.Client(Credentials(registry));
        Assert.Equal(Content, await RegistryPullTests.ReadAsync(client.Repository(registry.Image()), Blob));
        Assert.Contains(registry.Log, e => e.Authorization?.StartsWith("Basic ") == true);
        var seen = Assert.Single(storage.Log);
        Assert.Equal("/bucket/x?X-Sig=%2Fa", seen.Target);
        Assert.Null(seen.Authorization);
    }

    [Fact]
    public async Task A_redirect_to_another_port_of_the_host_takes_no_credentials_along()
    {
        // The two registries of the other tests differ in nothing but the port; here it is said once more.
        await using var storage = new HostileRegistry { On = e => e.ReplyAsync(401, "", ("WWW-Authenticate", "Basic realm=\"x\"")) };
        await using var registry = Private(e => e.ReplyAsync(307, default, null, ("Location", $"http://{storage.Domain}/x")));
        using var client = registry.Client(Credentials(registry));
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.Repository(registry.Image()).OpenAsync(Blob, 0, default));
        Assert.Equal("RegistryUnauthorized", e.Id);
        Assert.All(storage.Log, x => Assert.Null(x.Authorization));
        Assert.Single(storage.Log);
    }

    [Fact]
    public async Task A_redirect_within_the_registry_keeps_the_credentials()
    {
        await using var registry = Private(e => e.Path.EndsWith("moved") ? e.ReplyAsync(200, Content) : e.ReplyAsync(307, default, null, ("Location", "/v2/moved")));
        using var client = registry.Client(Credentials(registry));
        Assert.Equal(Content, await RegistryPullTests.ReadAsync(client.Repository(registry.Image()), Blob));
    }

    [Fact]
    public async Task A_redirect_from_https_to_plain_http_is_refused()
    {
        await using var storage = new HostileRegistry { On = e => e.ReplyAsync(200, Content) };
        using var certificate = TestCertificate.Server(out _);
        await using var registry = new HostileRegistry(certificate) { On = e => e.ReplyAsync(307, default, null, ("Location", $"http://{storage.Domain}/x")) };
        using var client = registry.Client(o => o with { SkipCertificateCheck = [registry.Domain] });
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.Repository(registry.Image()).OpenAsync(Blob, 0, default));
        Assert.Equal("InsecureRedirect", e.Id);
        Assert.Empty(storage.Log);
    }

    [Fact]
    public async Task Redirects_in_a_circle_end()
    {
        await using var registry = new HostileRegistry { On = e => e.ReplyAsync(302, default, null, ("Location", e.Path + "x")) };
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.Repository(registry.Image()).OpenAsync(Blob, 0, default));
        Assert.Equal("TooManyRedirects", e.Id);
        Assert.Equal(11, registry.Log.Count);
    }

    [Theory]
    [InlineData("ftp://example.com/x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("http://user:secret@example.com/x")]
    [InlineData("http://")]
    [InlineData("/with space")]
    public async Task A_redirect_to_what_is_no_web_address_is_refused(string location)
    {
        await using var registry = new HostileRegistry { On = e => e.ReplyAsync(302, default, null, ("Location", location)) };
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.Repository(registry.Image()).OpenAsync(Blob, 0, default));
        Assert.Equal("InvalidLocation", e.Id);
    }

    [Fact]
    public async Task An_upload_address_on_another_host_gets_the_blob_but_no_credentials()
    {
        await using var storage = new HostileRegistry { On = e => e.ReplyAsync(201) };
        await using var registry = Private(e => e.Method == "POST" ? e.ReplyAsync(202, default, null, ("Location", $"http://{storage.Domain}/up?sig=1")) : Task.CompletedTask);
        using var client = registry.Client(Credentials(registry));
        await DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Blob, Content);
        var seen = Assert.Single(storage.Log);
        Assert.Null(seen.Authorization);
        Assert.Equal(Content.Length, seen.Received);
    }

    [Fact]
    public async Task An_upload_address_that_leaves_https_is_refused_with_its_usual_cause()
    {
        using var certificate = TestCertificate.Server(out _);
        await using var registry = new HostileRegistry(certificate);
        registry.On = e => e.ReplyAsync(202, default, null, ("Location", $"http://{registry.Domain}/up"));
        using var client = registry.Client(o => o with { SkipCertificateCheck = [registry.Domain] });
        var e = await Assert.ThrowsAsync<RegistryException>(() => DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Blob, Content));
        Assert.Equal("InsecureRedirect", e.Id);
        Assert.Contains("X-Forwarded-Proto", e.Message);
    }

    [Fact]
    public async Task A_manifest_is_written_through_a_redirect_that_keeps_the_method()
    {
        await using var registry = new HostileRegistry();
        registry.On = e => e.Path.Contains("/app/") ? e.ReplyAsync(308, default, null, ("Location", e.Path.Replace("/app/", "/moved/"))) : Task.CompletedTask;
        using var client = registry.Client();
        var body = HostileRegistry.Manifest();
        await DockerRegistryTests.PutAsync(client.Repository(registry.Image()), Descriptor.Of(MediaType.OciManifest, body), body);
        Assert.Equal(["PUT", "PUT"], registry.Log.Select(e => e.Method));
        Assert.Single(registry.Manifests);
    }

    /// <summary>A registry that lets only its user in.</summary>
    private static HostileRegistry Private(Func<HostileExchange, Task> then) => new()
    {
        On = e => e.Authorization is null ? e.ReplyAsync(401, "", ("WWW-Authenticate", "Basic realm=\"private\"")) : then(e),
    };

    private static Func<RegistryOptions, RegistryOptions> Credentials(HostileRegistry registry) => o => o with
    {
        Credentials = new GivenCredentials(new Dictionary<string, RegistryCredential> { [registry.Domain] = RegistryCredential.Of("ann", "s3cret-word") }),
    };
}
