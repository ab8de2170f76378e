using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Sealer.Images;
using Sealer.Registries;

namespace Sealer.Tests.Registries;

/// <summary>
/// A registry on loopback, written for these tests: it behaves unless <see cref="On"/> says otherwise, notes every request,
/// and counts the bytes that it serves and takes.
/// </summary>
internal sealed class HostileRegistry : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly X509Certificate2? _certificate;
    private readonly Task _loop;
    private int _uploads;

    public HostileRegistry(X509Certificate2? certificate = null)
    {
        _certificate = certificate;
        _listener.Start();
        _loop = AcceptAsync();
    }

    /// <summary>Called before every answer; what it answers itself is not answered again.</summary>
    public Func<HostileExchange, Task>? On { get; set; }

    public string Domain => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public ConcurrentDictionary<string, byte[]> Blobs { get; } = new();

    /// <summary>Manifests by tag and by digest, with their types.</summary>
    public ConcurrentDictionary<string, (string Type, byte[] Body)> Manifests { get; } = new();

    public ConcurrentDictionary<string, MemoryStream> Uploads { get; } = new();

    public ConcurrentQueue<HostileExchange> Log { get; } = new();

    public long BlobBytesServed;

    public long BlobBytesTaken;

    public bool WantsClientCertificate { get; init; }

    /// <summary>Whose certificates clients have shown.</summary>
    public ConcurrentQueue<string> ClientCertificates { get; } = new();

    /// <summary>What went wrong in the registry itself; none is expected.</summary>
    public ConcurrentQueue<Exception> Errors { get; } = new();

    public IEnumerable<string> Requests => Log.Select(e => e.ToString());

    public ImageReference Image(string tag = "v1", string path = "team/app") => ImageReference.Parse($"{Domain}/{path}:{tag}");

    /// <summary>A client for this registry that waits for nothing.</summary>
    public RegistryClient Client(Func<RegistryOptions, RegistryOptions>? change = null)
    {
        var options = new RegistryOptions
        {
            PlainHttp = _certificate is null ? [Domain] : [],
            CertificateFolders = [],
            Time = new ImpatientTime(),
            Retry = new RetryPolicy { MaxAttempts = 4 },
        };
        return new RegistryClient(change?.Invoke(options) ?? options);
    }

    public Descriptor AddBlob(byte[] content)
    {
        var descriptor = Descriptor.Of(MediaType.OciLayer, content);
        Blobs[descriptor.Digest.ToString()] = content;
        return descriptor;
    }

    public Descriptor AddManifest(string tag, string type, byte[] body)
    {
        var descriptor = Descriptor.Of(type, body);
        Manifests[tag] = Manifests[descriptor.Digest.ToString()] = (type, body);
        return descriptor;
    }

    public static byte[] Manifest(string extra = "") => Encoding.UTF8.GetBytes(
        $$"""{"schemaVersion":2,"mediaType":"{{MediaType.OciManifest}}","config":{"mediaType":"{{MediaType.OciConfig}}","digest":"{{Digest.Of("{}"u8)}}","size":2},"layers":[]{{extra}}}""");

    public static byte[] Noise(int size, int seed = 1)
    {
        var bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(TcpClient connection)
    {
        using (connection)
        {
            try
            {
                Stream stream = connection.GetStream();
                if (_certificate is not null)
                {
                    var tls = new SslStream(stream);
                    await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
                    {
                        ServerCertificate = _certificate,
                        ClientCertificateRequired = WantsClientCertificate,
                        RemoteCertificateValidationCallback = (_, client, _, _) =>
                        {
                            if (client is not null)
                                ClientCertificates.Enqueue(client.Subject);
                            return true;
                        },
                    });
                    stream = tls;
                }

                while (await HostileExchange.ReadAsync(stream, connection) is { } exchange)
                {
                    Log.Enqueue(exchange);
                    if (On is not null)
                        await On(exchange);
                    if (!exchange.IsAnswered && !exchange.IsBroken)
                        await AnswerAsync(exchange);
                    if (exchange.IsBroken)
                        return;
                }
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
            {
                // The client left.
            }
            catch (Exception e)
            {
                Errors.Enqueue(e);
            }
        }
    }

    private Task AnswerAsync(HostileExchange exchange)
    {
        var parts = exchange.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var last = parts.LastOrDefault("");
        return parts switch
        {
            ["v2"] => exchange.ReplyAsync(200),
            [.., "blobs", "uploads"] => BeginAsync(exchange),
            [.., "blobs", "uploads", _] => UploadAsync(exchange, last),
            [.., "blobs", _] => BlobAsync(exchange, last),
            [.., "manifests", _] => ManifestAsync(exchange, last),
            _ => exchange.ReplyAsync(404),
        };
    }

    /// <summary>Serves a blob with ranges.</summary>
    /// <param name="exchange">The request.</param>
    /// <param name="digest">Which.</param>
    /// <param name="cutAfter">Bytes after which the connection is cut.</param>
    public async Task BlobAsync(HostileExchange exchange, string digest, int? cutAfter = null)
    {
        if (!Blobs.TryGetValue(digest, out var content))
        {
            await exchange.ReplyAsync(404);
            return;
        }

        var from = 0;
        if (exchange.Headers.TryGetValue("range", out var range))
            from = int.Parse(range["bytes=".Length..].TrimEnd('-'));
        var body = content.AsMemory(from);
        if (exchange.Method == "GET")
            Interlocked.Add(ref BlobBytesServed, Math.Min(cutAfter ?? int.MaxValue, body.Length));
        if (from == 0)
            await exchange.ReplyAsync(200, body, cutAfter);
        else
            await exchange.ReplyAsync(206, body, cutAfter, ("Content-Range", $"bytes {from}-{content.Length - 1}/{content.Length}"));
    }

    private Task BeginAsync(HostileExchange exchange)
    {
        if (exchange.Query["mount"] is { } mount && Blobs.ContainsKey(mount))
            return exchange.ReplyAsync(201, default, null, ("Location", $"/v2/x/blobs/{mount}"));
        var id = $"u{Interlocked.Increment(ref _uploads)}";
        Uploads[id] = new MemoryStream();
        return exchange.ReplyAsync(202, default, null, ("Location", $"{exchange.Path}{id}?_state=a%2Fb%3D%3D"), ("Range", "0-0"));
    }

    private async Task UploadAsync(HostileExchange exchange, string id)
    {
        if (!Uploads.TryGetValue(id, out var upload))
        {
            await exchange.ReplyAsync(404);
            return;
        }

        var location = ("Location", $"{exchange.Path}?_state=a%2Fb%3D%3D");
        var body = await exchange.ReadBodyAsync();
        upload.Write(body);
        Interlocked.Add(ref BlobBytesTaken, body.Length);
        switch (exchange.Method)
        {
            case "GET":
                await exchange.ReplyAsync(204, default, null, location, ("Range", $"0-{Math.Max(0, upload.Length - 1)}"));
                break;
            case "PATCH":
                await exchange.ReplyAsync(202, default, null, location, ("Range", $"0-{upload.Length - 1}"));
                break;
            case "DELETE":
                Uploads.TryRemove(id, out _);
                await exchange.ReplyAsync(204);
                break;
            default:
                var digest = exchange.Query["digest"]!;
                if (Digest.Of(upload.ToArray()).ToString() != digest)
                {
                    await exchange.ReplyAsync(400, """{"errors":[{"code":"DIGEST_INVALID"}]}""");
                    break;
                }

                Uploads.TryRemove(id, out _);
                Blobs[digest] = upload.ToArray();
                await exchange.ReplyAsync(201, default, null, ("Docker-Content-Digest", digest));
                break;
        }
    }

    private async Task ManifestAsync(HostileExchange exchange, string name)
    {
        if (exchange.Method == "PUT")
        {
            var body = await exchange.ReadBodyAsync();
            var digest = Digest.Of(body).ToString();
            Manifests[name] = Manifests[digest] = (exchange.Headers["content-type"], body);
            await exchange.ReplyAsync(201, default, null, ("Docker-Content-Digest", digest));
        }
        else if (!Manifests.TryGetValue(name, out var manifest))
        {
            await exchange.ReplyAsync(404, """{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}""");
        }
        else if (exchange.Method == "DELETE")
        {
            Manifests.TryRemove(name, out _);
            await exchange.ReplyAsync(202);
        }
        else
        {
            await exchange.ReplyAsync(200, manifest.Body, null, ("Content-Type", manifest.Type), ("Docker-Content-Digest", Digest.Of(manifest.Body).ToString()));
        }
    }
}
