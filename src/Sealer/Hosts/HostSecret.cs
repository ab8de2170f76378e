using System.Diagnostics;

namespace Sealer.Hosts;

/// <summary>A password or passphrase on its way to a host. Never prints; only <see cref="Reveal"/> gives it away.</summary>
/// <param name="value">The secret, on one line.</param>
[DebuggerDisplay("***")]
public sealed class HostSecret(string value)
{
    private const int ShortestToHide = 4;

    private readonly string _value = value.AsSpan().IndexOfAny('\n', '\r', '\0') < 0
        ? value
        : throw new ArgumentException("A secret is one line.", nameof(value));

    /// <summary>The secret itself. For use, never for messages, logs or command lines.</summary>
    public string Reveal() => _value;

    /// <summary>Always <c>***</c>.</summary>
    public override string ToString() => "***";

    /// <summary>Text with the secret taken out; one so short that it would be found everywhere is left.</summary>
    internal string HideIn(string text) =>
        _value.Length < ShortestToHide ? text : text.Replace(_value, "***", StringComparison.Ordinal);
}
