namespace Sealer.Kubefiles.Instructions;

/// <summary><c>COPY [--chown=u:g] [--chmod=mode] SOURCE... DESTINATION</c>: files of the context into the rootfs.</summary>
public record CopyInstruction : KubefileInstruction
{
    /// <summary>What is copied, at least one.</summary>
    public required IReadOnlyList<CopySource> Sources { get; init; }

    /// <summary>Where to, relative to the rootfs.</summary>
    public required string Destination { get; init; }

    /// <summary><c>user[:group]</c> in numbers or names, or null for 0:0.</summary>
    public string? Chown { get; init; }

    /// <summary>Permission bits that every copied file and folder gets, or null to keep them.</summary>
    public int? Chmod { get; init; }
}
