using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Sealer.Certificates;

namespace Sealer.Tests.Certificates;

public sealed class CertificateReaderTests
{
    private const string Pki = "/etc/kubernetes/pki/";
    private static readonly CertificateFileSet Files = TestPki.Made();

    [Fact]
    public void A_certificate_tells_all_that_is_in_it()
    {
        var info = CertificateReader.Read(Files, TestPki.Now.AddDays(36_400)).Find(Pki + "apiserver-kubelet-client.crt")!;
        Assert.Equal("CN=kube-apiserver-kubelet-client, O=system:masters", info.Subject);
        Assert.Equal(("kube-apiserver-kubelet-client", "CN=kubernetes", Pki + "ca.crt", CertificateForm.Leaf), (info.CommonName, info.Issuer, info.Authority, info.Form));
        Assert.Equal((100, CertificateUsages.Client, "ECDSA P-256", KeyState.Present), (info.DaysLeft, info.Usages, info.KeyType, info.Key));
        Assert.Equal(["system:masters"], info.Organizations);
        Assert.Equal(64, info.Fingerprint.Length);
    }

    [Fact]
    public void Days_left_are_whole_and_negative_once_it_is_over()
    {
        var end = TestPki.Now.AddHours(876_000);
        Assert.Equal(0, DaysLeft(end.AddHours(-1)));
        Assert.Equal(-1, DaysLeft(end.AddHours(1)));
        Assert.Equal(-2, DaysLeft(end.AddHours(25)));

        static int DaysLeft(DateTimeOffset at) => CertificateReader.Read(Files, at).Find(Pki + "ca.crt")!.DaysLeft;
    }

    [Fact]
    public void An_authority_without_its_key_is_no_problem_on_a_worker() =>
        Assert.Empty(CertificateReader.Read(new CertificateFileSet([Files.Find(Pki + "ca.crt")!]), TestPki.Now).Find(Pki + "ca.crt")!.Problems);

    [Fact]
    public void A_worker_shows_what_its_kubelet_has()
    {
        var (certificate, key) = TestPki.SelfSigned("CN=worker-0@1700000000", names: ["worker-0"]);
        var files = new CertificateFileSet([Files.Find(Pki + "ca.crt")!, TestPki.File("/var/lib/kubelet/pki/kubelet.crt", certificate), TestPki.File("/var/lib/kubelet/pki/kubelet.key", key)]);
        var serving = CertificateReader.Read(files, TestPki.Now).Find("/var/lib/kubelet/pki/kubelet.crt")!;
        Assert.Equal((null, KeyState.Present), (serving.Authority, serving.Key));
        Assert.Empty(serving.Problems);
    }

