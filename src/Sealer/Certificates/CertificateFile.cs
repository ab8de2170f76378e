using System.Diagnostics;
using System.Text;
using System.Text.Json.Serialization;

namespace Sealer.Certificates;

/// <summary>A file of a host that holds a certificate, a key or a kubeconfig. It never prints what it holds.</summary>
[DebuggerDisplay("{Path}")]
public sealed class CertificateFile
{
    /// <summary>Of certificates: everybody reads.</summary>
    public const int PublicMode = 0x1A4; // 0644

    /// <summary>Of keys and kubeconfigs: only the owner.</summary>
    public const int SecretMode = 0x180; // 0600

    /// <param name="path">Absolute, of the host.</param>
    /// <param name="content">What it holds.</param>
    /// <param name="mode">Its permissions, or null where they are not known.</param>
    public CertificateFile(string path, ReadOnlyMemory<byte> content, int? mode = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        (Path, Content, Mode) = (path, content, mode);
    }

    /// <summary>Absolute, of the host.</summary>
    public string Path { get; }

    /// <summary>Its permissions, or null where they are not known.</summary>
    public int? Mode { get; }

    /// <summary>True where the private key in it was left on its host: of a key's file nothing is known but its mode.</summary>
    public bool IsWithoutKey { get; init; }

    /// <summary>True where it holds a private key, or may.</summary>
    public bool IsSecret => !Path.EndsWith(".crt", StringComparison.Ordinal);

    /// <summary>What it holds.</summary>
    [JsonIgnore]
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public ReadOnlyMemory<byte> Content { get; }

    /// <summary>The path.</summary>
    public override string ToString() => Path;

    internal static CertificateFile Of(string path, string text)
    {
        var file = new CertificateFile(path, Encoding.UTF8.GetBytes(text));
        return new CertificateFile(path, file.Content, file.IsSecret ? SecretMode : PublicMode);
    }
}
