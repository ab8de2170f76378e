using System.Text;
using Sealer.Certificates;
using Sealer.Delivery;
using Sealer.Hosts;
using Sealer.Tests.Certificates;

namespace Sealer.Tests.Delivery;

/// <summary>Certificates as a host tells them, by this machine's shell, of folders like those of kubeadm.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class ClusterCertReaderTests : IDisposable
{
    private const string Pki = "/etc/kubernetes/pki/";
    private const string Current = "/var/lib/kubelet/pki/kubelet-client-current.pem";

    private readonly TemporaryFolder _folder = new();
    private readonly FolderHost _host;

    public ClusterCertReaderTests() => _host = new FolderHost("10.0.0.10", _folder["host"]);

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public async Task Everything_that_kubeadm_made_is_told_with_the_days_it_has_left()
    {
        var made = Write(TestPki.Made());
        var told = await ClusterCertReader.ReadAsync(_host, [], TestPki.Now);
        Assert.Equal(made.Where(file => file.Path.EndsWith(".crt", StringComparison.Ordinal) || file.Path.EndsWith(".conf", StringComparison.Ordinal)).Select(file => file.Path), told.Select(cert => cert.Path));
        Assert.All(told, cert => Assert.Empty(cert.Problems));
        Assert.All(told, cert => Assert.InRange(cert.DaysLeft, 36_000, 36_600));
        Assert.Equal(KeyState.NotRead, told.Single(cert => cert.Path == Pki + "apiserver.crt").Info.Key);
        Assert.Equal(Pki + "etcd/ca.crt", told.Single(cert => cert.Path == Pki + "etcd/server.crt").Authority);
        Assert.Equal("kubernetes-admin", told.Single(cert => cert.Path == "/etc/kubernetes/admin.conf").CommonName);
        Assert.All(told, cert => Assert.Equal("10.0.0.10", cert.Host));
    }

    [LinuxFact]
    public async Task No_private_key_leaves_its_host()
    {
        var made = Write(TestPki.Made());
        // As the kubelet keeps it: both in one file.
        Put(Current, made.Text(Pki + "apiserver.crt") + made.Text(Pki + "apiserver.key"));
        Put("/etc/kubernetes/flow.conf", "{\"kind\": \"Config\", \"users\": [{\"user\": {\"client-key-data\": \"c2VjcmV0LWtleQ==\"}}]}\n");
        var said = (await _host.RunAsync(new HostCommand(ClusterCertReader.Script([])))).Require("tell").Output;
        var contents = string.Concat(said.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[1]).Where(content => content != "-")
            .Select(content => Encoding.UTF8.GetString(Convert.FromBase64String(content))));
        Assert.Contains("BEGIN CERTIFICATE", contents, StringComparison.Ordinal);
        Assert.Contains("client-certificate-data", contents, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE KEY", contents, StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0LWtleQ", contents, StringComparison.Ordinal);
        foreach (var key in made.Where(file => file.Path.EndsWith(".key", StringComparison.Ordinal)))
        {
            var middle = Encoding.UTF8.GetString(key.Content.Span).Split('\n')[1];
            Assert.DoesNotContain(middle, contents, StringComparison.Ordinal);
            Assert.DoesNotContain(Convert.ToBase64String(key.Content.Span)[..60], contents, StringComparison.Ordinal);
        }
    }

    [LinuxFact]
    public async Task What_is_wrong_is_told_of_the_file_it_is_wrong_with()
    {
        var made = Write(TestPki.Made());
        File.SetUnixFileMode(_host.Folder + Pki + "ca.key", (UnixFileMode)0x1A4);
        File.Delete(_host.Folder + Pki + "front-proxy-client.key");
        Put(Pki + "apiserver.crt", "no certificate\n");
        Put(Pki + "etcd/peer.crt", made.Text(Pki + "apiserver.crt"));
        Put("/var/lib/sealer/data/skyline/rootfs/certs/sea hub.crt", TestPki.SelfSigned("CN=sea.hub").Certificate);
        var told = (await ClusterCertReader.ReadAsync(_host, [], TestPki.Now.AddYears(101))).ToDictionary(cert => cert.Path, cert => cert.Problems.Select(problem => problem.Kind).ToList());
        Assert.Contains(CertificateProblemKind.LoosePermissions, told[Pki + "ca.crt"]);
        Assert.Contains(CertificateProblemKind.KeyMissing, told[Pki + "front-proxy-client.crt"]);
        Assert.Equal([CertificateProblemKind.Unreadable], told[Pki + "apiserver.crt"]);
        Assert.Contains(CertificateProblemKind.WrongAuthority, told[Pki + "etcd/peer.crt"]);
        Assert.Contains(CertificateProblemKind.Expired, told["/etc/kubernetes/scheduler.conf"]);
        Assert.Contains(CertificateProblemKind.Expired, told["/var/lib/sealer/data/skyline/rootfs/certs/sea hub.crt"]);
    }

    [LinuxFact]
    public async Task A_registry_that_lies_where_the_Clusterfile_has_put_the_data_is_told_too()
    {
        const string Rootfs = "/var/lib/sealer/elsewhere/sky/rootfs";
        Put(Rootfs + "/certs/sea.hub.crt", TestPki.SelfSigned("CN=sea.hub").Certificate);
        Assert.Empty(await ClusterCertReader.ReadAsync(_host, [], TestPki.Now));
        Assert.Equal(Rootfs + "/certs/sea.hub.crt", Assert.Single(await ClusterCertReader.ReadAsync(_host, [Rootfs], TestPki.Now)).Path);
    }

    [LinuxFact]
    public async Task A_host_without_Kubernetes_has_none() => Assert.Empty(await ClusterCertReader.ReadAsync(_host, [], TestPki.Now));

    [Theory]
    [InlineData("600 !!! /etc/a.crt")]
    [InlineData("999 - /etc/a.crt")]
    [InlineData("777777777777 - /etc/a.crt")]
    [InlineData("600 -")]
    [InlineData("600 - etc/a.crt")]
    [InlineData("hello")]
    public async Task A_host_that_says_something_else_is_told_of(string line)
    {
        await using var host = new Liar(line);
        Assert.Equal("CertificatesNotReadable", (await Assert.ThrowsAsync<SealerException>(() => ClusterCertReader.ReadAsync(host, [], TestPki.Now))).Id);
    }

    private CertificateFileSet Write(CertificateFileSet files)
    {
        foreach (var file in files)
            Put(file.Path, Encoding.UTF8.GetString(file.Content.Span), file.Mode ?? CertificateFile.SecretMode);
        return files;
    }

    private void Put(string path, string text, int mode = CertificateFile.SecretMode)
    {
        _host[path] = text;
        File.SetUnixFileMode(_host.Folder + path, (UnixFileMode)mode);
    }

    private sealed class Liar(string line) : IHost
    {
        public string Name => "10.0.0.66";

        public Task<HostCommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken = default) =>
            Task.FromResult(new HostCommandResult(Name, 0, line + "\n", "", false));

        public Task PutAsync(Stream content, string path, HostFileOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task GetAsync(string path, Stream target, HostFileOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