    [Theory]
    [InlineData("", "it is empty")]
    [InlineData("hello", "it is not PEM")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA", "it ends inside a block")]
    [InlineData("-----BEGIN \u001b]0;x\u0007-----\nAAAA\n-----END Y-----\n", "a block begins with words that are no label")]
    [InlineData("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", "a block CERTIFICATE is no base64")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", "a block begins as CERTIFICATE and ends as something else")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "a block is no X.509 certificate")]
    [InlineData("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "it holds no certificate")]
    public void What_is_no_certificate_is_told_as_a_problem_of_its_file(string text, string reason)
    {
        var info = CertificateReader.Read(new CertificateFileSet([TestPki.File(Pki + "apiserver.crt", text)]), TestPki.Now).Find(Pki + "apiserver.crt")!;
        Assert.False(info.IsReadable);
        Assert.Equal(new CertificateProblem(CertificateProblemKind.Unreadable, reason), Assert.Single(info.Problems));
    }

    [Fact]
    public void A_certificate_cut_anywhere_or_with_any_bit_turned_ends_no_reading()
    {
        var whole = PemFile.Read(Files.Find(Pki + "apiserver.crt")!.Content.Span, out _)[0].Data;
        for (var i = 0; i < whole.Length; i++)
        {
            if (i % 8 == 0)
                Read(whole[..i]);
            var turned = whole.ToArray();
            turned[i] ^= (byte)(1 << (i % 8));
            Read(turned);
        }

        static void Read(byte[] der)
        {
            var text = PemEncoding.WriteString("CERTIFICATE", der);
            var files = new CertificateFileSet([Files.Find(Pki + "ca.crt")!, Files.Find(Pki + "apiserver.key")!, TestPki.File(Pki + "apiserver.crt", text)]);
            Assert.True(CertificateReader.Read(files, TestPki.Now).Find(Pki + "apiserver.crt")!.Problems.Count > 0, Convert.ToHexString(der));
        }
    }

    [Fact]
    public void An_authority_with_any_bit_turned_ends_no_reading_and_no_comparison_but_as_a_refusal()
    {
        var whole = PemFile.Read(Files.Find(Pki + "ca.crt")!.Content.Span, out _)[0].Data;
        var wanted = ClusterCertificates.Of(TestPki.Spec).Where(w => w.Name is "ca" or "apiserver").ToList();
        for (var i = 0; i < whole.Length; i++)
        {
            var turned = whole.ToArray();
            turned[i] ^= (byte)(1 << (i % 8));
            var files = new CertificateFileSet(
                [TestPki.File(Pki + "ca.crt", PemEncoding.WriteString("CERTIFICATE", turned)), Files.Find(Pki + "ca.key")!, Files.Find(Pki + "apiserver.key")!, Files.Find(Pki + "apiserver.crt")!]);
            try
            {
                CertificateIssuer.Make(CertificateComparison.Compare(wanted, CertificateReader.Read(files, TestPki.Now), TestPki.Quick, TestPki.Now), files, TestPki.Quick, TestPki.Now);
            }
            catch (SealerException e)
            {
                Assert.Equal("AuthorityUnusable", e.Id);
            }
        }
    }

    [Fact]
    public void A_store_of_certificates_and_keys_in_the_place_of_a_certificate_is_not_opened()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256).CreateSelfSigned(TestPki.Now, TestPki.Now.AddDays(1));
        var text = PemEncoding.WriteString("CERTIFICATE", certificate.Export(X509ContentType.Pkcs12));
        Assert.Equal("a block is no X.509 certificate", Assert.Single(CertificateReader.Read(new CertificateFileSet([TestPki.File("/a.crt", text)]), TestPki.Now).Certificates[0].Problems).Message);
    }

    [Fact]
    public void A_huge_file_a_huge_block_and_very_many_blocks_are_refused_unread()
    {
        var certificate = Files.Text(Pki + "ca.crt");
        Assert.Equal("it is larger than 1 MiB", Reason(new string('a', (1 << 20) + 1)));
        Assert.Equal("a block is larger than 64 KiB", Reason("-----BEGIN CERTIFICATE-----\n" + string.Concat(Enumerable.Repeat(new string('A', 64) + "\n", 2000)) + "-----END CERTIFICATE-----\n"));
        Assert.Equal("it has more than 256 blocks", Reason(string.Concat(Enumerable.Repeat(certificate, 300))));
        // Each BEGIN would be looked up to the end of the file, sixty thousand times.
        Assert.Equal("it ends inside a block", Reason(string.Concat(Enumerable.Range(0, 40_000).Select(i => $"-----BEGIN {i}-----\n"))));

        static string Reason(string text) => Assert.Single(CertificateReader.Read(new CertificateFileSet([TestPki.File("/a.crt", text)]), TestPki.Now).Certificates[0].Problems).Message;
    }

    [Fact]
    public void Many_certificates_in_a_file_are_all_shown_and_the_first_counts()
    {
        var text = "# chain\r\n" + (Files.Text(Pki + "apiserver.crt") + Files.Text(Pki + "ca.crt")).Replace("\n", "\r\n", StringComparison.Ordinal);
        var inventory = CertificateReader.Read(Files.With([TestPki.File(Pki + "apiserver.crt", text)]), TestPki.Now);
        Assert.Equal([0, 1], inventory.Certificates.Where(c => c.Path == Pki + "apiserver.crt").Select(c => c.Position));
        Assert.Equal("kube-apiserver", inventory.Find(Pki + "apiserver.crt")!.CommonName);
        Assert.Empty(inventory.Certificates.SelectMany(c => c.Problems));
    }

    [Fact]
    public void A_certificate_with_the_right_issuers_name_and_anothers_signature_is_of_the_wrong_authority()
    {
        var strange = TestPki.Made();
        var info = CertificateReader.Read(Files.With([TestPki.File(Pki + "apiserver.crt", strange.Text(Pki + "apiserver.crt")), TestPki.File(Pki + "apiserver.key", strange.Text(Pki + "apiserver.key"))]), TestPki.Now).Find(Pki + "apiserver.crt")!;
        Assert.Equal("CN=kubernetes", info.Issuer);
        Assert.Null(info.Authority);
        Assert.Equal(CertificateProblemKind.WrongAuthority, Assert.Single(info.Problems).Kind);
    }

    [Fact]
    public void A_kubeconfig_of_aliases_of_aliases_is_read_or_refused_at_once()
    {
        var bomb = new StringBuilder("kind: Config\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 60; i++)
            bomb.Append(System.Globalization.CultureInfo.InvariantCulture, $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        bomb.Append("clusters: *a59\nusers: *a59\ncontexts: *a59\ncurrent-context: a\n");
        Assert.Equal("its current context names no cluster and user that are there", Reason(bomb.ToString()));
        Assert.Contains("more than 20000 values", Reason("kind: Config\nx: [" + string.Concat(Enumerable.Repeat("a, ", 30_000)) + "]\n"), StringComparison.Ordinal);
        Assert.Contains("levels deep", Reason("kind: Config\nx: " + new string('[', 5000) + "\n"), StringComparison.Ordinal);
        Assert.Equal("it is larger than 1 MiB", Reason(new string(' ', (1 << 20) + 1)));
        Assert.Equal("it is no kubeconfig", Reason("kind: Pod\n"));
        Assert.Equal("it is no kubeconfig", Reason(""));

        static string Reason(string text) =>
            Assert.Single(CertificateReader.Read(new CertificateFileSet([TestPki.File("/etc/kubernetes/admin.conf", text)]), TestPki.Now).Certificates[0].Problems).Message;
    }

    [Fact]
    public void A_kubeconfig_with_a_token_holds_no_certificate_and_a_strange_conf_is_passed_over()
    {
        var token = "kind: Config\nclusters: [{name: a, cluster: {server: 'https://a'}}]\nusers: [{name: b, user: {token: t}}]\ncontexts: [{name: c, context: {cluster: a, user: b}}]\ncurrent-context: c\n";
        var files = new CertificateFileSet([TestPki.File("/etc/kubernetes/bootstrap-kubelet.conf", token), TestPki.File("/etc/kubernetes/audit.conf", "x=1"), TestPki.File("/etc/kubernetes/README", "x")]);
        Assert.Empty(CertificateReader.Read(files, TestPki.Now).Certificates);
    }

    [Fact]
    public void A_kubeconfig_may_refer_to_files_beside_it()
    {
        var text = "kind: Config\nclusters: [{name: a, cluster: {server: 'https://a', certificate-authority: /etc/kubernetes/pki/ca.crt}}]\nusers: [{name: b, user: {client-certificate: pki/apiserver-kubelet-client.crt, client-key: /etc/kubernetes/pki/apiserver-kubelet-client.key}}]\ncontexts: [{name: c, context: {cluster: a, user: b}}]\ncurrent-context: c\n";
        var info = CertificateReader.Read(Files.With([TestPki.File("/etc/kubernetes/kubelet.conf", text)]), TestPki.Now).Find("/etc/kubernetes/kubelet.conf")!;
        Assert.Equal((Pki + "apiserver-kubelet-client.crt", KeyState.Present, "https://a"), (info.ReadFrom, info.Key, info.Server));
        Assert.Empty(info.Problems);
    }

    [Theory]
    [InlineData("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")]
    [InlineData("-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----\n")]
    [InlineData("nothing")]
    public void A_key_that_is_none_is_told(string text)
    {
        var info = CertificateReader.Read(Files.With([TestPki.File(Pki + "apiserver.key", text)]), TestPki.Now).Find(Pki + "apiserver.crt")!;
        Assert.Equal((KeyState.Unreadable, CertificateProblemKind.KeyUnreadable), (info.Key, Assert.Single(info.Problems).Kind));
    }

    [Fact]
    public void A_key_so_long_that_a_signature_by_it_takes_minutes_is_not_used()
    {
        var numbers = new AsnWriter(AsnEncodingRules.DER);
        using (numbers.PushSequence())
        {
            numbers.WriteIntegerUnsigned(Enumerable.Repeat((byte)0xFF, 40_000 / 8).ToArray());
            numbers.WriteInteger(65537);
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new("CN=huge"), new PublicKey(new Oid("1.2.840.113549.1.1.1"), new AsnEncodedData([5, 0]), new AsnEncodedData(numbers.Encode())), HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.Create(new X500DistinguishedName("CN=huge"), X509SignatureGenerator.CreateForECDsa(key), TestPki.Now, TestPki.Now.AddDays(1), [1]);
        var info = CertificateReader.Read(new([TestPki.File("/a.crt", certificate.ExportCertificatePem())]), TestPki.Now).Find("/a.crt")!;
        Assert.Equal(("unknown", "its key is of a kind or length that Kubernetes cannot use"), (info.KeyType, Assert.Single(info.Problems).Message));
    }

    [Fact]
    public void Keys_are_read_in_every_form_and_behind_the_parameters_of_their_curve()
    {
        using var key = PrivateKeyFile.Read(Files.Find(Pki + "apiserver.key"));
        var ec = (ECDsa)key.Key!;
        foreach (var text in new[] { ec.ExportPkcs8PrivateKeyPem(), "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + ec.ExportECPrivateKeyPem() })
            Assert.Empty(CertificateReader.Read(Files.With([TestPki.File(Pki + "apiserver.key", text)]), TestPki.Now).Find(Pki + "apiserver.crt")!.Problems);
    }

    [Fact]
    public void What_a_stranger_wrote_into_a_certificate_is_harmless_to_print()
    {
        var (certificate, _) = TestPki.SelfSigned("CN=\"\u001b[31mred ##vso[task.complete]\"");
        var info = CertificateReader.Read(new CertificateFileSet([TestPki.File("/a.crt", certificate)]), TestPki.Now).Certificates[0];
        Assert.DoesNotContain('\u001b', info.Subject + info.CommonName + info.Issuer);
        Assert.DoesNotContain("##", info.Subject + info.CommonName + info.Issuer, StringComparison.Ordinal);
    }
}
