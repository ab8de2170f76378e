using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sealer.Hosts;
using Sealer.Kubernetes;
using Sealer.Kubernetes.Kubeadm;
using Sealer.Kubernetes.LoadBalancing;
using Sealer.Planning;

namespace Sealer.Delivery.Kubernetes;

/// <summary>
/// Makes a cluster, or takes a host into it. What kubeadm was cut off at is put back before it is begun again, only where a delivery
/// began it; what was there before anybody's delivery is never reset.
/// </summary>
internal sealed class KubeadmHandler(KubernetesDelivery delivery, TimeProvider clock) : StepHandler
{
    private const string AdminConfig = LiveCluster.AdminConfig;
    private const string ConfigFile = "/etc/kubernetes/kubeadm.yaml";
    private const string End = "SEALER-END-OF-FILE";
    private const int Registered = 180;
    private static readonly TimeSpan TokenLife = TimeSpan.FromHours(2);

    /// <inheritdoc/>
    public override string Kind => KubeadmPayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = PayloadOf(run);
        if (!await KubernetesDelivery.AsksAsync(run.Host, $"{IsMember(payload)} || exit 1\nsystemctl is-active --quiet kubelet.service || exit 1", "say whether it is in the cluster", cancellationToken).ConfigureAwait(false))
            return false;
        return await KubernetesDelivery.AsksAsync(
            delivery[payload.From ?? run.Step.Host], $"{IsRegistered(payload)} || exit 1", $"say whether {payload.Node} is registered", cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = PayloadOf(run);
        var node = delivery.Kubernetes.Nodes[run.Step.Host];
        var token = payload.From is null ? null : NewToken();
        if (payload.From is { } from)
        {
            var maker = delivery[from];
            if (payload.IsControlPlane)
                await RequireHealthyEtcdAsync(maker, cancellationToken).ConfigureAwait(false);
            await GrantAsync(maker, token!, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            var file = token is null
                ? delivery.Kubernetes.Kubeadm.Init()
                : delivery.Kubernetes.Kubeadm.Join(node, new KubeadmJoin(token, await AuthorityHashesAsync(delivery[payload.From!], cancellationToken).ConfigureAwait(false), Endpoint(payload.From!)));
            var text = Text(payload, file);
            var script = PluginScript.OfSecrets("kubeadm", run.Step.Phase, "kubeadm", text, token is null ? [] : [token]);
            var (code, words) = await RecordedScript.RunAsync(run, delivery.Folder, script, payload.TimeoutSeconds, cancellationToken).ConfigureAwait(false);
            if (code != 0)
            {
                throw new SealerException(
                    payload.From is null ? "KubeadmInitFailed" : "KubeadmJoinFailed", ErrorKind.ResourceUnavailable,
                    $"kubeadm {(payload.From is null ? "could not make the cluster" : $"could not take {run.Host.Name} into the cluster")} {(code is RecordedScript.TimedOut or RecordedScript.Killed ? $"within {payload.TimeoutSeconds} s" : $"(exit code {code})")}. Mend what it says and run the same again: what was begun is put back first. {words}", run.Host.Name);
            }
        }
        finally
        {
            if (token is not null)
                await RevokeAsync(delivery[payload.From!], token).ConfigureAwait(false);
        }

        var wait = KubernetesDelivery.WaitFor(IsRegistered(payload), Registered, $"the node {payload.Node} does not appear in the cluster");
        var seen = await delivery[payload.From ?? run.Step.Host].RunAsync(new HostCommand(wait) { Elevated = true, Timeout = TimeSpan.FromSeconds(Registered) + KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false);
        seen.Require($"see the node {payload.Node}");
    }

    private KubeadmPayload PayloadOf(StepRun run)
    {
        var payload = (KubeadmPayload)run.Step.Payload;
        var host = delivery.Observed(run);
        // Who carries on after the cluster was made finds it made: the host joins nobody then, and is compared as it was.
        var maker = delivery.Request.Hosts.First(other => other.Name == (payload.From ?? run.Step.Host));
        delivery.RequireSame(run, payload.Digest, PlanSteps.KubeadmOf(delivery.Kubernetes, host, maker).Digest);
        return payload;
    }

    private string IsMember(KubeadmPayload payload) =>
        $"[ ! -e {delivery.Folder}/kubeadm.begun ] && [ -e /var/lib/kubelet/config.yaml ] && [ -e /etc/kubernetes/kubelet.conf ]"
        + (payload.IsControlPlane ? $" && [ -e {BalancerFiles.ManifestFolder}/kube-apiserver.yaml ]" : "");

    private static string IsRegistered(KubeadmPayload payload) => $"kubectl --kubeconfig {AdminConfig} --request-timeout 10s get node {ShellText.Quote(payload.Node)} -o name >/dev/null 2>&1";

    private static string Endpoint(string host) => new System.Net.IPEndPoint(System.Net.IPAddress.Parse(host), ApiBalancing.DefaultPort).ToString();

    private string Text(KubeadmPayload payload, KubeadmFile file)
    {
        var isInit = payload.From is null;
        var kept = string.Join(' ', new[] { "pki", "admin.conf", "super-admin.conf", "controller-manager.conf", "scheduler.conf" }.Concat(isInit ? ["kubelet.conf"] : Array.Empty<string>()));
        var skip = file.SkipPhases.Count > 0 ? $" --skip-phases {ShellText.Quote(string.Join(',', file.SkipPhases))}" : "";
        var audit = payload.IsControlPlane && delivery.Kubernetes.Image.HasAuditPolicy
            ? $"cp -f {ShellText.Quote($"{delivery.Request.Spec.RootfsFolder}/statics/audit-policy.yml")} /etc/kubernetes/audit-policy.yml || exit 1\n"
            : "";
        // kubeadm prints a token at the end; nobody needs it.
        return $$"""
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH
            umask 077
            k={{delivery.Folder}}
            if {{IsMember(payload)}}; then echo 'it is in the cluster already'; exit 0; fi
            if [ -e $k/kubeadm.begun ]; then
                if [ ! -d $k/kept ]; then
                    rm -rf $k/keep; mkdir -p $k/keep
                    for f in {{kept}}; do [ ! -e /etc/kubernetes/$f ] || cp -a /etc/kubernetes/$f $k/keep/ || exit 1; done
                    mv $k/keep $k/kept
                fi
                kubeadm reset -f
                mkdir -p /etc/kubernetes && cp -a $k/kept/. /etc/kubernetes/ && rm -rf $k/kept || exit 1
            fi
            mkdir -p /etc/kubernetes || exit 1
            cat > {{ConfigFile}} <<'{{End}}' || exit 1
            {{file.Text.TrimEnd('\n')}}
            {{End}}
            {{audit}}: > $k/kubeadm.begun && sync
            c=0; kubeadm {{(isInit ? "init" : "join")}} --config {{ConfigFile}}{{skip}} > $k/kubeadm.out 2>&1 || c=$?
            sed 's/\(--token \)[^ ]*/\1***/; s/\(--certificate-key \)[^ ]*/\1***/' $k/kubeadm.out
            rm -f $k/kubeadm.out
            {{(isInit ? "" : $"rm -f {ConfigFile}\n")}}[ $c = 0 ] || exit $c
            if [ -e {{AdminConfig}} ] && [ ! -e /root/.kube/config ]; then mkdir -p /root/.kube && cp {{AdminConfig}} /root/.kube/config; fi
            {{(isInit ? "rm -f $k/app-*.done\n" : "")}}rm -f $k/kubeadm.begun && sync

            """;
    }

    // Every API server is asked whether its etcd has a leader: where the last one that joined has not caught up, another waits.
    private async Task RequireHealthyEtcdAsync(IHost maker, CancellationToken cancellationToken)
    {
        var label = KubernetesRelease.Of(delivery.Kubernetes.Image.Version).ControlPlaneLabels[0];
        var script = $$"""
            a=$(kubectl --kubeconfig {{AdminConfig}} --request-timeout 30s get nodes -l {{label}} -o 'jsonpath={range .items[*]}{.status.addresses[?(@.type=="InternalIP")].address}{"\n"}{end}') || exit 2
            [ -n "$a" ] || { echo 'no control plane is in the cluster' >&2; exit 2; }
            for s in $a; do
                case $s in *:*) s="[$s]";; esac
                i=0
                until kubectl --kubeconfig {{AdminConfig}} --server "https://$s:{{ApiBalancing.DefaultPort}}" --request-timeout 5s get --raw /healthz/etcd >/dev/null 2>&1; do
                    i=$((i+1)); [ $i -lt 60 ] || { echo "the etcd of $s is not well" >&2; exit 3; }
                    sleep 2
                done
            done
            """;
        var result = await maker.RunAsync(new HostCommand(script) { Elevated = true, Timeout = TimeSpan.FromMinutes(10) }, cancellationToken).ConfigureAwait(false);
        if (result.Succeeded)
            return;
        throw new SealerException(
            "EtcdNotHealthy", ErrorKind.ResourceUnavailable,
            $"No control plane is added while etcd is not well, because the next might cost its majority. {maker.Name} says: {HostText.Shown(result.Error.Trim())}. Bring the control planes back that are in the cluster, and run the same again.", maker.Name);
    }

    private static Secret NewToken()
    {
        const string letters = "abcdefghijklmnopqrstuvwxyz0123456789";
        return Secret.Of($"{RandomNumberGenerator.GetString(letters, 6)}.{RandomNumberGenerator.GetString(letters, 16)}");
    }

    // As kubeadm token create does it, without a token in anybody's list of processes.
    private async Task GrantAsync(IHost maker, Secret token, CancellationToken cancellationToken)
    {
        var words = token.Reveal().Split('.');
        var document = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["metadata"] = new JsonObject { ["name"] = $"bootstrap-token-{words[0]}", ["namespace"] = "kube-system" },
            ["type"] = "bootstrap.kubernetes.io/token",
            ["stringData"] = new JsonObject
            {
                ["token-id"] = words[0],
                ["token-secret"] = words[1],
                ["expiration"] = (clock.GetUtcNow() + TokenLife).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
                ["usage-bootstrap-authentication"] = "true",
                ["usage-bootstrap-signing"] = "true",
                ["auth-extra-groups"] = "system:bootstrappers:kubeadm:default-node-token",
                ["description"] = "Sealer: a host joins",
            },
        };
        using var input = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(document));
        var result = await maker.RunAsync(new HostCommand($"kubectl --kubeconfig {AdminConfig} --request-timeout 30s create -f - >/dev/null") { Elevated = true, Input = input, Timeout = 2 * KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false);
        result.Require("make a token for a host that joins");
    }

    private async Task RevokeAsync(IHost maker, Secret token)
    {
        try
        {
            using var limit = new CancellationTokenSource(KubernetesDelivery.Patience);
            await maker.RunAsync(
                new HostCommand($"kubectl --kubeconfig {AdminConfig} --request-timeout 30s -n kube-system delete secret bootstrap-token-{token.Reveal().Split('.')[0]} --ignore-not-found >/dev/null 2>&1") { Elevated = true, Timeout = KubernetesDelivery.Patience },
                limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SealerException or OperationCanceledException)
        {
            // It ends by itself.
        }
    }

    private async Task<IReadOnlyList<string>> AuthorityHashesAsync(IHost maker, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream();
        await maker.GetAsync($"{delivery.Kubernetes.Kubeadm.CertificatesFolder}/ca.crt", content, new HostFileOptions { Elevated = true }, cancellationToken).ConfigureAwait(false);
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(Encoding.UTF8.GetString(content.ToArray()));
        return [.. certificates.Select(certificate => "sha256:" + Convert.ToHexString(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo())).ToLowerInvariant())];
    }
}
