using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Sealer.Images.Layers;

namespace Sealer.Images.Building;

/// <summary>Downloads the http(s) sources of ADD and APP.</summary>
internal sealed class RemoteSource : IDisposable
{
    private const int Attempts = 3;

    private readonly HttpClient _http;
    private readonly BuildScratch _scratch;
    private readonly DateTimeOffset? _sourceDate;

    public RemoteSource(BuildScratch scratch, DateTimeOffset? sourceDate)
    {
        _scratch = scratch;
        _sourceDate = sourceDate;

        // Large files on slow links: only the headers must come soon.
        _http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(30) }) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("sealer");
    }

    public void Dispose() => _http.Dispose();

    /// <summary>The name that a download keeps: the last part of the address.</summary>
    /// <exception cref="SealerException"><c>DownloadWithoutName</c>.</exception>
    public static string NameOf(string address) => TryNameOf(address)
        ?? throw new SealerException(
            "DownloadWithoutName",
            ErrorKind.InvalidInput,
            $"the address '{Shown(new Uri(address))}' ends in no file name; name the file in the destination",
            Shown(new Uri(address)));

    /// <summary>The name that a download keeps, or null where the address ends in none.</summary>
    public static string? TryNameOf(string address)
    {
        var path = new Uri(address).AbsolutePath;
        var name = Uri.UnescapeDataString(path[(path.LastIndexOf('/') + 1)..]);
        return name is not ("" or "." or "..") && name.IndexOfAny(['/', '\\', '\0']) < 0 ? name : null;
    }

    /// <summary>Downloads a file.</summary>
    /// <param name="address">http or https; <c>user:password@</c> is sent as Basic authentication.</param>
    /// <param name="mode">Its permission bits.</param>
    /// <param name="checksum">What it must hash to, or null.</param>
    /// <param name="name">The name it keeps in a folder.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException"><c>DownloadFailed</c>, <c>ChecksumMismatch</c>.</exception>
    public async Task<SourceItem> FetchAsync(string address, int mode, Digest? checksum, string name, CancellationToken cancellationToken)
    {
        var uri = new Uri(address);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await FetchOnceAsync(uri, mode, checksum, name, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                if (attempt == Attempts || e is HttpRequestException { StatusCode: { } status } && (int)status < 500)
                {
                    throw new SealerException(
                        "DownloadFailed",
                        ErrorKind.Connection,
                        $"'{Shown(uri)}' cannot be downloaded: {e.Message}",
                        Shown(uri),
                        e);
                }

                await Task.Delay(TimeSpan.FromSeconds(attempt), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<SourceItem> FetchOnceAsync(Uri uri, int mode, Digest? checksum, string name, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        if (uri.UserInfo.Length > 0)
        {
            var userInfo = Encoding.UTF8.GetBytes(Uri.UnescapeDataString(uri.UserInfo));
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(userInfo));
        }

        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException($"the server answers {(int)response.StatusCode} {response.ReasonPhrase}", null, response.StatusCode);
        var path = _scratch.NewPath();
        long size = 0;
        using var hash = checksum?.CreateHash() ?? IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        await using (file.ConfigureAwait(false))
        {
            var content = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            var buffer = new byte[128 * 1024];
            int read;
            while ((read = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                hash.AppendData(buffer, 0, read);
                await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                size += read;
            }
        }

        if (checksum is { } wanted && !wanted.Matches(hash.GetHashAndReset()))
        {
            throw new SealerException(
                "ChecksumMismatch",
                ErrorKind.InvalidContent,
                $"'{Shown(uri)}' is not what --checksum says; look whether the file or the checksum has changed",
                Shown(uri));
        }

        var entry = new SourceEntry
        {
            RelativePath = "",
            Kind = LayerEntryKind.File,
            Mode = mode,
            Size = size,
            Modified = SourceDate.Clamp(response.Content.Headers.LastModified ?? DateTimeOffset.UnixEpoch, _sourceDate),
            LocalFile = path,
        };
        return new SourceItem(name, IsFolder: false, [entry]);
    }

    // Passwords and signed queries stay out of messages.
    private static string Shown(Uri uri) => uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
}
