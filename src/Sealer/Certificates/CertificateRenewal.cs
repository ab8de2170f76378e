namespace Sealer.Certificates;

/// <summary>What is asked of the certificates of a cluster that stands.</summary>
public sealed record CertificateRenewal
{
    /// <summary>Names and addresses that every API server shall answer to, besides those that it has.</summary>
    public IReadOnlyList<string> SubjectAlternativeNames { get; init => field = Listed.Of(value); } = [];

    /// <summary>Makes every certificate and kubeconfig of the control planes anew, with new keys.</summary>
    public bool IsOfAll { get; init; }

    /// <summary>For how long; null: of all that is made anew 100 years, of what only gets more names as long as it was made for.</summary>
    public TimeSpan? Lifetime { get; init; }
}
