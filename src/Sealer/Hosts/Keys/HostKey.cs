using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Sealer.Hosts.Keys;

/// <summary>A public key of a host.</summary>
public sealed class HostKey : IEquatable<HostKey>
{
    private readonly byte[] _blob;

    private HostKey(string type, byte[] blob) => (Type, _blob) = (type, blob);

    /// <summary>As in known_hosts, for example <c>ssh-ed25519</c>; <c>ssh-rsa</c> whatever hash its signatures use.</summary>
    public string Type { get; }

    /// <summary>The key as it goes over the wire, RFC 4253 section 6.6.</summary>
    public ReadOnlyMemory<byte> Blob => _blob;

    /// <summary>As <c>ssh-keygen -l</c> prints it: <c>SHA256:</c> and base64 without padding.</summary>
    public string Fingerprint => "SHA256:" + Convert.ToBase64String(SHA256.HashData(_blob)).TrimEnd('=');

    /// <summary>As it stands in known_hosts: type and base64.</summary>
    public string Text => $"{Type} {Convert.ToBase64String(_blob)}";

    /// <summary>Takes a key as it goes over the wire; null where it is none.</summary>
    public static HostKey? TryRead(ReadOnlySpan<byte> blob)
    {
        if (blob.Length < 8 || blob.Length > 64 * 1024)
            return null;
        var length = BinaryPrimitives.ReadUInt32BigEndian(blob);
        if (length is 0 or > 64 || length > blob.Length - 4)
            return null;
        var type = blob.Slice(4, (int)length);
        foreach (var b in type)
        {
            if (b is <= (byte)' ' or > (byte)'~')
                return null;
        }

        return new HostKey(Encoding.ASCII.GetString(type), blob.ToArray());
    }

    /// <summary>Takes <c>type base64</c>, as in known_hosts or a .pub file; null where it is none, or the type is not the key's.</summary>
    public static HostKey? TryParse(string type, string base64)
    {
        var blob = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, blob, out var length) && TryRead(blob.AsSpan(0, length)) is { } key && key.Type == type
            ? key
            : null;
    }

    /// <inheritdoc/>
    public bool Equals(HostKey? other) => other is not null && _blob.AsSpan().SequenceEqual(other._blob);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as HostKey);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(_blob);
        return hash.ToHashCode();
    }

    /// <summary>Type and fingerprint.</summary>
    public override string ToString() => $"{Type} {Fingerprint}";
}
