using Sealer.Certificates;

namespace Sealer.Delivery;

/// <summary>A certificate of one host of a cluster: what it says, and what is wrong with it. Holds nothing secret.</summary>
/// <param name="Host">The host, as it was named.</param>
/// <param name="Info">All that it says.</param>
public sealed record ClusterCert(string Host, CertificateInfo Info)
{
    /// <summary>The file it lies in: a certificate, or a kubeconfig.</summary>
    public string Path => Info.Path;

    /// <summary>Whether it issues others, is one of a server or a client, or stands in a kubeconfig.</summary>
    public CertificateForm Form => Info.Form;

    /// <summary>The user or server it is made out to.</summary>
    public string CommonName => Info.CommonName;

    /// <summary>Whole days until it ends, as the controller's clock goes; negative once it has.</summary>
    public int DaysLeft => Info.DaysLeft;

    /// <summary>When it ends, in UTC.</summary>
    public DateTimeOffset NotAfter => Info.NotAfter;

    /// <summary>The file of the authority on the host that signed it; null where none of them did.</summary>
    public string? Authority => Info.Authority;

    /// <summary>Names and addresses of the server.</summary>
    public IReadOnlyList<string> SubjectAlternativeNames => Info.SubjectAlternativeNames;

    /// <summary>What is wrong with it, as far as it can be seen on its host.</summary>
    public IReadOnlyList<CertificateProblem> Problems => Info.Problems;

    /// <inheritdoc/>
    public override string ToString() => $"{Info} of {Host}";
}
