namespace Sealer.Certificates;

/// <summary>What is done about a certificate.</summary>
public enum CertificateAction
{
    /// <summary>Nothing: it is as wanted.</summary>
    Keep,

    /// <summary>It is not there and is made.</summary>
    Make,

    /// <summary>It is there, and is made anew.</summary>
    Renew,

    /// <summary>It stays, and its key is written again with the permissions it should have.</summary>
    Protect,
}

/// <summary>What is done about one certificate that is wanted, and why.</summary>
/// <param name="Wanted">What is wanted.</param>
/// <param name="Action">What is done.</param>
/// <param name="Reasons">Why; none where nothing is done.</param>
/// <param name="Present">What is there now, or null.</param>
public sealed record CertificateDecision(
    WantedCertificate Wanted, CertificateAction Action, IReadOnlyList<CertificateProblem> Reasons, CertificateInfo? Present)
{
    /// <summary>True where files are written.</summary>
    public bool Writes => Action != CertificateAction.Keep;

    /// <summary>For people: what and why, in one line.</summary>
    public override string ToString() => Writes
        ? $"{Action} {Wanted.Name}: {string.Join("; ", Reasons.Select(r => r.Message))}"
        : $"{Action} {Wanted.Name}";
}
