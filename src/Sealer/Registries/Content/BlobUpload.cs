using System.Globalization;
using System.Net;
using Sealer.Images;
using Sealer.Registries.Authentication;
using Sealer.Registries.Connections;

namespace Sealer.Registries.Content;

/// <summary>
/// Uploads one blob: as a whole in one request where the registry lets us, in chunks where it does not. After a cut it
/// asks how much has arrived and sends only the rest; a registry that has forgotten gets it from the start.
/// </summary>
internal sealed class BlobUpload
{
    private const long DefaultChunk = 64L * 1024 * 1024;
    private const long SmallestChunk = 1024 * 1024;

    private readonly RegistryTransport _transport;
    private readonly RegistryHost _host;
    private readonly string _repository;
    private readonly Descriptor _descriptor;
    private readonly Func<long, CancellationToken, Task<Stream>> _openAsync;
    private readonly IProgress<long>? _progress;
    private readonly RegistryOptions _options;
    private readonly RetryBudget _budget;
    private readonly AccessScope _scope;

    private Uri? _location;
    private long _offset;
    private long _best;
    private bool _isChunked;
    private long _chunk;
    private long _minChunk;
    private StreamingContent? _content;

    public BlobUpload(
        RegistryTransport transport,
        RegistryHost host,
        string repository,
        Descriptor descriptor,
        Func<long, CancellationToken, Task<Stream>> openAsync,
        IProgress<long>? progress,
        RegistryOptions options)
    {
        _transport = transport;
        _host = host;
        _repository = repository;
        _descriptor = descriptor;
        _openAsync = openAsync;
        _progress = progress;
        _options = options;
        _budget = new RetryBudget(options);
        _scope = AccessScope.Push(repository);
        _isChunked = options.UploadChunkSize is not null;
        _chunk = options.UploadChunkSize ?? DefaultChunk;
    }

    private string Place => $"{_host.Domain}/{_repository}@{_descriptor.Digest}";

    /// <summary>Uploads the blob, or has the registry take it over from another repository.</summary>
    /// <param name="mountFrom">Repository of the same registry that may hold it, or null.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task RunAsync(string? mountFrom, CancellationToken cancellationToken)
    {
        if (await StartAsync(mountFrom, cancellationToken).ConfigureAwait(false))
        {
            _progress?.Report(_descriptor.Size);
            return;
        }

        try
        {
            while (!await StepAsync(cancellationToken).ConfigureAwait(false))
            {
                if (_offset > _best)
                {
                    _best = _offset;
                    _budget.Reset();
                }
            }
        }
        catch (SealerException)
        {
            await AbandonAsync(cancellationToken).ConfigureAwait(false);
            throw;
        }

        _progress?.Report(_descriptor.Size);
    }

    /// <summary>Begins an upload.</summary>
    /// <returns>True where the registry mounted the blob, so that nothing is left to do.</returns>
    private async Task<bool> StartAsync(string? mountFrom, CancellationToken cancellationToken)
    {
        var address = _host.Api($"{_repository}/blobs/uploads/");
        var scope = _scope;
        if (mountFrom is not null)
        {
            address = RegistryLink.WithParameter(address, "mount", _descriptor.Digest.ToString());
            address = RegistryLink.WithParameter(address, "from", mountFrom);
            scope = AccessScope.Mount(_repository, mountFrom);
        }

        var call = new RegistryCall(HttpMethod.Post, address) { Scope = scope, Content = () => new ByteArrayContent([]) };
        var reply = await _transport.FetchAsync(_host, call, RegistryClient.MaxSmallBody, cancellationToken).ConfigureAwait(false);
        if (mountFrom is not null && reply.StatusCode == HttpStatusCode.Created)
            return true;
        if (mountFrom is not null && !reply.IsSuccess)
            return await StartAsync(null, cancellationToken).ConfigureAwait(false);
        if (reply.StatusCode != HttpStatusCode.Accepted || reply.Header("Location") is not { } location)
            throw RegistryFailure.Of(_host, reply, $"begin the upload of {Place}", Place);
        _location = Follow(reply.Uri, location);
        _offset = 0;
        _minChunk = long.TryParse(reply.Header("OCI-Chunk-Min-Length"), NumberStyles.None, CultureInfo.InvariantCulture, out var least) ? least : 0;
        return false;
    }

