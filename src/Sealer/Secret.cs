using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sealer;

/// <summary>
/// A password, passphrase or token. It never prints: not as text, not inside a record, not as JSON, not in a debugger. Only
/// <see cref="Reveal"/> gives it away. It keeps secrets out of messages and logs; it does not hide them in memory.
/// </summary>
[DebuggerDisplay("***")]
[JsonConverter(typeof(Masked))]
public sealed class Secret : IEquatable<Secret>
{
    private const string Mask = "***";

    private const int ShortestToHide = 4;

    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly string? _value;

    private Secret(string? value, SecretSource? source) => (_value, Source) = (value, source);

    /// <summary>Where it comes from, or null where it stood in the Clusterfile or was given.</summary>
    public SecretSource? Source { get; }

    /// <summary>False where only its source is known.</summary>
    public bool HasValue => _value is not null;

    /// <summary>A secret given as it is.</summary>
    public static Secret Of(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new Secret(value, null);
    }

    /// <summary>A secret from elsewhere.</summary>
    /// <param name="value">What is there; null where that was not read.</param>
    /// <param name="source">Where.</param>
    public static Secret From(string? value, SecretSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new Secret(value, source);
    }

    /// <summary>The secret itself. For use, never for messages, logs or command lines.</summary>
    /// <exception cref="SealerException"><c>SecretNotResolved</c>: only its source is known.</exception>
    public string Reveal() => _value ?? throw new SealerException(
        "SecretNotResolved",
        ErrorKind.Authentication,
        $"The secret from {Source} was not read. Read the Clusterfile where its secrets are.",
        Source?.ToString());

    /// <summary>Refuses a secret that cannot go where one line is read, like the input of sudo.</summary>
    /// <param name="what">What it is, for the message.</param>
    /// <exception cref="SealerException"><c>SecretNotOneLine</c>.</exception>
    public void RequireOneLine(string what)
    {
        if (_value.AsSpan().IndexOfAny('\n', '\r', '\0') < 0)
            return;
        throw new SealerException(
            "SecretNotOneLine",
            ErrorKind.InvalidInput,
            $"{what} has several lines{(Source is null ? "" : $" in {Source}")}, and a host reads one. Give one line.",
            Source?.ToString());
    }

    /// <summary>Text with the secret taken out; one so short that it would be found everywhere is left.</summary>
    public string HideIn(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return _value is not { Length: >= ShortestToHide } ? text : text.Replace(_value, Mask, StringComparison.Ordinal);
    }

    /// <summary>Always <c>***</c>.</summary>
    public override string ToString() => Mask;

    /// <inheritdoc/>
    public bool Equals(Secret? other) => other is not null
        && Equals(Source, other.Source)
        && HasValue == other.HasValue
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(_value ?? ""), Encoding.UTF8.GetBytes(other._value ?? ""));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Secret);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Source, HasValue);

    private sealed class Masked : JsonConverter<Secret>
    {
        public override Secret? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("Secrets are not kept as JSON.");

        public override void Write(Utf8JsonWriter writer, Secret value, JsonSerializerOptions options) =>
            writer.WriteStringValue(Mask);
    }
}
