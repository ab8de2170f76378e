using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Sealer.Certificates;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Certificates;

/// <summary>
/// Our files in the hands of kubeadm, and kubeadm's in ours. It runs in a mount namespace of its own, in which /etc is a
/// folder of the test.
/// </summary>
[Trait("Tier", "parts")]
[SupportedOSPlatform("linux")]
public sealed class KubeadmTests : IDisposable
{
    private const string Configuration = """
        apiVersion: kubeadm.k8s.io/v1beta2
        kind: InitConfiguration
        localAPIEndpoint: {advertiseAddress: 10.0.0.10, bindPort: 6443}
        nodeRegistration: {name: master-0, criSocket: /run/none.sock}
        ---
        apiVersion: kubeadm.k8s.io/v1beta2
        kind: ClusterConfiguration
        kubernetesVersion: v1.20.2
        controlPlaneEndpoint: apiserver.cluster.local:6443
        networking: {serviceSubnet: 10.96.0.0/12, dnsDomain: cluster.local}
        apiServer: {certSANs: [10.103.97.2, 127.0.0.1, api.example.com]}
        """;

    private static DateTimeOffset Now => DateTimeOffset.UtcNow;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public async Task Kubeadm_takes_all_of_ours_and_writes_nothing()
    {
        var files = TestPki.Made(policy: new CertificatePolicy(), at: Now);
        Write(files);
        var before = Digests();
        var certificates = await RunAsync("init", "phase", "certs", "all", "--config", "/etc/kubeadm.yaml");
        var kubeconfigs = await RunAsync("init", "phase", "kubeconfig", "all", "--config", "/etc/kubeadm.yaml");
        Assert.Equal(before, Digests());
        Assert.DoesNotContain("Generating", certificates, StringComparison.Ordinal);
        Assert.DoesNotContain("Writing", kubeconfigs, StringComparison.Ordinal);
        Assert.Equal(10, certificates.Split("Using existing").Length - 1);
        Assert.Contains("Using the existing \"sa\" key", certificates, StringComparison.Ordinal);
        Assert.Equal(4, kubeconfigs.Split("Using existing kubeconfig file").Length - 1);
    }

