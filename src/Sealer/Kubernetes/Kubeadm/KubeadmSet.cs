using System.Text.Json;
using System.Text.Json.Nodes;
using Sealer.Clusterfiles.Documents;

namespace Sealer.Kubernetes.Kubeadm;

/// <summary>
/// kubeadm's documents by kind, in a form of no version: as v1beta4 has them, but with arguments as maps
/// (<see cref="KubeadmArguments"/>). Documents of any version become it, and it becomes documents of any version; what that cannot say
/// is told, and not left out. What differs was read in cmd/kubeadm/app/apis/kubeadm/v1beta3/doc.go at v1.22.0 and v1beta4/doc.go and
/// v1beta4/conversion.go at v1.31.0 of kubernetes/kubernetes.
/// </summary>
internal sealed class KubeadmSet
{
    private const string Disabled = "disabled";
    private const string HealthCheck = "controlPlaneComponentHealthCheck";

    private readonly Dictionary<string, JsonObject> _documents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _foreignVersions = new(StringComparer.Ordinal);

    /// <summary>The document of a kind, made where there is none.</summary>
    public JsonObject this[string kind]
    {
        get => _documents.TryGetValue(kind, out var document) ? document : _documents[kind] = [];
        set => _documents[kind] = value;
    }

    /// <summary>The document of a kind, or null.</summary>
    public JsonObject? Find(string kind) => _documents.GetValueOrDefault(kind);

    /// <summary>True where somebody says something of that kind.</summary>
    public bool Has(string kind) => _documents.ContainsKey(kind);

    /// <summary>Takes documents of whatever version.</summary>
    /// <param name="documents">One of a kind; the later counts where there are more.</param>
    /// <param name="problem">Told what cannot be taken, as a clause with its place.</param>
    public static KubeadmSet Read(IEnumerable<KubeadmDocument> documents, Action<string> problem)
    {
        var set = new KubeadmSet();
        var latest = documents.GroupBy(document => document.Kind, StringComparer.Ordinal).Select(group => group.Last()).ToList();
        foreach (var document in latest)
        {
            var content = (JsonObject)document.Content.DeepClone();
            content.Remove("apiVersion");
            content.Remove("kind");
            set._documents[document.Kind] = content;
        }

        // What moves from one document to another needs all of them there.
        foreach (var document in latest)
        {
            var place = document.Location is { } location ? $"{location}: " : "";
            if (KubeadmKinds.IsKubeadms(document.Kind))
                set.ReadKubeadms(document, set[document.Kind], text => problem($"{place}{document.Kind}: {text}"));
            else
                set._foreignVersions[document.Kind] = document.ApiVersion;
        }

        return set;
    }

    /// <summary>Lays others' words over these: maps deeply, arguments by name, null takes away, and lists replace; only the names of the API server's certificate are added to.</summary>
    public void Merge(KubeadmSet over)
    {
        foreach (var (kind, document) in over._documents)
            Merge(this[kind], document, kind);
        foreach (var (kind, version) in over._foreignVersions)
            _foreignVersions[kind] = version;
    }

    /// <summary>A copy that can be changed without this one.</summary>
    public KubeadmSet Clone()
    {
        var copy = new KubeadmSet();
        foreach (var (kind, document) in _documents)
            copy[kind] = (JsonObject)document.DeepClone();
        foreach (var (kind, version) in _foreignVersions)
            copy._foreignVersions[kind] = version;
        return copy;
    }

