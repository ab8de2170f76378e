using System.Text;
using Sealer.Certificates;
using Sealer.Hosts;
using Sealer.Kubernetes.Runtimes;
using Sealer.Planning;

namespace Sealer.Delivery.Kubernetes;

/// <summary>Writes who may use the registry to the file that the image's <c>init-registry.sh</c> looks for; the registry reads it again when it changes.</summary>
internal sealed class RegistryLoginHandler(KubernetesDelivery delivery) : StepHandler
{
    /// <inheritdoc/>
    public override string Kind => RegistryLoginPayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var (user, password) = Login(run);
        var path = RegistryPasswords.PathOf(delivery.Request.Spec);
        var result = await run.Host.RunAsync(new HostCommand($"[ ! -f {ShellText.Quote(path)} ] || cat {ShellText.Quote(path)}") { Elevated = true, Timeout = KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false);
        return RegistryPasswords.Admits(result.Require("say who may use its registry").Output, user, password);
    }

    /// <inheritdoc/>
    public override Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        var (user, password) = Login(run);
        return KubernetesDelivery.PutAsync(
            run.Host, RegistryPasswords.PathOf(delivery.Request.Spec), Encoding.UTF8.GetBytes(RegistryPasswords.FileOf(user, password)), CertificateFile.SecretMode, cancellationToken);
    }

    private (string User, Secret Password) Login(StepRun run)
    {
        var local = delivery.Request.Spec.Registry.Local;
        delivery.RequireSame(run, ((RegistryLoginPayload)run.Step.Payload).UserName, local?.Password is null ? "" : local.UserName ?? "");
        return (local!.UserName!, local.Password!);
    }
}
