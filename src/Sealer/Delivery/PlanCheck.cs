using Sealer.Clusterfiles.Documents;
using Sealer.Kubernetes.LoadBalancing;
using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>
/// Holds a plan against the Clusterfile at hand. A plan's digest tells what somebody changed by mistake; who means it makes a new
/// digest. So nothing is taken from a plan that Clusterfile and image do not say too, and which those are is not taken from it either:
/// what a step writes is compared here and by the handlers of contents and plugins. What a forged plan can do is leave steps out,
/// change their order, and describe them falsely.
/// </summary>
internal static class PlanCheck
{
    /// <exception cref="SealerException"><c>PlanForged</c>.</exception>
    /// <param name="plan">The plan.</param>
    /// <param name="spec">What the Clusterfile says.</param>
    /// <param name="removes">The whole cluster is taken away: all hosts leave, and one that is alive has the lock.</param>
    public static void RefuseForged(Plan plan, ClusterSpec spec, bool removes = false)
    {
        var hosts = spec.Hosts.ToDictionary(host => host.Address.ToString(), StringComparer.Ordinal);
        var known = plan.Hosts.Where(host => host.Fingerprint is not null).Select(host => host.Name).ToHashSet(StringComparer.Ordinal);
        if (!known.Contains(plan.LockHost) || !hosts.TryGetValue(plan.LockHost, out var holder) || !(holder.IsControlPlane || removes))
            throw Forged(plan, $"it puts the lock on '{plan.LockHost}', which is no control plane that was asked");
        var leaving = plan.Hosts.Where(host => host.Leaves).Select(host => host.Name).ToHashSet(StringComparer.Ordinal);
        var aliases = HostAliasLines.Of(spec.HostAliases);
        var before = new HashSet<string>(StringComparer.Ordinal);
        foreach (var step in plan.Steps)
        {
            if (!known.Contains(step.Host) || (removes ? !hosts.ContainsKey(step.Host) || !leaving.Contains(step.Host) : hosts.ContainsKey(step.Host) == leaving.Contains(step.Host)))
                throw Forged(plan, $"a step is for '{step.Host}', which is no host that was asked");
            if (step.Id != PlanFile.StepId(step.Host, step.Payload) || before.Contains(step.Id))
                throw Forged(plan, $"the step '{step.Id}' ({step}) is not called what it does, or stands there twice");
            if (step.DependsOn.FirstOrDefault(id => !before.Contains(id)) is { } other)
                throw Forged(plan, $"the step '{step.Id}' ({step}) waits for '{other}', which does not stand before it");
            // What comes behind the user's own is the registry's and the API's, which the handler compares.
            if (step.Payload is HostAliasesPayload { Lines: var lines } && !(lines.Take(aliases.Count).SequenceEqual(aliases, StringComparer.Ordinal) && lines.Skip(aliases.Count).All(line => OwnNames(spec).Any(name => line.EndsWith($" {name}", StringComparison.Ordinal)))))
                throw Forged(plan, $"the step '{step.Id}' ({step}) writes other lines to /etc/hosts than the Clusterfile");
            // From hosts of the Clusterfile nothing is taken away, and hosts that leave get nothing.
            if (step.Payload is HostCleaningPayload ? !leaving.Contains(step.Host) : leaving.Contains(step.Host) && step.Payload is not PluginPayload)
                throw Forged(plan, $"the step '{step.Id}' ({step}) is none for that host");
            if (step.Payload is PluginPayload { TimeoutSeconds: <= 0 })
                throw Forged(plan, $"the step '{step.Id}' ({step}) has no time to run in");
            before.Add(step.Id);
        }
    }

    private static IEnumerable<string> OwnNames(ClusterSpec spec) => spec.Registry.Local is { } local ? [local.Domain, ApiBalancing.DefaultDomain] : [ApiBalancing.DefaultDomain];

    private static SealerException Forged(Plan plan, string what) => new(
        "PlanForged", ErrorKind.InvalidContent,
        $"The plan for {plan.Cluster} is none that Sealer made of this Clusterfile: {what}. Nothing is done with it; make a new one with Get-ClusterPlan.", plan.Cluster);
}