    /// <summary>Sends the next part.</summary>
    /// <returns>True when the blob is complete in the registry.</returns>
    private async Task<bool> StepAsync(CancellationToken cancellationToken)
    {
        var isWhole = !_isChunked && _offset == 0;
        var isClosing = !isWhole && _offset == _descriptor.Size;
        var length = isClosing ? 0 : isWhole ? _descriptor.Size : Math.Min(_descriptor.Size - _offset, _isChunked ? Math.Max(_chunk, _minChunk) : long.MaxValue);
        RegistryReply reply;
        try
        {
            reply = await _transport.FetchAsync(_host, Part(isWhole || isClosing, length), RegistryClient.MaxSmallBody, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception) when (_content?.SourceFault is SealerException wrong)
        {
            throw wrong;
        }
        catch (Exception e) when (RegistryFault.IsNetwork(e))
        {
            if (!RegistryFault.IsPassing(e)
                || !await _budget.WaitAsync(null, RegistryFault.NobodyListens(e), Reason(RegistryFailure.Quote(_host, RegistryFault.Describe(e))), cancellationToken).ConfigureAwait(false))
            {
                throw await _transport.FailureAsync(_host, _location!, e, cancellationToken).ConfigureAwait(false);
            }

            return await RecoverAsync(cancellationToken).ConfigureAwait(false);
        }

        return reply.IsSuccess
            ? Advance(reply, isWhole || isClosing, length)
            : await RefusedAsync(reply, isWhole, cancellationToken).ConfigureAwait(false);
    }

    private RegistryCall Part(bool isCommit, long length)
    {
        var offset = _offset;
        var address = isCommit ? RegistryLink.WithParameter(_location!, "digest", _descriptor.Digest.ToString()) : _location!;
        return new RegistryCall(isCommit ? HttpMethod.Put : HttpMethod.Patch, address)
        {
            Scope = _scope,
            IsRepeatable = false,
            Content = () =>
            {
                var isLast = offset + length == _descriptor.Size;
                if (length == 0 && offset > 0)
                    return new ByteArrayContent([]);
                _content = new StreamingContent(_openAsync, offset, length, isLast, _options, _progress);
                if (!isCommit)
                    _content.Headers.TryAddWithoutValidation("Content-Range", $"{offset}-{offset + length - 1}");
                return _content;
            },
        };
    }

    private bool Advance(RegistryReply reply, bool isCommit, long length)
    {
        if (isCommit)
        {
            if (Digest.TryParse(reply.Header("Docker-Content-Digest"), out var told) && told != _descriptor.Digest)
                throw Wrong("DigestMismatch", $"{_host.Domain} stored {told} where {_descriptor.Digest} was sent. The registry is broken or hostile.");
            return true;
        }

        if (reply.Header("Location") is { } location)
            _location = Follow(reply.Uri, location);
        var reached = Reached(reply) ?? _offset + length;
        if (reached <= _offset || reached > _offset + length)
            throw Wrong("WrongRange", $"{_host.Domain} claims to have {reached} bytes of {Place} when {_offset + length} were sent. The registry is broken or hostile.");
        _offset = reached;
        return false;
    }

    private async Task<bool> RefusedAsync(RegistryReply reply, bool isWhole, CancellationToken cancellationToken)
    {
        var status = reply.StatusCode;
        if (RegistryFailure.HasCode(reply, "DIGEST_INVALID"))
            throw Wrong("DigestMismatch", $"{_host.Domain} found that what was sent is not {_descriptor.Digest}. The content changed or is broken; nothing of it was kept.");
        if (RetryBudget.IsPassing(status))
        {
            var asked = RetryBudget.Asked(reply.Headers, _options.Time.GetUtcNow());
            if (!await _budget.WaitAsync(asked, false, Reason($"answered {(int)status}"), cancellationToken).ConfigureAwait(false))
                throw RegistryFailure.Of(_host, reply, $"write {Place}", Place);
            return await RecoverAsync(cancellationToken).ConfigureAwait(false);
        }

        if (isWhole && status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden))
        {
            // Not every registry takes a blob in one request, and proxies limit bodies.
            _isChunked = true;
            return await StartAsync(null, cancellationToken).ConfigureAwait(false);
        }

        if (status == HttpStatusCode.RequestEntityTooLarge && _chunk > Math.Max(SmallestChunk, _minChunk))
        {
            _isChunked = true;
            _chunk = Math.Max(Math.Max(SmallestChunk, _minChunk), _chunk / 4);
            return await RecoverAsync(cancellationToken).ConfigureAwait(false);
        }

        if (status is HttpStatusCode.RequestedRangeNotSatisfiable or HttpStatusCode.NotFound or HttpStatusCode.BadRequest or HttpStatusCode.Gone
            && await _budget.WaitAsync(TimeSpan.Zero, false, Reason($"answered {(int)status}"), cancellationToken).ConfigureAwait(false))
        {
            return await RecoverAsync(cancellationToken).ConfigureAwait(false);
        }

        throw RegistryFailure.Of(_host, reply, $"write {Place}", Place);
    }

