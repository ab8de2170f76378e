using System.Diagnostics;

namespace Sealer.Registries;

/// <summary>
/// A password or token that does not show itself: text forms, debuggers and serializers see <c>***</c>. It keeps
/// secrets out of messages and logs; it does not hide them in memory.
/// </summary>
[DebuggerDisplay("***")]
public sealed class RegistrySecret
{
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly string _value;

    /// <param name="value">The secret in clear.</param>
    public RegistrySecret(string value) => _value = value;

    /// <summary>The secret in clear. A method, so that nothing that walks properties finds it.</summary>
    public string Reveal() => _value;

    /// <inheritdoc/>
    public override string ToString() => "***";
}
