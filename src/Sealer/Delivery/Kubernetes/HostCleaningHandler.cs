using System.Globalization;
using Sealer.Hosts;
using Sealer.Planning;

namespace Sealer.Delivery.Kubernetes;

/// <summary>
/// Takes a cluster away from a host: what runs, what the image's own scripts installed, files, mounts, links and rules. The image is
/// not needed: its scripts are on the host. What deliveries keep there stays to the end of the plan.
/// </summary>
/// <param name="cluster">The cluster's name.</param>
/// <param name="folder">The cluster's folder on hosts.</param>
internal sealed class HostCleaningHandler(string cluster, string folder) : StepHandler
{
    private static readonly string[] Left =
        ["/etc/kubernetes", "/var/lib/etcd/member", "/var/lib/kubelet/config.yaml", "/etc/systemd/system/kubelet.service", "/etc/systemd/system/sealer-registry.service"];

    /// <inheritdoc/>
    public override string Kind => HostCleaningPayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var question = $"for f in {string.Join(' ', Left.Append(folder).Select(ShellText.Quote))}; do [ ! -e \"$f\" ] || exit 1; done; ! grep -q {ShellText.Quote($"{HostsLine.Mark} {cluster}$")} /etc/hosts || exit 1";
        return await KubernetesDelivery.AsksAsync(run.Host, question, "say what is left of the cluster", cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = (HostCleaningPayload)run.Step.Payload;
        // It may have been here, and gone, before.
        await run.Host.RunAsync(new HostCommand($"rm -f {DeliveryPaths.Kubernetes(cluster)}/host-cleaning.done") { Elevated = true, Timeout = KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false);
        var script = PluginScript.OfSecrets("host-cleaning", run.Step.Phase, "host-cleaning", Text(), []);
        var (code, words) = await RecordedScript.RunAsync(run, DeliveryPaths.Kubernetes(cluster), script, payload.TimeoutSeconds, cancellationToken).ConfigureAwait(false);
        if (code != 0)
        {
            throw new SealerException(
                "HostNotCleaned", ErrorKind.ResourceUnavailable,
                $"The cluster {cluster} could not be taken away from {run.Host.Name} {(code is RecordedScript.TimedOut or RecordedScript.Killed ? $"within {payload.TimeoutSeconds.ToString(CultureInfo.InvariantCulture)} s" : $"(exit code {code})")}. Mend what it says and run the same again. {words}", run.Host.Name);
        }

        await HostsFile.ChangeAsync(run.Host, text => HostAliasLines.Apply(text, cluster, []), cancellationToken).ConfigureAwait(false);
    }

    // A host that a plan calls one of ours is asked whether it is: credentials may open others too. kubeadm asks
    // nobody without admin.conf: who is left of the cluster has been told. Its rules in the kernel kubeadm leaves, as it says itself.
    private string Text() => $$"""
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH
        ls {{DeliveryPaths.Kubernetes(cluster)}}/*.done >/dev/null 2>&1 || { echo 'no delivery of this cluster was ever here'; exit 3; }
        r={{ShellText.Quote($"{folder}/rootfs")}}
        if [ -e /etc/kubernetes/admin.conf ] && cmp -s /etc/kubernetes/admin.conf /root/.kube/config; then rm -f /root/.kube/config; fi
        rm -rf /root/.kube/cache /root/.kube/http-cache; rmdir /root/.kube 2>/dev/null || :
        rm -f /etc/kubernetes/admin.conf
        if command -v kubeadm >/dev/null; then timeout -k 5 180 kubeadm reset -f || :; fi
        u=containerd; ! systemctl is-active --quiet docker.service || u=docker
        for s in uninstall-kube uninstall-registry uninstall-$u; do
            if [ -f "$r/scripts/$s.sh" ]; then (cd "$r/scripts" && bash "$s.sh") || exit 1; fi
        done
        awk '$2 ~ "^/var/lib/kubelet/" { print $2 }' /proc/mounts | sort -r | while read -r m; do umount -l "$m" || :; done
        rm -rf /etc/kubernetes /etc/cni/net.d
        for d in /var/lib/etcd /var/lib/kubelet; do rm -rf "$d" 2>/dev/null || [ -z "$(ls -A "$d")" ] || exit 1; done
        for l in cni0 flannel.1 kube-ipvs0 nodelocaldns tunl0; do ip link del $l 2>/dev/null || :; done
        for t in iptables ip6tables; do
            command -v $t-save >/dev/null || continue
            n=$($t-save 2>/dev/null) && case $n in *KUBE-*|*CNI-*) echo "$n" | grep -v -e KUBE- -e CNI- | $t-restore;; esac
        done
        rm -rf {{ShellText.Quote(folder)}} || exit 1
        rmdir -p {{ShellText.Quote(folder[..folder.LastIndexOf('/')])}} 2>/dev/null || :

        """;
}
