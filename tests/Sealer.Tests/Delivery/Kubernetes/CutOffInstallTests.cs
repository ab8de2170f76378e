using Sealer.Labs;
using Sealer.Planning;
using Sealer.Tests.Labs;

namespace Sealer.Tests.Delivery.Kubernetes;

/// <summary>Installations of a real Kubernetes in which something fails: the same again ends as any other does.</summary>
[Trait("Tier", "lab")]
[Collection(LabCollection.Name)]
public sealed class CutOffInstallTests(KubernetesFixture kubernetes)
{
    // By a user who is asked for a password by sudo, through a jump host: what works so works for root on the spot, which all others are.
    [LinuxFact]
    public async Task A_kubeadm_that_fails_is_put_back_and_a_controller_that_is_killed_in_the_middle_of_it_is_not_missed()
    {
        await using var lab = await LabKubernetes.CreateAsync(kubernetes, new LabOptions { Count = 2, User = "deploy", JumpHost = true });
        var cluster = lab.Cluster(1, 1);
        var (first, worker) = (lab.Hosts[0], lab.Hosts[1]);

        // What kubeadm needs is taken.
        await LabKubernetes.RunAsync(first, "setsid socat TCP-LISTEN:10259,fork /dev/null > /dev/null 2>&1 < /dev/null & echo $! > /run/taken");
        var failed = await lab.ApplyAsync(cluster);
        var error = failed.Steps.Single(step => step.Status == Sealer.Delivery.StepStatus.Failed);
        Assert.Equal(KubeadmPayload.KindName, error.Kind);
        Assert.Contains("10259", error.Message, StringComparison.Ordinal);
        // What does not need it goes on: the worker's runtime is there.
        await LabKubernetes.RunAsync(worker, "systemctl is-active containerd");
        await LabKubernetes.RunAsync(first, "kill $(cat /run/taken)");

        // The controller dies while kubeadm runs, which comes to its end.
        using (var controller = lab.Controller(cluster))
        {
            await LabKubernetes.RunAsync(first, "until pgrep -f '^kubeadm init' > /dev/null; do sleep 0.1; done");
            controller.Kill();
            await controller.WaitForExitAsync();
        }

        // A worker's kubeadm that was here before anybody's delivery is nobody's to reset.
        await LabKubernetes.RunAsync(worker, "mkdir -p /etc/kubernetes/pki; echo somebody > /etc/kubernetes/pki/ca.crt");
        failed = await lab.ApplyAsync(cluster);
        error = failed.Steps.Single(step => step.Status == Sealer.Delivery.StepStatus.Failed);
        Assert.Contains("/etc/kubernetes/pki/ca.crt", error.Message, StringComparison.Ordinal);
        Assert.Equal("somebody\n", await LabKubernetes.RunAsync(worker, "cat /etc/kubernetes/pki/ca.crt"));
        await LabKubernetes.RunAsync(worker, "rm /etc/kubernetes/pki/ca.crt");

        await lab.ApplyFullyAsync(cluster);
        Assert.Equal(2, (await LabKubernetes.KubectlAsync(first, "get nodes --no-headers")).Split(" Ready ").Length - 1);
        // No token outlives the join that it was made for; the one that is left is kubeadm's own.
        Assert.Single((await LabKubernetes.KubectlAsync(first, "-n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token -o name")).TrimEnd('\n').Split('\n'));
        Assert.Equal([], (await lab.PlanAsync(cluster)).Steps.Select(step => $"{step}: {step.Why}"));
    }
}
