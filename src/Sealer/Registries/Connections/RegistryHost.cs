using Sealer.Registries.Authentication;

namespace Sealer.Registries.Connections;

/// <summary>One registry: its name in image names, where it is reached, and who signs the requests to it.</summary>
internal sealed class RegistryHost
{
    public RegistryHost(string domain, RegistryOptions options, TokenServer tokens)
    {
        Domain = domain;
        var address = domain == Images.ImageReference.DefaultDomain ? "registry-1.docker.io" : domain;
        Origin = new Uri($"{(options.IsPlainHttp(domain) ? "http" : "https")}://{address}/");
        Authenticator = new RegistryAuthenticator(this, options, tokens);
    }

    /// <summary>As in an image name.</summary>
    public string Domain { get; }

    /// <summary>Scheme, host and port; the path is <c>/</c>.</summary>
    public Uri Origin { get; }

    public RegistryAuthenticator Authenticator { get; }

    /// <summary>An address of the registry's API; <paramref name="path"/> follows <c>/v2/</c> and is escaped already.</summary>
    public Uri Api(string path) => new(Origin, "/v2/" + path);

    /// <summary>True where an address is the registry itself: only there do its credentials go.</summary>
    public bool IsOrigin(Uri uri) =>
        uri.Scheme == Origin.Scheme
        && uri.Port == Origin.Port
        && string.Equals(uri.IdnHost, Origin.IdnHost, StringComparison.OrdinalIgnoreCase);
}
