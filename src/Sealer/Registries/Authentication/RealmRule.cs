using System.Net;
using Sealer.Images;

namespace Sealer.Registries.Authentication;

/// <summary>
/// Decides whether a token server that a registry names (its realm) may be sent the registry's credentials. The realm
/// comes from the registry, which may be hostile or broken into, so that it is believed only where it is
/// <list type="number">
/// <item>https and without user info in the address; plain http only on the host of a registry that was itself allowed
/// plain http, or on a host the user listed;</item>
/// <item>and then: the registry's own host (any port: token servers often stand beside the registry); or the known
/// token server of a known registry (Docker Hub, GitLab, NVIDIA, Alibaba Cloud); or a host in the registry's own
/// parent domain (<c>auth.example.com</c> for <c>registry.example.com</c>), unless strangers share that parent
/// (<c>co.uk</c>, <c>azurecr.io</c>, <c>amazonaws.com</c>); or a host the user listed.</item>
/// </list>
/// A realm that is not believed may still be asked for an anonymous token, over https, where there are no credentials.
/// </summary>
internal static class RealmRule
{
    /// <summary>True where the realm may be sent the credentials of <paramref name="domain"/>.</summary>
    /// <param name="domain">The registry, as in an image name.</param>
    /// <param name="origin">Where the registry is reached.</param>
    /// <param name="realm">What the registry names as its token server.</param>
    /// <param name="trusted">Hosts the user listed.</param>
    public static bool MayHaveCredentials(string domain, Uri origin, Uri realm, IReadOnlyCollection<string> trusted)
    {
        if (!IsWeb(realm) || realm.UserInfo.Length > 0)
            return false;
        if (trusted.Contains(realm.Authority, StringComparer.OrdinalIgnoreCase))
            return true;
        var registryHost = Host(origin);
        var realmHost = Host(realm);
        if (realm.Scheme == Uri.UriSchemeHttp)
            return origin.Scheme == Uri.UriSchemeHttp && realmHost == registryHost;
        if (realmHost == registryHost)
            return true;
        return realm.IsDefaultPort && (IsKnown(domain, realmHost) || IsFamily(registryHost, realmHost));
    }

    /// <summary>True where the realm may at least be asked for an anonymous token.</summary>
    public static bool MayBeAsked(Uri origin, Uri realm) =>
        IsWeb(realm)
        && realm.UserInfo.Length == 0
        && (realm.Scheme == Uri.UriSchemeHttps || (origin.Scheme == Uri.UriSchemeHttp && Host(origin) == Host(realm)));

    private static bool IsWeb(Uri uri) =>
        uri.IsAbsoluteUri && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp);

    private static string Host(Uri uri) => uri.IdnHost.TrimEnd('.').ToLowerInvariant();

    private static bool IsKnown(string domain, string realmHost)
    {
        switch (domain.ToLowerInvariant())
        {
            case ImageReference.DefaultDomain:
                return realmHost == "auth.docker.io";
            case "registry.gitlab.com":
                return realmHost == "gitlab.com";
            case "nvcr.io":
                return realmHost is "authn.nvidia.com" or "nvcr.io";
        }

        // Alibaba Cloud: registry[-vpc|-internal].REGION.aliyuncs.com and NAME-registry[-vpc].REGION.cr.aliyuncs.com ask
        // dockerauth[...].REGION.aliyuncs.com. aliyuncs.com as a whole is shared, so the region's names are spelt out.
        var labels = domain.ToLowerInvariant().Split('.');
        if (labels is [var first, var region, .. var rest]
            && string.Join('.', rest) is "aliyuncs.com" or "cr.aliyuncs.com"
            && (first.StartsWith("registry", StringComparison.Ordinal) || first.Contains("-registry", StringComparison.Ordinal)))
        {
            return realmHost.StartsWith("dockerauth", StringComparison.Ordinal)
                && realmHost.EndsWith($".{region}.aliyuncs.com", StringComparison.Ordinal)
                && realmHost.Count(c => c == '.') == 3;
        }

        return false;
    }

    private static bool IsFamily(string registryHost, string realmHost)
    {
        if (IPAddress.TryParse(registryHost, out _) || IPAddress.TryParse(realmHost, out _))
            return false;
        var labels = registryHost.Split('.');
        var parent = labels.Length <= 2 ? registryHost : string.Join('.', labels[1..]);
        return !SharedDomains.Contain(parent)
            && (realmHost == parent || realmHost.EndsWith("." + parent, StringComparison.Ordinal));
    }
}
