using System.Globalization;
using System.Net;
using Sealer.Certificates;
using Sealer.Hosts;
using Sealer.Kubernetes.LoadBalancing;
using Sealer.Planning;

namespace Sealer.Delivery.Kubernetes;

/// <summary>
/// Makes certificates of a control plane anew, as they stand but longer or with more names, on the controller, with the authorities'
/// keys of that host, of which nothing stays on the controller. A certificate of the API server alone is taken up by that itself; else what
/// read the old ones is started again. The step ends when the API server shows the new one. The other API servers answer before and after.
/// </summary>
internal sealed class CertificateRenewalHandler(KubernetesDelivery delivery, TimeProvider clock) : StepHandler
{
    private const string ApiServer = "kube-apiserver";
    private const string New = ".sealer-new";
    private const int MaxOutput = 8 << 20;
    private const int Wait = 120;
    // It looks at its files once a minute itself, and every version that is supported does.
    private const int Reloads = 75;

    // Ends the program of a static pod, whichever runtime and whichever tools there are; the kubelet starts it again.
    private const string Functions = """
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH
        pid_of() {
            for d in /proc/[0-9]*; do
                read -r c 2>/dev/null < $d/comm || continue
                case $1 in "$c"*) ;; *) continue;; esac
                a=$(tr '\0' '\n' 2>/dev/null < $d/cmdline | head -n 1)
                [ "${a##*/}" != "$1" ] || { echo ${d#/proc/}; return; }
            done
        }
        restart() {
            o=$(pid_of $1)
            [ -z "$o" ] || kill $o 2>/dev/null
            i=0; until n=$(pid_of $1); [ -n "$n" ] && [ "$n" != "$o" ]; do
                i=$((i+1)); [ $i -lt $2 ] || { echo "$1 was stopped, and is not started again within $2 s" >&2; exit 1; }
                [ $i != 60 ] || [ -z "$o" ] || kill -9 $o 2>/dev/null
                sleep 1
            done
        }
        """;

    private readonly CertificatePaths _paths = PlanSteps.PathsOf(delivery.Request);

    /// <inheritdoc/>
    public override string Kind => CertificateRenewalPayload.KindName;

    private string Begun => DeliveryPaths.Renewing(delivery.Request.Spec.Name);

    private string ApiServerPath => _paths.Pki("apiserver.crt");

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = await PayloadOf(run, cancellationToken).ConfigureAwait(false);
        var files = await ReadAsync(run.Host, LooksAtAll(run, payload), withKeys: false, cancellationToken).ConfigureAwait(false);
        if (Decide(run, payload, files, clock.GetUtcNow()).Decisions.Any(decision => decision.Writes))
            return false;
        return await KubernetesDelivery.AsksAsync(run.Host, $"[ ! -e {Begun} ] && {Shows(run.Step.Host)} || exit 1", "say whether its API server shows its certificate", cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = await PayloadOf(run, cancellationToken).ConfigureAwait(false);
        await RequireOthersAsync(run, payload, cancellationToken).ConfigureAwait(false);
        var files = await ReadAsync(run.Host, LooksAtAll(run, payload), withKeys: true, cancellationToken).ConfigureAwait(false);
        // A controller whose clock is behind that of the one that began would never come to an end.
        var now = payload.IssuedBefore is { } begun && begun > clock.GetUtcNow() ? begun : clock.GetUtcNow();
        var (decisions, policy) = Decide(run, payload, files, now);
        var made = CertificateIssuer.Make(decisions, files, policy, now, cancellationToken);
        foreach (var file in made)
            await KubernetesDelivery.PutAsync(run.Host, file.Path + New, file.Content, file.Mode ?? CertificateFile.SecretMode, cancellationToken).ConfigureAwait(false);
        // That something has to be started again is known as long as it is not: it could not be told by the files.
        var result = await run.Host.RunAsync(
            new HostCommand(Replace(run, payload, made)) { Elevated = true, Timeout = TimeSpan.FromSeconds(4 * payload.TimeoutSeconds) }, cancellationToken).ConfigureAwait(false);
        if (!result.Succeeded)
        {
            throw new SealerException(
                "CertificatesNotTaken", ErrorKind.ResourceUnavailable,
                $"{run.Host.Name} has new certificates, and does not work with them yet: {HostText.Shown(result.Error.Trim())}. No other control plane is touched. Look at crictl ps -a and journalctl -u kubelet there, and run the same again.", run.Host.Name);
        }

        await RequireOthersAsync(run, payload, cancellationToken).ConfigureAwait(false);
        await RemoveMarkAsync(run.Host, cancellationToken).ConfigureAwait(false);
    }

