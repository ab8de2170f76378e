using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sealer.Apps;
using Sealer.Hosts;

namespace Sealer.Delivery.Kubernetes;

/// <summary>Asks a control plane what applications have in the API, how it is, and what is wrong with what is not ready.</summary>
internal static class AppWatch
{
    private const string Part = "\nsealer-part\n";
    private const int MaxOutput = 64 << 20;
    private const int Events = 5;
    private const int Lines = 8;
    private const int Told = 300;

    /// <summary>How all of these are, those that are there: in one round trip, namespace by namespace.</summary>
    /// <exception cref="SealerException"><c>HostCommandFailed</c>, <c>AppsNotReadable</c>.</exception>
    public static async Task<IReadOnlyList<Workload>> LookAsync(IHost plane, IReadOnlyList<AppObject> workloads, CancellationToken cancellationToken)
    {
        if (workloads.Count == 0)
            return [];
        var script = string.Join(
            $"printf '{Part.Replace("\n", "\\n", StringComparison.Ordinal)}'\n",
            workloads.GroupBy(each => each.Namespace, StringComparer.Ordinal).Select(space => $"{KubectlIn(space.Key)} get {string.Join(' ', space.Select(each => ShellText.Quote(each.Argument)))} -o json --ignore-not-found || exit 1\n"));
        var result = await plane.RunAsync(new HostCommand(script) { Elevated = true, Timeout = 2 * KubernetesDelivery.Patience, MaxOutput = MaxOutput }, cancellationToken).ConfigureAwait(false);
        return Readable(plane, () => result.Require("say how applications are").Output.Split(Part).SelectMany(Workload.Read).ToList());
    }

    /// <summary>What is wrong with something that is not ready, in whole sentences: the pod that it waits for, its reason, its last events and words.</summary>
    public static async Task<string> WhyAsync(IHost plane, Workload late, CancellationToken cancellationToken)
    {
        var told = $"{Name(late.Object)} has {late.Ready} of {late.Wanted} ready{(late.Message.Length > 0 ? $" ({late.Message})" : "")}.";
        var space = KubectlIn(late.Object.Namespace);
        var which = late.Object.Kind == "Pod" ? ShellText.Quote($"pod/{late.Object.Name}") : late.Selector is null ? null : $"pods -l {ShellText.Quote(late.Selector)}";
        if (which is null)
            return HostText.Shown(told);
        try
        {
            var pods = await plane.RunAsync(new HostCommand($"{space} get {which} -o json --ignore-not-found") { Elevated = true, Timeout = KubernetesDelivery.Patience, MaxOutput = MaxOutput }, cancellationToken).ConfigureAwait(false);
            var trouble = Readable(plane, () => PodTrouble.Worst(Objects(pods.Require("say how pods are").Output)));
            var (kind, name) = trouble is null ? (late.Object.Kind, late.Object.Name) : ("Pod", trouble.Pod);
            var logs = trouble?.Container is { } container ? $"{space} logs {ShellText.Quote(trouble.Pod)} -c {ShellText.Quote(container)} --tail={Lines}{(trouble.WasRestarted ? " --previous" : "")} 2>/dev/null | tail -c 4000\n" : "";
            var script = $"{space} get events --field-selector {ShellText.Quote($"involvedObject.kind={kind},involvedObject.name={name}")} -o json\nprintf '{Part.Replace("\n", "\\n", StringComparison.Ordinal)}'\n{logs}:";
            var more = await plane.RunAsync(new HostCommand(script) { Elevated = true, Timeout = KubernetesDelivery.Patience, MaxOutput = MaxOutput }, cancellationToken).ConfigureAwait(false);
            return HostText.Shown(Readable(plane, () => told + Say(trouble, more.Output.Split(Part))));
        }
        catch (SealerException e)
        {
            return HostText.Shown(told) + " Its pods could not be asked for: " + e.Message;
        }
    }

    /// <summary>What something is called, for people.</summary>
    public static string Name(AppObject each) => $"{each.Kind} {(each.Namespace is null ? "" : $"{each.Namespace}/")}{each.Name}";

    private static string Say(PodTrouble? trouble, string[] parts)
    {
        var text = new StringBuilder();
        if (trouble is not null)
            text.Append($" Its pod {trouble.Pod}{(trouble.Node.Length > 0 ? $" on {trouble.Node}" : "")} is not ready: {Short(trouble.Reason.TrimEnd('.'))}.");
        var events = Objects(parts[0]).OrderBy(Time, StringComparer.Ordinal).TakeLast(Events).Select(each => $"{each["reason"]}: {Short($"{each["message"]}".Trim().TrimEnd('.'))}").ToList();
        if (events.Count > 0)
            text.Append($" Its last events: {string.Join("; ", events)}.");
        if (parts.Length > 1 && parts[1].Trim() is { Length: > 0 } words)
            text.Append($" The last lines of its container {trouble?.Container}:\n{string.Join('\n', words.Split('\n').TakeLast(Lines).Select(line => Short(line.TrimEnd())))}\n");
        return text.ToString();
    }

    private static string Short(string text) => text.Length > Told ? text[..Told] + " ..." : text;

    // All in one form and in UTC, so that they sort as text.
    private static string Time(JsonObject each) => new[] { each["lastTimestamp"], each["eventTime"], each["metadata"]?["creationTimestamp"] }.Select(node => $"{node}").FirstOrDefault(text => text.Length > 0) ?? "";

    private static IReadOnlyList<JsonObject> Objects(string json) => string.IsNullOrWhiteSpace(json) ? []
        : JsonNode.Parse(json) is JsonObject node ? node["items"] is JsonArray items ? [.. items.OfType<JsonObject>()] : [node] : [];

    private static string KubectlIn(string? space) => space is null ? LiveCluster.Kubectl : $"{LiveCluster.Kubectl} -n {ShellText.Quote(space)}";

    // A host that lies may give text where an object belongs.
    private static T Readable<T>(IHost plane, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException or ArgumentException)
        {
            throw new SealerException("AppsNotReadable", ErrorKind.InvalidContent, $"What {plane.Name} says of applications cannot be read.", plane.Name);
        }
    }
}
