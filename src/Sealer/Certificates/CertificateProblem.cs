namespace Sealer.Certificates;

/// <summary>What can be wrong with a certificate.</summary>
public enum CertificateProblemKind
{
    /// <summary>It is not there.</summary>
    Missing,

    /// <summary>It cannot be read.</summary>
    Unreadable,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>Its time has not begun.</summary>
    NotYetValid,

    /// <summary>Its time is over soon.</summary>
    ExpiresSoon,

    /// <summary>It was made for a shorter or longer time than is wanted.</summary>
    Lifetime,

    /// <summary>Another authority issued it, or the kubeconfig trusts another one.</summary>
    WrongAuthority,

    /// <summary>It should sign others and may not.</summary>
    NotAnAuthority,

    /// <summary>Its key is not there.</summary>
    KeyMissing,

    /// <summary>Its key is that of something else.</summary>
    KeyMismatch,

    /// <summary>Its key needs a passphrase.</summary>
    KeyEncrypted,

    /// <summary>Its key cannot be read.</summary>
    KeyUnreadable,

    /// <summary>Its key is short, or it is signed by way of a broken hash.</summary>
    WeakKey,

    /// <summary>Its key is of another algorithm than was asked for.</summary>
    KeyAlgorithm,

    /// <summary>Others than its owner may read the key.</summary>
    LoosePermissions,

    /// <summary>It lacks names or addresses.</summary>
    MissingSan,

    /// <summary>It is made out to another user or group.</summary>
    WrongSubject,

    /// <summary>It may not be shown for what it is needed for.</summary>
    WrongUsage,

    /// <summary>The kubeconfig goes to another API server.</summary>
    WrongServer,

    /// <summary>It is sound and is renewed because that was asked for.</summary>
    Asked,
}

/// <summary>One thing that is wrong with a certificate.</summary>
/// <param name="Kind">What.</param>
/// <param name="Message">For people: half a sentence, without the path.</param>
public sealed record CertificateProblem(CertificateProblemKind Kind, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => Message;
}
