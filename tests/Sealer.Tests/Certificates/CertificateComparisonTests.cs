using System.Security.Cryptography;
using Sealer.Certificates;

namespace Sealer.Tests.Certificates;

public sealed class CertificateComparisonTests
{
    private const string Pki = "/etc/kubernetes/pki/";
    private static readonly CertificateFileSet Files = TestPki.Made();
    private static readonly CertificateFileSet Strange = TestPki.Made();
    private static readonly IReadOnlyList<WantedCertificate> Registry = ClusterCertificates.Of(new RegistryCertificateSpec { Domain = "sea.hub", Folder = "/certs" });

    [Fact]
    public void On_a_bare_host_all_is_missing_and_made()
    {
        var decisions = TestPki.Compare(new CertificateFileSet());
        Assert.Equal(15, decisions.Count);
        Assert.All(decisions, d => Assert.Equal((CertificateAction.Make, CertificateProblemKind.Missing), (d.Action, Assert.Single(d.Reasons).Kind)));
    }

    [Fact]
    public void Only_what_lacks_a_name_is_renewed_and_the_reason_says_which()
    {
        var decision = Assert.Single(TestPki.Compare(Files, TestPki.Spec with { ApiServerSans = ["api.skyline.example.com", "10.1.1.1"] }).Writing());
        Assert.Equal("Renew apiserver: it lacks api.skyline.example.com, 10.1.1.1", decision.ToString());
    }

    [Fact]
    public void A_wildcard_answers_to_one_label_only()
    {
        var files = TestPki.Made(spec: TestPki.Spec with { ApiServerSans = ["*.example.com"] });
        Assert.Empty(TestPki.Compare(files, TestPki.Spec with { ApiServerSans = ["api.example.com"] }).Writing());
        Assert.Single(TestPki.Compare(files, TestPki.Spec with { ApiServerSans = ["a.b.example.com"] }).Writing());
    }

    [Fact]
    public void What_expires_soon_is_renewed_but_never_all_the_time()
    {
        var policy = TestPki.Quick with { Lifetime = TimeSpan.FromDays(365) };
        var files = TestPki.Made(policy: policy);
        Assert.Empty(TestPki.Compare(files, policy: policy, at: TestPki.Now.AddDays(274)).Writing());
        var soon = TestPki.Compare(files, policy: policy, at: TestPki.Now.AddDays(276)).Writing().ToList();
        Assert.Equal(10 + 1, soon.Count);
        Assert.All(soon, d => Assert.Equal("it expires in 89 days", Assert.Single(d.Reasons).Message));
        var expired = TestPki.Compare(files, policy: policy, at: TestPki.Now.AddDays(366)).Writing().ToList();
        Assert.All(expired, d => Assert.Equal(CertificateProblemKind.Expired, d.Reasons[0].Kind));
        var daily = TestPki.Quick with { Lifetime = TimeSpan.FromDays(3) };
        Assert.Empty(TestPki.Compare(TestPki.Made(policy: daily), policy: daily).Writing());
    }

    [Fact]
    public void The_lifetime_wanted_is_reached_from_a_shorter_and_from_a_longer_one()
    {
        var year = TestPki.Quick with { Lifetime = TimeSpan.FromDays(365) };
        var shorter = TestPki.Compare(TestPki.Made(policy: year)).Writing().ToList();
        Assert.Equal(11, shorter.Count);
        Assert.All(shorter, d => Assert.Equal("it was made for 366 days, not for 36500", Assert.Single(d.Reasons).Message));
        var longer = TestPki.Compare(Files, policy: year).Writing().ToList();
        Assert.Equal(11, longer.Count);
        Assert.All(longer, d => Assert.Equal(CertificateProblemKind.Lifetime, Assert.Single(d.Reasons).Kind));
    }

    [Theory]
    [InlineData("apiserver.crt", "apiserver.crt", CertificateProblemKind.WrongAuthority)]
    [InlineData("apiserver.key", "apiserver.crt", CertificateProblemKind.KeyMismatch)]
    [InlineData("etcd/peer.crt", "etcd/peer.crt", CertificateProblemKind.WrongAuthority)]
    [InlineData("front-proxy-client.crt", "front-proxy-client.crt", CertificateProblemKind.WrongAuthority)]
    public void A_leaf_of_another_cluster_or_with_anothers_key_is_renewed(string replaced, string renewed, CertificateProblemKind kind)
    {
        var files = Files.With([TestPki.File(Pki + replaced, Strange.Text(Pki + replaced))]);
        var decision = Assert.Single(TestPki.Compare(files).Writing());
        Assert.Equal(Pki + renewed, decision.Wanted.Path);
        Assert.Contains(decision.Reasons, r => r.Kind == kind);
        Assert.Empty(TestPki.Compare(TestPki.Made(files)).Writing());
    }

