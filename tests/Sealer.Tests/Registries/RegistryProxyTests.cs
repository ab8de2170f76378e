using System.Net;
using System.Net.Sockets;
using System.Text;
using Sealer.Registries;
using Sealer.Registries.Connections;

namespace Sealer.Tests.Registries;

public sealed class RegistryProxyTests
{
    [Theory]
    [InlineData("", "https://r.example/", true)]
    [InlineData("r.example", "https://r.example/", false)]
    [InlineData("example", "https://r.example/", false)]
    [InlineData(".example", "https://r.example/", false)]
    [InlineData("*.example", "https://r.example/", false)]
    [InlineData("xample", "https://r.example/", true)]
    [InlineData("R.EXAMPLE", "https://r.example/", false)]
    [InlineData("a.example, r.example", "https://r.example:5000/", false)]
    [InlineData("r.example:5000", "https://r.example:5000/", false)]
    [InlineData("r.example:5000", "https://r.example/", true)]
    [InlineData("*", "https://r.example/", false)]
    [InlineData("10.0.0.0/8", "https://10.1.2.3:5000/", false)]
    [InlineData("10.0.0.0/8", "https://11.1.2.3/", true)]
    [InlineData("10.1.2.3", "https://10.1.2.3/", false)]
    [InlineData("fd00::/8", "https://[fd00::1]/", false)]
    [InlineData("", "https://localhost:5000/", false)]
    [InlineData("", "https://127.0.0.1:5000/", false)]
    [InlineData("", "https://[::1]/", false)]
    public void NO_PROXY_is_understood_as_by_Gos_tools(string exceptions, string address, bool isProxied)
    {
        var proxy = EnvironmentProxy.Read(new Dictionary<string, string> { ["HTTPS_PROXY"] = "http://proxy:3128", ["NO_PROXY"] = exceptions }.GetValueOrDefault)!;
        Assert.Equal(!isProxied, proxy.IsBypassed(new Uri(address)));
        Assert.Equal(new Uri("http://proxy:3128"), proxy.GetProxy(new Uri(address)));
    }

    [Fact]
    public void Each_scheme_has_its_own_proxy_and_lower_case_goes_first()
    {
        var proxy = EnvironmentProxy.Read(new Dictionary<string, string>
        {
            ["HTTPS_PROXY"] = "http://upper:1",
            ["https_proxy"] = "lower:2",
            ["NO_PROXY"] = "",
        }.GetValueOrDefault)!;
        Assert.Equal(new Uri("http://lower:2"), proxy.GetProxy(new Uri("https://r.example/")));
        Assert.True(proxy.IsBypassed(new Uri("http://r.example/")));
        Assert.Null(EnvironmentProxy.Read(_ => null));
    }

    [Fact]
    public void A_log_on_in_the_proxys_address_is_sent_as_credentials_and_not_in_the_address()
    {
        var proxy = EnvironmentProxy.Read(new Dictionary<string, string> { ["HTTPS_PROXY"] = "http://ann:p%40ss@proxy:3128" }.GetValueOrDefault)!;
        var address = proxy.GetProxy(new Uri("https://r.example/"))!;
        Assert.Equal("", address.UserInfo);
        Assert.Equal("p@ss", proxy.Credentials!.GetCredential(address, "Basic")!.Password);
        Assert.Null(proxy.Credentials!.GetCredential(new Uri("https://r.example/"), "Basic"));
    }

