using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Sealer.Certificates;

namespace Sealer.Tests.Certificates;

public sealed class CertificateIssuerTests
{
    private const string Pki = "/etc/kubernetes/pki/";
    private static readonly CertificateFileSet Files = TestPki.Made();

    [Fact]
    public void A_control_plane_gets_every_file_with_the_right_mode()
    {
        string[] pairs = ["apiserver", "apiserver-etcd-client", "apiserver-kubelet-client", "ca", "etcd/ca", "etcd/healthcheck-client", "etcd/peer", "etcd/server", "front-proxy-ca", "front-proxy-client"];
        string[] expected =
        [
            .. new[] { "admin", "controller-manager", "kubelet", "scheduler" }.Select(n => $"/etc/kubernetes/{n}.conf"),
            .. pairs.SelectMany(n => new[] { Pki + n + ".crt", Pki + n + ".key" }),
            Pki + "sa.key", Pki + "sa.pub",
        ];
        Assert.Equal(expected.Order(StringComparer.Ordinal), Files.Select(f => f.Path));
        Assert.All(Files, f => Assert.Equal(f.Path.EndsWith(".crt", StringComparison.Ordinal) ? 0b110_100_100 : 0b110_000_000, f.Mode));
    }

    [Fact]
    public void Once_made_nothing_is_left_to_do_then_and_in_half_a_century()
    {
        Assert.Empty(TestPki.Compare(Files).Writing());
        Assert.Empty(TestPki.Compare(Files, at: TestPki.Now.AddYears(50)).Writing());
    }

    [Fact]
    public void A_hundred_years_is_the_default_for_all_and_the_time_begins_a_day_before()
    {
        var certificates = CertificateReader.Read(Files, TestPki.Now).Certificates;
        Assert.Equal(14, certificates.Count);
        Assert.All(certificates, c => Assert.Equal((TestPki.Now.AddDays(-1), TestPki.Now.AddHours(876_000), 36_500), (c.NotBefore, c.NotAfter, c.DaysLeft)));
        Assert.All(certificates, c => Assert.Empty(c.Problems));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(365)]
    [InlineData(2_000_000)]
    public void Any_lifetime_is_made_also_beyond_2050_and_stands_as_wanted(int days)
    {
        var policy = TestPki.Quick with { Lifetime = TimeSpan.FromDays(days), AuthorityLifetime = TimeSpan.FromDays(2_000_000) };
        var files = TestPki.Made(policy: policy);
        Assert.Equal(days, CertificateReader.Read(files, TestPki.Now).Find(Pki + "apiserver.crt")!.DaysLeft);
        Assert.Empty(TestPki.Compare(files, policy: policy).Writing());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(3_000_000)]
    public void A_lifetime_that_cannot_be_is_refused(int days) => Assert.Equal(
        "InvalidCertificateLifetime",
        Assert.Throws<SealerException>(() => TestPki.Compare(new CertificateFileSet(), policy: TestPki.Quick with { Lifetime = TimeSpan.FromDays(days) })).Id);

    [Fact]
    public void No_leaf_outlives_its_authority_and_renewing_it_again_is_not_asked_for()
    {
        var later = TestPki.Now.AddYears(60);
        var spec = TestPki.Spec with { ApiServerSans = ["new.example.com"] };
        var files = TestPki.Made(Files, spec, at: later);
        using var authority = files.Certificate(Pki + "ca.crt");
        using var leaf = files.Certificate(Pki + "apiserver.crt");
        Assert.Equal(authority.NotAfter, leaf.NotAfter);
        Assert.Equal(later.AddDays(-1).UtcDateTime, leaf.NotBefore.ToUniversalTime());
        Assert.Empty(TestPki.Compare(files, spec, at: later).Writing());
        var end = new DateTimeOffset(authority.NotAfter).AddDays(-10);
        Assert.Empty(TestPki.Compare(files, spec, at: end).Writing());
    }

    [Fact]
    public void The_time_of_a_leaf_begins_no_earlier_than_that_of_an_authority_made_today()
    {
        var authority = TestPki.Made(policy: TestPki.Quick with { ClockSkew = TimeSpan.Zero });
        using var leaf = TestPki.Made(authority.SharedOf(new CertificatePaths())).Certificate(Pki + "apiserver.crt");
        Assert.Equal(TestPki.Now.UtcDateTime, leaf.NotBefore.ToUniversalTime());
    }

