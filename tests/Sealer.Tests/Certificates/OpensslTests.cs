using System.Globalization;
using Sealer.Certificates;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Certificates;

/// <summary>What we make, as OpenSSL sees it, and what OpenSSL makes, as we see it.</summary>
[Trait("Tier", "parts")]
public sealed class OpensslTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(KeyAlgorithm.Rsa2048)]
    [InlineData(KeyAlgorithm.EcdsaP256)]
    [InlineData(KeyAlgorithm.EcdsaP384)]
    public async Task Every_certificate_stands_a_strict_check_for_its_purpose(KeyAlgorithm algorithm)
    {
        var now = DateTimeOffset.UtcNow;
        var policy = new CertificatePolicy { Algorithm = algorithm };
        Write(TestPki.Made(policy: policy, at: now));
        foreach (var wanted in ClusterCertificates.Of(TestPki.Spec).Where(w => w.Form == CertificateForm.Leaf))
        {
            var authority = _folder[Names[wanted.Authority!]];
            var leaf = _folder[Name(wanted.Path)];
            foreach (var (usage, purpose) in new[] { (CertificateUsages.Server, "sslserver"), (CertificateUsages.Client, "sslclient") })
            {
                if (wanted.Usages.HasFlag(usage))
                    await Peer.RunAsync("openssl", "verify", "-x509_strict", "-check_ss_sig", "-purpose", purpose, "-CAfile", authority, leaf);
                else
                    await Assert.ThrowsAsync<InvalidOperationException>(() => Peer.RunAsync("openssl", "verify", "-purpose", purpose, "-CAfile", authority, leaf));
            }

            foreach (var name in wanted.SubjectAlternativeNames)
                await Peer.RunAsync("openssl", "verify", SubjectName.AddressOf(name) is null ? "-verify_hostname" : "-verify_ip", name, "-CAfile", authority, leaf);
            var subject = await Peer.RunAsync("openssl", "x509", "-in", leaf, "-noout", "-subject", "-nameopt", "oneline,-space_eq");
            var groups = string.Concat(wanted.Organizations.Select(g => $"O={g}, "));
            Assert.Equal($"subject={groups}CN={wanted.CommonName}", subject.Trim());
            var publicKey = await Peer.RunAsync("openssl", "x509", "-in", leaf, "-noout", "-pubkey");
            Assert.Equal(publicKey, await Peer.RunAsync("openssl", "pkey", "-in", _folder[Name(wanted.KeyPath!)], "-pubout"));
        }

        Assert.Equal(await File.ReadAllTextAsync(_folder["sa.pub"]), await Peer.RunAsync("openssl", "pkey", "-in", _folder["sa.key"], "-pubout"));
    }

    [Fact]
    public async Task Times_are_written_as_rfc_5280_wants_them_before_and_after_2050()
    {
        Write(TestPki.Made());
        var fields = await Peer.RunAsync("openssl", "asn1parse", "-in", _folder["apiserver.crt"]);
        Assert.Contains("UTCTIME           :261122153012Z", fields, StringComparison.Ordinal);
        Assert.Contains("GENERALIZEDTIME   :21261030153012Z", fields, StringComparison.Ordinal);
        Assert.Contains("PRINTABLESTRING   :kubernetes", fields, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_authority_that_openssl_made_signs_ours_and_encrypted_keys_are_seen()
    {
        await Peer.RunAsync("openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-days", "3650", "-subj", "/C=CN/O=Mingyuan/CN=Company CA, 中", "-utf8", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", _folder["own.key"], "-out", _folder["own.crt"]);
        await Peer.RunAsync("openssl", "pkey", "-in", _folder["own.key"], "-aes256", "-passout", "pass:secret", "-out", _folder["new.key"]);
        await Peer.RunAsync("openssl", "pkey", "-in", _folder["own.key"], "-traditional", "-aes256", "-passout", "pass:secret", "-out", _folder["old.key"]);
        var now = DateTimeOffset.UtcNow;
        var files = TestPki.Made(Authority("own.key"), at: now);
        Assert.Empty(TestPki.Compare(files, at: now).Writing());
        Write(files);
        await Peer.RunAsync("openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", _folder["own.crt"], _folder["apiserver.crt"]);
        var end = await Peer.RunAsync("openssl", "x509", "-in", _folder["own.crt"], "-noout", "-enddate");
        Assert.Equal(end, await Peer.RunAsync("openssl", "x509", "-in", _folder["apiserver.crt"], "-noout", "-enddate"));
        foreach (var key in new[] { "new.key", "old.key" })
            Assert.Equal("EncryptedPrivateKey", Assert.Throws<SealerException>(() => TestPki.Compare(Authority(key), at: now)).Id);

        CertificateFileSet Authority(string key) => new(
            [new("/etc/kubernetes/pki/ca.crt", File.ReadAllBytes(_folder["own.crt"])), new("/etc/kubernetes/pki/ca.key", File.ReadAllBytes(_folder[key]))]);
    }

    [Fact]
    public async Task A_signature_by_a_broken_hash_is_told_but_not_of_a_root()
    {
        foreach (var (name, issuer) in new[] { ("ca", null), ("leaf", "ca") })
        {
            string[] signer = issuer is null ? ["-addext", "basicConstraints=critical,CA:TRUE"] : ["-CA", _folder[issuer + ".crt"], "-CAkey", _folder[issuer + ".key"]];
            await Peer.RunAsync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha1", "-days", "90", "-subj", "/CN=" + name, "-keyout", _folder[name + ".key"], "-out", _folder[name + ".crt"], .. signer]);
        }

        var inventory = CertificateReader.Read(new(Directory.EnumerateFiles(_folder.Path).Select(f => new CertificateFile("/" + Path.GetFileName(f), File.ReadAllBytes(f)))), DateTimeOffset.UtcNow);
        Assert.Equal(CertificateProblemKind.WeakKey, Assert.Single(inventory.Find("/leaf.crt")!.Problems).Kind);
        Assert.Equal("/ca.crt", inventory.Find("/leaf.crt")!.Authority);
        Assert.Empty(inventory.Find("/ca.crt")!.Problems);
    }

    [Fact]
    public async Task A_curve_that_is_spelled_out_is_not_used()
    {
        await Peer.RunAsync("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit", "-nodes", "-days", "9", "-subj", "/CN=a", "-keyout", _folder["a.key"], "-out", _folder["a.crt"]);
        var files = new CertificateFileSet([new("/a.crt", await File.ReadAllBytesAsync(_folder["a.crt"])), new("/a.key", await File.ReadAllBytesAsync(_folder["a.key"]))]);
        var info = CertificateReader.Read(files, DateTimeOffset.UtcNow.AddMinutes(1)).Find("/a.crt")!;
        Assert.Equal(("unknown", KeyState.Unreadable), (info.KeyType, info.Key));
    }

    [Fact]
    public async Task What_we_read_of_a_certificate_is_what_openssl_reads()
    {
        await Peer.RunAsync("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes", "-days", "30000", "-subj", "/O=a/O=b/CN=c", "-addext", "subjectAltName=DNS:One.example.com,IP:10.0.0.1,IP:fd00::1,URI:spiffe://x", "-addext", "extendedKeyUsage=clientAuth", "-keyout", _folder["a.key"], "-out", _folder["a.crt"]);
        var files = new CertificateFileSet([new("/a.crt", await File.ReadAllBytesAsync(_folder["a.crt"])), new("/a.key", await File.ReadAllBytesAsync(_folder["a.key"]))]);
        var info = CertificateReader.Read(files, DateTimeOffset.UtcNow).Find("/a.crt")!;
        Assert.Equal(["a", "b"], info.Organizations);
        Assert.Equal(["one.example.com", "10.0.0.1", "fd00::1"], info.SubjectAlternativeNames);
        Assert.Equal(("ECDSA P-384", KeyState.Present, CertificateUsages.Client), (info.KeyType, info.Key, info.Usages));
        var told = (await Peer.RunAsync("openssl", "x509", "-in", _folder["a.crt"], "-noout", "-serial", "-fingerprint", "-sha256", "-enddate")).Split('\n');
        Assert.Equal(told[0], "serial=" + info.SerialNumber);
        Assert.Equal(told[1].Replace(":", "", StringComparison.Ordinal), "sha256 Fingerprint=" + info.Fingerprint);
        Assert.Equal(told[2], "notAfter=" + info.NotAfter.ToString("MMM d HH:mm:ss yyyy 'GMT'", CultureInfo.InvariantCulture).Insert(4, info.NotAfter.Day < 10 ? " " : ""));
    }

    private static readonly Dictionary<string, string> Names = new() { ["ca"] = "ca.crt", ["etcd-ca"] = "etcd-ca.crt", ["front-proxy-ca"] = "front-proxy-ca.crt" };

    private static string Name(string path) => path.Replace("/etc/kubernetes/pki/", "", StringComparison.Ordinal).Replace('/', '-');

    private void Write(CertificateFileSet files)
    {
        foreach (var file in files.Where(f => f.Path.StartsWith("/etc/kubernetes/pki/", StringComparison.Ordinal)))
            File.WriteAllBytes(_folder[Name(file.Path)], file.Content.ToArray());
    }
}
