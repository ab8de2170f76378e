using System.Text;
using Sealer.Certificates;
using Sealer.Hosts;
using Sealer.Kubernetes.Runtimes;
using Sealer.Planning;

namespace Sealer.Delivery.Kubernetes;

/// <summary>Writes what tells a container runtime where images come from.</summary>
internal sealed class RuntimeFilesHandler(KubernetesDelivery delivery) : StepHandler
{
    /// <inheritdoc/>
    public override string Kind => RuntimeFilesPayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var files = await FilesAsync(run, cancellationToken).ConfigureAwait(false);
        var there = await KubernetesDelivery.DigestsAsync(run.Host, files.Select(file => file.Path), cancellationToken).ConfigureAwait(false);
        return files.All(file => there.GetValueOrDefault(file.Path) == HostFingerprint.Digest(file.Text));
    }

    /// <inheritdoc/>
    public override async Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        foreach (var file in await FilesAsync(run, cancellationToken).ConfigureAwait(false))
            await KubernetesDelivery.PutAsync(run.Host, file.Path, Encoding.UTF8.GetBytes(file.Text), file.IsSecret ? CertificateFile.SecretMode : CertificateFile.PublicMode, cancellationToken).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<RuntimeFile>> FilesAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = (RuntimeFilesPayload)run.Step.Payload;
        var authority = "";
        if (delivery.Request.Spec.Registry is { Local.IsInsecure: false, External: null })
        {
            using var content = new MemoryStream();
            await delivery[delivery.Kubernetes.Maker!].GetAsync($"{new CertificatePaths().PkiFolder}/registry/ca.crt", content, new HostFileOptions { Elevated = true }, cancellationToken).ConfigureAwait(false);
            authority = Encoding.UTF8.GetString(content.ToArray());
        }

        var files = PlanSteps.RuntimeFilesOf(delivery.Request, authority);
        delivery.RequireSame(run, payload.Digest, PlanSteps.PayloadOf(delivery.Request, files).Digest);
        return files;
    }
}
