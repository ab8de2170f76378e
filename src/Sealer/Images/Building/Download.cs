using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Sealer.Images.Storage;
using Sealer.Registries;
using Sealer.Registries.Connections;

namespace Sealer.Images.Building;

/// <summary>
/// A file on its way into the store. What came of it before the connection broke is kept, and the next attempt asks for
/// the rest where the server can tell that the file is still the same.
/// </summary>
internal sealed class Download(ImageStore store, RegistryOptions options, Digest? checksum) : IDisposable
{
    private BlobWriter? _blob;
    private IncrementalHash? _hash;
    private string? _eTag;
    private string? _lastModified;

    /// <summary>Bytes that are here.</summary>
    public long Length => _blob?.Length ?? 0;

    public void Dispose() => Forget();

    /// <summary>Asks for the rest of what is here.</summary>
    public void Prepare(HttpRequestMessage request)
    {
        if (Length == 0)
            return;

        // A weak tag does not promise the same bytes.
        if ((_eTag?.StartsWith("W/", StringComparison.Ordinal) == false ? _eTag : _lastModified) is { } validator)
        {
            request.Headers.Range = new RangeHeaderValue(Length, null);
            request.Headers.TryAddWithoutValidation("If-Range", validator);
        }
    }

    /// <summary>Begins anew where the server refuses to give the rest; false where it refuses something else.</summary>
    public bool Restart(HttpStatusCode status)
    {
        if (status != HttpStatusCode.RequestedRangeNotSatisfiable || Length == 0)
            return false;
        Forget();
        return true;
    }

    /// <summary>Reads an answer to its end.</summary>
    public async Task ReadAsync(HttpResponseMessage response, IProgress<(long, long?)>? progress, CancellationToken cancellationToken)
    {
        if (response.StatusCode != HttpStatusCode.PartialContent || response.Content.Headers.ContentRange?.From != Length)
            Forget();
        _blob ??= store.CreateBlob();
        _hash ??= checksum?.CreateHash();
        _eTag = Header(response.Headers, "ETag");
        _lastModified = Header(response.Content.Headers, "Last-Modified");
        var total = response.Content.Headers.ContentLength + Length;
        var buffer = new byte[256 * 1024];
        using var stall = new StallGuard(options);
        var content = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (content.ConfigureAwait(false))
        {
            int read;
            while ((read = await stall.ReadAsync(content, buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                _hash?.AppendData(buffer, 0, read);
                await _blob.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                progress?.Report((Length, total));
            }
        }
    }

    /// <summary>Puts the file into the store.</summary>
    /// <exception cref="SealerException"><c>ChecksumMismatch</c>; nothing is kept then.</exception>
    public async Task<DownloadDocument> CommitAsync(Uri uri, CancellationToken cancellationToken)
    {
        if (checksum is { } wanted && !wanted.Matches(_hash!.GetHashAndReset()))
            throw DownloadFailure.WrongContent(uri);
        var (digest, size) = await _blob!.CommitAsync(null, cancellationToken).ConfigureAwait(false);
        return new DownloadDocument { Content = digest, Size = size, Checksum = checksum, ETag = _eTag, LastModified = _lastModified };
    }

    private void Forget()
    {
        _blob?.Dispose();
        _hash?.Dispose();
        _blob = null;
        _hash = null;
    }

    private static string? Header(HttpHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;
}
