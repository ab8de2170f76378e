namespace Sealer.Certificates;

/// <summary>In what form a certificate or key lies on a host.</summary>
public enum CertificateForm
{
    /// <summary>A certificate that signs others, and its key where the host may sign.</summary>
    Authority,

    /// <summary>A certificate of a server or a client, with a key file beside it.</summary>
    Leaf,

    /// <summary>A client certificate inside a kubeconfig.</summary>
    Kubeconfig,

    /// <summary>A private and a public key without a certificate: that of the service accounts.</summary>
    KeyPair,
}
