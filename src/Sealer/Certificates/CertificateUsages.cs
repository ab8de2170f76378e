namespace Sealer.Certificates;

/// <summary>What a certificate may be shown for (its extended key usage).</summary>
[Flags]
public enum CertificateUsages
{
    /// <summary>Neither: an authority.</summary>
    None = 0,

    /// <summary>By a server.</summary>
    Server = 1,

    /// <summary>By a client.</summary>
    Client = 2,
}
