using System.Text.Json.Nodes;

namespace Sealer.Clusterfiles.Documents;

/// <summary>
/// A configuration of kubeadm, kubelet or kube-proxy as the user wrote it, of whatever API version: nothing is lost, and it
/// wins over everything Sealer would say.
/// </summary>
/// <param name="ApiVersion">For example <c>kubeadm.k8s.io/v1beta4</c>.</param>
/// <param name="Kind">For example <c>ClusterConfiguration</c>.</param>
/// <param name="Content">The whole document, <c>apiVersion</c> and <c>kind</c> included; treat it as read-only and clone it to change it.</param>
/// <param name="Location">Where it stands in the Clusterfile, or null.</param>
public sealed record KubeadmDocument(string ApiVersion, string Kind, JsonObject Content, SourceLocation? Location = null);
