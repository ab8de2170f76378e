using System.Collections.Concurrent;
using System.Formats.Tar;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Sealer.PowerShell.Tests;

/// <summary>A well-behaved registry on loopback, just large enough for what the cmdlets do. The engine's tests have the others.</summary>
internal sealed partial class LoopbackRegistry : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _loop;
    private int _requests;
    private readonly ConcurrentDictionary<string, byte[]> _blobs = new();
    private readonly ConcurrentDictionary<string, (string Type, byte[] Body)> _manifests = new();
    private readonly ConcurrentDictionary<string, MemoryStream> _uploads = new();

    public LoopbackRegistry()
    {
        Domain = $"127.0.0.1:{FreePort()}";
        _listener.Prefixes.Add($"http://{Domain}/");
        _listener.Start();
        _loop = Task.Run(ServeAsync);
    }

    public string Domain { get; }

    /// <summary>User and password as <c>user:password</c>, or null to let everybody in.</summary>
    public string? Login { get; set; }

    /// <summary>Never ends an answer with a layer; for tests that break off.</summary>
    public bool HangsOnBlobs { get; set; }

    /// <summary>Set when a request hangs.</summary>
    public TaskCompletionSource Hung { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How many requests came.</summary>
    public int Requests => _requests;

    /// <summary>Whether a password came.</summary>
    public bool SawPassword { get; private set; }

    /// <summary>Bytes of blobs that were sent here.</summary>
    public long Received { get; private set; }

    /// <summary>Adds a cluster image of one layer with one file.</summary>
    /// <returns>Its digest.</returns>
    public string Add(string repository, string tag, string architecture = "amd64", string content = "hello")
    {
        var layer = AddBlob(Tar(content));
        var config = AddBlob(Encoding.UTF8.GetBytes(
            $$$"""{"created":"2026-01-02T03:04:05Z","architecture":"{{{architecture}}}","os":"linux","config":{"Labels":{"vendor":"test"}},"rootfs":{"type":"layers","diff_ids":["{{{layer.Digest}}}"]}}"""));
        var manifest =
            $$$"""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{{config.Digest}}}","size":{{{config.Size}}}},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{{{layer.Digest}}}","size":{{{layer.Size}}}}],"annotations":{"sealer.image.extension":"{\"schemaVersion\":\"v1alpha1\",\"type\":\"kube-installer\",\"launch\":{\"cmds\":[\"true\"]}}"}}""";
        return AddManifest(repository, tag, "application/vnd.oci.image.manifest.v1+json", manifest);
    }

    /// <summary>Adds an index over images that were added before.</summary>
    public void AddIndex(string repository, string tag, params (string Digest, string Architecture)[] members)
    {
        var entries = members.Select(member =>
            $$$"""{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{{{member.Digest}}}","size":{{{_manifests[$"{repository}:{member.Digest}"].Body.Length}}},"platform":{"os":"linux","architecture":"{{{member.Architecture}}}"}}""");
        AddManifest(
            repository,
            tag,
            "application/vnd.oci.image.index.v1+json",
            $$$"""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{{{string.Join(',', entries)}}}]}""");
    }

    public bool HasManifest(string repository, string tag) => _manifests.ContainsKey($"{repository}:{tag}");

    /// <summary>The digest of a manifest that is there.</summary>
    public string DigestOf(string repository, string tag) => DigestOf(_manifests[$"{repository}:{tag}"].Body);

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _loop;
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static string DigestOf(byte[] content) => "sha256:" + Convert.ToHexString(SHA256.HashData(content)).ToLowerInvariant();

    private (string Digest, int Size) AddBlob(byte[] content)
    {
        var digest = DigestOf(content);
        _blobs[digest] = content;
        return (digest, content.Length);
    }

    private string AddManifest(string repository, string tag, string type, string json)
    {
        var body = Encoding.UTF8.GetBytes(json);
        var digest = DigestOf(body);
        _manifests[$"{repository}:{tag}"] = _manifests[$"{repository}:{digest}"] = (type, body);
        return digest;
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            _ = Task.Run(async () =>
            {
                try
                {
                    await AnswerAsync(context);
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException)
                {
                    // The client has gone, or the registry has.
                }
            });
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        Interlocked.Increment(ref _requests);
        var (request, response) = (context.Request, context.Response);
        SawPassword |= request.Headers["Authorization"] is not null;
        if (Login is not null && request.Headers["Authorization"] != "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(Login)))
        {
            response.Headers["WWW-Authenticate"] = "Basic realm=\"test\"";
            response.StatusCode = 401;
            response.Close();
            return;
        }

        var path = request.Url!.AbsolutePath;
        if (Route().Match(path) is { Success: true } match)
            await AnswerAsync(match.Groups["name"].Value, match.Groups["kind"].Value, match.Groups["what"].Value, request, response);
        else if (path == "/v2/_catalog")
            await SendAsync(response, "application/json", Json("repositories", _manifests.Keys.Select(key => key[..key.IndexOf(':', StringComparison.Ordinal)])), request);
        else
            response.StatusCode = path == "/v2/" ? 200 : 404;
        response.Close();
    }

    private async Task AnswerAsync(string name, string kind, string what, HttpListenerRequest request, HttpListenerResponse response)
    {
        switch (kind, request.HttpMethod)
        {
            case ("blobs", "GET" or "HEAD") when _blobs.TryGetValue(what, out var blob):
                if (HangsOnBlobs && request.HttpMethod == "GET")
                {
                    Hung.TrySetResult();
                    await Task.Delay(Timeout.Infinite);
                }

                await SendAsync(response, "application/octet-stream", blob, request);
                break;
            case ("manifests", "GET" or "HEAD") when _manifests.TryGetValue($"{name}:{what}", out var manifest):
                response.Headers["Docker-Content-Digest"] = DigestOf(manifest.Body);
                await SendAsync(response, manifest.Type, manifest.Body, request);
                break;
            case ("manifests", "PUT"):
                var body = await ReadAsync(request);
                AddManifest(name, what, request.ContentType!, Encoding.UTF8.GetString(body));
                response.StatusCode = 201;
                break;
            case ("tags", "GET"):
                var tags = _manifests.Keys.Where(key => key.StartsWith(name + ":", StringComparison.Ordinal)).Select(key => key[(name.Length + 1)..]);
                await SendAsync(response, "application/json", Json("tags", tags.Where(tag => !tag.Contains(':', StringComparison.Ordinal))), request);
                break;
            case ("blobs", "POST" or "PATCH" or "PUT"):
                await UploadAsync(name, what, request, response);
                break;
            default:
                response.StatusCode = 404;
                break;
        }
    }

    private async Task UploadAsync(string name, string what, HttpListenerRequest request, HttpListenerResponse response)
    {
        var id = request.HttpMethod == "POST" ? Guid.NewGuid().ToString("N") : what["uploads/".Length..];
        var upload = _uploads.GetOrAdd(id, _ => new MemoryStream());
        upload.Write(await ReadAsync(request));
        response.Headers["Location"] = $"/v2/{name}/blobs/uploads/{id}";
        response.Headers["Range"] = $"0-{Math.Max(0, upload.Length - 1)}";
        response.StatusCode = 202;
        if (request.HttpMethod == "PUT")
        {
            var (digest, size) = AddBlob(upload.ToArray());
            Received += size;
            response.StatusCode = digest == request.QueryString["digest"] ? 201 : 400;
        }
    }

    private static byte[] Tar(string content)
    {
        using var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, leaveOpen: true))
        {
            writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "hello.txt")
            {
                DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)),
                ModificationTime = DateTimeOffset.UnixEpoch,
            });
        }

        return stream.ToArray();
    }

    private static byte[] Json(string name, IEnumerable<string> values) =>
        Encoding.UTF8.GetBytes($$"""{"{{name}}":[{{string.Join(',', values.Distinct().Order(StringComparer.Ordinal).Select(value => $"\"{value}\""))}}]}""");

    private static async Task<byte[]> ReadAsync(HttpListenerRequest request)
    {
        using var content = new MemoryStream();
        await request.InputStream.CopyToAsync(content);
        return content.ToArray();
    }

    private static async Task SendAsync(HttpListenerResponse response, string type, byte[] content, HttpListenerRequest request)
    {
        response.ContentType = type;
        response.ContentLength64 = content.Length;
        if (request.HttpMethod != "HEAD")
            await response.OutputStream.WriteAsync(content);
    }

    [GeneratedRegex("^/v2/(?<name>.+)/(?<kind>blobs|manifests|tags)/(?<what>.+)$")]
    private static partial Regex Route();
}
