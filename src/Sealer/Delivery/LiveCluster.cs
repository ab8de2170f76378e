using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sealer.Apps;
using Sealer.Clusterfiles;
using Sealer.Delivery.Kubernetes;
using Sealer.Hosts;
using Sealer.Kubernetes;

namespace Sealer.Delivery;

/// <summary>Asks a cluster's API how it is, over SSH on its control planes: the controller need not reach the API.</summary>
public static class LiveCluster
{
    /// <summary>Where a cluster keeps what was launched on it: a configmap in <c>kube-system</c>.</summary>
    internal const string Applications = "sealer-applications";

    /// <summary>kubectl with all rights, on a control plane.</summary>
    internal const string Kubectl = "kubectl --kubeconfig " + AdminConfig + " --request-timeout 20s";

    /// <summary>The same, whose requests last as long as they do.</summary>
    internal const string PatientKubectl = "kubectl --kubeconfig " + AdminConfig + " --request-timeout 0";

    /// <summary>The kubeconfig with all rights that every control plane has.</summary>
    internal const string AdminConfig = "/etc/kubernetes/admin.conf";

    private const string Between = "\nsealer-applications\n";
    private const int MaxOutput = 64 << 20;

    /// <summary>The first control plane whose API answers tells of them all.</summary>
    /// <param name="cluster">The cluster's name.</param>
    /// <param name="planes">Its control planes.</param>
    /// <param name="clock">Says when; null for this machine's.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SealerException"><c>ClusterSilent</c>: none answers, with what the first one says.</exception>
    public static async Task<ClusterStatus> LookAsync(string cluster, IEnumerable<IHost> planes, TimeProvider? clock = null, CancellationToken cancellationToken = default) =>
        (await AskAsync(cluster, planes, withState: false, clock, cancellationToken).ConfigureAwait(false)).Status;

    /// <summary>As above, with what the cluster keeps of itself, and the one that told it.</summary>
    /// <inheritdoc cref="LookAsync"/>
    internal static Task<LiveAnswer> AskAsync(string cluster, IEnumerable<IHost> planes, TimeProvider? clock = null, CancellationToken cancellationToken = default) =>
        AskAsync(cluster, planes, withState: true, clock, cancellationToken);

    /// <summary>What the cluster keeps of itself; null where it keeps nothing.</summary>
    internal static async Task<ClusterState?> KeptAsync(IHost plane, CancellationToken cancellationToken)
    {
        var result = await plane.RunAsync(new HostCommand(Get(withState: true)) { Elevated = true, Timeout = KubernetesDelivery.Patience, MaxOutput = MaxOutput }, cancellationToken).ConfigureAwait(false);
        return Readable(plane, () => StateOf(ObjectsOf(RequireSecretly(result).Output)));
    }

    private static async Task<LiveAnswer> AskAsync(string cluster, IEnumerable<IHost> planes, bool withState, TimeProvider? clock, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(planes);
        SealerException? first = null;
        foreach (var plane in planes)
        {
            try
            {
                return await ReadAsync(plane, cluster, withState, clock ?? TimeProvider.System, cancellationToken).ConfigureAwait(false);
            }
            catch (SealerException e)
            {
                first ??= e;
            }
        }

        throw new SealerException(
            "ClusterSilent", ErrorKind.ResourceUnavailable,
            $"No control plane of the cluster {cluster} tells how it is. {first?.Message ?? "It has none."}", cluster, first);
    }

    /// <summary>What the cluster keeps of applications, by name.</summary>
    internal static async Task<IReadOnlyDictionary<string, AppRecord>> ApplicationsAsync(IHost plane, CancellationToken cancellationToken)
    {
        var command = $"{Kubectl} -n kube-system get configmap {Applications} -o json --ignore-not-found";
        var result = await plane.RunAsync(new HostCommand(command) { Elevated = true, Timeout = KubernetesDelivery.Patience, MaxOutput = MaxOutput }, cancellationToken).ConfigureAwait(false);
        return Readable(plane, () => RecordsOf(Find(ObjectsOf(result.Require("ask what was launched").Output), "ConfigMap", Applications)));
    }

