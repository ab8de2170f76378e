using System.Text;
using Sealer.Clusterfiles.Documents;

namespace Sealer.Kubernetes.Runtimes;

/// <summary>A registry as runtimes need to know it.</summary>
/// <param name="Endpoint">Domain and port.</param>
/// <param name="IsInsecure">Plain HTTP.</param>
/// <param name="Authority">The certificate that its own is checked with, PEM; null where the host's authorities do.</param>
/// <param name="UserName">Who logs in, or null.</param>
/// <param name="Password">The user's password, or null.</param>
public sealed record RuntimeRegistry(string Endpoint, bool IsInsecure, string? Authority, string? UserName, Secret? Password)
{
    /// <summary>As <c>https://sea.hub:5000</c>.</summary>
    public string Url => $"{(IsInsecure ? "http" : "https")}://{Endpoint}";

    /// <summary>User and password in base64, as headers and configurations have them; null where nobody logs in.</summary>
    public Secret? BasicAuthorization => UserName is { Length: > 0 } user && Password is { } password
        ? Secret.Of(Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password.Reveal()}")))
        : null;

    /// <summary>The registry that nodes of a cluster fetch from.</summary>
    /// <param name="spec">The cluster.</param>
    /// <param name="authority">The certificate of the local registry's authority.</param>
    public static RuntimeRegistry Of(ClusterSpec spec, string? authority)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return spec.Registry switch
        {
            { External: { } external } => new RuntimeRegistry(external.Endpoint, false, null, external.UserName, external.Password),
            { Local: { } local } => new RuntimeRegistry(local.Endpoint, local.IsInsecure, local.IsInsecure ? null : authority, local.UserName, local.Password),
            _ => throw new ArgumentException("The cluster has no registry.", nameof(spec)),
        };
    }
}
