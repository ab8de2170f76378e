using System.Net;
using System.Net.Sockets;

namespace Sealer.Images.ContainerImages.RegistryFolder;

/// <summary>
/// Where a container image lies in a cluster image's registry. By rule, as in sealer, under its path without the domain
/// (<c>quay.io/demo/app:v1</c> is <c>demo/app:v1</c>). Where another image has that path and tag already, the image lies under
/// <c>DOMAIN/PATH</c> (<c>quay.io/demo/app:v1</c>), the domain written as <see cref="FolderOf"/> does; those images are in
/// the annotation <see cref="SealerAnnotations.ContainerImagePaths"/>. A host finds both with a <c>hosts.toml</c> of that
/// domain which asks for <c>/v2/FOLDER</c> first (<c>override_path = true</c>) and then for <c>/v2</c>.
/// </summary>
public static class RegistryFolderPath
{
    /// <summary>The repository by rule: the path without the domain.</summary>
    public static string Of(ImageReference reference) => reference.Repository;

    /// <summary>The repository of an image whose path another image has.</summary>
    public static string UnderDomain(ImageReference reference) => $"{FolderOf(reference.Domain)}/{reference.Repository}";

    /// <summary>
    /// The domain as a part of a repository's path, which may hold neither colons nor capitals: <c>10.0.0.5:5000</c> is
    /// <c>10.0.0.5_5000</c>, <c>[::1]:5000</c> is <c>ipv6-</c>, the 32 digits of the address and <c>_5000</c>. Two domains
    /// never give one folder.
    /// </summary>
    public static string FolderOf(string domain)
    {
        var bracket = domain.IndexOf(']', StringComparison.Ordinal);
        if (domain.StartsWith('[') && IPAddress.TryParse(domain.AsSpan(1, bracket - 1), out var address)
            && address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            return "ipv6-" + Convert.ToHexString(address.GetAddressBytes()).ToLowerInvariant() + domain[(bracket + 1)..].Replace(':', '_');
        }

        return domain.ToLowerInvariant().Replace(':', '_');
    }
}
