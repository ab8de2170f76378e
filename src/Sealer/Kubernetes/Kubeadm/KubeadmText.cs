using System.Text.Json.Nodes;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Configs;
using Sealer.Clusterfiles.Documents;
using Sealer.Clusterfiles.Writing;

namespace Sealer.Kubernetes.Kubeadm;

/// <summary>kubeadm's documents as text.</summary>
public static class KubeadmText
{
    /// <summary>Reads the documents of a file, as an image's <c>etc/kubeadm.yml</c>; those of other kinds are left out.</summary>
    /// <param name="text">The text.</param>
    /// <param name="name">What the file is called in messages.</param>
    /// <exception cref="SealerException"><c>InvalidKubeadmFile</c>.</exception>
    public static IReadOnlyList<KubeadmDocument> Read(string text, string name)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(name);
        return [.. YamlMerge.Documents(text, message => new SealerException("InvalidKubeadmFile", ErrorKind.InvalidContent, $"{name}: {message}. Mend the file, and build the image again.", name), keepsText: false)
            .OfType<JsonObject>()
            .Where(document => document["kind"]?.ToString() is KubeadmKinds.Init or KubeadmKinds.Join or KubeadmKinds.Cluster or KubeadmKinds.Kubelet or KubeadmKinds.Proxy)
            .Select(document => new KubeadmDocument(document["apiVersion"]?.ToString() ?? "", document["kind"]!.ToString(), document, new SourceLocation(name, 1, 1)))];
    }

    /// <summary>Writes documents as one file.</summary>
    internal static string Write(IEnumerable<JsonObject> documents) => string.Join("---\n", documents.Select(document => YamlText.Of(document)));
}
