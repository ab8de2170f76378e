namespace Sealer.Kubefiles.Instructions;

/// <summary><c>KUBEVERSION expression</c>: the Kubernetes versions that the image is for.</summary>
public sealed record KubeVersionInstruction : KubefileInstruction
{
    /// <summary>For example <c>1.22-1.24</c>.</summary>
    public required string Expression { get; init; }
}
