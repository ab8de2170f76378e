using System.Text.Json;
using System.Text.Json.Nodes;
using Sealer.Clusterfiles.Documents;

namespace Sealer.Kubernetes;

/// <summary>
/// Labels, taints and roles that a Clusterfile gives to a host's node. What others gave it stays; what a Clusterfile gave and does not
/// give any more goes, for which the node keeps in an annotation what it got.
/// </summary>
public sealed record NodeSettings
{
    private const string Annotation = "sealer.io/given";

    private const string RolePrefix = "node-role.kubernetes.io/";

    private NodeSettings(IReadOnlyDictionary<string, string> labels, IReadOnlyList<Taint> taints) => (Labels, Taints) = (labels, taints);

    /// <summary>The labels, those of roles among them.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; }

    /// <summary>Taints to give, and taints to take away.</summary>
    public IReadOnlyList<Taint> Taints { get; }

    /// <summary>What a Clusterfile says of a host. The roles <c>master</c> and <c>node</c> are Kubernetes' own matter.</summary>
    public static NodeSettings Of(HostSpec host)
    {
        ArgumentNullException.ThrowIfNull(host);
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var role in host.Roles.Where(role => role is not (HostSpec.ControlPlaneRole or HostSpec.WorkerRole)))
            labels[RolePrefix + role] = "";
        foreach (var (name, value) in host.Labels)
            labels[name] = value;
        return new NodeSettings(labels, host.Taints);
    }

    /// <summary>True of a node that came into the cluster by a Clusterfile.</summary>
    /// <param name="node">The node as the API gives it.</param>
    public static bool IsGiven(JsonObject node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return node["metadata"]?["annotations"]?[Annotation] is not null;
    }

    /// <summary>For people and digests: <c>zone=a, gpu=true:NoSchedule</c>.</summary>
    public override string ToString() => string.Join(", ", Labels.Select(label => $"{label.Key}={label.Value}").Concat(Taints.Select(taint => taint.ToString())));

    /// <summary>
    /// What changes a node to that, as a merge patch (RFC 7386), which is refused where somebody else changed the node meanwhile; null
    /// where it is so.
    /// </summary>
    /// <param name="node">The node as the API gives it.</param>
    public JsonObject? PatchOf(JsonObject node)
    {
        ArgumentNullException.ThrowIfNull(node);
        var given = GivenTo(node);
        var labels = LabelsPatch(node["metadata"]?["labels"] as JsonObject ?? [], given);
        var before = (node["spec"]?["taints"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        var after = TaintsOf(before, given);
        var record = Record();
        var isRecorded = $"{node["metadata"]?["annotations"]?[Annotation]}" == record;
        if (labels.Count == 0 && Same(before, after) && isRecorded)
            return null;
        var metadata = new JsonObject
        {
            ["resourceVersion"] = $"{node["metadata"]?["resourceVersion"]}",
            ["labels"] = labels,
            ["annotations"] = new JsonObject { [Annotation] = record },
        };
        return Same(before, after)
            ? new JsonObject { ["metadata"] = metadata }
            : new JsonObject { ["metadata"] = metadata, ["spec"] = new JsonObject { ["taints"] = new JsonArray([.. after.Select(taint => taint.DeepClone())]) } };
    }

    private JsonObject LabelsPatch(JsonObject there, (IReadOnlyList<string> Labels, IReadOnlyList<string> Taints) given)
    {
        var patch = new JsonObject();
        foreach (var (name, value) in Labels.Where(label => there[label.Key] is not { } now || $"{now}" != label.Value))
            patch[name] = value;
        foreach (var name in given.Labels.Where(name => !Labels.ContainsKey(name) && there.ContainsKey(name)))
            patch[name] = null;
        return patch;
    }

    // By key and effect there is one taint. What stays, stays as it is: some say since when.
    private List<JsonObject> TaintsOf(List<JsonObject> before, (IReadOnlyList<string> Labels, IReadOnlyList<string> Taints) given)
    {
        var wanted = Taints.Where(taint => !taint.IsRemoval).ToList();
        var after = before.Where(taint => !Taints.Any(other => other.IsRemoval && IsOf(other, taint)))
            .Where(taint => wanted.Any(other => IsOf(other, taint)) || !given.Taints.Contains(NodeReader.TaintText(taint)))
            .Where(taint => !wanted.Any(other => IsOf(other, taint) && other.Value != $"{taint["value"]}"))
            .ToList();
        after.AddRange(wanted.Where(taint => !after.Any(there => IsOf(taint, there))).Select(taint =>
        {
            var made = new JsonObject { ["key"] = taint.Key, ["effect"] = $"{taint.Effect}" };
            if (taint.Value.Length > 0)
                made["value"] = taint.Value;
            return made;
        }));
        return after;

        static bool IsOf(Taint taint, JsonObject there) => taint.Key == $"{there["key"]}" && (taint.Effect is null || $"{taint.Effect}" == $"{there["effect"]}");
    }

    private string Record() => new JsonObject
    {
        ["labels"] = new JsonArray([.. Labels.Keys.Select(name => (JsonNode)name)]),
        ["taints"] = new JsonArray([.. Taints.Where(taint => !taint.IsRemoval).Select(taint => (JsonNode)taint.ToString())]),
    }.ToJsonString();

    private static (IReadOnlyList<string> Labels, IReadOnlyList<string> Taints) GivenTo(JsonObject node)
    {
        try
        {
            var given = JsonNode.Parse($"{node["metadata"]?["annotations"]?[Annotation] ?? "{}"}");
            return (Texts(given?["labels"]), Texts(given?["taints"]));
        }
        catch (JsonException)
        {
            // Somebody wrote something else there: nothing of ours can be told.
            return ([], []);
        }

        static IReadOnlyList<string> Texts(JsonNode? list) => [.. (list as JsonArray ?? []).Select(item => $"{item}")];
    }

    private static bool Same(List<JsonObject> before, List<JsonObject> after) =>
        before.Select(NodeReader.TaintText).Order(StringComparer.Ordinal).SequenceEqual(after.Select(NodeReader.TaintText).Order(StringComparer.Ordinal), StringComparer.Ordinal);
}
