using System.Text;
using System.Web;
using Sealer.Images;
using Sealer.Registries;
using Sealer.Registries.Authentication;

namespace Sealer.Tests.Registries;

public sealed class RegistryAuthenticationTests
{
    private const string Word = "s3cret-word";

    [Theory]
    [InlineData("Basic realm=\"a\"", "basic realm=a")]
    [InlineData("basic realm=a", "basic realm=a")]
    [InlineData("Bearer realm=\"https://a/t?x=1\",service=\"b, c\",scope=\"repository:d:pull,push\"", "bearer realm=https://a/t?x=1 service=b, c scope=repository:d:pull,push")]
    [InlineData("Bearer realm=https://a/t?x=1,service=b", "bearer realm=https://a/t?x=1 service=b")]
    [InlineData("Negotiate, Basic realm=\"a\", Bearer realm=\"b\"", "negotiate|basic realm=a|bearer realm=b")]
    [InlineData("Bearer realm = \"a\" , service = \"b\"", "bearer realm=a service=b")]
    [InlineData("Bearer realm=\"a \\\"quoted\\\" b\\\\\"", "bearer realm=a \"quoted\" b\\")]
    [InlineData("Bearer realm=\"a\",realm=\"evil\"", "bearer realm=a")]
    [InlineData("Bearer realm=\"never closed", "bearer realm=never closed")]
    [InlineData("", "")]
    [InlineData("\"", "")]
    [InlineData(",,,", "")]
    [InlineData("Bearer", "bearer")]
    public void A_challenge_is_read_whatever_its_form(string header, string expected) => Assert.Equal(
        expected,
        string.Join('|', AuthenticationChallenge.Parse(header).Select(c => string.Join(' ', c.Parameters.Select(p => $"{p.Key}={p.Value}").Prepend(c.Scheme)))));

    [Theory]
    [InlineData("docker.io", "https://auth.docker.io/token", true)]
    [InlineData("docker.io", "https://auth.docker.io.evil.example/token", false)]
    [InlineData("ghcr.io", "https://ghcr.io/token", true)]
    [InlineData("ghcr.io", "https://auth.ghcr.io/token", true)]
    [InlineData("quay.io", "https://quay.io/v2/auth", true)]
    [InlineData("harbor.example.com", "https://harbor.example.com/service/token", true)]
    [InlineData("harbor.example.com:8443", "https://harbor.example.com:8443/service/token", true)]
    [InlineData("registry.example.com:5000", "https://registry.example.com:5001/auth", true)]
    [InlineData("registry.example.com", "https://auth.example.com/token", true)]
    [InlineData("registry.example.com", "https://example.com/token", true)]
    [InlineData("registry.example.com", "https://auth.example.com:8443/token", false)]
    [InlineData("registry.example.com", "https://evil.com/token", false)]
    [InlineData("registry.example.com", "https://notexample.com/token", false)]
    [InlineData("registry.example.com", "https://registry.example.com.evil.com/token", false)]
    [InlineData("registry.example.com", "https://registry.example.com@evil.com/token", false)]
    [InlineData("registry.example.com", "http://registry.example.com/token", false)]
    [InlineData("registry.example.com", "ftp://registry.example.com/token", false)]
    [InlineData("registry.dev.example.com", "https://auth.dev.example.com/token", true)]
    [InlineData("registry.dev.example.com", "https://auth.example.com/token", false)]
    [InlineData("shop.co.uk", "https://evil.co.uk/token", false)]
    [InlineData("registry.shop.co.uk", "https://auth.shop.co.uk/token", true)]
    [InlineData("shop.com.cn", "https://evil.com.cn/token", false)]
    [InlineData("mine.azurecr.io", "https://mine.azurecr.io/oauth2/token", true)]
    [InlineData("mine.azurecr.io", "https://evil.azurecr.io/oauth2/token", false)]
    [InlineData("mine.westeurope.cloudapp.azure.com", "https://evil.westeurope.cloudapp.azure.com/token", false)]
    [InlineData("mine.web.app", "https://evil.web.app/token", false)]
    [InlineData("mine.firebaseapp.com", "https://evil.firebaseapp.com/token", false)]
    [InlineData("mine.github.io", "https://evil.github.io/token", false)]
    [InlineData("shop.web.id", "https://evil.web.id/token", false)]
    [InlineData("registry.azure.com", "https://auth.azure.com/token", true)]
    [InlineData("registry.webb.app", "https://auth.webb.app/token", true)]
    [InlineData("123.dkr.ecr.eu-west-1.amazonaws.com", "https://evil.dkr.ecr.eu-west-1.amazonaws.com/t", false)]
    [InlineData("registry.gitlab.com", "https://gitlab.com/jwt/auth", true)]
    [InlineData("nvcr.io", "https://authn.nvidia.com/token", true)]
    [InlineData("registry.cn-hangzhou.aliyuncs.com", "https://dockerauth.cn-hangzhou.aliyuncs.com/auth", true)]
    [InlineData("mine-registry.cn-hangzhou.cr.aliyuncs.com", "https://dockerauth-ee.cn-hangzhou.aliyuncs.com/auth", true)]
    [InlineData("registry.cn-hangzhou.aliyuncs.com", "https://evil.oss-cn-hangzhou.aliyuncs.com/auth", false)]
    [InlineData("registry.cn-hangzhou.aliyuncs.com", "https://dockerauth.evil.cn-hangzhou.aliyuncs.com/auth", false)]
    [InlineData("localhost", "https://evil.com/token", false)]
    [InlineData("10.0.0.5:5000", "https://10.0.0.5:5001/auth", true)]
    [InlineData("10.0.0.5:5000", "https://11.0.0.5/auth", false)]
    [InlineData("[::1]:5000", "https://[::1]:5001/auth", true)]
    [InlineData("plain:80", "http://plain:81/auth", true)]
    [InlineData("plain:80", "http://other:81/auth", false)]
    [InlineData("registry.example.com", "https://sso.corp.example:8443/auth", true)]
    public void Credentials_go_only_to_token_servers_that_belong_to_the_registry(string domain, string realm, bool allowed)
    {
        var address = domain == "docker.io" ? "https://registry-1.docker.io/" : domain.StartsWith("plain") ? $"http://{domain}/" : $"https://{domain}/";
        Assert.Equal(allowed, RealmRule.MayHaveCredentials(domain, new Uri(address), new Uri(realm), ["sso.corp.example:8443"]));
    }