    private static Dictionary<string, AppRecord> RecordsOf(JsonObject? data) => (data ?? []).ToDictionary(pair => pair.Key, pair => AppRecord.Read($"{pair.Value}"), StringComparer.Ordinal);

    private static async Task<LiveAnswer> ReadAsync(IHost plane, string cluster, bool withState, TimeProvider clock, CancellationToken cancellationToken)
    {
        var script = $"{Kubectl} get nodes -o json || exit 1\nprintf '{Between.Replace("\n", "\\n", StringComparison.Ordinal)}'\n{Get(withState)}";
        var result = await plane.RunAsync(new HostCommand(script) { Elevated = true, Timeout = KubernetesDelivery.Patience, MaxOutput = MaxOutput }, cancellationToken).ConfigureAwait(false);
        var text = RequireSecretly(result).Output;
        var middle = text.IndexOf(Between, StringComparison.Ordinal);
        if (middle < 0 || result.Truncated)
            throw NotReadable(plane);
        return Readable(plane, () =>
        {
            var objects = ObjectsOf(text[(middle + Between.Length)..]);
            var applications = RecordsOf(Find(objects, "ConfigMap", Applications));
            var status = new ClusterStatus(clock.GetUtcNow())
            {
                Nodes = NodeReader.Read(cluster, text[..middle]),
                Applications = applications.ToDictionary(pair => pair.Key, pair => pair.Value.Digest, StringComparer.Ordinal),
                ApplicationRecords = applications,
            };
            return new LiveAnswer(status, StateOf(objects), plane);
        });
    }

    private static SealerException NotReadable(IHost plane) =>
        new("NodesNotReadable", ErrorKind.InvalidContent, $"What {plane.Name} says of its cluster cannot be read.", plane.Name);

    // A host that lies may give text where an object belongs, or a key twice, which shows when it is looked at.
    private static T Readable<T>(IHost plane, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException)
        {
            throw NotReadable(plane);
        }
    }

    // A question for all at once costs what one costs.
    private static string Get(bool withState) =>
        $"{Kubectl} -n kube-system get configmap/{Applications} {(withState ? $"configmap/{ClusterState.Name} secret/{ClusterState.Name} " : "")}-o json --ignore-not-found";

    // What it printed may hold secrets, and is in no error: its other output says what is wrong.
    private static HostCommandResult RequireSecretly(HostCommandResult result) => (result.Succeeded ? result : result with { Output = "" }).Require("ask the cluster's API");

    // Of several things that are asked for, one that is there alone stands alone.
    private static IReadOnlyList<JsonObject> ObjectsOf(string json)
    {
        try
        {
            var found = json.Trim().Length == 0 ? null : JsonNode.Parse(json) as JsonObject;
            return found is null ? [] : found["items"] is JsonArray items ? [.. items.OfType<JsonObject>()] : [found];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private static JsonObject? Find(IReadOnlyList<JsonObject> objects, string kind, string name) =>
        objects.FirstOrDefault(each => $"{each["kind"]}" == kind && $"{each["metadata"]?["name"]}" == name)?["data"] as JsonObject;

    private static ClusterState? StateOf(IReadOnlyList<JsonObject> objects)
    {
        if (Find(objects, "ConfigMap", ClusterState.Name)?[ClusterState.Key] is not { } text)
            return null;
        var secrets = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in Find(objects, "Secret", ClusterState.Name) ?? [])
        {
            var bytes = new byte[$"{value}".Length];
            if (Convert.TryFromBase64String($"{value}", bytes, out var length))
                secrets[key] = Encoding.UTF8.GetString(bytes, 0, length);
        }

        return new ClusterState($"{text}", secrets);
    }
}

/// <summary>What a control plane told of its cluster.</summary>
/// <param name="Status">How it is.</param>
/// <param name="Kept">What it keeps of itself; null where it keeps nothing, or was not asked for it.</param>
/// <param name="Plane">Who told it.</param>
internal sealed record LiveAnswer(ClusterStatus Status, ClusterState? Kept, IHost Plane);
