namespace Sealer.Kubernetes;

/// <summary>The tags of what Kubernetes needs besides its own images, as kubeadm of the first patch of a release asks for them; later patches may ask for newer ones.</summary>
/// <param name="Pause">Of <c>pause</c>.</param>
/// <param name="Etcd">Of <c>etcd</c>.</param>
/// <param name="CoreDns">Of <c>coredns</c>; with <c>v</c> since 1.21.</param>
public sealed record KubernetesImageTags(string Pause, string Etcd, string CoreDns);