    [Fact]
    public void A_leaf_of_the_wrong_one_of_our_authorities_is_seen_though_their_names_would_fit_nobody_else()
    {
        var files = Files.With([TestPki.File(Pki + "apiserver-etcd-client.crt", Files.Text(Pki + "apiserver-kubelet-client.crt")), TestPki.File(Pki + "apiserver-etcd-client.key", Files.Text(Pki + "apiserver-kubelet-client.key"))]);
        Assert.Equal(
            [CertificateProblemKind.WrongAuthority, CertificateProblemKind.WrongSubject],
            Assert.Single(TestPki.Compare(files).Writing()).Reasons.Select(r => r.Kind));
    }

    [Fact]
    public void A_missing_key_or_kubeconfig_and_one_of_another_cluster_are_made_anew()
    {
        var files = Files.Without(Pki + "apiserver.key", "/etc/kubernetes/scheduler.conf").With([TestPki.File("/etc/kubernetes/admin.conf", Strange.Text("/etc/kubernetes/admin.conf"))]);
        var decisions = TestPki.Compare(files).Writing().ToDictionary(d => d.Wanted.Name);
        Assert.Equal(["admin.conf", "apiserver", "scheduler.conf"], decisions.Keys.Order());
        Assert.Equal(CertificateProblemKind.KeyMissing, Assert.Single(decisions["apiserver"].Reasons).Kind);
        Assert.Equal(CertificateAction.Make, decisions["scheduler.conf"].Action);
        Assert.Equal([CertificateProblemKind.WrongAuthority, CertificateProblemKind.WrongAuthority], decisions["admin.conf"].Reasons.Select(r => r.Kind));
    }

    [Fact]
    public void A_kubeconfig_that_goes_elsewhere_or_is_of_another_user_is_made_anew()
    {
        var moved = Assert.Single(TestPki.Compare(Files, TestPki.Spec with { BindPort = 7443, ControlPlaneEndpoint = "apiserver.cluster.local:6443" }).Writing().Take(1));
        Assert.Equal("controller-manager.conf: it goes to https://10.0.0.10:6443 and not to https://10.0.0.10:7443", moved.ToString()["Renew ".Length..]);
        var swapped = Files.With([TestPki.File("/etc/kubernetes/scheduler.conf", Files.Text("/etc/kubernetes/controller-manager.conf"))]);
        Assert.Equal(CertificateProblemKind.WrongSubject, Assert.Single(Assert.Single(TestPki.Compare(swapped).Writing()).Reasons).Kind);
    }

    [Fact]
    public void What_an_older_kubeadm_gave_to_masters_is_left_and_renewed_as_it_is()
    {
        var spec = TestPki.Spec with { KubernetesVersion = new Version(1, 30), ForInit = false };
        Assert.Empty(TestPki.Compare(Files, spec).Writing());
        var renewed = TestPki.Made(Files, spec, TestPki.Quick with { RenewAll = true });
        Assert.Equal(["system:masters"], CertificateReader.Read(renewed, TestPki.Now).Find("/etc/kubernetes/admin.conf")!.Organizations);
        // The other way round rights would be missing.
        var newer = TestPki.Made(spec: TestPki.Spec with { KubernetesVersion = new Version(1, 30) });
        Assert.Contains(TestPki.Compare(newer).Writing(), d => d.Wanted.Name == "admin.conf");
    }

    [Fact]
    public void A_super_admin_that_was_deleted_is_not_made_again_and_one_that_stands_is_kept_good()
    {
        var spec = TestPki.Spec with { KubernetesVersion = new Version(1, 30) };
        var files = TestPki.Made(spec: spec);
        var running = spec with { ForInit = false };
        Assert.Empty(TestPki.Compare(files.Without("/etc/kubernetes/super-admin.conf"), running).Writing());
        Assert.Contains(TestPki.Compare(files, running, TestPki.Quick with { RenewAll = true }), d => d.Wanted.Name == "super-admin.conf" && d.Writes);
    }

