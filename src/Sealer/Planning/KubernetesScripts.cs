using System.Globalization;
using Sealer.Apps;
using Sealer.Clusterfiles.Documents;
using Sealer.Hosts;

namespace Sealer.Planning;

/// <summary>The scripts of an image's contract, with the arguments and variables that sealer gives them.</summary>
internal static class KubernetesScripts
{
    public const string RuntimePhase = "container-runtime";
    public const string RegistryPhase = "registry";
    public const string KubeletPhase = "kubelet";
    public const string LaunchPhase = "launch";

    /// <summary>Installs the container runtime.</summary>
    public static PluginScript Runtime(PlanRequest request, HostSpec host)
    {
        var name = $"{request.Kubernetes!.Image.Runtime}.sh";
        return Make(request, name, RuntimePhase, $"bash {ShellText.Quote($"{request.Spec.RootfsFolder}/scripts/{name}")}", request.Environment(host), request.Spec.RootfsFolder);
    }

    /// <summary>Starts the local registry.</summary>
    public static PluginScript Registry(PlanRequest request, HostSpec host)
    {
        var local = request.Spec.Registry.Local!;
        string[] arguments = [local.Port.ToString(CultureInfo.InvariantCulture), $"{request.Spec.RootfsFolder}/registry", local.Domain];
        // It is told of a password by a file that is there; without one it is another registry.
        var login = local is { UserName: not null, Password: not null } ? "# with a password\n" : "";
        return Make(request, "init-registry.sh", RegistryPhase, $"{login}bash init-registry.sh {string.Join(' ', arguments.Select(ShellText.Quote))}", request.Environment(host), $"{request.Spec.RootfsFolder}/scripts");
    }

    /// <summary>Prepares the host for the kubelet. Of variables it gets the registry's address only.</summary>
    public static PluginScript Kubelet(PlanRequest request) => Make(
        request, "init-kube.sh", KubeletPhase, "bash init-kube.sh", [new EnvironmentVariable("RegistryURL", request.Spec.Registry.Endpoint)], $"{request.Spec.RootfsFolder}/scripts");

    /// <summary>Launches an application.</summary>
    public static PluginScript Launch(PlanRequest request, AppLaunch launch) => PluginScript.OfImage(
        launch.Name, LaunchPhase, $"app-{HostFingerprint.Digest(launch.Name).Substring("sha256:".Length, 16)}",
        $"# {launch.Digest}\nexport KUBECONFIG=/etc/kubernetes/admin.conf\n{launch.Script}", [], request.Spec.RootfsFolder);

    private static PluginScript Make(PlanRequest request, string name, string phase, string line, IReadOnlyList<EnvironmentVariable> variables, string folder)
    {
        // A script that says something else is another one.
        var digest = request.Kubernetes!.Image.Scripts.GetValueOrDefault(name)
            ?? throw new SealerException(
                "ImageScriptMissing", ErrorKind.InvalidContent,
                $"The image {request.Image} has no scripts/{name}, which the contract of cluster images asks for. Build it on a base image that has it, or choose another runtime with containerRuntime.", name);
        return PluginScript.OfImage(name, phase, HostFingerprint.Digest($"{phase}\n{name}").Substring("sha256:".Length, 16), $"# {digest}\n{line}\n", variables, folder);
    }
}
