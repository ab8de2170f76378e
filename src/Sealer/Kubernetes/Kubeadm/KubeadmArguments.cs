using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sealer.Kubernetes.Kubeadm;

/// <summary>
/// Extra arguments of components. kubeadm writes them as a map up to v1beta3 and as a list of names and values since v1beta4, where
/// one name may stand several times. Here they are a map of a name to its value, to the list of its values, or to null where it
/// shall go.
/// </summary>
internal static class KubeadmArguments
{
    private static readonly JsonSerializerOptions Deep = new() { MaxDepth = 1_000 };

    /// <summary>Where they stand in documents of a kind, with the component that gets them.</summary>
    public static IReadOnlyList<(string[] Path, string Component)> PlacesIn(string kind) => kind switch
    {
        KubeadmKinds.Cluster =>
        [
            (["apiServer", "extraArgs"], "kube-apiserver"),
            (["controllerManager", "extraArgs"], "kube-controller-manager"),
            (["scheduler", "extraArgs"], "kube-scheduler"),
            (["etcd", "local", "extraArgs"], "etcd"),
        ],
        KubeadmKinds.Init or KubeadmKinds.Join => [(["nodeRegistration", "kubeletExtraArgs"], KubernetesFlags.Kubelet)],
        _ => [],
    };

    /// <summary>Of either form the map. What is neither is left for kubeadm to judge.</summary>
    public static void ToMap(JsonObject document, string[] path, Action<string> problem)
    {
        if (Holder(document, path) is not { } holder || holder[path[^1]] is not JsonArray list)
            return;
        var map = new JsonObject();
        foreach (var item in list)
        {
            if (item is not JsonObject argument || argument["name"] is not JsonValue nameValue || !nameValue.TryGetValue<string>(out var name))
            {
                problem($"{string.Join('.', path)} has an entry without a name");
                continue;
            }

            if (argument.FirstOrDefault(pair => pair.Key is not ("name" or "value")) is { Key: { } other })
                problem($"{string.Join('.', path)}: '{other}' of the argument {name} is not known to kubeadm's v1beta4");
            var value = argument["value"]?.DeepClone();
            if (!map.ContainsKey(name))
                map[name] = value;
            else if (map[name] is JsonArray several)
                several.Add(value);
            else
                map[name] = new JsonArray(map[name]?.DeepClone(), value);
        }

        holder[path[^1]] = map;
    }

    /// <summary>The map in the form that a version of kubeadm reads: all values as text, which it insists on.</summary>
    public static void FromMap(JsonObject document, string[] path, KubeadmApi api, Action<string> problem)
    {
        if (Holder(document, path) is not { } holder || holder[path[^1]] is not JsonObject map)
            return;
        var ordered = map.OrderBy(pair => pair.Key, StringComparer.Ordinal).ToList();
        if (api == KubeadmApi.V1Beta4)
        {
            holder[path[^1]] = new JsonArray([.. ordered.SelectMany(pair => Values(pair.Value).Select(value =>
                (JsonNode)new JsonObject { ["name"] = pair.Key, ["value"] = value }))]);
            return;
        }

        var result = new JsonObject();
        foreach (var (name, value) in ordered)
        {
            var values = Values(value).ToList();
            if (values.Count > 1)
                problem($"{string.Join('.', path)}: {name} stands there several times, which kubeadm can since Kubernetes 1.31 only");
            result[name] = values.FirstOrDefault() ?? "";
        }

        holder[path[^1]] = result;
    }

    /// <summary>The names of a map.</summary>
    public static IEnumerable<string> Names(JsonObject document, string[] path) =>
        Holder(document, path) is { } holder && holder[path[^1]] is JsonObject map ? map.Select(pair => pair.Key) : [];

    /// <summary>The map that a path of keys ends in; null where it is not there.</summary>
    public static JsonObject? Holder(JsonObject document, IReadOnlyList<string> path)
    {
        var at = document;
        for (var i = 0; i < path.Count - 1; i++)
        {
            if (at[path[i]] is not JsonObject next)
                return null;
            at = next;
        }

        return at;
    }

    private static IEnumerable<string> Values(JsonNode? value) => value switch
    {
        null => [],
        JsonArray several => several.SelectMany(Values),
        _ when value.GetValueKind() == JsonValueKind.String => [value.GetValue<string>()],
        _ => [value.ToJsonString(Deep)],
    };
}
