using System.Diagnostics;

namespace Sealer.Kubernetes.Runtimes;

/// <summary>A file of a container runtime on a host. It never prints what it holds.</summary>
/// <param name="path">Absolute.</param>
/// <param name="text">What it holds.</param>
/// <param name="isSecret">It holds a password: 0600.</param>
[DebuggerDisplay("{Path}")]
public sealed class RuntimeFile(string path, string text, bool isSecret)
{
    /// <summary>Absolute.</summary>
    public string Path { get; } = path;

    /// <summary>What it holds.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string Text { get; } = text;

    /// <summary>It holds a password: 0600.</summary>
    public bool IsSecret { get; } = isSecret;

    /// <summary>The path.</summary>
    public override string ToString() => Path;
}