    [LinuxFact]
    public async Task Kubeadm_shows_a_hundred_years_for_all_of_ours()
    {
        Write(TestPki.Made(policy: new CertificatePolicy(), at: Now));
        var told = await RunAsync("certs", "check-expiration", "--config", "/etc/kubeadm.yaml");
        var lines = told.Split('\n').Where(line => line.Contains(" UTC ", StringComparison.Ordinal)).ToList();
        // It knows no kubelet.conf there, and counts the seconds that have gone as a year.
        Assert.Equal(10 + 3, lines.Count);
        Assert.All(lines, line => Assert.Contains(" 99y ", line, StringComparison.Ordinal));
        Assert.DoesNotContain("MISSING", told, StringComparison.Ordinal);
        Assert.DoesNotContain("yes", told, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task Field_by_field_ours_are_as_kubeadms_own()
    {
        await RunAsync("init", "phase", "certs", "all", "--config", "/etc/kubeadm.yaml");
        await RunAsync("init", "phase", "kubeconfig", "all", "--config", "/etc/kubeadm.yaml");
        var theirs = Read();
        var ours = TestPki.Made(policy: new CertificatePolicy(), at: Now);
        Assert.Equal(theirs.Select(f => (f.Path, f.Mode)), ours.Select(f => (f.Path, f.Mode)));
        var (left, right) = (CertificateReader.Read(theirs, Now), CertificateReader.Read(ours, Now));
        Assert.Equal(14, left.Certificates.Count);
        foreach (var (their, our) in left.Certificates.Zip(right.Certificates))
        {
            Assert.Equal((their.Path, their.Form, their.Subject, their.Issuer, their.Authority), (our.Path, our.Form, our.Subject, our.Issuer, our.Authority));
            Assert.Equal((their.Usages, their.KeyType, their.Key, their.Server), (our.Usages, our.KeyType, our.Key, our.Server));
            Assert.Empty(their.Problems);
            // An authority names itself there since 1.22.
            if (our.Form != CertificateForm.Authority)
                Assert.Equal(their.SubjectAlternativeNames, our.SubjectAlternativeNames);
        }

        foreach (var path in theirs.Select(f => f.Path).Where(p => p.EndsWith(".crt", StringComparison.Ordinal)))
        {
            using var their = theirs.Certificate(path);
            using var our = ours.Certificate(path);
            Assert.Equal(Convert.ToHexString(their.SubjectName.RawData), Convert.ToHexString(our.SubjectName.RawData));
            Assert.Equal(their.SignatureAlgorithm.Value, our.SignatureAlgorithm.Value);
            Assert.Equal(Extensions(their, our), Extensions(our, our));
        }

        foreach (var path in theirs.Select(f => f.Path).Where(p => p.EndsWith(".key", StringComparison.Ordinal) || p.EndsWith(".pub", StringComparison.Ordinal)))
            Assert.Equal(theirs.Text(path).Split('\n')[0], ours.Text(path).Split('\n')[0]);
        foreach (var path in theirs.Select(f => f.Path).Where(p => p.EndsWith(".conf", StringComparison.Ordinal)))
            Assert.Equal(Keys(theirs.Text(path)), Keys(ours.Text(path)));

        static string Keys(string text) => string.Join('\n', text.TrimEnd().Split('\n').Select(line => line.Contains("-data: ", StringComparison.Ordinal) ? line[..line.IndexOf(':', StringComparison.Ordinal)] : line));
    }

    [LinuxFact]
    public async Task Of_a_cluster_of_kubeadms_only_the_lifetime_differs_and_what_we_renew_it_takes()
    {
        await RunAsync("init", "phase", "certs", "all", "--config", "/etc/kubeadm.yaml");
        await RunAsync("init", "phase", "kubeconfig", "all", "--config", "/etc/kubeadm.yaml");
        var theirs = Read();
        var policy = new CertificatePolicy();
        var decisions = TestPki.Compare(theirs, policy: policy, at: Now).Writing().ToList();
        Assert.Equal(11, decisions.Count);
        Assert.All(decisions, d => Assert.Equal(CertificateProblemKind.Lifetime, Assert.Single(d.Reasons).Kind));
        var ours = TestPki.Made(theirs, policy: policy, at: Now);
        // Its authorities last ten years, and no leaf longer.
        Assert.All(CertificateReader.Read(ours, Now).Certificates, c => Assert.InRange(c.DaysLeft, 3649, 3650));
        Assert.Empty(TestPki.Compare(ours, policy: policy, at: Now).Writing());
        Write(ours);
        var before = Digests();
        await RunAsync("init", "phase", "certs", "all", "--config", "/etc/kubeadm.yaml");
        await RunAsync("init", "phase", "kubeconfig", "all", "--config", "/etc/kubeadm.yaml");
        Assert.Equal(before, Digests());
    }

    [LinuxFact]
    public async Task Kubeadm_takes_ecdsa_and_renews_what_we_made()
    {
        Write(TestPki.Made(at: Now));
        var before = Digests();
        await RunAsync("init", "phase", "certs", "all", "--config", "/etc/kubeadm.yaml");
        Assert.Equal(before, Digests());
        await RunAsync("certs", "renew", "all", "--config", "/etc/kubeadm.yaml");
        Assert.All(TestPki.Compare(Read(), policy: new CertificatePolicy(), at: Now).Writing(), d => Assert.Equal(CertificateProblemKind.Lifetime, Assert.Single(d.Reasons).Kind));
    }

    /// <summary>Kubeadm gives leaves no basic constraints before 1.23 and authorities no name of their own before 1.22.</summary>
    private static string Extensions(X509Certificate2 of, X509Certificate2 ours)
    {
        var isAuthority = X509Reading.IsAuthority(ours);
        var skipped = isAuthority ? new[] { "2.5.29.17", "2.5.29.14" } : ["2.5.29.19", "2.5.29.35"];
        return string.Join('\n', of.Extensions.Where(e => !skipped.Contains(e.Oid!.Value)).Select(e => $"{e.Oid!.Value} {e.Critical} {Convert.ToHexString(e.RawData)}").Order(StringComparer.Ordinal))
            // Of identifiers of keys only that they are there.
            + string.Concat(of.Extensions.Where(e => e.Oid!.Value is "2.5.29.14" or "2.5.29.35").Select(e => $"\n{e.Oid!.Value} {e.Critical} {e.RawData.Length}"));
    }

    private string Etc(string path) => Path.Combine(_folder["etc"], path["/etc/".Length..]);

    private void Write(CertificateFileSet files)
    {
        foreach (var file in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Etc(file.Path))!);
            File.WriteAllBytes(Etc(file.Path), file.Content.ToArray());
            File.SetUnixFileMode(Etc(file.Path), (UnixFileMode)file.Mode!);
        }
    }

    private CertificateFileSet Read() => new(Directory.EnumerateFiles(_folder["etc/kubernetes"], "*", SearchOption.AllDirectories)
        .Select(f => new CertificateFile("/etc/" + Path.GetRelativePath(_folder["etc"], f), File.ReadAllBytes(f), (int)File.GetUnixFileMode(f))));

    private string Digests() => string.Join('\n', Read().Select(f => $"{f.Path} {f.Mode} {Convert.ToHexString(SHA256.HashData(f.Content.Span))}"));

    private async Task<string> RunAsync(params string[] arguments)
    {
        Directory.CreateDirectory(_folder["etc/kubernetes"]);
        await File.WriteAllTextAsync(_folder["etc/kubeadm.yaml"], Configuration);
        // The program may lie anywhere but under /etc.
        return await Peer.RunAsync("unshare", ["--mount", "sh", "-c", "mount --bind \"$0\" /etc && exec \"$@\"", _folder["etc"], await RealKubernetes.KubeadmAsync(), .. arguments]);
    }
}
