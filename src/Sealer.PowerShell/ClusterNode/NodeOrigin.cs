using System.Management.Automation;
using Sealer.Delivery;

namespace Sealer.PowerShell;

/// <summary>
/// Of which cluster a node was told in this session: it travels with the object through the pipeline, and is neither shown nor
/// written, since credentials are part of it.
/// </summary>
/// <param name="Cluster">The cluster.</param>
/// <param name="Access">How its hosts were reached.</param>
internal sealed record NodeOrigin(Cluster Cluster, HostAccess Access)
{
    private const string Set = "SealerOrigin";

    public static PSObject Attach(Sealer.ClusterNode node, NodeOrigin origin)
    {
        var shown = PSObject.AsPSObject(node);
        shown.Members.Add(new PSMemberSet(Set, [new PSNoteProperty(Set, origin)]));
        return shown;
    }

    public static NodeOrigin? Of(PSObject node) => node.Members[Set] is PSMemberSet set ? set.Members[Set]?.Value as NodeOrigin : null;
}
