using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using Sealer.Images;
using Sealer.Registries.Authentication;
using Sealer.Registries.Connections;

namespace Sealer.Registries.Content;

/// <summary>
/// A blob while it is downloaded. Where the connection breaks or stalls it is opened again at the byte reached; the
/// reader does not notice. It never gives more bytes than the descriptor says. Read it asynchronously only.
/// </summary>
internal sealed class RegistryBlobStream : ReadOnlyStream
{
    // Less than this between two cuts is no progress that would earn another round of attempts.
    private const long Progress = 64 * 1024;

    private readonly RegistryTransport _transport;
    private readonly RegistryHost _host;
    private readonly string _repository;
    private readonly Descriptor _descriptor;
    private readonly RegistryOptions _options;
    private readonly RetryBudget _budget;
    private HttpResponseMessage? _response;
    private Stream? _body;
    private StallGuard? _guard;
    private long _position;
    private long _connectedAt;
    private bool _isRangeIgnored;
    private bool _isEnded;

    public RegistryBlobStream(
        RegistryTransport transport, RegistryHost host, string repository, Descriptor descriptor, long offset, RegistryOptions options)
    {
        _transport = transport;
        _host = host;
        _repository = repository;
        _descriptor = descriptor;
        _options = options;
        _position = offset;
        _budget = new RetryBudget(options);
    }

    /// <inheritdoc/>
    public override long Length => _descriptor.Size;

    /// <inheritdoc/>
    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    private string Place => $"{_host.Domain}/{_repository}@{_descriptor.Digest}";

