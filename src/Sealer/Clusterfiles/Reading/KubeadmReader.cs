using System.Text.Json.Nodes;
using Sealer.Clusterfiles.Documents;
using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>Takes documents of kubeadm, kubelet and kube-proxy over as they are.</summary>
internal static class KubeadmReader
{
    private const string Kubeadm = "kubeadm.k8s.io";

    /// <summary>The kinds, and the group that each belongs to.</summary>
    public static IReadOnlyDictionary<string, string> GroupOfKind { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["InitConfiguration"] = Kubeadm,
        ["ClusterConfiguration"] = Kubeadm,
        ["JoinConfiguration"] = Kubeadm,
        ["ResetConfiguration"] = Kubeadm,
        ["UpgradeConfiguration"] = Kubeadm,
        ["KubeletConfiguration"] = "kubelet.config.k8s.io",
        ["KubeProxyConfiguration"] = "kubeproxy.config.k8s.io",
    };

    public static KubeadmDocument? Read(YamlMapping node, string kind, YamlScalar? apiVersion, ReadContext context)
    {
        var group = GroupOfKind[kind];
        if (apiVersion is not { Value.Length: > 0 })
        {
            context.Error(apiVersion ?? (YamlNode)node, $"the {kind} needs an apiVersion: {group}/v1...");
        }
        else
        {
            var slash = apiVersion.Value.IndexOf('/', StringComparison.Ordinal);
            var written = slash < 0 ? apiVersion.Value : apiVersion.Value[..slash];
            if (slash <= 0 || slash == apiVersion.Value.Length - 1 || written != group)
                context.Error(apiVersion, $"{Quoting.Quote(apiVersion.Value)} is not an apiVersion of {kind}; write {group}/v1..., as your Kubernetes has it");
        }

        return YamlJson.Convert(node, context.Error) is JsonObject content
            ? new KubeadmDocument(apiVersion?.Value ?? "", kind, content, context.LocationOf(node))
            : null;
    }
}
