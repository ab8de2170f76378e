using Sealer.Hosts;

namespace Sealer.Transfer;

/// <summary>A folder of a host that is to hold content, and nothing of ours but content.</summary>
/// <param name="Host">The host.</param>
/// <param name="Folder">Absolute, as <c>/var/lib/sealer/data/my-cluster/rootfs</c>. Beside it lies what is needed to bring it there.</param>
public sealed record ContentTarget(IHost Host, string Folder)
{
    /// <summary>What of the content it gets. All that a folder shall hold is said at once: what is left out is removed.</summary>
    public ContentFilter Filter { get; init; } = ContentFilter.Everything;

    /// <summary>Small files of its own.</summary>
    public IReadOnlyList<ContentOverride> Overrides { get; init; } = [];

    /// <summary>Where other hosts reach its sshd; null for what the controller's own connection says, where it has one.</summary>
    public PeerAddress? Peer { get; init; }

    /// <summary>Where what belongs to the delivery lies on the host, on the same file system.</summary>
    internal string State => Folder[..(Folder.LastIndexOf('/') + 1)] + ".sealer-" + Folder[(Folder.LastIndexOf('/') + 1)..];

    internal string ParentFolder => Folder.LastIndexOf('/') is var slash and > 0 ? Folder[..slash] : "/";
}
