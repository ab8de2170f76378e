namespace Sealer.Certificates;

/// <summary>What the certificate of a cluster's registry is made from.</summary>
public sealed record RegistryCertificateSpec
{
    /// <summary>The registry's name, without a port; the files are named after it.</summary>
    public required string Domain { get; init; }

    /// <summary>Further names and addresses, also those of registries that it stands in for.</summary>
    public IReadOnlyList<string> Sans { get; init; } = [];

    /// <summary>Where <c>DOMAIN.crt</c> and <c>DOMAIN.key</c> lie: <c>certs</c> in the rootfs, as sealer's scripts expect.</summary>
    public required string Folder { get; init; }

    /// <summary>Where the registry's authority lies: beside the cluster's, and apart from what the registry itself can read.</summary>
    public CertificatePaths Paths { get; init; } = new();
}
