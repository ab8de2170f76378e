using Sealer.Clusterfiles.Documents;

namespace Sealer.Planning;

/// <summary>Turns what shall be and what is into a plan. Decides, and touches nothing; the same input gives the same steps.</summary>
public static class Planner
{
    /// <summary>Makes a plan.</summary>
    /// <exception cref="SealerException"><c>NoControlPlane</c>: none that could have the lock was found; <c>ControlPlanesReplaced</c>.</exception>
    public static Plan Make(PlanRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        RefuseReplaced(request);
        var notes = new List<string>(request.Notes);
        var holders = Holders(request, notes);
        return PlanOf(request, holders, notes, new PlanSteps(request, notes).Make(), leave: false);
    }

    /// <summary>Makes a plan that takes the whole cluster away from its hosts, as far as they can be reached.</summary>
    /// <exception cref="SealerException"><c>NoHostReached</c>: none of them can.</exception>
    public static Plan MakeRemoval(PlanRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var notes = new List<string>(request.Notes);
        // A cluster whose control planes are gone has workers that are still to be cleaned: one of them keeps the lock.
        var alive = request.Hosts.Where(host => host.IsKnown).OrderByDescending(host => host.State!.HasLock && host.Spec.IsControlPlane).ThenByDescending(host => host.Spec.IsControlPlane).Select(host => host.Name).ToList();
        if (alive.Count == 0)
        {
            throw new SealerException(
                "NoHostReached", ErrorKind.Connection,
                $"No host of the cluster {request.Spec.Name} can be reached, so that nothing is removed: {string.Join(" ", request.Hosts.Select(host => host.Error?.Message).OfType<string>().Distinct())}", request.Spec.Name);
        }

        return PlanOf(request, alive, notes, new PlanSteps(request, notes).MakeRemoval(), leave: true);
    }

    private static Plan PlanOf(PlanRequest request, List<string> holders, List<string> notes, IReadOnlyList<PlanStep> steps, bool leave)
    {
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
                    host.Name, host.Spec.Roles, host.IsKnown ? HostFingerprint.Of(host) : null, host.IsKnown ? null : host.Error?.Message ?? "It was not asked.") { Leaves = leave }),
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

    // Another cluster would be made beside the one that its workers are in.
    private static void RefuseReplaced(PlanRequest request)
    {
        if (request.Kubernetes is not { Exists: false, Maker: not null } || request.Hosts.FirstOrDefault(host => host is { IsKnown: true, State.Kubernetes.IsMember: true }) is not { } member)
            return;
        throw new SealerException(
            "ControlPlanesReplaced", ErrorKind.Conflict,
            $"No control plane of the Clusterfile is in a cluster yet, and {member.Name} is: its cluster has other control planes, or they are gone. Name one of those too, so that new ones can join it, and take the old ones out once that is done. To begin anew, take the cluster away from {member.Name} first, with Remove-Cluster.", request.Spec.Name);
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
