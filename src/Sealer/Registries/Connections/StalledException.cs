namespace Sealer.Registries.Connections;

/// <summary>The connection stands but nothing moves on it.</summary>
internal sealed class StalledException(string message) : IOException(message);
