using Sealer.Hosts;

namespace Sealer.Delivery.Kubernetes;

/// <summary>
/// Pods on a host's own network have a copy of its <c>/etc/hosts</c>, which the kubelet makes when a container starts and never again:
/// kube-proxy would go on asking an API server that the host itself has turned away from. The copies are mounted as files, so that
/// writing into them is enough.
/// </summary>
internal static class HostNetworkPods
{
    // The first line that the kubelet writes into such copies, and the line before what a pod's own hostAliases add
    // (pkg/kubelet/kubelet_pods.go).
    private const string Each = """
        for f in /var/lib/kubelet/pods/*/etc-hosts; do
            [ -f "$f" ] && read -r l < "$f" && [ "$l" = '# Kubernetes-managed hosts file (host network).' ] || continue
            n=$({ echo "$l"; cat /etc/hosts; sed -n '/^# Entries added by HostAliases/,$p' "$f"; })
            [ "$n" != "$(cat "$f")" ] || continue
        """;

    /// <summary>True where all of them say what the host says.</summary>
    public static Task<bool> AreCurrentAsync(IHost host, CancellationToken cancellationToken) =>
        KubernetesDelivery.AsksAsync(host, $"{Each}\n    exit 1\ndone\nexit 0", "compare the hosts files of pods", cancellationToken);

    /// <summary>Writes what the host says into all of them.</summary>
    public static async Task RefreshAsync(IHost host, CancellationToken cancellationToken)
    {
        var result = await host.RunAsync(new HostCommand($"{Each}\n    printf '%s\\n' \"$n\" > \"$f\" || exit 2\ndone\nexit 0") { Elevated = true, Timeout = KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false);
        result.Require("tell pods on its network of /etc/hosts");
    }
}