    [Fact]
    public void What_the_kubelet_rotates_is_left_to_it_until_it_is_past_that()
    {
        var own = Kubeconfig.Read(Files.Find("/etc/kubernetes/kubelet.conf")!.Content.Span, out _)!;
        const string pem = "/var/lib/kubelet/pki/kubelet-client-current.pem";
        var text = string.Join('\n', Files.Text("/etc/kubernetes/kubelet.conf").Split('\n').Where(l => !l.Contains("client-", StringComparison.Ordinal)))
            + $"    client-certificate: {pem}\n    client-key: {pem}\n";
        var files = Files.With([TestPki.File("/etc/kubernetes/kubelet.conf", text), new CertificateFile(pem, new byte[][] { own.Certificate!, own.Key! }.SelectMany(b => b).ToArray())]);

        var info = Assert.Single(CertificateReader.Read(files, TestPki.Now).Certificates, c => c.Path.Contains("kubelet.conf", StringComparison.Ordinal));
        Assert.Equal((pem, "system:node:master-0", KeyState.Present), (info.ReadFrom, info.CommonName, info.Key));
        Assert.DoesNotContain(CertificateReader.Read(files, TestPki.Now).Certificates, c => c.Path == pem);
        Assert.DoesNotContain(TestPki.Compare(files, policy: TestPki.Quick with { RenewAll = true, Lifetime = TimeSpan.FromDays(9) }).Writing(), d => d.Wanted.Name == "kubelet.conf");
        // Whoever did not read the other file must not write over this one.
        Assert.Empty(TestPki.Compare(files.Without(pem)).Writing());
        var strange = Kubeconfig.Read(Strange.Find("/etc/kubernetes/kubelet.conf")!.Content.Span, out _)!;
        var lost = files.With([new CertificateFile(pem, new byte[][] { strange.Certificate!, strange.Key! }.SelectMany(b => b).ToArray())]);
        Assert.Equal("kubelet.conf", Assert.Single(TestPki.Compare(lost).Writing()).Wanted.Name);
        Assert.Empty(TestPki.Compare(TestPki.Made(lost)).Writing());
    }

    [Fact]
    public void A_weak_key_of_a_leaf_is_renewed()
    {
        using var weak = RSA.Create(1024);
        var (certificate, key) = TestPki.SelfSigned("CN=kube-apiserver", weak);
        var files = Files.With([TestPki.File(Pki + "apiserver.crt", certificate), TestPki.File(Pki + "apiserver.key", key)]);
        var decision = Assert.Single(TestPki.Compare(files, policy: TestPki.Quick with { KeepKeys = true }).Writing());
        Assert.Contains(decision.Reasons, r => r is { Kind: CertificateProblemKind.WeakKey, Message: "its key, RSA 1024, is too short" });
        Assert.Empty(TestPki.Compare(TestPki.Made(files, policy: TestPki.Quick with { KeepKeys = true })).Writing());
    }

    [Fact]
    public void An_authority_without_its_key_is_fine_until_something_must_be_signed()
    {
        var files = Files.Without(Pki + "ca.key", Pki + "etcd/ca.key");
        Assert.Empty(TestPki.Compare(files).Writing());
        var error = Assert.Throws<SealerException>(() => TestPki.Compare(files.Without(Pki + "apiserver.crt", "/etc/kubernetes/admin.conf")));
        Assert.Equal("AuthorityWithoutKey", error.Id);
        Assert.Contains("these must be: /etc/kubernetes/pki/apiserver.crt, /etc/kubernetes/admin.conf. Put the key there, or have these signed", error.Message, StringComparison.Ordinal);
        Assert.Equal("AuthorityWithoutKey", Assert.Throws<SealerException>(() => TestPki.Made(Files.Without(Pki + "etcd/ca.key"), policy: TestPki.Quick with { RenewAll = true })).Id);
    }

    [Fact]
    public void An_authority_whose_key_went_away_after_the_comparison_is_told_and_not_replaced()
    {
        var decisions = TestPki.Compare(Files, policy: TestPki.Quick with { RenewAll = true });
        Assert.Equal("AuthorityWithoutKey", Assert.Throws<SealerException>(() => CertificateIssuer.Make(decisions, Files.Without(Pki + "ca.key"), TestPki.Quick, TestPki.Now)).Id);
        Assert.Equal("AuthorityUnusable", Assert.Throws<SealerException>(() => CertificateIssuer.Make(decisions, Files.Without(Pki + "ca.crt"), TestPki.Quick, TestPki.Now)).Id);
    }

    [Fact]
    public void An_authority_that_is_gone_while_its_certificates_are_there_is_never_replaced()
    {
        Assert.Equal("AuthorityMissing", Assert.Throws<SealerException>(() => TestPki.Compare(Files.Without(Pki + "ca.crt", Pki + "ca.key"))).Id);
        Assert.Equal("AuthorityIncomplete", Assert.Throws<SealerException>(() => TestPki.Compare(Files.Without(Pki + "ca.crt"))).Id);
    }

