using Sealer.Clusterfiles.Documents;

namespace Sealer.Planning;

/// <summary>The steps that take a whole cluster away from its hosts.</summary>
internal sealed partial class PlanSteps
{
    private const string LastCleaningPhase = "host-cleaning-files";

    // No node is drained, and no member leaves etcd: nobody is left who would be told. Scripts that may ask the API come first on all
    // hosts; those that come after find the image's files still there.
    public IReadOnlyList<PlanStep> MakeRemoval()
    {
        var hosts = _known.Where(host => HasAnything(host) && !IsForeign(host)).ToList();
        var first = hosts.Find(host => HasFiles(host) && host.Spec == request.Spec.ControlPlanes.FirstOrDefault());
        if (first is not null)
            CleanPlugins(first, PluginPhase.PreUninstall, []);
        IReadOnlyList<string> begun = [.. PhasesThereAre(PluginPhase.PreUninstall)];
        foreach (var host in hosts.Where(HasFiles))
            CleanPlugins(host, PluginPhase.PreCleanHost, begun);
        IReadOnlyList<string> prepared = [.. PhasesThereAre(PluginPhase.PreCleanHost)];
        foreach (var host in hosts)
            Remove(host, begun, prepared, IsKept(host, first));
        foreach (var host in hosts.Where(HasFiles))
            CleanPlugins(host, PluginPhase.PostCleanHost, []);
        if (first is not null)
            CleanPlugins(first, PluginPhase.PostUninstall, [], [CleaningPhase, .. PhasesThereAre(PluginPhase.PostCleanHost)]);
        foreach (var host in hosts.Where(host => IsKept(host, first)))
        {
            Add(
                host, LastCleaningPhase, new HostCleaningPayload { OnlyFiles = true, TimeoutSeconds = CleaningTimeout },
                new Words("Take the image's files away", "its plugins have run", PlanRisk.Low, request.Rates.Step));
        }

        foreach (var host in _known.Where(IsForeign))
            notes.Add($"{host.Name} has something of a Kubernetes that no delivery of {request.Spec.Name} has brought, or that was taken away without Sealer: it stays as it is.");
        foreach (var host in request.Hosts.Where(host => !host.IsKnown))
            notes.Add($"{host.Name} cannot be reached: what is on it stays there. {host.Error?.Message} Run the same again once it is back.");
        return _steps;
    }

    private void Remove(ObservedHost host, IReadOnlyList<string> needs, IReadOnlyList<string> after, bool keepsFiles)
    {
        var isInstalled = WasInstalled(host);
        Add(
            host, CleaningPhase, new HostCleaningPayload { KeepsFiles = keepsFiles, OnlyFiles = !isInstalled, TimeoutSeconds = CleaningTimeout },
            new Words(
                isInstalled ? "Take the cluster away: what runs, files, mounts, rules" : "Take the image's files and the cluster's lines of /etc/hosts away",
                "the cluster is removed", PlanRisk.High, request.Rates.Step + (isInstalled ? CleaningTime : TimeSpan.Zero)),
            needs, after);
    }

    private bool IsKept(ObservedHost host, ObservedHost? first) => HasFiles(host)
        && (PluginScript.Of(request, PluginPhase.PostCleanHost, host).Any() || (host == first && PluginScript.Of(request, PluginPhase.PostUninstall, host).Any()));

    private bool HasAnything(ObservedHost host) =>
        HasFiles(host) || WasInstalled(host) || host.State!.Token > 0 || host.State.PluginRecords.Count > 0
        || HostAliasLines.Apply(host.State.HostsFile, request.Spec.Name, []) != host.State.HostsFile;

    private static bool HasFiles(ObservedHost host) => host.State!.Kubernetes?.HasFiles == true;

    // Files of this name are what another's Kubernetes runs on, as one that sealer itself has made.
    private static bool IsForeign(ObservedHost host) =>
        (host.Facts!.Kubernetes is { IsControlPlane: true } or { IsMember: true } or { HasEtcdData: true }) && !WasInstalled(host);

    private static bool WasInstalled(ObservedHost host) => host.State!.Kubernetes is { Records.Count: > 0 } or { IsUnfinished: true };
}
