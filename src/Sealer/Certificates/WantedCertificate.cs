namespace Sealer.Certificates;

/// <summary>One certificate, kubeconfig or key pair that a host shall have.</summary>
public sealed record WantedCertificate
{
    /// <summary>kubeadm's name for it: <c>apiserver</c>, <c>etcd-server</c>, <c>admin.conf</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Its form.</summary>
    public required CertificateForm Form { get; init; }

    /// <summary>The file of the certificate or kubeconfig; of a key pair that of the public key.</summary>
    public required string Path { get; init; }

    /// <summary>The file of the key; null of a kubeconfig, which holds it.</summary>
    public string? KeyPath { get; init; }

    /// <summary>The name of the authority that issues it; null of authorities and key pairs.</summary>
    public string? Authority { get; init; }

    /// <summary>The user or the server it is made out to.</summary>
    public string CommonName { get; init; } = "";

    /// <summary>The groups of the user.</summary>
    public IReadOnlyList<string> Organizations { get; init; } = [];

    /// <summary>A group that an older kubeadm wrote instead, which is left where it stands.</summary>
    public string? FormerOrganization { get; init; }

    /// <summary>What it is shown for.</summary>
    public CertificateUsages Usages { get; init; }

    /// <summary>Names and addresses it must hold, each once; addresses in their shortest form.</summary>
    public IReadOnlyList<string> SubjectAlternativeNames { get; init; } = [];

    /// <summary>The API server a kubeconfig goes to, as a URL.</summary>
    public string? Server { get; init; }

    /// <summary>What a kubeconfig calls the cluster.</summary>
    public string? ClusterName { get; init; }

    /// <summary>Its key is RSA whatever was asked for.</summary>
    public bool NeedsRsa { get; init; }

    /// <summary>Looked at where it stands and not made where it does not.</summary>
    public bool IsOptional { get; init; }

    /// <summary>A pair of somebody else is kept: that of a registry for which the user has a certificate of their own.</summary>
    public bool MayBeForeign { get; init; }
}
