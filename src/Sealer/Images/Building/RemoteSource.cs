using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sealer.Events;
using Sealer.Images.Layers;
using Sealer.Images.Storage;
using Sealer.Registries;
using Sealer.Registries.Connections;

namespace Sealer.Images.Building;

/// <summary>
/// Downloads the http(s) sources of ADD and APP, with the proxy, the authorities and the patience that registries are talked
/// to with. What was downloaded stays in the store until its build cache is dropped: a file with a checksum is not asked
/// for again, any other is fetched again where its server says that it has changed, or says nothing.
/// </summary>
/// <param name="store">Where downloads lie.</param>
/// <param name="options">How servers are talked to.</param>
/// <param name="useCache">False to download everything again.</param>
/// <param name="sourceDate">No file is newer.</param>
/// <param name="events">Told progress and repetitions; may be null.</param>
internal sealed class RemoteSource(
    ImageStore store, RegistryOptions options, bool useCache, DateTimeOffset? sourceDate, IProgress<SealerEvent>? events) : IDisposable
{
    private const int MaxRedirects = 10;

    private readonly HttpConnections _connections = new(options);

    public void Dispose() => _connections.Dispose();

    /// <summary>The name that a download keeps: the last part of the address.</summary>
    /// <exception cref="SealerException"><c>DownloadWithoutName</c>.</exception>
    public static string NameOf(string address) => TryNameOf(address)
        ?? throw new SealerException(
            "DownloadWithoutName",
            ErrorKind.InvalidInput,
            $"the address '{AddressText.Shown(new Uri(address))}' ends in no file name; name the file in the destination",
            AddressText.Shown(new Uri(address)));

    /// <summary>The name that a download keeps, or null where the address ends in none.</summary>
    public static string? TryNameOf(string address)
    {
        var path = new Uri(address).AbsolutePath;
        var name = Uri.UnescapeDataString(path[(path.LastIndexOf('/') + 1)..]);
        return name is not ("" or "." or "..") && name.IndexOfAny(['/', '\\', '\0']) < 0 ? name : null;
    }

    /// <summary>Downloads a file, or finds it where an earlier build left it.</summary>
    /// <param name="address">http or https; <c>user:password@</c> is sent as Basic authentication.</param>
    /// <param name="mode">Its permission bits.</param>
    /// <param name="checksum">What it must hash to, or null.</param>
    /// <param name="name">The name it keeps in a folder.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException"><c>DownloadFailed</c>, <c>ChecksumMismatch</c>.</exception>
    public async Task<SourceItem> FetchAsync(string address, int mode, Digest? checksum, string name, CancellationToken cancellationToken)
    {
        var uri = new Uri(address);

        // Addresses may hold passwords and signatures, which are not to lie in the cache.
        var key = "download-" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(uri.AbsoluteUri))).ToLowerInvariant();
        var known = useCache ? await FindAsync(key, cancellationToken).ConfigureAwait(false) : null;
        if (checksum is { } wanted && known is not null)
        {
            if (known.Content == wanted || known.Checksum == wanted)
                return Item(known, mode, name);
            known = null;
        }

        var fetched = await DownloadAsync(uri, known, checksum, cancellationToken).ConfigureAwait(false);
        if (fetched != known)
            store.WriteCache(key, JsonSerializer.SerializeToUtf8Bytes(fetched, DownloadJson.Default.DownloadDocument), [fetched.Content]);
        return Item(fetched, mode, name);
    }

    private async Task<DownloadDocument?> FindAsync(string key, CancellationToken cancellationToken)
    {
        if (store.TryReadCache(key) is not { } json)
            return null;
        try
        {
            var document = JsonSerializer.Deserialize(json, DownloadJson.Default.DownloadDocument);
            return document is null || await store.SetAsideIfDamagedAsync(document.Content, cancellationToken).ConfigureAwait(false)
                ? null
                : document;
        }
        catch (JsonException)
        {
            // Another version's; it is written anew.
            return null;
        }
    }

    private async Task<DownloadDocument> DownloadAsync(Uri uri, DownloadDocument? known, Digest? checksum, CancellationToken cancellationToken)
    {
        var budget = new RetryBudget(options with { Events = events ?? options.Events });
        using var download = new Download(store, options, checksum);
        while (true)
        {
            Exception? fault = null;
            HttpStatusCode? status = null;
            TimeSpan? asked = null;
            var before = download.Length;
            try
            {
                using var response = await SendAsync(uri, known, download, cancellationToken).ConfigureAwait(false);
                if (known is not null && response.StatusCode == HttpStatusCode.NotModified)
                    return known;
                if (response.IsSuccessStatusCode)
                {
                    var progress = events is null ? null : new DownloadProgress(events, AddressText.Shown(uri));
                    await download.ReadAsync(response, progress, cancellationToken).ConfigureAwait(false);
                    return await download.CommitAsync(uri, cancellationToken).ConfigureAwait(false);
                }

                status = response.StatusCode;
                if (!RetryBudget.IsPassing(response.StatusCode) && !download.Restart(response.StatusCode))
                    throw DownloadFailure.Of(uri, response.StatusCode);
                asked = RetryBudget.Asked(response.Headers, options.Time.GetUtcNow());
            }
            catch (Exception e) when (RegistryFault.IsNetwork(e))
            {
                fault = e;
                if (!RegistryFault.IsPassing(e))
                    throw DownloadFailure.Of(uri, e);
            }

            if (download.Length > before)
                budget.Reset();
            var reason = $"{AddressText.Shown(uri)}: {(fault is null ? $"the server answers {(int)status!}" : RegistryFault.Describe(fault))}";
            if (!await budget.WaitAsync(asked, fault is not null && RegistryFault.NobodyListens(fault), reason, cancellationToken).ConfigureAwait(false))
                throw fault is null ? DownloadFailure.Of(uri, status!.Value) : DownloadFailure.Of(uri, fault);
        }
    }

    /// <summary>Asks for the file, or its rest, and follows where the server sends us.</summary>
    private async Task<HttpResponseMessage> SendAsync(Uri uri, DownloadDocument? known, Download download, CancellationToken cancellationToken)
    {
        var at = new UriBuilder(uri) { UserName = "", Password = "" }.Uri;
        var origin = at;
        for (var hops = 0; ; hops++)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, at);
            request.Headers.TryAddWithoutValidation("User-Agent", options.UserAgent);
            download.Prepare(request);
            if (known?.ETag is { } tag)
                request.Headers.TryAddWithoutValidation("If-None-Match", tag);
            else if (known?.LastModified is { } modified)
                request.Headers.TryAddWithoutValidation("If-Modified-Since", modified);

            // A password is for the server it was written for and for nobody that one sends us to.
            if (uri.UserInfo.Length > 0 && at.GetLeftPart(UriPartial.Authority) == origin.GetLeftPart(UriPartial.Authority))
            {
                var userInfo = Encoding.UTF8.GetBytes(Uri.UnescapeDataString(uri.UserInfo));
                request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(userInfo));
            }

            var response = await AnswerAsync(request, at, cancellationToken).ConfigureAwait(false);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location)
                return response;
            response.Dispose();
            var next = location.IsAbsoluteUri ? location : new Uri(at, location);
            if (hops == MaxRedirects)
                throw DownloadFailure.Of(uri, $"the server sends us on more than {MaxRedirects} times");
            if (next.Scheme != Uri.UriSchemeHttps && (next.Scheme != Uri.UriSchemeHttp || at.Scheme == Uri.UriSchemeHttps))
                throw DownloadFailure.Of(uri, $"the server sends us from {at.Scheme} to {next.Scheme}, which is refused");
            at = next;
        }
    }

    private async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request, Uri at, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.ResponseTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            return await _connections.For(at).SendAsync(request, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Ours, or the handler's own limit for connecting.
            throw new StalledException("no answer came in time");
        }
    }

    private SourceItem Item(DownloadDocument document, int mode, string name)
    {
        var entry = new SourceEntry
        {
            RelativePath = "",
            Kind = LayerEntryKind.File,
            Mode = mode,
            Size = document.Size,
            Modified = SourceDate.Clamp(
                DateTimeOffset.TryParse(document.LastModified, System.Globalization.CultureInfo.InvariantCulture, out var modified) ? modified : DateTimeOffset.UnixEpoch,
                sourceDate),
            Open = () => store.OpenRead(document.Content),
        };
        return new SourceItem(name, IsFolder: false, [entry]);
    }

    /// <summary>The total is known once the server has answered.</summary>
    private sealed class DownloadProgress(IProgress<SealerEvent> events, string address) : IProgress<(long Done, long? Total)>
    {
        public void Report((long Done, long? Total) value) => events.Report(new ProgressEvent("Downloading", address, value.Done, value.Total));
    }
}

/// <summary>What the cache keeps of a download.</summary>
internal sealed record DownloadDocument
{
    /// <summary>Its content in the store.</summary>
    public required Digest Content { get; init; }

    public required long Size { get; init; }

    /// <summary>What it was checked against, or null.</summary>
    public Digest? Checksum { get; init; }

    /// <summary>As the server wrote it, or null.</summary>
    public string? ETag { get; init; }

    /// <summary>As the server wrote it, or null.</summary>
    public string? LastModified { get; init; }
}

[JsonSerializable(typeof(DownloadDocument))]
internal sealed partial class DownloadJson : JsonSerializerContext;
