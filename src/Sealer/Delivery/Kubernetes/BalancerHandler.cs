using System.Text;
using Sealer.Certificates;
using Sealer.Hosts;
using Sealer.Kubernetes.LoadBalancing;
using Sealer.Planning;

namespace Sealer.Delivery.Kubernetes;

/// <summary>Writes the static pods that balance on a worker, takes those away that shall not be there, and waits until the API answers through them.</summary>
internal sealed class BalancerHandler(KubernetesDelivery delivery) : StepHandler
{
    private const int Answers = 180;
    private const int Looks = 15;

    /// <inheritdoc/>
    public override string Kind => BalancerPayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var files = FilesOf(run);
        var unwanted = PlanSteps.Unwanted(files).ToList();
        var there = await KubernetesDelivery.DigestsAsync(run.Host, files.Select(file => file.Path).Concat(unwanted), cancellationToken).ConfigureAwait(false);
        return files.All(file => there.GetValueOrDefault(file.Path) == HostFingerprint.Digest(file.Text)) && !unwanted.Any(there.ContainsKey)
            && (Question(run) is not { } question || await KubernetesDelivery.AsksAsync(run.Host, $"{question} || exit 1", "say whether the API answers", cancellationToken).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public override async Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        var files = FilesOf(run);
        foreach (var file in files)
            await KubernetesDelivery.PutAsync(run.Host, file.Path, Encoding.UTF8.GetBytes(file.Text), CertificateFile.PublicMode, cancellationToken).ConfigureAwait(false);
        var remove = $"rm -f {string.Join(' ', PlanSteps.Unwanted(files).Select(ShellText.Quote))}";
        (await run.Host.RunAsync(new HostCommand(remove) { Elevated = true, Timeout = KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false)).Require("take old balancers away");
        if (Question(run) is not { } question)
            return;
        var address = ((BalancerPayload)run.Step.Payload).Address;
        var wait = KubernetesDelivery.WaitFor(question, Answers, $"the API does not answer at {address}");
        (await run.Host.RunAsync(new HostCommand(wait) { Elevated = true, Timeout = TimeSpan.FromSeconds(Answers * 7) }, cancellationToken).ConfigureAwait(false)).Require("reach the API through its balancer");
    }

    // What answered may have been the pod that the kubelet was about to replace by that of the new files.
    /// <inheritdoc/>
    public override async Task VerifyAsync(StepRun run, CancellationToken cancellationToken)
    {
        for (var i = 1; i < Looks && !await CheckAsync(run, cancellationToken).ConfigureAwait(false); i++)
            await Task.Delay(TimeSpan.FromSeconds(2), cancellationToken).ConfigureAwait(false);
        await base.VerifyAsync(run, cancellationToken).ConfigureAwait(false);
    }

    private IReadOnlyList<BalancerFile> FilesOf(StepRun run)
    {
        var payload = (BalancerPayload)run.Step.Payload;
        var balancing = delivery.Kubernetes.BalancingOf(delivery.Observed(run));
        var files = PlanSteps.BalancerFilesOf(balancing, delivery.Kubernetes.ServicesOn(delivery.Request.Spec, balancing));
        delivery.RequireSame(run, $"{payload.Balancer} {payload.Address} {payload.Digest}", $"{balancing.Kind} {balancing.Address} {PlanSteps.DigestOf(files)}");
        return files;
    }

    private static string? Question(StepRun run)
    {
        var payload = (BalancerPayload)run.Step.Payload;
        if (payload.Services.Count == 0)
            return null;
        var server = new System.Net.IPEndPoint(System.Net.IPAddress.Parse(payload.Address), ApiBalancing.DefaultPort);
        return $"kubectl --kubeconfig /etc/kubernetes/kubelet.conf --server https://{server} --request-timeout 5s get --raw /healthz >/dev/null 2>&1";
    }
}
