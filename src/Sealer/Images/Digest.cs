using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sealer.Images;

/// <summary>
/// The content address of a blob: <c>sha256:</c> and 64 lower-case hexadecimal digits (or <c>sha512:</c> and 128, which
/// are read but never written by this product). The hexadecimal part is safe to use as a file name.
/// </summary>
[JsonConverter(typeof(Digest.DigestJsonConverter))]
public readonly record struct Digest : IComparable<Digest>
{
    /// <summary>The only algorithm that is written.</summary>
    public const string Sha256 = "sha256";

    private const string Sha512 = "sha512";

    private readonly string? _text;

    private Digest(string text) => _text = text;

    /// <summary><c>sha256</c> or <c>sha512</c>.</summary>
    public string Algorithm => Text[..Text.IndexOf(':', StringComparison.Ordinal)];

    /// <summary>The digits after the colon.</summary>
    public string Hex => Text[(Text.IndexOf(':', StringComparison.Ordinal) + 1)..];

    /// <summary>The first twelve digits, as tables show them.</summary>
    public string Short => Hex[..12];

    /// <summary>True for <c>default(Digest)</c>, which addresses nothing.</summary>
    public bool IsEmpty => _text is null;

    private string Text => _text ?? throw new InvalidOperationException("The digest is empty.");

    /// <summary>Reads <c>algorithm:hex</c>.</summary>
    /// <exception cref="SealerException"><c>InvalidDigest</c>: not of that form.</exception>
    public static Digest Parse(string? text) => TryParse(text, out var digest)
        ? digest
        : throw new SealerException(
            "InvalidDigest",
            ErrorKind.InvalidContent,
            $"'{text}' is not a digest. A digest is 'sha256:' and 64 lower-case hexadecimal digits.",
            text);

    /// <summary>Reads <c>algorithm:hex</c>; false where it is not of that form.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Digest digest)
    {
        digest = default;
        if (text is null)
            return false;
        var hexLength = text.StartsWith(Sha256 + ":", StringComparison.Ordinal) ? 64
            : text.StartsWith(Sha512 + ":", StringComparison.Ordinal) ? 128
            : 0;
        if (hexLength == 0 || text.Length != 7 + hexLength)
            return false;
        foreach (var c in text.AsSpan(7))
        {
            if (c is not ((>= '0' and <= '9') or (>= 'a' and <= 'f')))
                return false;
        }

        digest = new Digest(text);
        return true;
    }

    /// <summary>The SHA-256 digest of <paramref name="content"/>.</summary>
    public static Digest Of(ReadOnlySpan<byte> content) => FromHash(SHA256.HashData(content));

    /// <summary>Makes a digest of a finished SHA-256 (32 bytes).</summary>
    public static Digest FromHash(ReadOnlySpan<byte> hash) => hash.Length == 32
        ? new Digest(Sha256 + ":" + Convert.ToHexString(hash).ToLowerInvariant())
        : throw new ArgumentException("A SHA-256 has 32 bytes.", nameof(hash));

    /// <summary>An incremental hash of this digest's algorithm, to verify content against it.</summary>
    public IncrementalHash CreateHash() =>
        IncrementalHash.CreateHash(Algorithm == Sha512 ? HashAlgorithmName.SHA512 : HashAlgorithmName.SHA256);

    /// <summary>True where <paramref name="hash"/> (raw bytes) is what this digest says.</summary>
    public bool Matches(ReadOnlySpan<byte> hash) =>
        string.Equals(Convert.ToHexString(hash), Hex, StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public int CompareTo(Digest other) => string.CompareOrdinal(_text, other._text);

    /// <inheritdoc/>
    public override string ToString() => _text ?? "";

    internal sealed class DigestJsonConverter : JsonConverter<Digest>
    {
        public override Digest Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            TryParse(reader.GetString(), out var digest)
                ? digest
                : throw new JsonException($"'{reader.GetString()}' is not a digest.");

        public override void Write(Utf8JsonWriter writer, Digest value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}
