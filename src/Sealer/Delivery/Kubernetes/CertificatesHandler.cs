using Sealer.Certificates;
using Sealer.Hosts;
using Sealer.Kubernetes.Runtimes;
using Sealer.Planning;

namespace Sealer.Delivery.Kubernetes;

/// <summary>
/// Makes what a host lacks of certificates, on the controller, and writes it there. Authorities are made once, on the host where the
/// cluster begins, and read from there for every other; nothing of them stays on the controller.
/// </summary>
internal sealed class CertificatesHandler(KubernetesDelivery delivery, TimeProvider clock) : StepHandler
{
    private const int MaxOutput = 8 << 20;

    /// <inheritdoc/>
    public override string Kind => CertificatesPayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var (wanted, paths, policy) = await WantedAsync(run, cancellationToken).ConfigureAwait(false);
        var files = await ReadAsync(run.Host, wanted, cancellationToken).ConfigureAwait(false);
        // Where one is missing there is no need to fetch authorities to find out.
        if (wanted.Any(each => !each.IsOptional && (files.Find(each.Path) is null || (each.KeyPath is { } key && files.Find(key) is null))))
            return false;
        return !Compare(wanted, files, paths, policy).Any(decision => decision.Writes);
    }

    /// <inheritdoc/>
    public override async Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        var (wanted, paths, policy) = await WantedAsync(run, cancellationToken).ConfigureAwait(false);
        var there = await ReadAsync(run.Host, wanted, cancellationToken).ConfigureAwait(false);
        var files = there;
        if (((CertificatesPayload)run.Step.Payload).From is { } from)
            files = there.With((await ReadAsync(delivery[from], wanted, cancellationToken).ConfigureAwait(false)).SharedOf(paths));
        var made = CertificateIssuer.Make(Compare(wanted, files, paths, policy), files, policy, clock.GetUtcNow(), cancellationToken);
        // Authorities before what they issue, keys before what they belong to: what is cut off is taken up again.
        foreach (var file in files.SharedOf(paths).With(made).Where(file => there.Find(file.Path) is not { } old || !old.Content.Span.SequenceEqual(file.Content.Span) || old.Mode != file.Mode).OrderByDescending(file => file.IsSecret))
            await KubernetesDelivery.PutAsync(run.Host, file.Path, file.Content, file.Mode ?? CertificateFile.SecretMode, cancellationToken).ConfigureAwait(false);
    }

    // Who joins gets what those have that are there: the names that somebody gave them, for as long as theirs.
    private async Task<(IReadOnlyList<WantedCertificate> Wanted, CertificatePaths Paths, CertificatePolicy Policy)> WantedAsync(StepRun run, CancellationToken cancellationToken)
    {
        var (wanted, paths) = Wanted(run);
        var policy = new CertificatePolicy();
        if (run.Step.Payload is not CertificatesPayload { OfRegistry: false, From: { } from } || !delivery.Kubernetes.Exists)
            return (wanted, paths, policy);
        var listed = (await KubeadmConfigMap.ReadAsync(delivery[from], cancellationToken).ConfigureAwait(false)).Names;
        var path = paths.Pki("apiserver.crt");
        var theirs = (await ReadAsync(delivery[from], [new WantedCertificate { Name = "apiserver", Form = CertificateForm.Leaf, Path = path }], cancellationToken).ConfigureAwait(false)).Find(path);
        if (theirs is not null)
            policy = policy.AsLongAs(CertificateReader.Read(new CertificateFileSet([theirs]), clock.GetUtcNow(), paths).Find(path));
        return ([.. wanted.Select(each => each.Path == path ? each with { SubjectAlternativeNames = ClusterCertificates.Ordered([.. each.SubjectAlternativeNames, .. listed], "apiserver") } : each)], paths, policy);
    }

    private (IReadOnlyList<WantedCertificate> Wanted, CertificatePaths Paths) Wanted(StepRun run)
    {
        var payload = (CertificatesPayload)run.Step.Payload;
        var kubernetes = delivery.Kubernetes;
        if (payload.From is { } from && from != kubernetes.Maker)
            delivery.RequireSame(run, from, kubernetes.Maker ?? "");
        IReadOnlyList<WantedCertificate> wanted;
        CertificatePaths paths;
        if (payload.OfRegistry)
        {
            var spec = RegistryNames.CertificateOf(delivery.Request.Spec, kubernetes.Environment, kubernetes.Image.ForeignDomains)!;
            (wanted, paths) = (ClusterCertificates.Of(spec), spec.Paths);
        }
        else
        {
            var spec = kubernetes.Kubeadm.Certificates(kubernetes.Nodes[run.Step.Host]);
            (wanted, paths) = (ClusterCertificates.Of(spec), spec.Paths);
        }

        delivery.RequireSame(run, payload.Digest, PlanSteps.DigestOf(wanted));
        return (wanted, paths);
    }

    private IReadOnlyList<CertificateDecision> Compare(IReadOnlyList<WantedCertificate> wanted, CertificateFileSet files, CertificatePaths paths, CertificatePolicy policy)
    {
        var now = clock.GetUtcNow();
        return CertificateComparison.Compare(wanted, CertificateReader.Read(files, now, paths), policy, now);
    }

    private static async Task<CertificateFileSet> ReadAsync(IHost host, IReadOnlyList<WantedCertificate> wanted, CancellationToken cancellationToken)
    {
        var paths = wanted.SelectMany(each => each.KeyPath is { } key ? [each.Path, key] : new[] { each.Path }).Distinct(StringComparer.Ordinal);
        var script = $"for f in {string.Join(' ', paths.Select(ShellText.Quote))}; do [ ! -f \"$f\" ] || echo \"$(stat -c %a \"$f\") $(base64 < \"$f\" | tr -d '\\n') $f\"; done";
        var result = await host.RunAsync(new HostCommand(script) { Elevated = true, Timeout = KubernetesDelivery.Patience, MaxOutput = MaxOutput }, cancellationToken).ConfigureAwait(false);
        // What it says holds keys, and goes into no error.
        return result.Succeeded && !result.Truncated && CertificateLines.Read(result.Output, areWithoutKeys: false) is { } files
            ? files
            : throw new SealerException("CertificatesNotReadable", ErrorKind.ResourceUnavailable, $"{host.Name} does not give its certificates (exit code {result.ExitCode}). Look at {paths.First()} there.", host.Name);
    }
}
