using Sealer.Clusterfiles.Documents;

namespace Sealer.Planning;

/// <summary>Turns what shall be and what is into a plan. Decides, and touches nothing; the same input gives the same steps.</summary>
public static class Planner
{
    /// <summary>Makes a plan.</summary>
    /// <exception cref="SealerException"><c>NoControlPlane</c>: none that could have the lock was found.</exception>
    public static Plan Make(PlanRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var notes = new List<string>(request.Notes);
        var holders = Holders(request, notes);
        var steps = new PlanSteps(request, notes).Make();
        return new Plan
        {
            Cluster = request.Spec.Name,
            Created = request.Created,
            Clusterfile = request.Clusterfile,
            ClusterfileDigest = request.ClusterfileDigest,
            Image = request.Image,
            ImageDigest = request.ImageDigest,
            LockHost = holders[0],
            LockSuccessors = [.. holders.Skip(1)],
            Hosts =
            [
                .. request.Hosts.Select(host => new PlanHost(
                    host.Name, host.Spec.Roles, host.IsKnown ? HostFingerprint.Of(host) : null, host.IsKnown ? null : host.Error?.Message ?? "It was not asked.")),
                .. (request.Kubernetes?.Leaving ?? []).Select(leaving => leaving.Host).OfType<ObservedHost>().Where(host => host.IsKnown)
                    .Select(host => new PlanHost(host.Name, host.Spec.Roles, HostFingerprint.Of(host)) { Leaves = true }),
            ],
            Notes = notes,
            Steps = steps,
        };
    }

    /// <summary>True where a host has the registry's content: every control plane, or the first one only.</summary>
    public static bool ServesRegistry(ClusterSpec spec, HostSpec host)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(host);
        return spec.Registry.Local is { } local && host.IsControlPlane
            && (local.IsHighlyAvailable || spec.ControlPlanes.First().Address.Equals(host.Address));
    }

    // The lock lies where it lay: on the first control plane that has had it. One that is new and stands before the others in
    // the Clusterfile does not get it while another lives.
    private static List<string> Holders(PlanRequest request, List<string> notes)
    {
        var planes = request.Hosts.Where(host => host.Spec.IsControlPlane).ToList();
        var alive = planes.Where(host => host.IsKnown).ToList();
        var inOrder = alive.Where(host => host.State!.HasLock).Concat(alive.Where(host => !host.State!.HasLock)).Select(host => host.Name).ToList();
        if (inOrder.Count == 0)
        {
            throw new SealerException(
                "NoControlPlane", ErrorKind.Connection,
                planes.Count == 0
                    ? $"The cluster {request.Spec.Name} has no control plane. Give a host the role {HostSpec.ControlPlaneRole} in the Clusterfile."
                    : $"No control plane of the cluster {request.Spec.Name} can be reached, so that nothing can keep its lock and its journal: {string.Join(" ", planes.Select(host => host.Error?.Message).OfType<string>().Distinct())}",
                request.Spec.Name);
        }

        if (inOrder[0] != planes[0].Name)
        {
            notes.Add($"The cluster's lock and journal lie on {inOrder[0]}: {planes[0].Name}, the first control plane, {(planes[0].IsKnown ? "is new" : "cannot be reached")}.");
        }

        return inOrder;
    }
}
