using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;

namespace Sealer.Registries.Connections;

/// <summary>
/// Pooled HTTP/1.1 connections. Blobs go over several connections at once: one HTTP/2 connection with its flow control is
/// slower than two plain ones. Every domain has its own pool because trust and client certificates are by domain.
/// </summary>
internal sealed class HttpConnections : IDisposable
{
    private readonly RegistryOptions _options;
    private readonly IWebProxy? _proxy;
    private readonly ConcurrentDictionary<string, Lazy<HttpMessageInvoker>> _pools = new(StringComparer.OrdinalIgnoreCase);

    public HttpConnections(RegistryOptions options)
    {
        _options = options;
        _proxy = options.Proxy ?? EnvironmentProxy.Read(Environment.GetEnvironmentVariable);
    }

    /// <summary>The connections to the host of an address.</summary>
    /// <param name="host">The registry on whose behalf it is asked.</param>
    /// <param name="uri">The registry itself, its token server, or where it redirects to.</param>
    public HttpMessageInvoker For(RegistryHost host, Uri uri)
    {
        // What a registry redirects to, or its token server, is another machine with other certificates, unless it is the
        // same host.
        var isRegistry = string.Equals(uri.IdnHost, host.Origin.IdnHost, StringComparison.OrdinalIgnoreCase);
        var domain = isRegistry ? host.Domain : uri.Authority;
        return Pool(domain, isRegistry);
    }

    /// <summary>The connections to a server that is no registry.</summary>
    public HttpMessageInvoker For(Uri uri) => Pool(uri.Authority, isRegistry: false);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var pool in _pools.Values.Where(p => p.IsValueCreated))
            pool.Value.Dispose();
    }

    private HttpMessageInvoker Pool(string domain, bool isRegistry) => _pools.GetOrAdd(
        (isRegistry ? "registry " : "other ") + domain,
        _ => new Lazy<HttpMessageInvoker>(() => new HttpMessageInvoker(CreateHandler(domain, isRegistry)))).Value;

    private SocketsHttpHandler CreateHandler(string domain, bool isRegistry)
    {
        var (authorities, client) = CertificateFolder.Read(_options.CertificateFolders, domain);
        foreach (var file in _options.CertificateAuthorityFiles)
            authorities.AddRange(CertificateFolder.ReadAuthorities(file));
        if (isRegistry && _options.ClientCertificate is { } files)
            client = CertificateFolder.ReadClient(files);

        var trust = new CertificateTrust(authorities);
        var isUnchecked = _options.IsUnchecked(domain);
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            ConnectTimeout = _options.ConnectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),
            MaxResponseDrainSize = 64 * 1024,
            UseProxy = true,
            Proxy = _proxy,
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                {
                    if (isUnchecked || trust.Check(certificate, chain, errors))
                        return true;
                    throw new UntrustedCertificateException(errors);
                },
            },
        };
        if (client is not null)
        {
            handler.SslOptions.ClientCertificates = [client];
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => client;
        }

        return handler;
    }
}