    [Theory]
    [InlineData(KeyAlgorithm.Rsa2048, "RSA 2048", "RSA PRIVATE KEY", "sha256RSA")]
    [InlineData(KeyAlgorithm.EcdsaP256, "ECDSA P-256", "EC PRIVATE KEY", "sha256ECDSA")]
    [InlineData(KeyAlgorithm.EcdsaP384, "ECDSA P-384", "EC PRIVATE KEY", "sha384ECDSA")]
    public void Keys_are_of_the_kind_asked_for_in_the_form_kubeadm_writes(KeyAlgorithm algorithm, string type, string label, string signature)
    {
        var files = TestPki.Made(spec: TestPki.Spec with { ExternalEtcd = true }, policy: new CertificatePolicy { Algorithm = algorithm });
        var inventory = CertificateReader.Read(files, TestPki.Now);
        Assert.All(inventory.Certificates, c => Assert.Equal((type, algorithm, KeyState.Present), (c.KeyType, c.KeyAlgorithm, c.Key)));
        Assert.StartsWith($"-----BEGIN {label}-----\n", files.Text(Pki + "apiserver.key"), StringComparison.Ordinal);
        Assert.StartsWith("-----BEGIN PUBLIC KEY-----\n", files.Text(Pki + "sa.pub"), StringComparison.Ordinal);
        using var leaf = files.Certificate(Pki + "apiserver.crt");
        Assert.Equal(signature, leaf.SignatureAlgorithm.FriendlyName);
        var usage = leaf.Extensions.OfType<X509KeyUsageExtension>().Single();
        Assert.Equal(algorithm == KeyAlgorithm.Rsa2048, usage.KeyUsages.HasFlag(X509KeyUsageFlags.KeyEncipherment));
    }

