using System.Net;
using Sealer.Registries.Connections;

namespace Sealer.Images.Building;

/// <summary>Says what became of a download, and what to do next. Passwords and signed queries stay out of it.</summary>
internal static class DownloadFailure
{
    /// <summary>An answer that is no file.</summary>
    public static SealerException Of(Uri uri, HttpStatusCode status) => Failed(
        uri,
        $"the server answers {(int)status} {status}",
        status switch
        {
            HttpStatusCode.NotFound or HttpStatusCode.Gone => "look at the address",
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden =>
                "it wants to know who asks: write https://USER:PASSWORD@..., best with ARGs, or download the file into the context",
            HttpStatusCode.ProxyAuthenticationRequired => "the proxy wants to know who asks: write HTTPS_PROXY=http://USER:PASSWORD@...",
            _ => "try again later",
        });

    /// <summary>No answer.</summary>
    public static SealerException Of(Uri uri, Exception fault)
    {
        var (reason, next) = fault switch
        {
            _ when RegistryFault.Find<UntrustedCertificateException>(fault) is { } untrusted =>
                (untrusted.Message, "if the server is yours, name its authority with -CertificateAuthority"),
            _ when RegistryFault.IsTls(fault) => ($"no secure connection comes about: {RegistryFault.Describe(fault)}", "look whether the server speaks https at that port"),
            HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } => ("the proxy refuses the way", "look at HTTPS_PROXY and NO_PROXY"),
            StalledException => (fault.Message, "try again"),
            _ => (RegistryFault.Describe(fault), "look at the address, and at HTTPS_PROXY where the way leads through a proxy"),
        };
        return Failed(uri, reason, next, fault);
    }

    /// <summary>A server that misleads.</summary>
    public static SealerException Of(Uri uri, string reason) => Failed(uri, reason, "look at the address");

    /// <summary>A file that is not what the Kubefile says.</summary>
    public static SealerException WrongContent(Uri uri) => new(
        "ChecksumMismatch",
        ErrorKind.InvalidContent,
        $"'{AddressText.Shown(uri)}' is not what --checksum says; look whether the file or the checksum has changed",
        AddressText.Shown(uri));

    private static SealerException Failed(Uri uri, string reason, string next, Exception? fault = null) => new(
        "DownloadFailed", ErrorKind.Connection, $"'{AddressText.Shown(uri)}' cannot be downloaded: {reason}; {next}", AddressText.Shown(uri), fault);
}
