using System.Text;
using System.Text.Json.Nodes;
using Sealer.Events;
using Sealer.Registries;
using Sealer.Registries.Credentials;

namespace Sealer.Tests.Registries;

public sealed class CredentialStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Own => _folder["home/auth.json"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_is_saved_is_found_and_only_its_owner_can_read_it()
    {
        var store = Store();
        await store.SaveAsync("registry.example.com:5000", RegistryCredential.Of("ann", "pass:with:colons"), default);
        var found = await store.FindAsync("registry.example.com:5000", "team/app", default);
        Assert.Equal(("ann", "pass:with:colons", Own), (found!.UserName, found.Password!.Reveal(), found.Origin));
        Assert.Null(await store.FindAsync("registry.example.com", null, default));
        Assert.Equal(["registry.example.com:5000"], await store.ListAsync(default));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Own));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder["home"]));
        }

        Assert.True(await store.RemoveAsync("registry.example.com:5000", default));
        Assert.False(await store.RemoveAsync("registry.example.com:5000", default));
        Assert.Null(await store.FindAsync("registry.example.com:5000", null, default));
        Assert.Equal(["auth.json", "auth.json.lock"], Directory.EnumerateFiles(_folder["home"]).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task The_form_of_the_file_is_that_of_Docker_and_what_else_it_holds_stays()
    {
        Write("home/auth.json", """{"other":{"a":1},"auths":{"a.example":{"auth":"eDp5"}}}""");
        var store = Store();
        await store.SaveAsync("docker.io", RegistryCredential.Of("ann", "pw"), default);
        var file = JsonNode.Parse(File.ReadAllText(Own))!;
        Assert.Equal(1, (int)file["other"]!["a"]!);
        Assert.Equal("eDp5", (string)file["auths"]!["a.example"]!["auth"]!);
        Assert.Equal(Convert.ToBase64String("ann:pw"u8), (string)file["auths"]!["https://index.docker.io/v1/"]!["auth"]!);
    }

    [Theory]
    [InlineData("https://index.docker.io/v1/", "docker.io")]
    [InlineData("index.docker.io", "docker.io")]
    [InlineData("https://registry.example.com", "registry.example.com")]
    [InlineData("http://registry.example.com:5000/v2/", "registry.example.com:5000")]
    [InlineData("REGISTRY.example.com", "registry.example.com")]
    public async Task Keys_in_the_older_forms_are_understood(string key, string domain)
    {
        Write("docker/config.json", $$$"""{"auths":{"{{{key}}}":{"auth":"{{{Convert.ToBase64String("u:p"u8)}}}" } }}""");
        Assert.Equal("u", (await Store().FindAsync(domain, "a/b", default))?.UserName);
        Assert.Null(await Store().FindAsync("other.example", "a/b", default));
    }

    [Fact]
    public async Task The_longest_key_wins_and_keys_end_at_a_slash()
    {
        Write("containers/auth.json", $$$"""
            {"auths":{
              "r.example":{"auth":"{{{B("all:p")}}}"},
              "r.example/team":{"auth":"{{{B("team:p")}}}"},
              "r.example/team/app":{"auth":"{{{B("app:p")}}}" } }}
            """);
        var store = Store();
        Assert.Equal("app", (await store.FindAsync("r.example", "team/app", default))!.UserName);
        Assert.Equal("app", (await store.FindAsync("r.example", "team/app/sub", default))!.UserName);
        Assert.Equal("team", (await store.FindAsync("r.example", "team/application", default))!.UserName);
        Assert.Equal("all", (await store.FindAsync("r.example", "teams/app", default))!.UserName);
        Assert.Equal("all", (await store.FindAsync("r.example", null, default))!.UserName);
    }

    [Fact]
    public async Task Ours_comes_before_sealers_before_containers_before_Dockers()
    {
        var files = new[] { "home/auth.json", "sealer/auth.json", "containers/auth.json", "docker/config.json" };
        foreach (var file in files)
            Write(file, $$$"""{"auths":{"r.example":{"auth":"{{{B(Path.GetDirectoryName(file) + ":p")}}}" } }}""");
        foreach (var file in files)
        {
            Assert.Equal(Path.GetDirectoryName(file), (await Store().FindAsync("r.example", null, default))!.UserName);
            File.Delete(_folder[file]);
        }

        Assert.Null(await Store().FindAsync("r.example", null, default));
    }

    [Fact]
    public void The_environment_says_where_files_lie()
    {
        if (OperatingSystem.IsWindows())
            return;
        Assert.Equal(
            ["/u/.sealer/auth.json", "/run/u/containers/auth.json", "/u/.config/containers/auth.json", "/u/.docker/config.json"],
            Others(new() { ["HOME"] = "/u", ["XDG_RUNTIME_DIR"] = "/run/u" }));
        Assert.Equal(
            ["/u/.sealer/auth.json", "/else/auth.json", "/d/config.json"],
            Others(new() { ["HOME"] = "/u", ["XDG_RUNTIME_DIR"] = "/run/u", ["REGISTRY_AUTH_FILE"] = "/else/auth.json", ["DOCKER_CONFIG"] = "/d" }));

        static IReadOnlyList<string> Others(Dictionary<string, string> variables) =>
            CredentialPlaces.FromEnvironment("/home", variables.GetValueOrDefault).OtherFiles;
    }

    [Fact]
    public async Task Identity_and_access_tokens_are_read()
    {
        Write("docker/config.json", $$$"""{"auths":{"a.example":{"auth":"{{{B("00000000-0000-0000-0000-000000000000:")}}}","identitytoken":"id-token"},"b.example":{"registrytoken":"access"},"c.example":{},"d.example":{"username":"u","password":"p"},"e.example":{"auth":"%%%"} } }""");
        Assert.Equal("id-token", (await Store().FindAsync("a.example", null, default))!.IdentityToken!.Reveal());
        Assert.Equal("access", (await Store().FindAsync("b.example", null, default))!.AccessToken!.Reveal());
        Assert.Null(await Store().FindAsync("c.example", null, default));
        Assert.Equal("p", (await Store().FindAsync("d.example", null, default))!.Password!.Reveal());
        Assert.Null(await Store().FindAsync("e.example", null, default));
    }

    [Fact]
    public async Task A_broken_file_of_ours_is_an_error_and_that_of_another_tool_a_warning()
    {
        Write("docker/config.json", """{"auths":{"r.example":{"auth":"s3cret-word" """);
        var events = new List<SealerEvent>();
        var store = Store(events);
        Assert.Null(await store.FindAsync("r.example", null, default));
        await store.FindAsync("r.example", null, default);
        var warning = Assert.Single(events.OfType<WarningEvent>());
        Assert.Contains("config.json", warning.Message);
        Assert.DoesNotContain("s3cret-word", warning.Message);

        Write("home/auth.json", """["s3cret-word"]""");
        var e = await Assert.ThrowsAsync<SealerException>(() => store.FindAsync("r.example", null, default));
        Assert.Equal("InvalidCredentialFile", e.Id);
        Assert.DoesNotContain("s3cret-word", e.ToString());
        await Assert.ThrowsAsync<SealerException>(() => store.SaveAsync("r.example", RegistryCredential.Of("a", "b"), default));
        Assert.Equal("""["s3cret-word"]""", File.ReadAllText(Own));
    }

    [Theory]
    [InlineData("""{"auths":{"r.example":{"auth":"s3cret-word"}},"auths":{}}""")]
    [InlineData("""{"auths":{"r.example":{"auth":"s3cret-word","auth":"s3cret-word"}}}""")]
    [InlineData("""{"auths":{"r.example":{"username":"\ud800","password":"s3cret-word"}}}""")]
    [InlineData("""{"auths":{"r.example":{"auth":"s3cret-word"}}}garbage""")]
    public async Task A_file_that_is_broken_deep_inside_is_named_and_not_quoted(string text)
    {
        Write("home/auth.json", text);
        foreach (var work in new Func<Task>[]
        {
            () => Store().FindAsync("r.example", null, default),
            () => Store().ListAsync(default),
            () => Store().SaveAsync("r.example", RegistryCredential.Of("a", "b"), default),
            () => Store().RemoveAsync("r.example", default),
        })
        {
            var e = await Assert.ThrowsAsync<SealerException>(work);
            Assert.Equal("InvalidCredentialFile", e.Id);
            Assert.Contains(Own, e.Message);
            Assert.Contains("Repair the file", e.Message);
            Assert.DoesNotContain("s3cret-word", e.ToString());
        }

        Assert.Equal(text, File.ReadAllText(Own));
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_is_named_and_stays_as_it_is()
    {
        // A folder in the place of the lock; and a name that has room for the lock's ending, but not for the new file's.
        Directory.CreateDirectory(_folder["home/auth.json.lock"]);
        await FailsAsync(Own);
        var full = _folder["home/" + new string('a', 230)];
        File.WriteAllText(full, "{}");
        await FailsAsync(full);
        Assert.Equal("{}", File.ReadAllText(full));
        Assert.Equal(2, Directory.GetFiles(_folder["home"]).Length);

        static async Task FailsAsync(string file)
        {
            var store = new CredentialStore(new CredentialPlaces(file, [], ""));
            var e = await Assert.ThrowsAsync<SealerException>(() => store.SaveAsync("r.example", RegistryCredential.Of("a", "s3cret-word"), default));
            Assert.Equal("CredentialFileNotWritten", e.Id);
            Assert.Contains(file, e.Message);
            Assert.DoesNotContain("s3cret-word", e.ToString());
        }
    }

    [Fact]
    public async Task Logins_at_once_are_all_kept()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => Store().SaveAsync($"r{i}.example", RegistryCredential.Of("u", "p"), default))));
        Assert.Equal(20, (await Store().ListAsync(default)).Count);
    }

    [Fact]
    public async Task A_helper_is_asked_over_its_standard_input()
    {
        if (OperatingSystem.IsWindows())
            return;
        Helper("test");
        Write("docker/config.json", """{"credsStore":"test"}""");
        var found = await Store().FindAsync("r.example", "a", default);
        Assert.Equal(("helped", "from-helper"), (found!.UserName, found.Password!.Reveal()));
        Assert.Equal("get|r.example", File.ReadAllText(_folder["bin/log"]).Trim());
        Assert.Null(await Store().FindAsync("none.example", "a", default));
        var token = await Store().FindAsync("token.example", "a", default);
        Assert.Equal(("", "from-helper"), (token!.UserName, token.IdentityToken!.Reveal()));
        await Store().FindAsync("docker.io", "library/nginx", default);
        Assert.EndsWith("get|https://index.docker.io/v1/", File.ReadAllText(_folder["bin/log"]).Trim());
    }

    [Fact]
    public async Task A_helper_of_a_domain_goes_before_the_helper_of_all()
    {
        if (OperatingSystem.IsWindows())
            return;
        Helper("test");
        Write("docker/config.json", """{"credsStore":"missing","credHelpers":{"r.example":"test"}}""");
        Assert.Equal("helped", (await Store().FindAsync("r.example", "a", default))!.UserName);
    }

    [Fact]
    public async Task Our_own_file_may_name_a_helper_that_then_keeps_the_secret()
    {
        if (OperatingSystem.IsWindows())
            return;
        Helper("test");
        Write("home/auth.json", """{"credsStore":"test"}""");
        var store = Store();
        await store.SaveAsync("r.example", RegistryCredential.Of("ann", "s3cret-word"), default);
        Assert.DoesNotContain("s3cret", File.ReadAllText(Own));
        Assert.DoesNotContain(B("ann:s3cret-word"), File.ReadAllText(Own));
        Assert.Equal("""store|{"ServerURL":"r.example","Username":"ann","Secret":"s3cret-word"}""", File.ReadAllText(_folder["bin/log"]).Trim());
        Assert.True(await store.RemoveAsync("r.example", default));
        Assert.EndsWith("erase|r.example", File.ReadAllText(_folder["bin/log"]).Trim());
    }

    [Theory]
    [InlineData("missing", "CredentialHelperMissing")]
    [InlineData("../../bin/sh", "CredentialHelperMissing")]
    [InlineData("fails", "CredentialHelperFailed")]
    [InlineData("babbles", "CredentialHelperFailed")]
    public async Task A_helper_that_does_not_work_is_an_error_without_secrets(string name, string id)
    {
        if (OperatingSystem.IsWindows())
            return;
        Helper("fails", "cat >/dev/null; echo boom >&2; exit 3");
        Helper("babbles", "cat >/dev/null; echo s3cret-word");
        Write("home/auth.json", $$"""{"credsStore":"{{name}}"}""");
        var e = await Assert.ThrowsAsync<SealerException>(() => Store().FindAsync("r.example", "a", default));
        Assert.Equal(id, e.Id);
        Assert.DoesNotContain("s3cret-word", e.ToString());
    }

    [Fact]
    public void A_secret_does_not_show_itself()
    {
        var credential = RegistryCredential.Of("ann", "s3cret-word") with { IdentityToken = Secret.Of("s3cret-word"), AccessToken = Secret.Of("s3cret-word") };
        Assert.DoesNotContain("s3cret-word", credential.ToString());
        Assert.DoesNotContain("s3cret-word", System.Text.Json.JsonSerializer.Serialize(credential));
        Assert.Equal("***", credential.Password!.ToString());
    }

    private static string B(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private CredentialStore Store(List<SealerEvent>? events = null) => new(
        new CredentialPlaces(Own, [_folder["sealer/auth.json"], _folder["containers/auth.json"], _folder["docker/config.json"]], _folder["bin"]),
        events is null ? null : new RegistryRetryTests.Collector(events));

    private void Write(string file, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[file])!);
        File.WriteAllText(_folder[file], text);
    }

    private void Helper(string name, string? script = null)
    {
        var file = _folder[$"bin/docker-credential-{name}"];
        Write($"bin/docker-credential-{name}", "#!/bin/sh\n" + (script ?? $$"""
            input=$(cat)
            echo "$1|$input" >> '{{_folder["bin/log"]}}'
            [ "$1" = get ] || exit 0
            case "$input" in
              none.example) echo "credentials not found in native keychain"; exit 1;;
              token.example) echo '{"ServerURL":"x","Username":"<token>","Secret":"from-helper"}';;
              *) echo '{"ServerURL":"x","Username":"helped","Secret":"from-helper"}';;
            esac
            """));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