    private string Replace(StepRun run, CertificateRenewalPayload payload, CertificateFileSet made)
    {
        var isOfAll = payload.IssuedBefore is not null;
        var shows = Shows(run.Step.Host);
        var wait = payload.TimeoutSeconds.ToString(CultureInfo.InvariantCulture);
        // All of them appear at once, so that a certificate is beside another's key for no longer than a rename takes.
        var moves = string.Concat(made.Select(file => $"mv -f {ShellText.Quote(file.Path + New)} {ShellText.Quote(file.Path)} || exit 1\n"));
        var own = "/root/.kube/config";
        return $$"""
            {{Functions}}
            all={{(isOfAll ? "1" : "")}}; again=; [ ! -e {{Begun}} ] || { all=1; again=1; }
            mkdir -p {{delivery.Folder}} && : > {{Begun}} && sync || exit 1
            same=; [ ! -f {{own}} ] || ! cmp -s {{own}} {{LiveCluster.AdminConfig}} || same=1
            {{moves}}[ -z "$same" ] || cp -f {{LiveCluster.AdminConfig}} {{own}} || exit 1
            sync
            if [ -z "$all" ]; then
                i=0; until {{shows}}; do i=$((i+1)); [ $i -lt {{Reloads}} ] || { all=1; break; }; sleep 1; done
            fi
            if [ -n "$all" ]; then
                restart {{ApiServer}} {{wait}}
                {{KubernetesDelivery.WaitFor(shows, payload.TimeoutSeconds, $"the API server at {run.Step.Host} does not answer with the certificate {ApiServerPath}")}}
                restart kube-controller-manager {{wait}}
                restart kube-scheduler {{wait}}
            fi
            {{(made.Find($"{_paths.Folder}/kubelet.conf") is null ? "[ -z \"$again\" ] || " : "")}}systemctl restart kubelet.service || exit 1
            :
            """;
    }