    [Theory]
    [InlineData("apiserver.crt", "apiserver.key", "it may not sign other certificates")]
    [InlineData("ca.crt", "etcd/ca.key", "its key is that of another certificate")]
    public void An_authority_that_cannot_sign_is_refused_with_the_reason(string certificate, string key, string reason)
    {
        var files = Files.With([TestPki.File(Pki + "ca.crt", Files.Text(Pki + certificate)), TestPki.File(Pki + "ca.key", Files.Text(Pki + key))]);
        var error = Assert.Throws<SealerException>(() => TestPki.Compare(files));
        Assert.Equal("AuthorityUnusable", error.Id);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_authority_that_is_garbage_expired_or_of_tomorrow_is_refused()
    {
        Assert.Equal("AuthorityUnusable", Assert.Throws<SealerException>(() => TestPki.Compare(Files.With([TestPki.File(Pki + "ca.crt", "no")]))).Id);
        Assert.Contains("it expired on 2126-", Assert.Throws<SealerException>(() => TestPki.Compare(Files, at: TestPki.Now.AddYears(101))).Message, StringComparison.Ordinal);
        Assert.Contains("Set the clocks", Assert.Throws<SealerException>(() => TestPki.Compare(Files, at: TestPki.Now.AddDays(-3))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_clock_of_a_host_that_is_ahead_of_ours_is_no_reason_for_anything()
    {
        var before = TestPki.Now.AddDays(-1).AddMinutes(-3);
        Assert.Contains(CertificateReader.Read(Files, before).Find(Pki + "ca.crt")!.Problems, p => p.Kind == CertificateProblemKind.NotYetValid);
        Assert.Empty(TestPki.Compare(Files, at: before).Writing());
    }

    [Theory]
    [InlineData("ca.key", true)]
    [InlineData("sa.key", false)]
    [InlineData("apiserver.key", false)]
    public void An_encrypted_key_is_refused_with_the_command_that_helps(string name, bool old)
    {
        using var key = RSA.Create(2048);
        var text = old
            ? "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"
            : key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000));
        var error = Assert.Throws<SealerException>(() => TestPki.Compare(Files.With([TestPki.File(Pki + name, text)])));
        Assert.Equal("EncryptedPrivateKey", error.Id);
        Assert.Contains($"openssl pkey -in {Pki}{name} -out NEWFILE", error.Message, StringComparison.Ordinal);
        if (name == "apiserver.key")
            Assert.Equal("EncryptedPrivateKey", Assert.Throws<SealerException>(() => TestPki.Compare(Files.With([TestPki.File(Pki + name, text)]).Without(Pki + "apiserver.crt"))).Id);
    }

    [Fact]
    public void The_key_of_the_service_accounts_is_never_replaced()
    {
        Assert.Equal("ServiceAccountKeyUnusable", Assert.Throws<SealerException>(() => TestPki.Compare(Files.Without(Pki + "sa.key"))).Id);
        Assert.Equal("ServiceAccountKeyUnusable", Assert.Throws<SealerException>(() => TestPki.Compare(Files.With([TestPki.File(Pki + "sa.key", "x")]))).Id);
    }

    [Fact]
    public void A_registrys_certificate_of_the_users_own_is_kept_or_refused_and_never_written_over()
    {
        var (certificate, key) = TestPki.SelfSigned("CN=registry", isAuthority: true, names: ["sea.hub"]);
        var own = new CertificateFileSet([TestPki.File("/certs/sea.hub.crt", certificate), TestPki.File("/certs/sea.hub.key", key)]);
        Assert.Equal(CertificateAction.Keep, Assert.Single(Compare(own)).Action);
        Assert.Contains("it lacks sea.hub", Refused(own.With([TestPki.File("/certs/sea.hub.crt", TestPki.SelfSigned("CN=registry").Certificate)])), StringComparison.Ordinal);
        Assert.Contains("its key is not there", Refused(new CertificateFileSet([TestPki.File("/certs/sea.hub.crt", TestPki.SelfSigned("CN=r", names: ["sea.hub"]).Certificate)])), StringComparison.Ordinal);
        Assert.Contains("/certs/sea.hub.key is there without it", Refused(own.Without("/certs/sea.hub.crt")), StringComparison.Ordinal);

        static IReadOnlyList<CertificateDecision> Compare(CertificateFileSet files) =>
            CertificateComparison.Compare(Registry, CertificateReader.Read(files, TestPki.Now), TestPki.Quick, TestPki.Now);

        static string Refused(CertificateFileSet files)
        {
            var error = Assert.Throws<SealerException>(() => Compare(files));
            Assert.Equal("RegistryCertificateUnusable", error.Id);
            return error.Message;
        }
    }
}