    [Fact]
    public void The_key_of_the_service_accounts_is_rsa_where_kubeadm_joins_with_no_other()
    {
        Assert.StartsWith("-----BEGIN RSA PRIVATE KEY-----", Files.Text(Pki + "sa.key"), StringComparison.Ordinal);
        var newer = TestPki.Made(new CertificateFileSet(), spec: TestPki.Spec with { KubernetesVersion = new Version(1, 26), ExternalEtcd = true });
        Assert.StartsWith("-----BEGIN EC PRIVATE KEY-----", newer.Text(Pki + "sa.key"), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_wish_keys_are_rsa_and_what_stands_is_kept()
    {
        var spec = TestPki.Spec with { ExternalEtcd = true };
        var files = TestPki.Made(spec: spec, policy: new CertificatePolicy());
        Assert.All(CertificateReader.Read(files, TestPki.Now).Certificates, c => Assert.Equal("RSA 2048", c.KeyType));
        Assert.Empty(TestPki.Compare(Files, policy: new CertificatePolicy()).Writing());
        Assert.All(TestPki.Compare(files, spec).Where(d => d.Wanted.Authority is not null), d => Assert.Equal(CertificateProblemKind.KeyAlgorithm, Assert.Single(d.Reasons).Kind));
    }

    [Fact]
    public void Serial_numbers_are_positive_and_all_different()
    {
        var numbers = CertificateReader.Read(Files, TestPki.Now).Certificates.Select(c => c.SerialNumber).ToList();
        Assert.Equal(numbers.Count, numbers.Distinct().Count());
        Assert.All(numbers, n => Assert.True(n.Length == 32 && n[0] is >= '4' and <= '7', n));
    }

    [Fact]
    public void Existing_authorities_are_used_and_stay_as_they_are()
    {
        var shared = Files.SharedOf(new CertificatePaths());
        Assert.Equal(8, shared.Count);
        var spec = TestPki.Spec with { NodeName = "master-1", AdvertiseAddress = System.Net.IPAddress.Parse("10.0.0.11"), ForInit = false };
        var made = CertificateIssuer.Make(TestPki.Compare(shared, spec), shared, TestPki.Quick, TestPki.Now);
        Assert.All(shared, f => Assert.Null(made.Find(f.Path)));
        Assert.Null(made.Find("/etc/kubernetes/kubelet.conf"));
        Assert.All(CertificateReader.Read(shared.With(made), TestPki.Now).Certificates, c => Assert.NotNull(c.Authority));
    }

    [Fact]
    public void An_authority_of_the_user_that_is_an_intermediate_one_signs_and_its_first_certificate_is_trusted()
    {
        var (root, _) = TestPki.SelfSigned("CN=Company Root", isAuthority: true);
        var own = Files.Text(Pki + "ca.crt");
        var files = TestPki.Made(new CertificateFileSet([TestPki.File(Pki + "ca.crt", "Bag Attributes\n" + own + root), TestPki.File(Pki + "ca.key", Files.Text(Pki + "ca.key"))]));
        Assert.Empty(TestPki.Compare(files).Writing());
        Assert.Equal(own, Encoding.UTF8.GetString(Kubeconfig.Read(files.Find("/etc/kubernetes/admin.conf")!.Content.Span, out _)!.Authority!));
        Assert.Equal(2, CertificateReader.Read(files, TestPki.Now).Certificates.Count(c => c.Path == Pki + "ca.crt"));
    }

    [Fact]
    public void Renewing_makes_new_keys_or_keeps_them_and_keeps_names_that_were_added()
    {
        var withMore = TestPki.Made(spec: TestPki.Spec with { ApiServerSans = ["old.example.com", "10.8.8.8", "*.apps.example.com"] });
        var spec = TestPki.Spec with { ApiServerSans = ["new.example.com"] };
        var renewed = TestPki.Made(withMore, spec);
        var names = CertificateReader.Read(renewed, TestPki.Now).Find(Pki + "apiserver.crt")!.SubjectAlternativeNames;
        Assert.All(new[] { "old.example.com", "10.8.8.8", "*.apps.example.com", "new.example.com", "10.96.0.1" }, n => Assert.Contains(n, names));
        Assert.NotEqual(withMore.Text(Pki + "apiserver.key"), renewed.Text(Pki + "apiserver.key"));
        Assert.Equal(withMore.Text(Pki + "etcd/server.crt"), renewed.Text(Pki + "etcd/server.crt"));

        var kept = TestPki.Made(withMore, spec, TestPki.Quick with { KeepKeys = true, KeepExtraSans = false });
        Assert.Equal(withMore.Text(Pki + "apiserver.key"), kept.Text(Pki + "apiserver.key"));
        Assert.DoesNotContain("10.8.8.8", CertificateReader.Read(kept, TestPki.Now).Find(Pki + "apiserver.crt")!.SubjectAlternativeNames);
    }

    [Fact]
    public void Renewing_all_renews_every_leaf_and_kubeconfig_and_no_authority()
    {
        var policy = TestPki.Quick with { RenewAll = true, KeepKeys = true };
        var made = CertificateIssuer.Make(TestPki.Compare(Files, policy: policy), Files, policy, TestPki.Now);
        Assert.DoesNotContain(made, f => f.Path.EndsWith("ca.crt", StringComparison.Ordinal) || f.Path.Contains("/sa.", StringComparison.Ordinal));
        Assert.Equal(11, made.Count(f => f.Path.EndsWith(".crt", StringComparison.Ordinal) || f.Path.EndsWith(".conf", StringComparison.Ordinal)));
        Assert.Equal(
            Kubeconfig.Read(Files.Find("/etc/kubernetes/admin.conf")!.Content.Span, out _)!.Key,
            Kubeconfig.Read(made.Find("/etc/kubernetes/admin.conf")!.Content.Span, out _)!.Key);
    }

    [Fact]
    public void A_certificate_is_renewed_as_it_is_where_the_configuration_is_not_known()
    {
        var inventory = CertificateReader.Read(Files, TestPki.Now);
        var authority = ClusterCertificates.Of(TestPki.Spec)[0];
        IReadOnlyList<WantedCertificate> wanted =
            [authority, ClusterCertificates.Of(inventory.Find(Pki + "apiserver.crt")!, "ca"), ClusterCertificates.Of(inventory.Find("/etc/kubernetes/admin.conf")!, "ca")];
        Assert.Empty(CertificateComparison.Compare(wanted, inventory, TestPki.Quick, TestPki.Now).Writing());
        var policy = TestPki.Quick with { RenewAll = true };
        var made = CertificateIssuer.Make(CertificateComparison.Compare(wanted, inventory, policy, TestPki.Now), Files, policy, TestPki.Now);
        var renewed = CertificateReader.Read(Files.With(made), TestPki.Now);
        foreach (var path in new[] { Pki + "apiserver.crt", "/etc/kubernetes/admin.conf" })
        {
            var (before, after) = (inventory.Find(path)!, renewed.Find(path)!);
            Assert.NotEqual(before.Fingerprint, after.Fingerprint);
            Assert.Equal((before.Subject, before.Usages, before.Server), (after.Subject, after.Usages, after.Server));
            Assert.Equal(before.SubjectAlternativeNames, after.SubjectAlternativeNames);
        }
    }

    [Fact]
    public void A_kubeconfig_reads_as_kubeadm_writes_it_whatever_the_cluster_is_called()
    {
        var text = Files.Text("/etc/kubernetes/admin.conf");
        Assert.StartsWith("apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: ", text, StringComparison.Ordinal);
        Assert.Contains("\n    server: https://apiserver.cluster.local:6443\n  name: kubernetes\ncontexts:\n- context:\n    cluster: kubernetes\n    user: kubernetes-admin\n  name: kubernetes-admin@kubernetes\ncurrent-context: kubernetes-admin@kubernetes\nkind: Config\npreferences: {}\nusers:\n- name: kubernetes-admin\n  user:\n    client-certificate-data: ", text, StringComparison.Ordinal);
        foreach (var name in new[] { "true", "my cluster: #1", "12", "a\"b" })
        {
            var spec = TestPki.Spec with { ClusterName = name };
            var files = TestPki.Made(spec: spec);
            Assert.Equal(name, Kubeconfig.Read(files.Find("/etc/kubernetes/admin.conf")!.Content.Span, out _)!.ClusterName);
            Assert.Empty(TestPki.Compare(files, spec).Writing());
        }
    }

    [Fact]
    public void A_lost_public_key_of_the_service_accounts_is_made_again_and_older_ones_stay()
    {
        using var former = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var old = former.ExportSubjectPublicKeyInfoPem() + "\n";
        var files = Files.With([TestPki.File(Pki + "sa.pub", old)]);
        var decision = Assert.Single(TestPki.Compare(files).Writing());
        Assert.Equal(("sa", CertificateAction.Renew), (decision.Wanted.Name, decision.Action));
        var made = TestPki.Made(files);
        Assert.Equal(Files.Text(Pki + "sa.pub") + old, made.Text(Pki + "sa.pub"));
        Assert.Equal(Files.Text(Pki + "sa.key"), made.Text(Pki + "sa.key"));
        Assert.Empty(TestPki.Compare(made).Writing());
    }

    [Fact]
    public void A_key_that_others_may_read_is_written_again_unchanged_for_its_owner_only()
    {
        var files = Files.With([TestPki.File(Pki + "apiserver.key", Files.Text(Pki + "apiserver.key"), 0b110_100_100)]);
        Assert.Equal(CertificateAction.Protect, Assert.Single(TestPki.Compare(files).Writing()).Action);
        var made = Assert.Single(CertificateIssuer.Make(TestPki.Compare(files), files, TestPki.Quick, TestPki.Now));
        Assert.Equal((Pki + "apiserver.key", 0b110_000_000), (made.Path, made.Mode));
        Assert.Equal(Files.Text(Pki + "apiserver.key"), Encoding.UTF8.GetString(made.Content.Span));
    }

    [Fact]
    public void A_file_never_prints_what_it_holds()
    {
        var key = Files.Find(Pki + "ca.key")!;
        Assert.Equal(Pki + "ca.key", key.ToString());
        Assert.DoesNotContain("Content", JsonSerializer.Serialize(key), StringComparison.Ordinal);
        var told = JsonSerializer.Serialize(TestPki.Compare(Files)) + JsonSerializer.Serialize(CertificateReader.Read(Files, TestPki.Now));
        Assert.DoesNotContain("PRIVATE", told, StringComparison.Ordinal);
    }

    [Fact]
    public void Making_stops_when_it_is_told_to()
    {
        var none = new CertificateFileSet();
        Assert.Throws<OperationCanceledException>(() => CertificateIssuer.Make(TestPki.Compare(none), none, TestPki.Quick, TestPki.Now, new CancellationToken(true)));
    }

    [Fact]
    public void The_registrys_certificate_names_all_it_stands_in_for_and_is_no_business_of_the_clusters_authority()
    {
        var wanted = ClusterCertificates.Of(new RegistryCertificateSpec { Domain = "sea.hub", Folder = "/certs", Sans = ["quay.io", "10.0.0.10"] });
        var none = new CertificateFileSet();
        var made = CertificateIssuer.Make(CertificateComparison.Compare(wanted, new CertificateInventory(), TestPki.Quick, TestPki.Now), none, TestPki.Quick, TestPki.Now);
        var inventory = CertificateReader.Read(made, TestPki.Now);
        var leaf = inventory.Find("/certs/sea.hub.crt")!;
        Assert.Equal(["quay.io", "sea.hub", "10.0.0.10"], leaf.SubjectAlternativeNames.Order(StringComparer.Ordinal).OrderBy(n => char.IsDigit(n[0])));
        Assert.Equal("/etc/kubernetes/pki/registry/ca.crt", leaf.Authority);
        Assert.Empty(CertificateComparison.Compare(wanted, inventory, TestPki.Quick, TestPki.Now).Writing());
    }
}
