using System.Management.Automation;
using Sealer.Delivery;
using Sealer.Planning;

namespace Sealer.PowerShell;

/// <summary>
/// With what a plan was made in this session: it travels with the object through the pipeline, and is neither shown nor
/// written, since credentials are part of it.
/// </summary>
/// <param name="Cluster">The cluster as it shall be.</param>
/// <param name="Access">How its hosts were reached.</param>
/// <param name="Image">The image that was given; null where the Clusterfile names it.</param>
internal sealed record PlanOrigin(Cluster Cluster, HostAccess Access, string? Image)
{
    private const string Set = "SealerOrigin";

    public static PSObject Attach(Plan plan, PlanOrigin origin)
    {
        var shown = PSObject.AsPSObject(plan);
        shown.Members.Add(new PSMemberSet(Set, [new PSNoteProperty(Set, origin)]));
        return shown;
    }

    public static PlanOrigin? Of(Plan plan) =>
        PSObject.AsPSObject(plan).Members[Set] is PSMemberSet set ? set.Members[Set]?.Value as PlanOrigin : null;
}
