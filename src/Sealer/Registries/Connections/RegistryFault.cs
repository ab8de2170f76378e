using System.Net.Sockets;
using System.Security.Authentication;

namespace Sealer.Registries.Connections;

/// <summary>Reads what a failed connection means.</summary>
internal static class RegistryFault
{
    /// <summary>True for what the network or the server did; false for errors of our own and cancellation.</summary>
    public static bool IsNetwork(Exception e) => e is HttpRequestException or IOException or SocketException or AuthenticationException;

    /// <summary>True where the same again may work.</summary>
    public static bool IsPassing(Exception e)
    {
        if (Find<AuthenticationException>(e) is not null)
            return false;
        if (Find<SocketException>(e) is { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData })
            return false;
        return e is not HttpRequestException
        {
            HttpRequestError: HttpRequestError.InvalidResponse
                or HttpRequestError.ConfigurationLimitExceeded
                or HttpRequestError.ProxyTunnelError
                or HttpRequestError.VersionNegotiationError
                or HttpRequestError.UserAuthenticationError,
        };
    }

    /// <summary>True where nothing is at the address: worth a second try, not a long wait.</summary>
    public static bool NobodyListens(Exception e) =>
        Find<SocketException>(e) is
        {
            SocketErrorCode: SocketError.ConnectionRefused or SocketError.TryAgain or SocketError.HostUnreachable or SocketError.NetworkUnreachable,
        }
        || IsUnanswered(e);

    /// <summary>True where no connection came about in time; a connection that stood may time out too, and is worth more patience.</summary>
    public static bool IsUnanswered(Exception e) =>
        e is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError }
        && Find<SocketException>(e) is { SocketErrorCode: SocketError.TimedOut };

    /// <summary>True where the handshake failed.</summary>
    public static bool IsTls(Exception e) =>
        e is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } || Find<AuthenticationException>(e) is not null;

    /// <summary>A few words for a log.</summary>
    public static string Describe(Exception e) => RegistryFailure.Clean((Find<SocketException>(e) ?? e.GetBaseException()).Message.TrimEnd('.'));

    /// <summary>The first cause of a type.</summary>
    public static T? Find<T>(Exception? e)
        where T : Exception
    {
        for (; e is not null; e = e.InnerException)
        {
            if (e is T found)
                return found;
        }

        return null;
    }
}
