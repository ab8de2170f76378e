namespace Sealer.Kubernetes;

/// <summary>An argument that a part of Kubernetes does not know any more: with it, it does not start.</summary>
/// <param name="Component">As <c>kube-apiserver</c>; empty for all of them.</param>
/// <param name="Name">Without dashes.</param>
/// <param name="RemovedIn">The minor version that refuses it first.</param>
/// <param name="Instead">What to do, as a clause.</param>
public sealed record RemovedFlag(string Component, string Name, int RemovedIn, string Instead);

/// <summary>
/// Arguments that were taken away since 1.18, so that one in a user's documents is told before anything is done. Sources, of
/// kubernetes/kubernetes: insecure serving 95856 and 92720 (v1.24.0), signing duration 108476 (v1.25.0), kube-controller-manager's pods
/// and retries 109612 (v1.25.0), dockershim 106907 (v1.24.0), container-runtime in CHANGELOG-1.27.md, pause image 133779 (v1.35.0),
/// klog 112120 (v1.26.0).
/// </summary>
public static class KubernetesFlags
{
    /// <summary>The name of the kubelet.</summary>
    public const string Kubelet = "kubelet";

    private const string ApiServer = "kube-apiserver";
    private const string ControllerManager = "kube-controller-manager";
    private const string Drop = "take it away";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<RemovedFlag> Removed { get; } =
    [
        .. new[] { "address", "insecure-bind-address", "insecure-port", "port" }.Select(name => new RemovedFlag(ApiServer, name, 24, "it serves with TLS only; take it away")),
        .. new[] { "address", "port" }.Select(name => new RemovedFlag(ControllerManager, name, 24, "it serves with TLS only; take it away")),
        new(ControllerManager, "experimental-cluster-signing-duration", 25, "write cluster-signing-duration"),
        .. new[] { "deleting-pods-burst", "deleting-pods-qps", "register-retry-count" }.Select(name => new RemovedFlag(ControllerManager, name, 25, Drop)),
        .. new[] { "cni-bin-dir", "cni-cache-dir", "cni-conf-dir", "docker-endpoint", "image-pull-progress-deadline", "network-plugin", "network-plugin-mtu" }
            .Select(name => new RemovedFlag(Kubelet, name, 24, "the container runtime knows it; take it away")),
        new(Kubelet, "container-runtime", 27, Drop),
        new(Kubelet, "pod-infra-container-image", 35, "the container runtime knows it; take it away"),
        .. new[] { "add-dir-header", "alsologtostderr", "log-backtrace-at", "log-dir", "log-file", "log-file-max-size", "logtostderr", "one-output", "skip-headers", "skip-log-headers", "stderrthreshold" }
            .Select(name => new RemovedFlag("", name, 26, Drop)),
    ];

    /// <summary>The row of an argument that a version does not know any more; null where it knows it, or where nothing is known of it.</summary>
    public static RemovedFlag? Find(KubernetesVersion version, string component, string name)
    {
        ArgumentNullException.ThrowIfNull(version);
        return Removed.FirstOrDefault(flag => flag.Name == name && (flag.Component.Length == 0 || flag.Component == component) && version.IsAtLeast(1, flag.RemovedIn));
    }
}
