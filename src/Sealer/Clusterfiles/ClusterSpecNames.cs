using System.Text.Json.Nodes;
using Sealer.Certificates;
using Sealer.Clusterfiles.Documents;
using Sealer.Kubernetes.Kubeadm;

namespace Sealer.Clusterfiles;

/// <summary>The names of API servers in a Clusterfile, where kubeadm's own document has them.</summary>
public static class ClusterSpecNames
{
    private const string ApiServer = "apiServer";
    private const string Sans = "certSANs";

    /// <summary>A cluster whose API servers shall answer to more names: certSANs of the ClusterConfiguration, which is made where there is none.</summary>
    /// <param name="spec">The cluster.</param>
    /// <param name="names">Names and addresses.</param>
    /// <exception cref="SealerException"><c>InvalidSubjectAlternativeName</c>.</exception>
    public static ClusterSpec WithApiServerNames(this ClusterSpec spec, IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(names);
        var wanted = SubjectName.Distinct(names, "apiserver");
        var document = spec.KubeadmDocuments.LastOrDefault(each => each.Kind == KubeadmKinds.Cluster);
        var content = document is null
            ? new JsonObject { ["apiVersion"] = "kubeadm.k8s.io/v1beta3", ["kind"] = KubeadmKinds.Cluster }
            : (JsonObject)document.Content.DeepClone();
        if (content[ApiServer] is not JsonObject server)
            content[ApiServer] = server = [];
        if (server[Sans] is not JsonArray list)
            server[Sans] = list = [];
        var there = list.Select(name => $"{name}").ToHashSet(StringComparer.OrdinalIgnoreCase);
        var lacking = wanted.Where(name => !there.Contains(name)).ToList();
        if (lacking.Count == 0)
            return spec;
        foreach (var name in lacking)
            list.Add(name);
        var changed = document is null ? new KubeadmDocument("kubeadm.k8s.io/v1beta3", KubeadmKinds.Cluster, content) : document with { Content = content };
        return spec with { KubeadmDocuments = [.. spec.KubeadmDocuments.Where(each => each != document), changed] };
    }
}
