using System.Net;

namespace Sealer.Registries.Connections;

/// <summary>Finds out whether a server with which TLS failed speaks plain http, to be able to say so.</summary>
internal static class PlainHttpProbe
{
    /// <summary>Asks for the root page, without any credentials, on the way (and through the proxy) that plain http takes.</summary>
    /// <param name="connections">The connections to that server.</param>
    /// <param name="uri">Where TLS failed.</param>
    /// <param name="options">The clock.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<bool> IsPlainAsync(
        HttpMessageInvoker connections, Uri uri, RegistryOptions options, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(3), options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        using var request = new HttpRequestMessage(
            HttpMethod.Head, new UriBuilder(uri) { Scheme = Uri.UriSchemeHttp, Path = "/", Query = "" }.Uri);
        try
        {
            using var response = await connections.SendAsync(request, either.Token).ConfigureAwait(false);

            // TLS servers answer a plain request with a plain 400, and proxies have answers of their own for what they
            // cannot reach or do not allow: only what a registry's root page says counts.
            return (int)response.StatusCode < 400 || response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.NotFound;
        }
        catch (Exception e) when (RegistryFault.IsNetwork(e) || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }
}
