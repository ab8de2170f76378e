using System.Globalization;
using Sealer.Apps;
using Sealer.Certificates;
using Sealer.Hosts;
using Sealer.Planning;

namespace Sealer.Delivery.Kubernetes;

/// <summary>What the handlers of Kubernetes' steps have in common.</summary>
/// <param name="request">What the plan is made from, as the hosts are now.</param>
/// <param name="hosts">A host of the plan by its name; refuses once the lock is lost.</param>
internal sealed class KubernetesDelivery(PlanRequest request, Func<string, IHost> hosts)
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public PlanRequest Request => request;

    public KubernetesRequest Kubernetes => request.Kubernetes!;

    public IReadOnlyList<AppLaunch> Launches => Kubernetes.Image.Launches;

    public string Folder => DeliveryPaths.Kubernetes(request.Spec.Name);

    public IHost this[string name] => hosts(name);

    public ObservedHost Observed(StepRun run) => request.Hosts.First(host => host.Name == run.Step.Host);

    /// <summary>The name in plans that a handler was given, or the one that it makes itself; a plan of another time is refused.</summary>
    public void RequireSame(StepRun run, string planned, string now)
    {
        if (planned == now)
            return;
        throw new SealerException(
            "KubernetesChanged", ErrorKind.Conflict,
            $"'{run.Step.What}' on {run.Step.Host} is not what it was when the plan was made. Make a new plan with Get-ClusterPlan.", run.Step.Host);
    }

    /// <summary>An application that a step is about, as Clusterfile and image say it; another one than the plan says is refused.</summary>
    public AppLaunch LaunchOf(StepRun run, string name, string planned)
    {
        var launch = Launches.FirstOrDefault(known => known.Name == name);
        RequireSame(run, planned, launch?.Digest ?? "");
        return launch!;
    }

    /// <summary>Refuses a plan with names for API servers that neither Clusterfile nor image say, nor kubeadm in the cluster.</summary>
    public void RequireNames(StepRun run, IReadOnlyList<string> planned, IReadOnlyList<string> listed)
    {
        if (!HasNames(planned, listed))
            RequireSame(run, string.Join(' ', planned), "");
    }

    /// <summary>True where Clusterfile, image or a list say all of some names.</summary>
    public bool HasNames(IReadOnlyList<string> planned, IReadOnlyList<string> listed) => SubjectName.Missing(planned, [.. PlanSteps.ApiNamesOf(request), .. listed]).Count == 0;

    /// <summary>True where a question to a host, as root, is answered with 0; false with 1.</summary>
    public static async Task<bool> AsksAsync(IHost host, string script, string what, CancellationToken cancellationToken)
    {
        var result = await host.RunAsync(new HostCommand(script) { Elevated = true, Timeout = 2 * Patience }, cancellationToken).ConfigureAwait(false);
        return result.ExitCode != 1 && result.Require(what).Succeeded;
    }

    /// <summary>Text for a shell that waits for a condition and says which it was that did not come.</summary>
    public static string WaitFor(string condition, int seconds, string otherwise) =>
        $"i=0; until {condition}; do i=$((i+1)); [ $i -lt {seconds.ToString(CultureInfo.InvariantCulture)} ] || {{ echo {ShellText.Quote(otherwise)} >&2; exit 1; }}; sleep 1; done";

    /// <summary>Digests of files, those that are there, by path.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> DigestsAsync(IHost host, IEnumerable<string> paths, CancellationToken cancellationToken)
    {
        var script = $"for f in {string.Join(' ', paths.Select(ShellText.Quote))}; do [ ! -f \"$f\" ] || echo \"$(sha256sum < \"$f\" | cut -c1-64) $f\"; done";
        var result = await host.RunAsync(new HostCommand(script) { Elevated = true, Timeout = Patience }, cancellationToken).ConfigureAwait(false);
        return result.Require("compare files").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', 2)).Where(words => words.Length == 2)
            .ToDictionary(words => words[1], words => "sha256:" + words[0], StringComparer.Ordinal);
    }

    /// <summary>Writes a small file, as root.</summary>
    public static async Task PutAsync(IHost host, string path, ReadOnlyMemory<byte> content, int mode, CancellationToken cancellationToken)
    {
        using var stream = new MemoryStream(content.ToArray());
        await host.PutAsync(stream, path, new HostFileOptions { Elevated = true, Mode = mode }, cancellationToken).ConfigureAwait(false);
    }
}
