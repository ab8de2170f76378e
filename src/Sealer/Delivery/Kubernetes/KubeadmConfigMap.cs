using System.Text.Json;
using System.Text.Json.Nodes;
using Sealer.Certificates;
using Sealer.Hosts;
using Sealer.Kubernetes.Kubeadm;

namespace Sealer.Delivery.Kubernetes;

/// <summary>What kubeadm keeps in the cluster of its own settings: kube-system/kubeadm-config, from which it makes certificates of hosts that join, and renews and upgrades.</summary>
internal sealed class KubeadmConfigMap
{
    private const string Key = KubeadmKinds.Cluster;
    private const string ApiServer = "apiServer";
    private const string Sans = "certSANs";
    private const int MaxOutput = 4 << 20;

    private readonly JsonObject _settings;
    private readonly string _resourceVersion;

    private KubeadmConfigMap(JsonObject settings, string resourceVersion) => (_settings, _resourceVersion) = (settings, resourceVersion);

    /// <summary>Names and addresses for the API servers' certificates, besides kubeadm's own.</summary>
    public IReadOnlyList<string> Names => _settings[ApiServer] is JsonObject server && server[Sans] is JsonArray names
        ? [.. names.Select(name => name?.ToString()).OfType<string>().Where(name => SubjectName.AddressOf(name) is not null || SubjectName.IsName(name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name))]
        : [];

    /// <exception cref="SealerException"><c>KubeadmConfigNotReadable</c>: the API does not answer, or what it says is not kubeadm's.</exception>
    public static async Task<KubeadmConfigMap> ReadAsync(IHost plane, CancellationToken cancellationToken)
    {
        var command = new HostCommand($"{LiveCluster.Kubectl} -n kube-system get configmap kubeadm-config -o json") { Elevated = true, Timeout = KubernetesDelivery.Patience, MaxOutput = MaxOutput };
        var result = await plane.RunAsync(command, cancellationToken).ConfigureAwait(false);
        try
        {
            var map = JsonNode.Parse(result.Require("ask the cluster for kubeadm's settings").Output);
            var settings = KubeadmText.Read($"{map?["data"]?[Key]}", "kubeadm-config").FirstOrDefault(document => document.Kind == Key);
            if (settings is not null && !result.Truncated)
                return new KubeadmConfigMap(settings.Content, $"{map?["metadata"]?["resourceVersion"]}");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException || e is SealerException { Id: "InvalidKubeadmFile" })
        {
            // Told below.
        }

        throw new SealerException(
            "KubeadmConfigNotReadable", ErrorKind.InvalidContent,
            $"What {plane.Name} says of kubeadm's settings cannot be read. Look at them there: kubectl --kubeconfig {LiveCluster.AdminConfig} -n kube-system get configmap kubeadm-config -o yaml; data.{Key} must be a document of kubeadm.", plane.Name);
    }

    /// <summary>The command that adds names; it fails with a conflict where somebody has changed the settings since they were read.</summary>
    public string CommandToAdd(IReadOnlyList<string> names)
    {
        var changed = (JsonObject)_settings.DeepClone();
        if (changed[ApiServer] is not JsonObject server)
            changed[ApiServer] = server = [];
        if (server[Sans] is not JsonArray list)
            server[Sans] = list = [];
        foreach (var name in SubjectName.Missing(names, Names))
            list.Add(name);
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = _resourceVersion },
            ["data"] = new JsonObject { [Key] = KubeadmText.Write([changed]) },
        };
        return $"{LiveCluster.Kubectl} -n kube-system patch configmap kubeadm-config --type merge -p {ShellText.Quote(patch.ToJsonString())} -o name";
    }
}
