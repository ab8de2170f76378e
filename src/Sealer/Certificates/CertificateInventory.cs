namespace Sealer.Certificates;

/// <summary>What certificates and keys a host has; made of bytes by <see cref="CertificateReader"/>. Holds nothing secret.</summary>
public sealed record CertificateInventory
{
    /// <summary>Every certificate, in the order of the paths.</summary>
    public IReadOnlyList<CertificateInfo> Certificates { get; init; } = [];

    /// <summary>Keys beside which no certificate lies: those of the service accounts, and what an authority was lost of.</summary>
    public IReadOnlyList<KeyInfo> Keys { get; init; } = [];

    /// <summary>The first certificate of a file, or null.</summary>
    public CertificateInfo? Find(string path) => Certificates.FirstOrDefault(c => c.Position == 0 && c.Path == path);

    /// <summary>A key beside which no certificate lies, or null.</summary>
    public KeyInfo? FindKey(string path) => Keys.FirstOrDefault(k => k.Path == path);
}

/// <summary>A private key without a certificate.</summary>
/// <param name="Path">Its file.</param>
/// <param name="State">Whether it can be read.</param>
/// <param name="KeyType">For example <c>RSA 2048</c>; empty where it cannot.</param>
/// <param name="HasPublicKey">True where the file of the same name with <c>.pub</c> holds its public key.</param>
/// <param name="IsLoose">True where others than the owner may read it.</param>
public sealed record KeyInfo(string Path, KeyState State, string KeyType, bool HasPublicKey, bool IsLoose);
