using System.Globalization;
using Sealer.Clusterfiles.Documents;

namespace Sealer.Planning;

/// <summary>Makes the steps of a plan, phase by phase in sealer's order, each after all that it waits for.</summary>
/// <param name="request">What the plan is made from.</param>
/// <param name="notes">Gets what should be known.</param>
internal sealed partial class PlanSteps(PlanRequest request, List<string> notes)
{
    private const int Shown = 3;
    private const long Mebibyte = 1 << 20;

    private readonly List<PlanStep> _steps = [];
    private readonly Dictionary<string, string> _last = new(StringComparer.Ordinal);
    private readonly List<ObservedHost> _known = [.. request.Hosts.Where(host => host.IsKnown)];

    public IReadOnlyList<PlanStep> Make()
    {
        if (request.Renewal is not null)
        {
            Renewals();
            return _steps;
        }

        foreach (var host in _known)
            HostAliases(host);
        Plugins(PluginPhase.BeforeDistribution, [], []);
        foreach (var host in _known)
            Content(host);
        // Of the hosts that failed before, the first control plane's script can do without; what it prepares, all others need.
        Plugins(PluginPhase.PreInstall, [], [ContentPayload.KindName]);
        Plugins(PluginPhase.PreScaleUp, [], [ContentPayload.KindName]);
        Plugins(PluginPhase.PreInitHost, [PluginPhases.NameOf(PluginPhase.PreInstall), .. PhasesThereAre(PluginPhase.PreScaleUp)], []);
        Kubernetes();
        Plugins(PluginPhase.PostInitHost, [], [PluginPhases.NameOf(PluginPhase.PreInitHost), .. _kubernetesPhases]);
        Plugins(PluginPhase.PostScaleUp, [], [PluginPhases.NameOf(PluginPhase.PostInitHost)]);
        PostInstall();
        Applications();
        Readiness();
        Leaving();
        State();
        return _steps;
    }

    private void HostAliases(ObservedHost host)
    {
        var file = host.State!.HostsFile;
        var aliases = ClusterAliases.Of(request, host, joining: host.State.Kubernetes?.IsMember != true);
        var wanted = HostAliasLines.Apply(file, request.Spec.Name, aliases);
        if (wanted == file)
            return;
        Add(host, HostAliasesPayload.KindName, new HostAliasesPayload { Lines = HostAliasLines.Of(aliases) }, new Words(
            aliases.Count == 0
                ? "Remove this cluster's lines from /etc/hosts"
                : $"Write {Count(aliases.Count, "line")} to /etc/hosts",
            HostAliasLines.Difference(file, wanted), PlanRisk.Medium, request.Rates.Step));
    }

    private void Content(ObservedHost host)
    {
        if (host.Content is not { Lacking: > 0 } content)
            return;
        var what = $"Bring {Count(content.Lacking, "file")} of {request.Image} to {content.Desired.Folder}{(content.Way.Length > 0 ? $", {content.Way}" : "")}";
        var why = !content.Exists ? "the folder is not there"
            : $"{Number(content.Lacking)} of {Number(content.Entries)} {(content.Lacking == 1 ? "is" : "are")} missing or otherwise: {Some(content.Examples, content.Lacking)}";
        if (content.FreeBytes is { } free && free < content.Bytes)
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"{host.Name} has {free / Mebibyte:N0} MiB of room for {content.Desired.Folder}, and needs {content.Bytes / Mebibyte:N0} MiB."));
        var estimate = request.Rates.Step + TimeSpan.FromSeconds(content.Bytes / request.Rates.BytesPerSecond);
        Add(host, ContentPayload.KindName, content.Desired, new Words(what, why, content.Exists ? PlanRisk.Low : PlanRisk.None, estimate, content.Bytes));
    }

    private void Plugins(PluginPhase phase, IReadOnlyList<string> needs, IReadOnlyList<string> after)
    {
        // Each scaling up is one of its own: who comes is part of what its scripts are told.
        var joining = phase is PluginPhase.PreScaleUp or PluginPhase.PostScaleUp ? Joining() : null;
        if (joining is [])
            return;
        foreach (var host in _known)
        {
            foreach (var script in PluginScript.Of(request, phase, host.Spec, joining))
            {
                var recorded = host.State!.PluginRecords.GetValueOrDefault(script.Record);
                if (joining is null && recorded is not null && script.WasRun(recorded))
                    continue;
                Plugin(host, script, recorded is null ? "it has not run there" : "its script or its variables have changed since it ran there", needs, after, joining);
            }
        }
    }

    private void Plugin(ObservedHost host, PluginScript script, string why, IReadOnlyList<string> needs, IReadOnlyList<string> after, IReadOnlyList<string>? joining) => Add(
        host, script.Phase,
        new PluginPayload
        {
            Name = script.Name,
            Phase = script.Phase,
            Record = script.Record,
            Digest = script.Digest,
            Folder = script.Folder,
            TimeoutSeconds = (int)request.PluginTimeout.TotalSeconds,
            Joining = joining ?? [],
        },
        new Words($"Run the plugin {script.Name} ({script.Phase})", why, PlanRisk.Medium, request.Rates.Step + request.Rates.Plugin),
        needs, after);

    private IEnumerable<string> PhasesThereAre(PluginPhase phase) => _steps.Select(step => step.Phase).Where(name => name == PluginPhases.NameOf(phase)).Take(1);

    // It declares that all is done: where a host is missing or has failed, it waits for the next time.
    private void PostInstall()
    {
        var missing = request.Hosts.Where(host => !host.IsKnown).Select(host => host.Name).ToList();
        if (missing.Count > 0)
        {
            var waiting = request.Plugins.Where(plugin => plugin.Phases.Contains(PluginPhase.PostInstall)).Select(plugin => plugin.Name).Order(StringComparer.Ordinal).ToList();
            if (waiting.Count > 0)
                notes.Add($"Plugins of post-install ({string.Join(", ", waiting)}) wait for {string.Join(", ", missing.Take(Shown))}{(missing.Count > Shown ? $" and {missing.Count - Shown} more" : "")}, which cannot be reached.");
            return;
        }

        Plugins(PluginPhase.PostInstall, [.. _steps.Select(step => step.Phase).Distinct()], []);
    }

    private void Add(
        ObservedHost host, string phase, StepPayload payload, Words words, IReadOnlyList<string>? needs = null, IReadOnlyList<string>? after = null, IReadOnlyList<string>? before = null)
    {
        var id = PlanFile.StepId(host.Name, payload);
        _steps.Add(new PlanStep
        {
            Id = id,
            Host = host.Name,
            What = words.What,
            Why = words.Why,
            Bytes = words.Bytes,
            Risk = words.Risk,
            Estimate = words.Estimate,
            Phase = phase,
            DependsOn = [.. (_last.TryGetValue(host.Name, out var last) ? [last] : Array.Empty<string>()).Concat(before ?? []).Distinct(StringComparer.Ordinal)],
            DependsOnPhases = needs ?? [],
            AfterPhases = after ?? [],
            Payload = payload,
        });
        _last[host.Name] = id;
    }

    private static string Some(IReadOnlyList<string> paths, int all) =>
        string.Join(", ", paths.Take(Shown)) + (all > Shown ? ", ..." : "");

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{Number(count)} {what}s";

    private static string Number(int number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private sealed record Words(string What, string Why, PlanRisk Risk, TimeSpan Estimate, long Bytes = 0);
}
