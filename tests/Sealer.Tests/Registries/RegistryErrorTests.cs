using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Sealer.Events;
using Sealer.Images;
using Sealer.Registries;

namespace Sealer.Tests.Registries;

public sealed class RegistryErrorTests
{
    private const string Word = "s3cret-word";

    [Theory]
    [InlineData(401, "RegistryUnauthorized", ErrorKind.Authentication, "Connect-ClusterRegistry -Registry {domain}")]
    [InlineData(403, "RegistryForbidden", ErrorKind.Authentication, "Connect-ClusterRegistry -Registry {domain}")]
    [InlineData(404, "NotARegistry", ErrorKind.NotSupported, "/v2/")]
    [InlineData(429, "RegistryBusy", ErrorKind.ResourceUnavailable, "later")]
    [InlineData(500, "RegistryFailed", ErrorKind.Connection, "(500)")]
    [InlineData(418, "RegistryRefused", ErrorKind.InvalidInput, "(418)")]
    public async Task Every_refusal_names_the_registry_and_the_next_step(int status, string id, ErrorKind kind, string text)
    {
        await using var registry = new HostileRegistry { On = e => e.ReplyAsync(status, """{"errors":[{"code":"X","message":"in its own words"}]}""") };
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync(registry.Domain, default));
        Assert.Equal((id, kind, (HttpStatusCode?)status), (e.Id, e.Kind, e.StatusCode));
        Assert.Contains(registry.Domain, e.Message);
        Assert.Contains(text.Replace("{domain}", registry.Domain), e.Message);
        if (status != 404)
            Assert.Contains("in its own words", e.Message);
    }

    [Fact]
    public async Task What_a_registry_says_is_cleaned_and_cut()
    {
        await using var registry = new HostileRegistry { On = e => e.ReplyAsync(400, "{\"errors\":[{\"code\":\"X\",\"message\":\"\\u001b[31m##vso[task]\\r\\nline" + new string('y', 5000) + "\"}]}") };
        using var client = registry.Client();
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync(registry.Domain, default));
        Assert.DoesNotContain(e.Message, char.IsControl);
        Assert.InRange(e.Message.Length, 100, 500);
    }

    [Fact]
    public async Task An_untrusted_certificate_names_the_option_for_the_authority()
    {
        using var certificate = TestCertificate.Server(out _);
        await using var registry = new HostileRegistry(certificate);
        var time = new ImpatientTime();
        using var client = registry.Client(o => o with { Time = time });
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync(registry.Domain, default));
        Assert.Equal("CertificateNotTrusted", e.Id);
        Assert.Contains("-CertificateAuthority", e.Message);
        Assert.Contains($"/etc/docker/certs.d/{registry.Domain}/ca.crt", e.Message);
        Assert.Empty(time.Waits);
        Assert.Empty(registry.Log);
    }

    [Fact]
    public async Task A_certificate_for_another_name_stays_untrusted_though_its_authority_is_trusted()
    {
        using var folder = new TemporaryFolder();
        using var certificate = TestCertificate.Server(out var authority, "registry.example.com", IPAddress.Parse("192.0.2.1"));
        File.WriteAllText(folder["ca.pem"], authority.ExportCertificatePem());
        await using var registry = new HostileRegistry(certificate);
        using var client = registry.Client(o => o with { CertificateAuthorityFiles = [folder["ca.pem"]] });
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync(registry.Domain, default));
        Assert.Equal("CertificateNotTrusted", e.Id);
        Assert.Contains("another name", e.Message);
    }

    [Theory]
    [InlineData("authority")]
    [InlineData("folder")]
    [InlineData("leaf")]
    [InlineData("skip")]
    public async Task A_certificate_is_trusted_by_its_authority_by_folder_by_itself_or_unchecked(string how)
    {
        using var folder = new TemporaryFolder();
        using var certificate = TestCertificate.Server(out var authority);
        await using var registry = new HostileRegistry(certificate);
        Directory.CreateDirectory(folder[registry.Domain]);
        if (how == "folder")
            File.WriteAllText(folder[$"{registry.Domain}/ca.crt"], authority.ExportCertificatePem());
        File.WriteAllText(folder["ca.pem"], (how == "leaf" ? certificate : authority).ExportCertificatePem());
        using var client = registry.Client(o => how switch
        {
            "folder" => o with { CertificateFolders = [folder.Path] },
            "skip" => o with { SkipCertificateCheck = [registry.Domain] },
            _ => o with { CertificateAuthorityFiles = [folder["ca.pem"]] },
        });
        await client.PingAsync(registry.Domain, default);
    }

    [Fact]
    public async Task A_check_skipped_for_one_domain_is_not_skipped_for_where_it_redirects_to()
    {
        using var certificate = TestCertificate.Server(out _);
        await using var storage = new HostileRegistry(certificate);
        await using var registry = new HostileRegistry(certificate) { On = e => e.ReplyAsync(307, default, null, ("Location", $"https://{storage.Domain.Replace("127.0.0.1", "localhost")}/x")) };
        using var client = registry.Client(o => o with { SkipCertificateCheck = [registry.Domain] });
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.Repository(registry.Image()).OpenAsync(Descriptor.Of(MediaType.OciLayer, "x"u8), 0, default));
        Assert.Equal("CertificateNotTrusted", e.Id);
        Assert.Empty(storage.Log);
    }

    [Fact]
    public async Task A_plain_registry_asked_with_https_is_recognised()
    {
        await using var registry = new HostileRegistry();
        using var client = registry.Client(o => o with { PlainHttp = [], Time = TimeProvider.System, Retry = RetryPolicy.None });
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync(registry.Domain, default));
        Assert.Equal("PlainHttpRegistry", e.Id);
        Assert.Contains("-PlainHttp", e.Message);
    }

    [Fact]
    public async Task Credentials_are_never_sent_plainly_unless_asked()
    {
        await using var registry = new HostileRegistry { On = e => e.ReplyAsync(401, "", ("WWW-Authenticate", "Basic realm=\"x\"")) };
        using var client = registry.Client(o => o with { PlainHttp = [], Time = TimeProvider.System, Retry = RetryPolicy.None, Credentials = RegistryAuthenticationTests.Given(registry, RegistryCredential.Of("ann", Word)) });
        await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync(registry.Domain, default));
        Assert.All(registry.Log, e => Assert.Null(e.Authorization));
    }

    [Fact]
    public async Task A_name_that_nobody_knows_is_named_and_not_waited_for()
    {
        var time = new ImpatientTime();
        using var client = new RegistryClient(new RegistryOptions { CertificateFolders = [], Time = time, Retry = RetryPolicy.None });
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync("no-such-host.invalid:5000", default));
        Assert.Equal("HostNotFound", e.Id);
        Assert.Contains("no-such-host.invalid:5000", e.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("https://registry.example.com")]
    [InlineData("registry.example.com/team")]
    [InlineData("../../etc")]
    [InlineData("reg istry.example.com")]
    [InlineData("user@registry.example.com")]
    public async Task What_is_no_registry_is_refused_before_anything_is_asked(string domain)
    {
        using var client = new RegistryClient();
        Assert.Equal("InvalidRegistry", (await Assert.ThrowsAsync<SealerException>(() => client.PingAsync(domain, default))).Id);
    }

    [Fact]
    public async Task A_client_certificate_is_shown_to_the_registry()
    {
        using var folder = new TemporaryFolder();
        using var certificate = TestCertificate.Server(out var authority);
        using var own = TestCertificate.Client(authority);
        await using var registry = new HostileRegistry(certificate) { WantsClientCertificate = true };
        Directory.CreateDirectory(folder[registry.Domain]);
        File.WriteAllText(folder[$"{registry.Domain}/ca.crt"], authority.ExportCertificatePem());
        File.WriteAllText(folder[$"{registry.Domain}/client.cert"], own.ExportCertificatePem());
        File.WriteAllText(folder[$"{registry.Domain}/client.key"], own.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        using (var client = registry.Client(o => o with { CertificateFolders = [folder.Path] }))
            await client.PingAsync(registry.Domain, default);
        Assert.Equal("CN=client", registry.ClientCertificates.Single());
    }

    [Fact]
    public async Task A_client_certificate_in_files_is_shown_to_the_registry_and_to_nobody_it_redirects_to()
    {
        using var folder = new TemporaryFolder();
        using var certificate = TestCertificate.Server(out var authority);
        using var own = TestCertificate.Client(authority);
        await using var storage = new HostileRegistry(certificate) { WantsClientCertificate = true };
        var blob = storage.AddBlob(HostileRegistry.Noise(100));
        await using var registry = new HostileRegistry(certificate)
        {
            WantsClientCertificate = true,
            On = e => e.Path == "/v2/" ? Task.CompletedTask : e.ReplyAsync(307, default, null, ("Location", $"https://localhost:{storage.Domain.Split(':')[1]}{e.Path}")),
        };
        File.WriteAllText(folder["ca.pem"], authority.ExportCertificatePem());
        File.WriteAllText(folder["own.pem"], own.ExportCertificatePem());
        File.WriteAllText(folder["own.key"], own.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        using var client = registry.Client(o => o with
        {
            CertificateAuthorityFiles = [folder["ca.pem"]],
            ClientCertificate = new ClientCertificateFiles(folder["own.pem"], folder["own.key"]),
        });
        Assert.Equal(100, (await RegistryPullTests.ReadAsync(client.Repository(registry.Image()), blob)).Length);
        Assert.Equal("CN=client", registry.ClientCertificates.Distinct().Single());
        Assert.NotEmpty(storage.Log);
        Assert.Empty(storage.ClientCertificates);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("no PEM")]
    public async Task A_certificate_file_that_cannot_be_used_is_named(string? content)
    {
        using var folder = new TemporaryFolder();
        if (content is not null)
            File.WriteAllText(folder["ca.pem"], content);
        using var client = new RegistryClient(new RegistryOptions { CertificateFolders = [], CertificateAuthorityFiles = [folder["ca.pem"]] });
        var e = await Assert.ThrowsAsync<SealerException>(() => client.PingAsync("registry.example", default));
        Assert.Equal("InvalidCertificateFile", e.Id);
        Assert.Contains(folder["ca.pem"], e.Message);
    }

    [Fact]
    public async Task No_error_message_or_event_holds_a_secret()
    {
        // Fails on purpose in every way there is, with a registry that puts what it was sent into its answers.
        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"ann:{Word}"));
        var events = new List<SealerEvent>();
        var messages = new List<string>();
        Func<HostileExchange, Task>[] answers =
        [
            .. new[] { 400, 401, 403, 404, 413, 416, 429, 503, 307 }.Select<int, Func<HostileExchange, Task>>(
                status => e => e.ReplyAsync(status, Echo(e), ("WWW-Authenticate", "Basic realm=\"x\""), ("Location", $"ftp://{Word}/x"), ("Warning", $"299 - \"{e.Authorization}\""))),
            e => e.ReplyAsync(200, Echo(e), ("Docker-Content-Digest", Digest.Of("z"u8).ToString())),
            e => e.ReplyAsync(200, Echo(e), ("Content-Type", e.Authorization ?? "x")),
            e => e.ReplyAsync(206, Echo(e), ("Content-Range", "bytes 5-6/7")),
            e => e.ReplyAsync(202, "", ("Location", $"ftp://{Uri.EscapeDataString(e.Authorization ?? "")}/")),
            e => e.ReplyAsync(202, "", ("Location", "/up"), ("Range", "0-99999999")),
            e => e.ReplyAsync(302, default, null, ("Location", $"https://{Word}.example:99999999/{Word}")),
            e => e.ReplyAsync(200, Echo(e), ("Link", $"<https://{Word}.example/>; rel=next"), ("Content-Type", $"x/{Word}")),
            e => e.RawAsync($"nonsense {Word} {e.Authorization}\r\n\r\n"),
            e => { e.Break(); return Task.CompletedTask; },
        ];
        foreach (var scheme in new[] { "Basic realm=\"x\"", "Bearer realm=\"{realm}\",service=\"s\"", "Bearer realm=\"https://evil.example/\"" })
        {
            foreach (var answer in answers)
            {
                await using var registry = new HostileRegistry();
                registry.On = e => e.Path == "/token"
                    ? e.ReplyAsync(200, $"{{\"token\":\"{Word}-token\"}}")
                    : e.Authorization is null ? e.ReplyAsync(401, "", ("WWW-Authenticate", scheme.Replace("{realm}", $"http://{registry.Domain}/token"))) : answer(e);
                using var client = registry.Client(o => o with
                {
                    Retry = new RetryPolicy { MaxAttempts = 2 },
                    Events = new RegistryRetryTests.Collector(events),
                    Credentials = RegistryAuthenticationTests.Given(registry, RegistryCredential.Of("ann", Word)),
                });
                var repository = client.Repository(registry.Image());
                var blob = Descriptor.Of(MediaType.OciLayer, "x"u8);
                var manifest = Descriptor.Of(MediaType.OciManifest, HostileRegistry.Manifest());
                await TryAsync(() => client.PingAsync(registry.Domain, default));
                await TryAsync(() => repository.ResolveAsync(registry.Image(), default));
                await TryAsync(() => repository.OpenAsync(manifest, 0, default));
                await TryAsync(() => RegistryPullTests.ReadAsync(repository, blob));
                await TryAsync(() => repository.ExistsAsync(blob, default));
                await TryAsync(() => DockerRegistryTests.PutAsync(repository, blob, "x"u8.ToArray()));
                await TryAsync(() => DockerRegistryTests.PutAsync(repository, manifest, HostileRegistry.Manifest()));
                await TryAsync(() => repository.ListReferrersAsync(blob.Digest));
                await TryAsync(async () => { await foreach (var _ in repository.ListTagsAsync()) { } });
                await TryAsync(() => repository.DeleteAsync(registry.Image(), default));
                await TryAsync(() => client.VerifyAsync(registry.Domain, RegistryCredential.Of("ann", Word), default));
            }
        }

        messages.AddRange(events.Select(e => e.ToString()));
        Assert.InRange(messages.Count, 200, 100_000);
        var leaks = messages.Where(m => m.Contains(Word) || m.Contains(basic)).ToList();
        Assert.True(leaks.Count == 0, string.Join("\n", leaks.Take(6)));

        async Task TryAsync(Func<Task> work)
        {
            try
            {
                await work();
            }
            catch (SealerException e)
            {
                messages.Add(e.ToString());
            }
        }

        static string Echo(HostileExchange e) => $$"""{"errors":[{"code":"X","message":"you sent {{e.Authorization}} from {{e.Target}}"},{"code":"{{Word}}"}]}""";
    }

    [Fact]
    public async Task A_login_is_saved_only_when_the_registry_takes_it()
    {
        using var folder = new TemporaryFolder();
        await using var registry = new HostileRegistry();
        var good = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"ann:{Word}"));
        registry.On = e => e.Authorization == good ? e.ReplyAsync(200) : e.ReplyAsync(401, "", ("WWW-Authenticate", "Basic realm=\"x\""));
        var store = new CredentialStore(new(folder["auth.json"], [], ""));
        using var client = registry.Client(o => o with { Credentials = store });
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.LoginAsync(registry.Domain, "ann", Secret.Of("wrong-word"), default));
        AssertSaysWhatIsWrong(e, registry.Domain);
        Assert.Empty(await store.ListAsync(default));
        await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync(registry.Domain, default));

        Assert.True(await client.LoginAsync(registry.Domain, "ann", Secret.Of(Word), default));
        Assert.Equal([registry.Domain], await store.ListAsync(default));
        await client.PingAsync(registry.Domain, default);

        Assert.True(await client.LogoutAsync(registry.Domain, default));
        Assert.False(await client.LogoutAsync(registry.Domain, default));
        await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync(registry.Domain, default));
    }

    [Fact]
    public async Task A_login_is_verified_with_a_token_where_the_registry_wants_one()
    {
        using var folder = new TemporaryFolder();
        await using var registry = new RegistryAuthenticationTests.TokenRegistry();
        var store = new CredentialStore(new(folder["auth.json"], [], ""));
        using var client = registry.Client(o => o with { Credentials = store });
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.LoginAsync(registry.Server.Domain, "ann", Secret.Of("wrong-word"), default));
        AssertSaysWhatIsWrong(e, registry.Server.Domain);
        Assert.Empty(await store.ListAsync(default));
        Assert.True(await client.LoginAsync(registry.Server.Domain, "ann", Secret.Of(Word), default));
    }

    [Theory]
    [InlineData(true, "refused the user name or password of 'ann'")]
    [InlineData(false, "does not let 'ann' (")]
    public async Task Credentials_of_a_file_that_are_refused_are_named_with_the_file(bool basic, string text)
    {
        using var folder = new TemporaryFolder();
        await using var registry = new HostileRegistry();
        var challenge = basic ? "Basic realm=\"x\"" : $"Bearer realm=\"http://{registry.Domain}/token\"";
        registry.On = e => e.Path == "/token" ? e.ReplyAsync(200, """{"token":"t"}""") : e.ReplyAsync(401, "", ("WWW-Authenticate", challenge));
        var store = new CredentialStore(new(folder["auth.json"], [], ""));
        await store.SaveAsync(registry.Domain, RegistryCredential.Of("ann", Word), default);
        using var client = registry.Client(o => o with { Credentials = store });
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.Repository(registry.Image()).ResolveAsync(registry.Image(), default));
        Assert.Equal("RegistryUnauthorized", e.Id);
        Assert.Contains(text, e.Message);
        Assert.Contains(folder["auth.json"], e.Message);
        Assert.Contains($"Connect-ClusterRegistry -Registry {registry.Domain}", e.Message);
    }

    /// <summary>Whoever is logging on is not told to log on.</summary>
    private static void AssertSaysWhatIsWrong(RegistryException e, string domain)
    {
        Assert.Equal("RegistryUnauthorized", e.Id);
        Assert.StartsWith($"{domain} refused the user name or password of 'ann'", e.Message);
        Assert.DoesNotContain("Connect-ClusterRegistry", e.Message);
    }

    [Fact]
    public async Task A_registry_that_lets_anybody_in_verifies_nothing()
    {
        await using var registry = new HostileRegistry();
        using var client = registry.Client();
        Assert.False(await client.VerifyAsync(registry.Domain, RegistryCredential.Of("ann", Word), default));
    }
}
