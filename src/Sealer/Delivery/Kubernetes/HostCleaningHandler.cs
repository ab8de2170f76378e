using System.Globalization;
using Sealer.Clusterfiles.Documents;
using Sealer.Hosts;
using Sealer.Planning;

namespace Sealer.Delivery.Kubernetes;

/// <summary>
/// Takes a cluster away from a host: what runs, what the image's own scripts installed, files, mounts, links, routes and rules. The
/// image is not needed: its scripts are on the host. What deliveries keep there stays to the end of the plan.
/// </summary>
/// <param name="spec">The cluster.</param>
/// <param name="environment">The variables of a host's scripts: where they put data, for one.</param>
internal sealed class HostCleaningHandler(ClusterSpec spec, Func<PlanStep, IReadOnlyList<EnvironmentVariable>> environment) : StepHandler
{
    private const string Record = "host-cleaning";

    private static readonly string[] Left =
        ["/etc/kubernetes", "/var/lib/etcd/member", "/var/lib/kubelet/config.yaml", "/etc/systemd/system/kubelet.service", "/etc/systemd/system/sealer-registry.service"];

    /// <inheritdoc/>
    public override string Kind => HostCleaningPayload.KindName;

    private string State => DeliveryPaths.Kubernetes(spec.Name);

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = (HostCleaningPayload)run.Step.Payload;
        var paths = (payload.OnlyFiles ? [] : Left).Concat(payload.KeepsFiles ? [] : [spec.Folder]).Select(ShellText.Quote);
        var records = payload.OnlyFiles ? "" : $"for f in {State}/*.done; do [ ! -e \"$f\" ] || [ \"${{f##*/}}\" = {Record}.done ] || exit 1; done; ";
        var question = $"for f in {string.Join(' ', paths)}; do [ ! -e \"$f\" ] || exit 1; done; {records}! grep -q {ShellText.Quote($"{HostsLine.Mark} {spec.Name}$")} /etc/hosts || exit 1";
        return await KubernetesDelivery.AsksAsync(run.Host, question, "say what is left of the cluster", cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = (HostCleaningPayload)run.Step.Payload;
        // A host that was cleaned, came back and leaves again is cleaned again.
        await run.Host.RunAsync(new HostCommand($"rm -f {State}/{Record}.done") { Elevated = true, Timeout = KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false);
        var text = (payload.OnlyFiles ? "" : Installed()) + (payload.KeepsFiles ? "" : Files());
        var script = PluginScript.OfImage(Record, run.Step.Phase, Record, text, environment(run.Step), null);
        var (code, words) = await RecordedScript.RunAsync(run, State, script, payload.TimeoutSeconds, cancellationToken).ConfigureAwait(false);
        if (code != 0)
        {
            throw new SealerException(
                "HostNotCleaned", ErrorKind.ResourceUnavailable,
                $"The cluster {spec.Name} could not be taken away from {run.Host.Name} {(code is RecordedScript.TimedOut or RecordedScript.Killed ? $"within {payload.TimeoutSeconds.ToString(CultureInfo.InvariantCulture)} s" : $"(exit code {code})")}. Mend what it says and run the same again. {words}", run.Host.Name);
        }

        await HostsFile.ChangeAsync(run.Host, text => HostAliasLines.Apply(text, spec.Name, []), cancellationToken).ConfigureAwait(false);
    }

    private string Files() => $$"""
        rm -rf {{ShellText.Quote(spec.Folder)}} || exit 1
        rmdir -p {{ShellText.Quote(spec.Folder[..spec.Folder.LastIndexOf('/')])}} 2>/dev/null || :

        """;

    // A host that a plan calls one of ours is asked whether it is: credentials may open others too. kubeadm asks nobody without
    // admin.conf: who is left of the cluster has been told. Its rules in the kernel kubeadm leaves, as it says itself; which addresses
    // are pods' is kept for who goes on where this was cut off, and is asked of kube-system's kube-proxy alone: any pod may call a volume so. Who installs again here finds no record of scripts that have run.
    private string Installed() => $$"""
        k={{State}}; r={{ShellText.Quote(spec.RootfsFolder)}}
        [ -e $k/cleaning ] || ls $k/*.done $k/kubeadm.begun 2>/dev/null | grep -q . || { echo 'no delivery of this cluster was ever here'; exit 3; }
        p=$({ cat $k/cleaning; for f in /var/log/pods/kube-system_kube-proxy-*_*; do sed -n 's/^ *clusterCIDR: *//p' "/var/lib/kubelet/pods/${f##*_}/volumes/kubernetes.io~configmap/kube-proxy/config.conf"; done; sed -n 's/^ *- --cluster-cidr=//p' /etc/kubernetes/manifests/kube-controller-manager.yaml; } 2>/dev/null | tr -d '"' | tr ', ' '\n\n' | awk -F/ 'NF == 2 && $2 + 0 >= 8' | sort -u | tr '\n' ' ')
        mkdir -p $k && echo "$p" > $k/cleaning || exit 1
        if [ -e /etc/kubernetes/admin.conf ] && cmp -s /etc/kubernetes/admin.conf /root/.kube/config; then rm -f /root/.kube/config; fi
        rm -rf /root/.kube/cache /root/.kube/http-cache; rmdir /root/.kube 2>/dev/null || :
        rm -f /etc/kubernetes/admin.conf
        if [ -d /sys/class/net/kube-ipvs0 ]; then
            if command -v ipvsadm >/dev/null; then ipvsadm -C
            else c=$(timeout 10 crictl ps -q --name kube-proxy 2>/dev/null | head -n 1); [ -z "$c" ] || timeout 30 crictl exec "$c" kube-proxy --cleanup; fi || :
        fi
        if command -v kubeadm >/dev/null; then timeout -k 5 180 kubeadm reset -f || :; fi
        u=containerd; ! systemctl is-active --quiet docker.service || u=docker
        for s in uninstall-kube uninstall-registry uninstall-$u; do
            if [ -f "$r/scripts/$s.sh" ]; then (cd "$r/scripts" && bash "$s.sh") || exit 1; fi
        done
        awk '$2 ~ "^/var/lib/kubelet/" { print $2 }' /proc/mounts | sort -r | while read -r m; do umount -l "$m" || :; done
        ! grep -q ' /var/lib/kubelet/' /proc/mounts || { echo 'volumes are still mounted, and what is in them must not be removed:'; awk '$2 ~ "^/var/lib/kubelet/" { print $2 }' /proc/mounts; exit 1; }
        rm -rf /etc/kubernetes /etc/cni/net.d /var/lib/cni
        find /usr/libexec/kubernetes /opt/containerd -depth -type d -empty -delete 2>/dev/null || :
        rmdir /run/netns /lib/modules 2>/dev/null || :
        for d in /var/lib/etcd /var/lib/kubelet; do rm -rf "$d" 2>/dev/null || [ -z "$(ls -A "$d")" ] || exit 1; done
        for l in cni0 flannel.1 kube-ipvs0 nodelocaldns tunl0; do ip link del $l 2>/dev/null || :; done
        {{Network}}
        for f in $k/*.done; do rm -f "$f"; done; rm -f $k/kubeadm.begun

        """;

    // What a network of pods has left behind: routes to pods that neither the kernel nor the host's own settings have made, and what
    // lets their packets through. Addresses of IPv6 are compared as they are written.
    private const string Network = """
        for n in $p; do
            v=4; case $n in *:*) v=6;; esac
            ip -$v route show root "$n" 2>/dev/null | grep -v -e ' proto kernel' -e ' proto dhcp' -e ' proto static' -e ' proto ra' | while read -r a b c; do
                case $a in blackhole|unreachable|prohibit|throw) a="$a $b";; esac
                ip -$v route del $a || :
            done
        done
        for t in iptables ip6tables; do
            command -v $t-save >/dev/null && w=$($t-save 2>/dev/null) || continue
            n=$(echo "$w" | p=$p awk '
                function number(a,  q) { split(a, q, "."); return ((q[1] * 256 + q[2]) * 256 + q[3]) * 256 + q[4] }
                function isPods(a,  w, x, i, k, b) {
                    split(a, w, "/")
                    for (i in nets) {
                        split(nets[i], x, "/")
                        if ((w[2] == "" ? 128 : w[2] + 0) < x[2] + 0) continue
                        if (a ~ /:/) { b = x[1]; sub(/::$/, ":", b); if (b ~ /:/ && index(w[1], b) == 1) return 1; continue }
                        k = 2 ^ (32 - x[2])
                        if (nets[i] !~ /:/ && int(number(w[1]) / k) == int(number(x[1]) / k)) return 1
                    }
                    return 0
                }
                BEGIN { split(ENVIRON["p"], nets, " ") }
                /KUBE-|CNI-|FLANNEL|cali-|CILIUM_|WEAVE/ { next }
                /^-A (FORWARD|POSTROUTING) / { for (i = 3; i < NF; i++) if (($i == "-s" || $i == "-d") && isPods($(i + 1))) next }
                { print }')
            [ "$n" = "$w" ] || echo "$n" | $t-restore || :
        done
        """;
}
