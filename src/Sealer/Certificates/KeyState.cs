namespace Sealer.Certificates;

/// <summary>How it stands with the private key of a certificate.</summary>
public enum KeyState
{
    /// <summary>There, readable, and the certificate's.</summary>
    Present,

    /// <summary>Not there. Of an authority that is how a worker has it, or a control plane that does not sign.</summary>
    Missing,

    /// <summary>Behind a passphrase, which no component of Kubernetes can give.</summary>
    Encrypted,

    /// <summary>No RSA or ECDSA key.</summary>
    Unreadable,

    /// <summary>The key of something else.</summary>
    Mismatch,

    /// <summary>There, and not read: it was left on its host.</summary>
    NotRead,
}