    /// <summary>The documents in the form of a version, complete with <c>apiVersion</c> and <c>kind</c>, keys in ordinal order.</summary>
    /// <param name="api">The version.</param>
    /// <param name="problem">Told what that version cannot say, as a clause.</param>
    /// <returns>The documents by kind, and phases that are to be skipped by an argument of the command.</returns>
    public (IReadOnlyDictionary<string, JsonObject> Documents, IReadOnlyList<string> SkipPhases) Write(KubeadmApi api, Action<string> problem)
    {
        var copy = Clone();
        List<string> skip = [];
        if (api != KubeadmApi.V1Beta4)
            copy.ToBeta3(api, skip, problem);
        var result = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (var (kind, document) in copy._documents)
        {
            foreach (var (path, _) in KubeadmArguments.PlacesIn(kind))
                KubeadmArguments.FromMap(document, path, api, text => problem($"{kind}: {text}"));
            var written = new JsonObject { ["apiVersion"] = copy.VersionOf(kind, api), ["kind"] = kind };
            foreach (var (key, value) in document.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                written[key] = Sorted(value);
            result[kind] = written;
        }

        return (result, skip);
    }

    private string VersionOf(string kind, KubeadmApi api) => kind switch
    {
        KubeadmKinds.Kubelet => _foreignVersions.GetValueOrDefault(kind, "kubelet.config.k8s.io/v1beta1"),
        KubeadmKinds.Proxy => _foreignVersions.GetValueOrDefault(kind, "kubeproxy.config.k8s.io/v1alpha1"),
        _ => $"kubeadm.k8s.io/{api.ToString().ToLowerInvariant()}",
    };

    private void ReadKubeadms(KubeadmDocument document, JsonObject content, Action<string> problem)
    {
        if (document.ApiVersion is not ("kubeadm.k8s.io/v1beta1" or "kubeadm.k8s.io/v1beta2" or "kubeadm.k8s.io/v1beta3" or "kubeadm.k8s.io/v1beta4" or "kubeadm.k8s.io/v1"))
            problem($"'{document.ApiVersion}' is not known; write it as kubeadm.k8s.io/v1beta2, v1beta3 or v1beta4 has it, whichever you like");
        foreach (var (path, isMap) in Shapes(document.Kind))
        {
            // Whoever looks into it later looks for what it should be; that kubeadm refuses it is told now.
            if (KubeadmArguments.Holder(content, path) is not { } holder || holder[path[^1]] is not { } value || (isMap ? value is JsonObject : value is JsonArray))
                continue;
            problem($"{string.Join('.', path)} must be a {(isMap ? "map" : "list")}");
            holder.Remove(path[^1]);
        }

        foreach (var (path, _) in KubeadmArguments.PlacesIn(document.Kind))
            KubeadmArguments.ToMap(content, path, problem);
        if (document.Kind == KubeadmKinds.Cluster)
            ReadOlderCluster(content, problem);
        if (document.Kind == KubeadmKinds.Join && content["discovery"] is JsonObject discovery && discovery.TryGetPropertyValue("timeout", out var timeout))
        {
            discovery.Remove("timeout");
            Under(content, "timeouts")["discovery"] ??= timeout?.DeepClone();
        }
    }

    private void ReadOlderCluster(JsonObject content, Action<string> problem)
    {
        if (content["dns"] is JsonObject dns && dns.TryGetPropertyValue("type", out var type))
        {
            dns.Remove("type");
            if (type?.ToString() is { Length: > 0 } server && server != "CoreDNS")
                problem($"dns.type {server}: kubeadm has CoreDNS only since Kubernetes 1.21; take it away");
        }

        if (content.TryGetPropertyValue("useHyperKubeImage", out var hyper))
        {
            content.Remove("useHyperKubeImage");
            if (hyper?.ToString() == "true")
                problem("useHyperKubeImage: the image hyperkube is not built any more; take it away");
        }

        if (content["apiServer"] is JsonObject server2 && server2.TryGetPropertyValue("timeoutForControlPlane", out var timeout))
        {
            server2.Remove("timeoutForControlPlane");
            foreach (var kind in new[] { KubeadmKinds.Init, KubeadmKinds.Join })
                Under(this[kind], "timeouts")[HealthCheck] ??= timeout?.DeepClone();
        }
    }

    private void ToBeta3(KubeadmApi api, List<string> skip, Action<string> problem)
    {
        var newer = $"kubeadm of this Kubernetes ({api.ToString().ToLowerInvariant()}) does not know it; take it away";
        foreach (var (kind, document) in _documents.Where(pair => KubeadmKinds.IsKubeadms(pair.Key)).ToList())
        {
            foreach (var path in Unknown(kind, api).Where(path => KubeadmArguments.Holder(document, path)?.ContainsKey(path[^1]) == true))
                problem($"{kind}: {string.Join('.', path)}: {newer}");
        }

        foreach (var (addon, phase) in new[] { ("dns", "addon/coredns"), ("proxy", "addon/kube-proxy") })
        {
            if (Has(KubeadmKinds.Cluster) && this[KubeadmKinds.Cluster][addon] is JsonObject holder && holder.TryGetPropertyValue(Disabled, out var disabled))
            {
                holder.Remove(Disabled);
                if (disabled?.ToString() == "true")
                    skip.Add(phase);
                if (holder.Count == 0)
                    this[KubeadmKinds.Cluster].Remove(addon);
            }
        }

        foreach (var kind in new[] { KubeadmKinds.Init, KubeadmKinds.Join }.Where(Has))
            Timeouts(kind, newer, problem);
        // v1beta2 has no such field, and the argument of the command is in all of them.
        if (Has(KubeadmKinds.Init) && this[KubeadmKinds.Init]["skipPhases"] is JsonArray phases && (skip.Count > 0 || api == KubeadmApi.V1Beta2))
        {
            this[KubeadmKinds.Init].Remove("skipPhases");
            skip.InsertRange(0, phases.Select(phase => phase?.ToString() ?? ""));
        }
    }

    private void Timeouts(string kind, string newer, Action<string> problem)
    {
        var document = this[kind];
        if (document["timeouts"] is not JsonObject timeouts)
            return;
        document.Remove("timeouts");
        foreach (var (name, value) in timeouts)
        {
            switch (name)
            {
                case HealthCheck when kind == KubeadmKinds.Init || Has(KubeadmKinds.Cluster):
                    if (kind == KubeadmKinds.Init)
                        Under(this[KubeadmKinds.Cluster], "apiServer")["timeoutForControlPlane"] = value?.DeepClone();
                    break;
                case HealthCheck:
                    // The cluster's own, which a host that joins reads there.
                    break;
                case "discovery" when kind == KubeadmKinds.Join:
                    Under(document, "discovery")["timeout"] = value?.DeepClone();
                    break;
                default:
                    problem($"{kind}: timeouts.{name}: {newer}");
                    break;
            }
        }
    }

    // What came with v1beta4, and with v1beta3.
    private static IEnumerable<string[]> Unknown(string kind, KubeadmApi api)
    {
        if (kind == KubeadmKinds.Cluster)
        {
            yield return ["encryptionAlgorithm"];
            yield return ["certificateValidityPeriod"];
            yield return ["caCertificateValidityPeriod"];
            foreach (var component in new[] { "apiServer", "controllerManager", "scheduler" })
                yield return [component, "extraEnvs"];
            yield return ["etcd", "local", "extraEnvs"];
            yield break;
        }

        yield return ["dryRun"];
        yield return ["nodeRegistration", "imagePullSerial"];
        if (api != KubeadmApi.V1Beta2)
            yield break;
        yield return ["nodeRegistration", "imagePullPolicy"];
        yield return ["patches"];
        if (kind == KubeadmKinds.Join)
            yield return ["skipPhases"];
    }

    // Outer ones first.
    private static IEnumerable<(string[] Path, bool IsMap)> Shapes(string kind) => kind switch
    {
        KubeadmKinds.Cluster =>
        [
            .. new[] { "networking", "apiServer", "controllerManager", "scheduler", "etcd", "dns", "proxy" }.Select(name => (new[] { name }, true)),
            (["etcd", "local"], true), (["etcd", "external"], true),
            (["apiServer", "certSANs"], false), (["etcd", "local", "serverCertSANs"], false), (["etcd", "local", "peerCertSANs"], false),
        ],
        KubeadmKinds.Init => [(["localAPIEndpoint"], true), (["nodeRegistration"], true), (["timeouts"], true), (["skipPhases"], false)],
        KubeadmKinds.Join =>
        [
            (["discovery"], true), (["discovery", "bootstrapToken"], true), (["controlPlane"], true), (["controlPlane", "localAPIEndpoint"], true),
            (["nodeRegistration"], true), (["timeouts"], true), (["skipPhases"], false),
        ],
        _ => [],
    };

    private static void Merge(JsonObject target, JsonObject over, string path)
    {
        foreach (var (key, value) in over)
        {
            var here = $"{path}.{key}";
            switch (value)
            {
                case null:
                    target.Remove(key);
                    break;
                case JsonObject map when target[key] is JsonObject inner:
                    Merge(inner, map, here);
                    break;
                case JsonObject map:
                    // Nulls in it have nothing to take away, and are no values.
                    var fresh = new JsonObject();
                    Merge(fresh, map, here);
                    target[key] = fresh;
                    break;
                case JsonArray list when here == $"{KubeadmKinds.Cluster}.apiServer.certSANs" && target[key] is JsonArray known:
                    foreach (var name in list.Where(name => known.All(other => other?.ToString() != name?.ToString())).ToList())
                        known.Add(name?.DeepClone());
                    break;
                default:
                    target[key] = value.DeepClone();
                    break;
            }
        }
    }

    private static JsonObject Under(JsonObject document, string key)
    {
        if (document[key] is JsonObject map)
            return map;
        var made = new JsonObject();
        document[key] = made;
        return made;
    }

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, Sorted(pair.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => node?.GetValueKind() == JsonValueKind.Null ? null : node?.DeepClone(),
    };
}
