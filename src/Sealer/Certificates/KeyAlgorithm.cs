namespace Sealer.Certificates;

/// <summary>The kinds of keys that kubeadm knows (<c>encryptionAlgorithm</c> of its v1beta4).</summary>
public enum KeyAlgorithm
{
    /// <summary>kubeadm's own default.</summary>
    Rsa2048,

    /// <summary>RSA of 3072 bits.</summary>
    Rsa3072,

    /// <summary>RSA of 4096 bits.</summary>
    Rsa4096,

    /// <summary>ECDSA on P-256.</summary>
    EcdsaP256,

    /// <summary>ECDSA on P-384.</summary>
    EcdsaP384,
}
