namespace Sealer.Registries;

/// <summary>A client certificate in PEM files.</summary>
/// <param name="CertificateFile">The certificate, with its intermediates if there are any.</param>
/// <param name="KeyFile">The private key, not encrypted.</param>
public sealed record ClientCertificateFiles(string CertificateFile, string KeyFile);
