using System.Text;
using Sealer.Images;
using Sealer.Images.Building;
using Sealer.Tests.Registries;

namespace Sealer.Tests.Images.Building;

/// <summary>sealer's list with credentials, from the list to the images, with a registry that wants to know who asks.</summary>
public sealed class CredentialListBuildTests : IAsyncDisposable
{
    private readonly BuildFixture _fixture = new();
    private readonly HostileRegistry _registry = new();

    public CredentialListBuildTests() => _registry.On = e => e.Authorization == Basic(e.Path.Contains("/second/", StringComparison.Ordinal) ? "you:hunter3" : "me:hunter2")
        ? Task.CompletedTask
        : e.ReplyAsync(401, "", ("WWW-Authenticate", "Basic realm=\"x\""));

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _fixture.Dispose();
    }

    [Fact]
    public async Task Each_image_is_fetched_with_its_own_credentials_and_none_is_shown_or_kept()
    {
        await OfferAsync();
        var list = Write(
            $"""
            - registry: {_registry.Domain}
              username: me
              password: hunter2
              images: [first/app:v1]
            - username: you
              password: hunter3
              images:
              - {_registry.Domain}/second/app:v1
            """);
        var image = await BuildAsync(list);
        Assert.Equal([$"{_registry.Domain}/first/app:v1", $"{_registry.Domain}/second/app:v1"], image.ContainerImages.Select(i => i.Image).Order());
        Assert.Equal(2, _registry.Log.Where(e => e.Path.Contains("/manifests/", StringComparison.Ordinal) && e.Status == 200).Select(e => e.Authorization).Distinct().Count());
        AssertNoSecret(string.Concat(image.Manifest!.Annotations!.Values));
        AssertNoSecret(string.Concat(_fixture.Events));
        foreach (var file in Directory.EnumerateFiles(_fixture.Store.Folder, "*", SearchOption.AllDirectories))
            AssertNoSecret(Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file)));
    }

    [Fact]
    public async Task A_refused_password_is_told_with_the_line_that_asks_and_without_itself()
    {
        await OfferAsync();
        var list = Write($"- registry: {_registry.Domain}\n  username: me\n  password: hunter9\n  images:\n  - first/app:v1\n");
        var error = await Assert.ThrowsAsync<SealerException>(() => BuildAsync(list));
        Assert.Equal(("ContainerImagesNotFetched", ErrorKind.Authentication), (error.Id, error.Kind));
        Assert.Contains($"{_registry.Domain}/first/app:v1 (asked for by {list}:5)", error.Message, StringComparison.Ordinal);
        AssertNoSecret(error + string.Concat(_fixture.Events));
    }

    [Fact]
    public async Task A_preview_shows_the_lines_and_asks_no_registry()
    {
        var list = Write($"- registry: {_registry.Domain}\n  username: me\n  password: hunter2\n  images:\n  - first/app:v1\n");
        using var client = _registry.Client();
        var preview = await new ClusterImageBuilder(_fixture.Store, client, _fixture).PreviewAsync(Options(list), CancellationToken.None);
        Assert.Equal($"{list}:5", Assert.Single(preview.Platforms[0].ContainerImages).Place);
        AssertNoSecret(preview.Platforms[0] + string.Concat(preview.Platforms[0].ContainerImages));
        Assert.Empty(_registry.Log);
    }

    private static string Basic(string userInfo) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(userInfo));

    private static void AssertNoSecret(string text)
    {
        Assert.DoesNotContain("hunter", text, StringComparison.Ordinal);
        Assert.DoesNotContain(Basic("me:hunter2"), text, StringComparison.Ordinal);
    }

    private async Task OfferAsync()
    {
        foreach (var (path, seed) in new[] { ("first/app", 1), ("second/app", 2) })
        {
            var images = new MemoryImages();
            var manifest = await RandomImage.WriteAsync(images, seed);
            foreach (var (digest, content) in images.Blobs.Where(blob => blob.Key != manifest.Digest))
                _registry.Blobs[digest.ToString()] = content;
            _registry.AddManifest($"{path}:v1", manifest.MediaType, images.Blobs[manifest.Digest]);
        }

        // The registry of these tests knows tags alone; here two repositories have the same one.
        var asked = _registry.On!;
        _registry.On = async e =>
        {
            await asked(e);
            var parts = e.Path.Split('/');
            if (!e.IsAnswered && parts is [_, "v2", var team, var app, "manifests", var tag] && _registry.Manifests.TryGetValue($"{team}/{app}:{tag}", out var manifest))
                await e.ReplyAsync(200, manifest.Body, null, ("Content-Type", manifest.Type), ("Docker-Content-Digest", Digest.Of(manifest.Body).ToString()));
        };
    }

    private string Write(string list)
    {
        _fixture.Context.File("auth.yaml", list);
        return _fixture.Context["auth.yaml"];
    }

    private BuildOptions Options(string list) => _fixture.Options with { KubefileText = "FROM scratch\n", ImageListWithCredentialsPaths = [list] };

    private async Task<ClusterImage> BuildAsync(string list)
    {
        using var client = _registry.Client();
        return await new ClusterImageBuilder(_fixture.Store, client, _fixture).BuildAsync(Options(list), CancellationToken.None);
    }
}
