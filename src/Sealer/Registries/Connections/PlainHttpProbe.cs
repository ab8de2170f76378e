using System.Net.Sockets;
using System.Text;

namespace Sealer.Registries.Connections;

/// <summary>Finds out whether a server with which TLS failed speaks plain http, to be able to say so.</summary>
internal static class PlainHttpProbe
{
    /// <summary>Asks the root page without any credentials, and only looks at the first bytes of the answer.</summary>
    public static async Task<bool> IsPlainAsync(Uri uri, RegistryOptions options, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(3), options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(uri.IdnHost, uri.Port, either.Token).ConfigureAwait(false);
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HEAD / HTTP/1.0\r\nHost: {uri.Authority}\r\n\r\n"), either.Token).ConfigureAwait(false);
            var start = new byte[5];
            await stream.ReadExactlyAsync(start, either.Token).ConfigureAwait(false);

            // Go's TLS servers answer a plain request with a plain 400; that is no plain server.
            var rest = new byte[512];
            var count = await stream.ReadAsync(rest, either.Token).ConfigureAwait(false);
            return Encoding.ASCII.GetString(start) == "HTTP/"
                && !Encoding.ASCII.GetString(rest, 0, count).Contains(" 400 ", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
