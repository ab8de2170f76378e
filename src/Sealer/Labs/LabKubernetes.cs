using System.Text.Json.Nodes;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;

namespace Sealer.Labs;

/// <summary>
/// What a Kubernetes on hosts of a lab has to be told, which are no machines of their own: they have this machine's kernel, its swap, its
/// connections to count and its disk, and each has a group of its own in the hierarchies of cgroups.
/// </summary>
public static class LabKubernetes
{
    private const string CgroupDriver = "CgroupDriver";

    /// <summary>A new Clusterfile that says it; what it says already stays.</summary>
    public static ClusterfileDraft Over(ClusterfileDraft draft)
    {
        ArgumentNullException.ThrowIfNull(draft);
        return draft with
        {
            Environment = draft.Environment.Any(variable => variable.Name == CgroupDriver) ? draft.Environment : [.. draft.Environment, new EnvironmentVariable(CgroupDriver, "cgroupfs")],
            KubeadmDocuments = [.. draft.KubeadmDocuments, .. Documents],
        };
    }

    private static IEnumerable<KubeadmDocument> Documents =>
    [
        Document(new JsonObject
        {
            ["apiVersion"] = "kubelet.config.k8s.io/v1beta1",
            ["kind"] = "KubeletConfiguration",
            ["failSwapOn"] = false,
            ["evictionHard"] = new JsonObject { ["memory.available"] = "50Mi", ["nodefs.available"] = "1%", ["imagefs.available"] = "1%", ["nodefs.inodesFree"] = "1%" },
            ["imageGCHighThresholdPercent"] = 100,
        }),
        Document(new JsonObject
        {
            ["apiVersion"] = "kubeproxy.config.k8s.io/v1alpha1",
            ["kind"] = "KubeProxyConfiguration",
            ["conntrack"] = new JsonObject { ["maxPerCore"] = 0 },
        }),
    ];

    private static KubeadmDocument Document(JsonObject content) => new($"{content["apiVersion"]}", $"{content["kind"]}", content);
}
