using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Sealer.Tests.Peers;

/// <summary>Debian's docker-registry on a folder of its file storage, on loopback, without TLS.</summary>
internal sealed class ServedRegistry : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TemporaryFolder _folder = new();

    private ServedRegistry(Process process, string domain)
    {
        _process = process;
        Domain = domain;
    }

    /// <summary><c>127.0.0.1:port</c>.</summary>
    public string Domain { get; }

    /// <summary>Serves a storage folder (that which holds <c>docker/registry/v2</c>), read-only if asked.</summary>
    public static async Task<ServedRegistry> StartAsync(string storage, bool readOnly = false)
    {
        var port = FreePort();
        var start = new ProcessStartInfo("docker-registry") { RedirectStandardOutput = true, RedirectStandardError = true };
        var registry = new ServedRegistry(new Process { StartInfo = start }, $"127.0.0.1:{port}");
        var config = registry._folder["config.yml"];
        await File.WriteAllTextAsync(
            config,
            $"version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n"
            + $"storage:\n  filesystem: {{rootdirectory: '{storage}'}}\n  maintenance: {{readonly: {{enabled: {(readOnly ? "true" : "false")}}}}}\n");
        start.ArgumentList.Add("serve");
        start.ArgumentList.Add(config);
        registry._process.Start();
        // Read away, or a full pipe would stop it.
        _ = registry._process.StandardOutput.ReadToEndAsync();
        var errors = registry._process.StandardError.ReadToEndAsync();
        using var http = new HttpClient();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri($"http://{registry.Domain}/v2/"));
                return registry;
            }
            catch (HttpRequestException) when (attempt < 100)
            {
                Assert.False(registry._process.HasExited, registry._process.HasExited ? await errors : null);
                await Task.Delay(100);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Dispose();
    }

    /// <summary>A port that was free a moment ago.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