    /// <summary>Connects, so that what is missing is known before the first read.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => UntilItWorksAsync(ConnectedAsync, cancellationToken);

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length == 0 || _isEnded)
            return 0;
        return await UntilItWorksAsync(token => ReadOnceAsync(buffer, token), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer) =>
        throw new NotSupportedException("A blob of a registry is read asynchronously.");

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Disconnect();
        base.Dispose(disposing);
    }

    private async Task<int> UntilItWorksAsync(Func<CancellationToken, Task<int>> work, CancellationToken cancellationToken)
    {
        while (true)
        {
            Exception fault;
            try
            {
                return await work(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (RegistryFault.IsNetwork(e))
            {
                fault = e;
            }

            Disconnect();
            if (_position - _connectedAt >= Progress)
                _budget.Reset();
            var reason = $"{_host.Domain}: {RegistryFailure.Quote(_host, RegistryFault.Describe(fault))} at byte {_position} of {_descriptor.Digest.Short}";
            if (!RegistryFault.IsPassing(fault)
                || !await _budget.WaitAsync((fault as PassingAnswerException)?.Asked, RegistryFault.NobodyListens(fault), reason, cancellationToken).ConfigureAwait(false))
            {
                if (fault is PassingAnswerException answer)
                    throw RegistryFailure.Of(_host, answer.Reply, $"read {Place}", Place);
                throw await _transport.FailureAsync(_host, _host.Origin, fault, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<int> ConnectedAsync(CancellationToken cancellationToken)
    {
        if (_body is null)
            await ConnectAsync(cancellationToken).ConfigureAwait(false);
        return 0;
    }

    private async Task<int> ReadOnceAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_body is null)
            await ConnectAsync(cancellationToken).ConfigureAwait(false);
        var rest = _descriptor.Size - _position;
        if (rest == 0)
        {
            await ExpectEndAsync(cancellationToken).ConfigureAwait(false);
            return 0;
        }

        var count = await _guard!.ReadAsync(_body!, rest < buffer.Length ? buffer[..(int)rest] : buffer, cancellationToken).ConfigureAwait(false);
        if (count == 0)
            throw new IOException("the connection ended early");
        _position += count;
        return count;
    }

    private async Task ExpectEndAsync(CancellationToken cancellationToken)
    {
        // An answer of known length was checked when it began, and cannot have more.
        if (_response!.Content.Headers.ContentLength is null
            && await _guard!.ReadAsync(_body!, new byte[1], cancellationToken).ConfigureAwait(false) > 0)
        {
            throw WrongSize("more");
        }

        _isEnded = true;
        Disconnect();
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        _connectedAt = _position;
        var from = _isRangeIgnored ? 0 : _position;
        if (from > 0 && from == _descriptor.Size)
        {
            // There is nothing to ask for: a range that begins at the end cannot be satisfied.
            (_response, _body, _guard) = (new HttpResponseMessage { Content = new ByteArrayContent([]) }, Null, new StallGuard(_options));
            return;
        }

        var call = new RegistryCall(HttpMethod.Get, _host.Api($"{_repository}/blobs/{_descriptor.Digest}"))
        {
            Scope = AccessScope.Pull(_repository),
            Prepare = r =>
            {
                if (from > 0)
                    r.Headers.Range = new RangeHeaderValue(from, null);
            },
        };
        _response = await _transport.SendOnceAsync(_host, call, cancellationToken).ConfigureAwait(false);
        var skip = await CheckAsync(_response, call, from, cancellationToken).ConfigureAwait(false);
        _guard = new StallGuard(_options);
        _body = await _response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        if (skip > 0)
            await SkipAsync(skip, cancellationToken).ConfigureAwait(false);
    }

    /// <returns>Bytes to skip, where the registry does not know ranges.</returns>
    private async Task<long> CheckAsync(HttpResponseMessage response, RegistryCall call, long from, CancellationToken cancellationToken)
    {
        var length = response.Content.Headers.ContentLength;
        switch (response.StatusCode)
        {
            case HttpStatusCode.OK:
                if (length is not null && length != _descriptor.Size)
                    throw WrongSize($"{length}");
                return _position;

            case HttpStatusCode.PartialContent:
                var range = response.Content.Headers.ContentRange;
                if (range?.Length is { } total && total != _descriptor.Size)
                    throw WrongSize($"{total}");
                if (range?.Unit == "bytes" && range.From == from && range.To >= from && range.To < _descriptor.Size
                    && (length is null || length == range.To - from + 1))
                {
                    return 0;
                }

                // It gave another part than was asked for. Taken as it is it would ruin the blob: ask for the whole one.
                if (_isRangeIgnored || from == 0)
                    throw WrongRange(range);
                _isRangeIgnored = true;
                throw new IOException("the registry answered with another range than was asked for");

            case HttpStatusCode.RequestedRangeNotSatisfiable:
                throw WrongSize("fewer");
        }

        var reply = await _transport.ReadReplyAsync(_host, call, response, 0, cancellationToken).ConfigureAwait(false);
        if (RetryBudget.IsPassing(response.StatusCode))
            throw new PassingAnswerException(reply, RetryBudget.Asked(response.Headers, _options.Time.GetUtcNow()));
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            throw new RegistryException(
                "BlobNotFound",
                ErrorKind.NotFound,
                $"{_host.Domain}/{_repository} does not hold {_descriptor.Digest}. The image there is incomplete: push it again.",
                _descriptor.Digest,
                response.StatusCode);
        }

        throw RegistryFailure.Of(_host, reply, $"read {Place}", Place);
    }

    private async Task SkipAsync(long count, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(256 * 1024);
        try
        {
            while (count > 0)
            {
                var read = await _guard!.ReadAsync(_body!, buffer.AsMemory(0, (int)Math.Min(buffer.Length, count)), cancellationToken).ConfigureAwait(false);
                if (read == 0)
                    throw new IOException("the connection ended early");
                count -= read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Disconnect()
    {
        _body?.Dispose();
        _response?.Dispose();
        _guard?.Dispose();
        _body = null;
        _response = null;
        _guard = null;
    }

    private RegistryException WrongSize(string actual) => new(
        "SizeMismatch",
        ErrorKind.InvalidContent,
        $"{_host.Domain} gives {actual} bytes for {_descriptor.Digest}, which should have {_descriptor.Size}. The image there is broken: push it again.",
        _descriptor.Digest);

    private RegistryException WrongRange(ContentRangeHeaderValue? range) => new(
        "WrongRange",
        ErrorKind.InvalidContent,
        $"{_host.Domain} answers with the range '{RegistryFailure.Quote(_host, range?.ToString() ?? "")}' of {_descriptor.Digest}, which was not asked for.",
        _descriptor.Digest);

    /// <summary>An answer that may be another one in a while.</summary>
    private sealed class PassingAnswerException(RegistryReply reply, TimeSpan? asked) : IOException($"answered {(int)reply.StatusCode}")
    {
        public RegistryReply Reply { get; } = reply;

        public TimeSpan? Asked { get; } = asked;
    }
}
