using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Sealer.Events;

namespace Sealer.Registries.Connections;

/// <summary>
/// Makes requests to registries: signs them, follows redirects without taking credentials along, tries again what may
/// pass, and never reads more than it was told to.
/// </summary>
internal sealed class RegistryTransport : IDisposable
{
    private const int MaxRedirects = 10;
    private const int MaxErrorBody = 64 * 1024;
    private const int MaxWarnings = 100;

    private readonly RegistryOptions _options;
    private readonly HttpConnections _connections;
    private readonly ConcurrentDictionary<string, bool> _warnings = new(StringComparer.Ordinal);

    public RegistryTransport(RegistryOptions options)
    {
        _options = options;
        _connections = new HttpConnections(options);
    }

    /// <summary>Makes a request and reads its whole answer.</summary>
    /// <param name="host">The registry.</param>
    /// <param name="call">The request.</param>
    /// <param name="maxBody">Bytes that a good answer may have; a longer one is refused. Bad answers are cut.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="RegistryException">No answer, or one that is too large. Answers of any status are returned.</exception>
    public async Task<RegistryReply> FetchAsync(
        RegistryHost host, RegistryCall call, int maxBody, CancellationToken cancellationToken)
    {
        var budget = new RetryBudget(_options);
        while (true)
        {
            TimeSpan? asked = null;
            var nobodyListens = false;
            string reason;
            Exception? fault = null;
            RegistryReply? reply = null;
            try
            {
                using var response = await SendOnceAsync(host, call, cancellationToken).ConfigureAwait(false);
                reply = await ReadReplyAsync(host, call, response, maxBody, cancellationToken).ConfigureAwait(false);
                if (!call.IsRepeatable || !RetryBudget.IsPassing(reply.StatusCode))
                    return reply;
                asked = RetryBudget.Asked(reply.Headers, _options.Time.GetUtcNow());
                reason = $"{host.Domain} answered {(int)reply.StatusCode}";
            }
            catch (Exception e) when (call.IsRepeatable && RegistryFault.IsNetwork(e))
            {
                fault = e;
                nobodyListens = RegistryFault.NobodyListens(e);
                reason = $"{host.Domain}: {RegistryFailure.Quote(host, RegistryFault.Describe(e))}";
                if (!RegistryFault.IsPassing(e))
                    throw await FailureAsync(host, call.Uri, e, cancellationToken).ConfigureAwait(false);
            }

            if (await budget.WaitAsync(asked, nobodyListens, reason, cancellationToken).ConfigureAwait(false))
                continue;
            return reply
                ?? throw await FailureAsync(host, call.Uri, fault!, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Makes a request once (with at most one repetition to log on, and redirects) and returns as soon as the headers of
    /// its answer are there. Network faults come as they are.
    /// </summary>
    public async Task<HttpResponseMessage> SendOnceAsync(RegistryHost host, RegistryCall call, CancellationToken cancellationToken)
    {
        var uri = call.Uri;
        var isPlain = uri.Scheme == Uri.UriSchemeHttp;
        var isReplayed = false;
        var hops = 0;
        while (true)
        {
            var request = new HttpRequestMessage(call.Method, uri) { Content = call.Content?.Invoke() };
            request.Headers.TryAddWithoutValidation("User-Agent", _options.UserAgent);
            call.Prepare?.Invoke(request);

            // Credentials go to the registry itself and to nobody it sends us to.
            var isOurs = !call.IsToken && host.IsOrigin(uri);
            var used = isOurs
                ? await host.Authenticator.AuthorizeAsync(request, call.Scope, cancellationToken).ConfigureAwait(false)
                : null;
            var response = await SendAsync(host, request, cancellationToken).ConfigureAwait(false);
            try
            {
                Warn(host, response);
                if (response.StatusCode == HttpStatusCode.Unauthorized && isOurs && !isReplayed)
                {
                    isReplayed = true;
                    if (await host.Authenticator.AnswerAsync(response, used, call.Scope, cancellationToken).ConfigureAwait(false))
                    {
                        await DrainAsync(response, cancellationToken).ConfigureAwait(false);
                        response.Dispose();
                        continue;
                    }
                }

                if (call.IsToken || !IsRedirect(response, call.Method) || response.Headers.NonValidated["Location"].ToString() is not { } location)
                    return response;
                if (++hops > MaxRedirects)
                {
                    throw new RegistryException(
                        "TooManyRedirects",
                        ErrorKind.InvalidContent,
                        $"{host.Domain} redirects more than {MaxRedirects} times. The registry is broken or hostile.",
                        host.Domain);
                }

                uri = RegistryLink.Follow(host, uri, location, isPlain);
                response.Dispose();
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }
    }

    /// <summary>The error for a request that got no answer; it looks whether a server without TLS is one that speaks plain http.</summary>
    public async Task<RegistryException> FailureAsync(
        RegistryHost host, Uri uri, Exception fault, CancellationToken cancellationToken)
    {
        var speaksPlain = RegistryFault.IsTls(fault)
            && RegistryFault.Find<UntrustedCertificateException>(fault) is null
            && await PlainHttpProbe.IsPlainAsync(_connections.For(host, uri), uri, _options, cancellationToken).ConfigureAwait(false);
        return RegistryFailure.Of(host, uri, fault, speaksPlain);
    }

    /// <inheritdoc/>
    public void Dispose() => _connections.Dispose();

    private static bool IsRedirect(HttpResponseMessage response, HttpMethod method)
    {
        if (!response.Headers.NonValidated.Contains("Location"))
            return false;

        // 301, 302 and 303 may turn a POST into a GET, which no registry means; only 307 and 308 keep method and body.
        return response.StatusCode switch
        {
            HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect => true,
            HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther =>
                method == HttpMethod.Get || method == HttpMethod.Head,
            _ => false,
        };
    }

    private async Task DrainAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        // An answer that was read to its end leaves its connection to the next request.
        if (response.Content.Headers.ContentLength is not (> 0 and <= MaxErrorBody))
            return;
        using var stall = new StallGuard(_options);
        var content = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (content.ConfigureAwait(false))
        {
            var buffer = new byte[4 * 1024];
            while (await stall.ReadAsync(content, buffer, cancellationToken).ConfigureAwait(false) > 0)
            {
            }
        }
    }

    private async Task<HttpResponseMessage> SendAsync(
        RegistryHost host, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var streaming = request.Content as StreamingContent;
        using var timeout = new CancellationTokenSource(
            streaming is null ? _options.ResponseTimeout : Timeout.InfiniteTimeSpan, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        if (streaming is not null)
            streaming.Finished = () => timeout.CancelAfter(_options.CommitTimeout);
        try
        {
            return await _connections.For(host, request.RequestUri!).SendAsync(request, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new StalledException("no answer came in time");
        }
        catch (OperationCanceledException e) when (e.InnerException is TimeoutException && !cancellationToken.IsCancellationRequested)
        {
            // What the handler calls a cancellation is its own time limit for connecting; nobody cancelled anything.
            throw new HttpRequestException(
                HttpRequestError.ConnectionError, "the connection did not come about", new SocketException((int)SocketError.TimedOut));
        }
        finally
        {
            if (streaming is not null)
                streaming.Finished = null;
        }
    }

    /// <summary>Reads the body of an answer: whole and bounded where it is good, its beginning where it is bad.</summary>
    public async Task<RegistryReply> ReadReplyAsync(
        RegistryHost host, RegistryCall call, HttpResponseMessage response, int maxBody, CancellationToken cancellationToken)
    {
        var isGood = response.IsSuccessStatusCode;
        var limit = isGood ? maxBody : MaxErrorBody;
        var body = new MemoryStream();
        using (var stall = new StallGuard(_options))
        await using (var content = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false))
        {
            var buffer = new byte[16 * 1024];
            int count;
            while ((count = await stall.ReadAsync(content, buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                var rest = limit - (int)body.Length;
                if (count > rest && isGood)
                {
                    throw new RegistryException(
                        call.TooLarge,
                        ErrorKind.InvalidContent,
                        $"{host.Domain} answers with more than {limit} bytes where that much is never needed. The registry is broken or hostile.",
                        host.Domain);
                }

                body.Write(buffer, 0, Math.Min(count, rest));
                if (count >= rest && !isGood)
                    break;
            }
        }

        var address = response.RequestMessage?.RequestUri ?? call.Uri;
        return new RegistryReply(
            response.StatusCode, response.Headers, response.Content.Headers, body.GetBuffer().AsMemory(0, (int)body.Length), address);
    }

    private void Warn(RegistryHost host, HttpResponseMessage response)
    {
        if (_options.Events is null || !response.Headers.NonValidated.TryGetValues("Warning", out var values))
            return;
        foreach (var value in values)
        {
            var text = RegistryFailure.Quote(host, value);
            if (text.StartsWith("299 - ", StringComparison.Ordinal) && _warnings.Count < MaxWarnings && _warnings.TryAdd(text, true))
                _options.Events.Report(new WarningEvent($"{host.Domain} says: {text[6..].Trim('"')}"));
        }
    }
}
