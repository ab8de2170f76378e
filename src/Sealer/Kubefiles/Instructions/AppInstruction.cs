namespace Sealer.Kubefiles.Instructions;

/// <summary>What an application is for.</summary>
public enum AppKind
{
    /// <summary>APP: any application.</summary>
    App,

    /// <summary>CNI: the cluster's network.</summary>
    Cni,

    /// <summary>CSI: storage.</summary>
    Csi,
}

/// <summary><c>APP NAME SOURCE...</c>, and the same of CNI and CSI: files below <c>application/apps/NAME/</c>.</summary>
public sealed record AppInstruction : KubefileInstruction
{
    /// <summary>What the application is for.</summary>
    public required AppKind Kind { get; init; }

    /// <summary>Its name; a plain folder name.</summary>
    public required string Name { get; init; }

    /// <summary>Its files, at least one.</summary>
    public required IReadOnlyList<AppSource> Sources { get; init; }
}

/// <summary>A source of an application.</summary>
/// <param name="Span">Where it stands.</param>
/// <param name="Path">The path in the context (of <c>local://</c>, without it), or the whole http(s) address.</param>
/// <param name="IsRemote">True of http(s) addresses.</param>
public sealed record AppSource(SourceSpan Span, string Path, bool IsRemote);