    /// <summary>Finds out what has arrived, and goes on from there.</summary>
    /// <returns>True where the blob is complete after all: only the answer was lost.</returns>
    private async Task<bool> RecoverAsync(CancellationToken cancellationToken)
    {
        var exists = new RegistryCall(HttpMethod.Head, _host.Api($"{_repository}/blobs/{_descriptor.Digest}")) { Scope = AccessScope.Pull(_repository) };
        if ((await _transport.FetchAsync(_host, exists, 0, cancellationToken).ConfigureAwait(false)).IsSuccess)
            return true;

        var status = new RegistryCall(HttpMethod.Get, _location!) { Scope = _scope };
        var reply = await _transport.FetchAsync(_host, status, RegistryClient.MaxSmallBody, cancellationToken).ConfigureAwait(false);

        // "0-0" is one byte, or none with registries that cannot say so: begin again.
        if (reply.StatusCode == HttpStatusCode.NoContent && Reached(reply) is > 1 and var reached && reached <= _descriptor.Size)
        {
            if (reply.Header("Location") is { } location)
                _location = Follow(reply.Uri, location);
            _offset = reached;
            return false;
        }

        return await StartAsync(null, cancellationToken).ConfigureAwait(false);
    }

    private async Task AbandonAsync(CancellationToken cancellationToken)
    {
        // A courtesy: registries sweep uploads that nobody finishes.
        if (_location is null || cancellationToken.IsCancellationRequested)
            return;
        try
        {
            var call = new RegistryCall(HttpMethod.Delete, _location) { Scope = _scope, IsRepeatable = false };
            await _transport.FetchAsync(_host, call, RegistryClient.MaxSmallBody, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SealerException || RegistryFault.IsNetwork(e))
        {
            // What went wrong before is what the user needs to know.
        }
    }

    private Uri Follow(Uri from, string location) =>
        RegistryLink.Follow(_host, from, location, _host.Origin.Scheme == Uri.UriSchemeHttp);

    private static long? Reached(RegistryReply reply)
    {
        var range = reply.Header("Range");
        var dash = range?.IndexOf('-', StringComparison.Ordinal) ?? -1;
        return dash >= 0 && long.TryParse(range![(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var last) && last < long.MaxValue
            ? last + 1
            : null;
    }

    private string Reason(string what) => $"{_host.Domain}: {what} at byte {_offset} of the upload of {_descriptor.Digest.Short}";

    private SealerException Wrong(string id, string message) => new(id, ErrorKind.InvalidContent, message, _descriptor.Digest);
}
