using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Sealer.Tests.Peers;

/// <summary>How a <see cref="DockerRegistry"/> is set up.</summary>
internal sealed record DockerRegistrySetup
{
    /// <summary>With TLS and an authority of its own.</summary>
    public bool Tls { get; init; }

    /// <summary>A user that has to log on.</summary>
    public (string User, string Password)? User { get; init; }

    /// <summary>The folder of the storage (the one that holds <c>docker/registry/v2</c>); a new one where null.</summary>
    public string? Root { get; init; }

    /// <summary>Where it listens; loopback where null. It goes by that address then.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>Serves only, as a hosts' registry of a cluster image does.</summary>
    public bool ReadOnly { get; init; }
}

/// <summary>Debian's docker-registry on a free port of loopback, with its storage in a temporary folder.</summary>
internal sealed class DockerRegistry : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _log = new();
    private readonly string _folder;

    private DockerRegistry(Process process, string folder, string root, int port, DockerRegistrySetup setup)
    {
        _process = process;
        _folder = folder;
        Root = root;
        Domain = $"{Host(setup)}:{port}";
        AuthorityFile = setup.Tls ? Path.Combine(folder, "ca.crt") : null;
    }

    /// <summary>As in an image name.</summary>
    public string Domain { get; }

    /// <summary>The storage's folder.</summary>
    public string Root { get; }

    /// <summary>The authority's certificate, where it speaks TLS.</summary>
    public string? AuthorityFile { get; }

    /// <summary>What it wrote so far.</summary>
    public string Log
    {
        get
        {
            lock (_log)
                return _log.ToString();
        }
    }

    /// <summary>Starts one and waits until it answers.</summary>
    public static async Task<DockerRegistry> StartAsync(DockerRegistrySetup? setup = null)
    {
        setup ??= new DockerRegistrySetup();
        var program = Peer.Require("docker-registry");
        var folder = Directory.CreateTempSubdirectory("sealer-registry-").FullName;
        var root = setup.Root ?? Path.Combine(folder, "storage");
        var port = FreePort();
        var file = Path.Combine(folder, "config.yml");
        await File.WriteAllTextAsync(file, await ConfigAsync(setup, folder, root, port));

        var process = new Process
        {
            StartInfo = new ProcessStartInfo(program, ["serve", file]) { RedirectStandardError = true, RedirectStandardOutput = true },
        };
        process.StartInfo.Environment["OTEL_TRACES_EXPORTER"] = "none";
        var registry = new DockerRegistry(process, folder, root, port, setup);
        process.ErrorDataReceived += (_, line) => registry.Note(line.Data);
        process.OutputDataReceived += (_, line) => registry.Note(line.Data);
        process.Start();
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        await registry.WaitAsync(Host(setup), port);
        return registry;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Host(DockerRegistrySetup setup) => setup.Address?.ToString() ?? "localhost";

    private static int FreePort()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        return port;
    }

    private static async Task<string> ConfigAsync(DockerRegistrySetup setup, string folder, string root, int port)
    {
        var config = new StringBuilder($"""
            version: 0.1
            log: {"{"} level: warn, accesslog: {"{"} disabled: false {"}"} {"}"}
            storage:
              filesystem: {"{"} rootdirectory: "{root}", maxthreads: 100 {"}"}
              delete: {"{"} enabled: true {"}"}
              cache: {"{"} blobdescriptor: inmemory {"}"}
              maintenance: {"{"} readonly: {"{"} enabled: {(setup.ReadOnly ? "true" : "false")} {"}"} {"}"}
            http:
              addr: {Host(setup)}:{port}
              secret: of-this-test
              relativeurls: false

            """);
        if (setup.Tls)
        {
            MakeCertificates(folder, setup.Address ?? IPAddress.Loopback);
            config.Append($"  tls: {{ certificate: \"{folder}/server.pem\", key: \"{folder}/server-key.pem\" }}\n");
        }

        if (setup.User is { } user)
        {
            await File.WriteAllTextAsync(
                Path.Combine(folder, "htpasswd"), await Peer.RunAsync("htpasswd", "-nbB", user.User, user.Password));
            config.Append($"auth:\n  htpasswd: {{ realm: tests, path: \"{folder}/htpasswd\" }}\n");
        }

        return config.ToString();
    }

    private static void MakeCertificates(string folder, IPAddress address)
    {
        using var authorityKey = RSA.Create(2048);
        var authority = new CertificateRequest("CN=An authority of the tests", authorityKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        authority.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        using var root = authority.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        File.WriteAllText(Path.Combine(folder, "ca.crt"), root.ExportCertificatePem() + "\n");

        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(address);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        using var server = request.Create(root, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(20), [1, 2, 3, 4]);
        File.WriteAllText(Path.Combine(folder, "server.pem"), server.ExportCertificatePem() + "\n");
        File.WriteAllText(Path.Combine(folder, "server-key.pem"), key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    private void Note(string? line)
    {
        lock (_log)
            _log.AppendLine(line);
    }

    private async Task WaitAsync(string host, int port)
    {
        for (var attempt = 0; attempt < 200; attempt++)
        {
            if (_process.HasExited)
                break;
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(host, port);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(50);
            }
        }

        throw new InvalidOperationException($"docker-registry did not start:\n{Log}");
    }
}