    [Fact]
    public async Task Requests_go_through_the_proxy_with_a_tunnel_for_https()
    {
        using var certificate = TestCertificate.Server(out _, "registry.example");
        await using var registry = new HostileRegistry(certificate);
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var lines = new List<string>();
        var serving = TunnelAsync(listener, registry, lines);
        var proxy = EnvironmentProxy.Read(new Dictionary<string, string> { ["HTTPS_PROXY"] = $"http://ann:pw@127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}" }.GetValueOrDefault);
        using (var client = new RegistryClient(new RegistryOptions { CertificateFolders = [], Proxy = proxy, SkipCertificateCheck = ["registry.example"] }))
            await client.PingAsync("registry.example", default);
        listener.Stop();
        await serving;
        Assert.Contains("CONNECT registry.example:443 HTTP/1.1", lines);
        Assert.Equal("GET /v2/", Assert.Single(registry.Requests));
        Assert.All(registry.Log, e => Assert.DoesNotContain(e.Headers, h => h.Key.StartsWith("proxy")));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("registry.invalid", false)]
    public async Task The_environment_of_the_process_names_the_proxy(string exceptions, bool isProxied)
    {
        await using var registry = new HostileRegistry();
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var lines = new List<string>();
        var serving = TunnelAsync(listener, registry, lines);
        var variables = new Dictionary<string, string>
        {
            ["HTTPS_PROXY"] = $"http://ann:pw@127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}",
            ["https_proxy"] = "",
            ["NO_PROXY"] = exceptions,
            ["no_proxy"] = "",
        };
        using (var process = ChildProcess.Start(variables, "ping", "registry.invalid:5000"))
        {
            var id = (await process.StandardOutput.ReadToEndAsync()).Trim();
            await process.WaitForExitAsync();

            // Through the proxy stands a registry without TLS; without the proxy there is no such name.
            if (isProxied)
                Assert.NotEqual("HostNotFound", id);
            else
                Assert.Equal("HostNotFound", id);
        }

        listener.Stop();
        await serving;
        Assert.Equal(isProxied, lines.Contains("CONNECT registry.invalid:5000 HTTP/1.1"));
    }

    [Fact]
    public async Task A_plain_registry_behind_the_proxy_is_recognised_through_the_proxy()
    {
        await using var registry = new HostileRegistry();
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var lines = new List<string>();
        var serving = TunnelAsync(listener, registry, lines);
        var address = $"http://ann:pw@127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        var proxy = EnvironmentProxy.Read(new Dictionary<string, string> { ["HTTPS_PROXY"] = address, ["HTTP_PROXY"] = address }.GetValueOrDefault);
        using (var client = new RegistryClient(new RegistryOptions { CertificateFolders = [], Proxy = proxy, Retry = RetryPolicy.None }))
        {
            // The name is known to the proxy only.
            var e = await Assert.ThrowsAsync<RegistryException>(() => client.PingAsync("registry.example", default));
            Assert.Equal("PlainHttpRegistry", e.Id);
        }

        listener.Stop();
        await serving;
        Assert.Contains("HEAD http://registry.example:443/ HTTP/1.1", lines);
    }

    /// <summary>A proxy that leads everything to one registry, and wants to know who asks.</summary>
    private static async Task TunnelAsync(TcpListener listener, HostileRegistry registry, List<string> lines)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync();
                var stream = client.GetStream();
                while (true)
                {
                    var head = await HeadAsync(stream);
                    if (head.Count == 0)
                        break;
                    lines.AddRange(head);
                    if (!head.Contains("Proxy-Authorization: Basic " + Convert.ToBase64String("ann:pw"u8)))
                    {
                        await stream.WriteAsync("HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
                        continue;
                    }

                    await stream.WriteAsync("HTTP/1.1 200 X\r\n\r\n"u8.ToArray());
                    using var server = new TcpClient();
                    var address = registry.Domain.Split(':');
                    await server.ConnectAsync(address[0], int.Parse(address[1]));
                    await Task.WhenAny(stream.CopyToAsync(server.GetStream()), server.GetStream().CopyToAsync(stream));
                    break;
                }
            }
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The test is over.
        }
    }

    private static async Task<List<string>> HeadAsync(Stream stream)
    {
        var text = new StringBuilder();
        var one = new byte[1];
        while (!text.ToString().EndsWith("\r\n\r\n"))
        {
            if (await stream.ReadAsync(one) == 0)
                return [];
            text.Append((char)one[0]);
        }

        return [.. text.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries)];
    }
}