    private async Task RemoveMarkAsync(IHost host, CancellationToken cancellationToken) =>
        (await host.RunAsync(new HostCommand($"rm -f {ShellText.Quote(_paths.PkiFolder)}/*{New} {ShellText.Quote(_paths.PkiFolder)}/etcd/*{New} {_paths.Folder}/*{New} {Begun} && sync") { Elevated = true, Timeout = KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false)).Require("note that its certificates are renewed");

    // Only the certificate itself is trusted, so that what answers shows that one and no other.
    private string Shows(string address) =>
        $"kubectl --kubeconfig {LiveCluster.AdminConfig} --certificate-authority {ShellText.Quote(ApiServerPath)} --server {Server(address)} --request-timeout 5s get --raw /readyz >/dev/null 2>&1";

    private static string Server(string address) => $"https://{new IPEndPoint(IPAddress.Parse(address), ApiBalancing.DefaultPort)}";

    private static string Answers(string address) => $"kubectl --kubeconfig {LiveCluster.AdminConfig} --server {Server(address)} --request-timeout 5s get --raw /readyz >/dev/null 2>&1";

    // While none answers, as where all certificates are over, there is nothing to lose, and this is what mends it.
    private async Task RequireOthersAsync(StepRun run, CertificateRenewalPayload payload, CancellationToken cancellationToken)
    {
        foreach (var other in payload.Others)
        {
            var script = $"{Answers(run.Step.Host)} || exit 0\n{KubernetesDelivery.WaitFor(Answers(other), Wait, $"the API server at {other} does not answer")}";
            var result = await run.Host.RunAsync(new HostCommand(script) { Elevated = true, Timeout = TimeSpan.FromSeconds(Wait * 7) }, cancellationToken).ConfigureAwait(false);
            if (!result.Succeeded)
            {
                throw new SealerException(
                    "ApiServerSilent", ErrorKind.ResourceUnavailable,
                    $"The API server of {run.Host.Name} is not started again while that at {other} does not answer, because clients might have none. Look at it there: crictl ps -a, journalctl -u kubelet. Then run the same again.", other);
            }
        }
    }

    private async Task<CertificateRenewalPayload> PayloadOf(StepRun run, CancellationToken cancellationToken)
    {
        var payload = (CertificateRenewalPayload)run.Step.Payload;
        var renewal = delivery.Request.Renewal;
        delivery.RequireSame(run, $"{payload.IssuedBefore:O} {payload.LifetimeSeconds}", $"{(renewal?.IsOfAll == true ? delivery.Request.Created : null):O} {(long?)renewal?.Lifetime?.TotalSeconds}");
        foreach (var other in payload.Others)
        {
            if (!delivery.Request.Spec.ControlPlanes.Any(host => host.Address.ToString() == other))
                delivery.RequireSame(run, other, "");
        }

        // Those that are not the Clusterfile's are kubeadm's, which was asked when the plan was made.
        if (!delivery.HasNames(payload.Names, []))
            delivery.RequireNames(run, payload.Names, await ListedAsync(run, payload, cancellationToken).ConfigureAwait(false));
        return payload;
    }

    private async Task<IReadOnlyList<string>> ListedAsync(StepRun run, CertificateRenewalPayload payload, CancellationToken cancellationToken)
    {
        foreach (var other in payload.Others)
        {
            try
            {
                return (await KubeadmConfigMap.ReadAsync(delivery[other], cancellationToken).ConfigureAwait(false)).Names;
            }
            catch (SealerException)
            {
                // The host itself is asked last: its API server may be what is to be mended.
            }
        }

        return (await KubeadmConfigMap.ReadAsync(run.Host, cancellationToken).ConfigureAwait(false)).Names;
    }

    private (IReadOnlyList<CertificateDecision> Decisions, CertificatePolicy Policy) Decide(StepRun run, CertificateRenewalPayload payload, CertificateFileSet files, DateTimeOffset now)
    {
        var present = CertificateReader.Read(files, now, _paths);
        var isOfAll = payload.IssuedBefore is not null;
        var policy = new CertificatePolicy { RenewIssuedBefore = payload.IssuedBefore, KeepKeys = !isOfAll };
        policy = payload.LifetimeSeconds is { } seconds ? policy with { Lifetime = TimeSpan.FromSeconds(seconds) }
            : isOfAll ? policy : policy.AsLongAs(present.Find(ApiServerPath));
        if (present.Find(ApiServerPath) is not { IsReadable: true })
        {
            throw new SealerException(
                "CertificatesNotReadable", ErrorKind.InvalidContent,
                $"{run.Host.Name} has no certificate of its API server at {ApiServerPath}, or it cannot be read. Where kubeadm keeps them elsewhere, write certificatesDir into the Clusterfile's ClusterConfiguration.", run.Host.Name);
        }

        // The address that it is asked at is its own name.
        var wanted = ClusterCertificates.Standing(files, present, _paths, [run.Step.Host, .. payload.Names]);
        if (!LooksAtAll(run, payload))
            wanted = [.. wanted.Where(each => each.Path == ApiServerPath || each.Path == _paths.Pki("ca.crt"))];
        return (CertificateComparison.Compare(wanted, present, policy, now), policy);
    }

    // Where a renewal of all was cut off, any of them may lie beside another's key.
    private bool LooksAtAll(StepRun run, CertificateRenewalPayload payload) => payload.IssuedBefore is not null || delivery.Observed(run).State?.Kubernetes?.IsRenewing == true;

    // Keys are asked for where something is signed, and only those that sign, or stay.
    private async Task<CertificateFileSet> ReadAsync(IHost host, bool all, bool withKeys, CancellationToken cancellationToken)
    {
        var pki = ShellText.Quote(_paths.PkiFolder);
        var files = all ? $"{pki}/*.crt {pki}/*.key {pki}/etcd/*.crt {pki}/etcd/*.key {_paths.Folder}/*.conf {_paths.KubeletFolder}/kubelet-client-current.pem" : $"{pki}/ca.crt {pki}/ca.key {pki}/apiserver.crt {pki}/apiserver.key";
        var script = withKeys
            ? $"for f in {files}; do [ ! -f \"$f\" ] || [ \"${{f##*/}}\" = sa.key ] || echo \"$(stat -L -c %a \"$f\") $(base64 < \"$f\" | tr -d '\\n') $f\"; done"
            : $"{ClusterCertReader.Tell}\nfor f in {files}; do tell \"$f\"; done";
        var result = await host.RunAsync(new HostCommand(script) { Elevated = true, Timeout = KubernetesDelivery.Patience, MaxOutput = MaxOutput }, cancellationToken).ConfigureAwait(false);
        // What it says holds keys, and goes into no error.
        return result.Succeeded && !result.Truncated && CertificateLines.Read(result.Output, areWithoutKeys: !withKeys) is { } found
            ? found
            : throw new SealerException("CertificatesNotReadable", ErrorKind.ResourceUnavailable, $"{host.Name} does not give its certificates (exit code {result.ExitCode}). Look at {_paths.PkiFolder} there.", host.Name);
    }
}