    [Fact]
    public async Task A_token_is_fetched_once_for_many_requests_at_once()
    {
        await using var registry = new TokenRegistry();
        var blob = registry.Server.AddBlob(HostileRegistry.Noise(1000));
        using var client = registry.Client();
        var repository = client.Repository(registry.Server.Image());
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => repository.ExistsAsync(blob, default)));
        Assert.Equal(1, registry.TokensGiven);
        await repository.ExistsAsync(blob, default);
        Assert.Equal(1, registry.TokensGiven);
        var asked = HttpUtility.ParseQueryString(registry.Server.Log.First(e => e.Path == "/token").Target.Split('?')[1]);
        Assert.Equal(("the registry", "ann", "repository:team/app:pull"), (asked["service"], asked["account"], asked["scope"]));
    }

    [Fact]
    public async Task A_source_of_credentials_is_asked_once_for_many_requests_at_once()
    {
        // All are asked who they are at the same time.
        await using var registry = new HostileRegistry();
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiting = 0;
        registry.On = async e =>
        {
            if (e.Authorization is not null)
            {
                await e.ReplyAsync(200);
                return;
            }

            if (Interlocked.Increment(ref waiting) == 8)
                all.SetResult();
            await all.Task;
            await e.ReplyAsync(401, "", ("WWW-Authenticate", "Basic realm=\"x\""));
        };
        var source = new SlowSource();
        using var client = registry.Client(o => o with { Credentials = source });
        var repository = client.Repository(registry.Image());
        var blob = Descriptor.Of(MediaType.OciLayer, []);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => repository.ExistsAsync(blob, default))));
        Assert.Equal(1, source.Asked);
    }

    [Fact]
    public async Task A_source_of_credentials_that_failed_is_asked_again()
    {
        await using var registry = new HostileRegistry();
        registry.On = e => e.Authorization is null ? e.ReplyAsync(401, "", ("WWW-Authenticate", "Basic realm=\"x\"")) : e.ReplyAsync(200);
        var source = new SlowSource { Failures = 1 };
        using var client = registry.Client(o => o with { Credentials = source });
        await Assert.ThrowsAsync<SealerException>(() => client.PingAsync(registry.Domain, default));
        await client.PingAsync(registry.Domain, default);
    }

    [Fact]
    public async Task After_the_first_challenge_requests_are_signed_at_once()
    {
        await using var registry = new TokenRegistry();
        var blob = registry.Server.AddBlob(HostileRegistry.Noise(1000));
        using var client = registry.Client();
        await client.Repository(registry.Server.Image()).ExistsAsync(blob, default);
        var before = registry.Server.Log.Count;
        await DockerRegistryTests.PutAsync(client.Repository(registry.Server.Image(path: "team/other")), blob, registry.Server.Blobs[blob.Digest.ToString()]);
        var methods = registry.Server.Log.Skip(before).Select(e => $"{e.Method} {e.Path}").ToList();
        Assert.Equal(["GET /token", "POST /v2/team/other/blobs/uploads/"], methods);
        Assert.Contains("repository:team/other:pull,push", HttpUtility.UrlDecode(registry.Server.Log.ElementAt(before).Target));
    }

    [Fact]
    public async Task A_token_that_has_run_out_is_renewed_before_it_is_refused()
    {
        await using var registry = new TokenRegistry { ExpiresIn = 300 };
        var blob = registry.Server.AddBlob(HostileRegistry.Noise(1000));
        var time = new ImpatientTime();
        using var client = registry.Client(o => o with { Time = time });
        await client.Repository(registry.Server.Image()).ExistsAsync(blob, default);
        time.Advance(TimeSpan.FromSeconds(269));
        await client.Repository(registry.Server.Image()).ExistsAsync(blob, default);
        Assert.Equal(1, registry.TokensGiven);
        time.Advance(TimeSpan.FromSeconds(2));
        await client.Repository(registry.Server.Image()).ExistsAsync(blob, default);
        Assert.Equal(2, registry.TokensGiven);
        Assert.Single(registry.Server.Log, e => e.Status == 401);
    }

    [Theory]
    [InlineData("2001-01-01T00:00:00Z")]
    [InlineData("2099-01-01T00:00:00Z")]
    public async Task The_token_servers_clock_does_not_matter(string issued)
    {
        await using var registry = new TokenRegistry { Extra = $",\"issued_at\":\"{issued}\"" };
        var blob = registry.Server.AddBlob(HostileRegistry.Noise(1000));
        using var client = registry.Client();
        for (var i = 0; i < 3; i++)
            await client.Repository(registry.Server.Image()).ExistsAsync(blob, default);
        Assert.Equal(1, registry.TokensGiven);
    }

    [Fact]
    public async Task A_refused_token_is_replaced_once_and_then_believed()
    {
        await using var registry = new TokenRegistry { RefusesAll = true };
        var blob = registry.Server.AddBlob(HostileRegistry.Noise(1000));
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.Repository(registry.Server.Image()).ExistsAsync(blob, default));
        Assert.Equal("RegistryUnauthorized", e.Id);
        Assert.Contains($"Connect-ClusterRegistry -Registry {registry.Server.Domain}", e.Message);
        Assert.Equal(2, registry.Server.Log.Count(x => x.Path != "/token"));
        Assert.Equal(1, registry.TokensGiven);
    }

    [Fact]
    public async Task A_token_that_was_revoked_is_replaced()
    {
        await using var registry = new TokenRegistry();
        var blob = registry.Server.AddBlob(HostileRegistry.Noise(1000));
        using var client = registry.Client();
        await client.Repository(registry.Server.Image()).ExistsAsync(blob, default);
        registry.Revoke();
        Assert.True(await client.Repository(registry.Server.Image()).ExistsAsync(blob, default));
        Assert.Equal(2, registry.TokensGiven);
    }

    [Fact]
    public async Task Without_credentials_an_anonymous_token_is_fetched()
    {
        await using var registry = new TokenRegistry { User = null };
        var blob = registry.Server.AddBlob(HostileRegistry.Noise(1000));
        using var client = registry.Client(o => o with { Credentials = null });
        Assert.True(await client.Repository(registry.Server.Image()).ExistsAsync(blob, default));
        Assert.DoesNotContain("account", registry.Server.Log.First(e => e.Path == "/token").Target);
    }

    [Fact]
    public async Task An_identity_token_is_exchanged_by_POST()
    {
        await using var registry = new TokenRegistry();
        var blob = registry.Server.AddBlob(HostileRegistry.Noise(1000));
        using var client = registry.Client(o => o with { Credentials = Given(registry.Server, new RegistryCredential { IdentityToken = Secret.Of("refresh-me") }) });
        Assert.True(await client.Repository(registry.Server.Image()).ExistsAsync(blob, default));
        var asked = registry.Server.Log.Single(e => e.Path == "/token");
        Assert.Equal(("POST", "/token"), (asked.Method, asked.Target));
        var form = HttpUtility.ParseQueryString(Encoding.UTF8.GetString(await asked.ReadBodyAsync()));
        Assert.Equal(("refresh_token", "refresh-me", "the registry", "repository:team/app:pull"), (form["grant_type"], form["refresh_token"], form["service"], form["scope"]));
    }

    [Fact]
    public async Task An_access_token_is_sent_as_it_is()
    {
        await using var registry = new TokenRegistry();
        registry.Accept("ready-made");
        var blob = registry.Server.AddBlob(HostileRegistry.Noise(1000));
        using var client = registry.Client(o => o with { Credentials = Given(registry.Server, new RegistryCredential { AccessToken = Secret.Of("ready-made") }) });
        Assert.True(await client.Repository(registry.Server.Image()).ExistsAsync(blob, default));
        Assert.Equal(0, registry.TokensGiven);
    }

    [Theory]
    [InlineData("http://{evil}/token")]
    [InlineData("https://token.evil.example/token")]
    [InlineData("http://user:x@{domain}/token")]
    [InlineData("file:///etc/passwd")]
    [InlineData("nonsense")]
    public async Task A_token_server_on_another_host_gets_nothing(string realm)
    {
        // Two servers on one address differ in the host only when the name differs: "localhost" here.
        await using var evil = new HostileRegistry();
        await using var registry = new TokenRegistry { Realm = realm.Replace("{evil}", evil.Domain.Replace("127.0.0.1", "localhost")) };
        registry.Realm = registry.Realm.Replace("{domain}", registry.Server.Domain);
        var blob = registry.Server.AddBlob(HostileRegistry.Noise(1000));
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.Repository(registry.Server.Image()).ExistsAsync(blob, default));
        Assert.Equal("RealmNotTrusted", e.Id);
        Assert.Empty(evil.Log);
        Assert.All(registry.Server.Log, x => Assert.Null(x.Authorization));
    }

    [Fact]
    public async Task A_token_server_on_another_host_is_used_where_the_user_lists_it()
    {
        await using var tokens = new HostileRegistry { On = e => e.ReplyAsync(200, """{"token":"from-elsewhere"}""") };
        await using var registry = new TokenRegistry { Realm = $"http://{tokens.Domain.Replace("127.0.0.1", "localhost")}/token" };
        registry.Accept("from-elsewhere");
        var blob = registry.Server.AddBlob(HostileRegistry.Noise(1000));
        using var client = registry.Client(o => o with { TrustedRealms = [new Uri(registry.Realm).Authority] });
        Assert.True(await client.Repository(registry.Server.Image()).ExistsAsync(blob, default));
        Assert.StartsWith("Basic ", Assert.Single(tokens.Log).Authorization);
    }

    [Fact]
    public async Task A_token_server_that_redirects_is_not_followed()
    {
        await using var evil = new HostileRegistry();
        await using var registry = new TokenRegistry { OnToken = e => e.ReplyAsync(307, default, null, ("Location", $"http://{evil.Domain}/token")) };
        var blob = registry.Server.AddBlob(HostileRegistry.Noise(1000));
        using var client = registry.Client();
        await Assert.ThrowsAsync<RegistryException>(() => client.Repository(registry.Server.Image()).ExistsAsync(blob, default));
        Assert.Empty(evil.Log);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("not json")]
    [InlineData("{\"token\":\"a b\"}")]
    [InlineData("{\"token\":\"a\\r\\nX-Injected: 1\"}")]
    public async Task A_token_that_cannot_be_sent_is_an_error(string answer)
    {
        await using var registry = new TokenRegistry { OnToken = e => e.ReplyAsync(200, answer) };
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync(registry.Server.Domain, default));
        Assert.Equal("InvalidTokenAnswer", e.Id);
    }

    [Fact]
    public async Task Of_several_challenges_the_token_is_preferred()
    {
        await using var registry = new TokenRegistry { Prefix = "Negotiate, Basic realm=\"x\", " };
        using var client = registry.Client();
        await client.PingAsync(registry.Server.Domain, default);
        Assert.Equal(1, registry.TokensGiven);
    }

    [Fact]
    public async Task A_challenge_that_we_cannot_answer_is_an_error_that_says_what_to_do()
    {
        await using var registry = new HostileRegistry { On = e => e.ReplyAsync(401, "", ("WWW-Authenticate", "Negotiate")) };
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync(registry.Domain, default));
        Assert.Equal("RegistryUnauthorized", e.Id);
        Assert.Single(registry.Log);
    }

    [Fact]
    public async Task Wrong_Basic_credentials_are_tried_once()
    {
        await using var registry = new HostileRegistry { On = e => e.ReplyAsync(401, "", ("WWW-Authenticate", "Basic realm=\"x\"")) };
        using var client = registry.Client(o => o with { Credentials = Given(registry, RegistryCredential.Of("ann", Word)) });
        await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync(registry.Domain, default));
        Assert.Equal(2, registry.Log.Count);
        await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync(registry.Domain, default));
        Assert.Equal(3, registry.Log.Count);
    }

    [Fact]
    public async Task Repositories_of_one_registry_may_have_credentials_of_their_own()
    {
        await using var registry = new HostileRegistry();
        registry.On = e => e.Authorization is null ? e.ReplyAsync(401, "", ("WWW-Authenticate", "Basic realm=\"x\"")) : e.ReplyAsync(200);
        var given = new Dictionary<string, RegistryCredential>
        {
            [registry.Domain] = RegistryCredential.Of("all", "pw"),
            [registry.Domain + "/team"] = RegistryCredential.Of("team", "pw"),
            [registry.Domain + "/team/app"] = RegistryCredential.Of("app", "pw"),
        };
        using var client = registry.Client(o => o with { Credentials = new GivenCredentials(given) });
        var blob = Descriptor.Of(MediaType.OciLayer, []);
        foreach (var path in new[] { "team/app", "team/application", "other" })
            await client.Repository(registry.Image(path: path)).ExistsAsync(blob, default);
        Assert.Equal(["app", "team", "all"], registry.Log.Where(e => e.Authorization is not null).Select(e => Encoding.UTF8.GetString(Convert.FromBase64String(e.Authorization![6..])).Split(':')[0]));
    }

    internal static ICredentialSource Given(HostileRegistry registry, RegistryCredential credential) =>
        new GivenCredentials(new Dictionary<string, RegistryCredential> { [registry.Domain] = credential });

    /// <summary>Starts as slowly as a helper does, before there is anything to await.</summary>
    private sealed class SlowSource : ICredentialSource
    {
        private int _asked;

        public int Failures { get; init; }

        public int Asked => _asked;

        public Task<RegistryCredential?> FindAsync(string domain, string? repository, CancellationToken cancellationToken)
        {
            var count = Interlocked.Increment(ref _asked);
            Thread.Sleep(300);
            return count <= Failures
                ? throw new SealerException("Broken", ErrorKind.ResourceUnavailable, "It does not work.")
                : Task.FromResult<RegistryCredential?>(RegistryCredential.Of("ann", Word));
        }
    }

    /// <summary>A registry that wants tokens, and its token server in one.</summary>
    internal sealed class TokenRegistry : IAsyncDisposable
    {
        private readonly HashSet<string> _valid = [];
        private int _given;

        public TokenRegistry()
        {
            Server = new HostileRegistry { On = AnswerAsync };
            Realm = $"http://{Server.Domain}/token";
        }

        public HostileRegistry Server { get; }

        public string Realm { get; set; }

        public string Prefix { get; init; } = "";

        public string Extra { get; init; } = "";

        public int ExpiresIn { get; init; } = 300;

        public string? User { get; init; } = "ann";

        public bool RefusesAll { get; init; }

        public Func<HostileExchange, Task>? OnToken { get; init; }

        public int TokensGiven => _given;

        public void Accept(string token) => _valid.Add(token);

        public void Revoke() => _valid.Clear();

        public RegistryClient Client(Func<RegistryOptions, RegistryOptions>? change = null) => Server.Client(o =>
        {
            o = o with { Credentials = Given(Server, RegistryCredential.Of("ann", Word)) };
            return change?.Invoke(o) ?? o;
        });

        public ValueTask DisposeAsync() => Server.DisposeAsync();

        private async Task AnswerAsync(HostileExchange e)
        {
            if (e.Path == "/token")
            {
                if (OnToken is not null)
                {
                    await OnToken(e);
                    return;
                }

                var body = Encoding.UTF8.GetString(await e.ReadBodyAsync());
                var basic = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Word}"));
                if (User is not null && e.Authorization != basic && !body.Contains("refresh-me"))
                {
                    await e.ReplyAsync(401);
                    return;
                }

                var token = $"token-{Interlocked.Increment(ref _given)}";
                lock (_valid)
                    _valid.Add(token);
                await e.ReplyAsync(200, $$"""{"{{(_given % 2 == 0 ? "token" : "access_token")}}":"{{token}}","expires_in":{{ExpiresIn}}{{Extra}}}""");
                return;
            }

            bool isValid;
            lock (_valid)
                isValid = !RefusesAll && e.Authorization?.StartsWith("Bearer ") == true && _valid.Contains(e.Authorization[7..]);
            if (!isValid)
            {
                var parts = e.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
                var scope = parts.Length > 3 ? $",scope=\"repository:{parts[1]}/{parts[2]}:pull\"" : "";
                await e.ReplyAsync(401, """{"errors":[{"code":"UNAUTHORIZED"}]}""", ("WWW-Authenticate", $"{Prefix}Bearer realm=\"{Realm}\",service=\"the registry\"{scope}"));
            }
        }
    }
}
