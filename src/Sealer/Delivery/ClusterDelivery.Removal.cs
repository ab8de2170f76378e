using System.Text;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;
using Sealer.Delivery.Kubernetes;
using Sealer.Events;
using Sealer.Hosts;
using Sealer.Kubefiles;
using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>What a delivery does that takes a cluster away, and nothing else does.</summary>
public sealed partial class ClusterDelivery
{
    private const int MaxPlugins = 16 << 20;

    // The lock is not renewed any more, and outlasts some that do not answer.
    private static readonly TimeSpan ForgettingTime = TimeSpan.FromSeconds(15);

    // Nothing on a host tells of the cluster from here on.
    private string Forget => $"rm -rf {DeliveryPaths.State(Spec.Name)}; rmdir -p {DeliveryPaths.State("")} 2>/dev/null; :";

    // The image need not be at hand. What lies on a host is run on that host only: it says nothing of what is done on others.
    private async Task<IReadOnlyList<PluginSpec>> PluginsOnAsync(IHost host, CancellationToken cancellationToken)
    {
        var script = $"for f in {ShellText.Quote(Spec.RootfsFolder)}/plugins/*.yaml {ShellText.Quote(Spec.RootfsFolder)}/plugins/*.yml; do [ ! -f \"$f\" ] || {{ echo \"${{f##*/}}\"; base64 < \"$f\" | tr -d '\\n'; echo; }}; done";
        var result = await host.RunAsync(new HostCommand(script) { Elevated = true, Timeout = KubernetesDelivery.Patience, MaxOutput = MaxPlugins }, cancellationToken).ConfigureAwait(false);
        var lines = result.Require("say which plugins its image has").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var plugins = new List<PluginSpec>();
        foreach (var pair in lines.Chunk(2).Where(pair => pair.Length == 2).OrderBy(pair => pair[0], StringComparer.Ordinal))
        {
            try
            {
                var read = Clusterfile.ReadPlugins(Encoding.UTF8.GetString(Convert.FromBase64String(pair[1])), Spec, new ClusterfileReadOptions { FileName = pair[0] });
                if (read.Diagnostics.Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error))
                    throw new FormatException();
                plugins.AddRange(read.Plugins);
            }
            catch (FormatException)
            {
                // A plugin that is broken keeps nobody from taking the cluster away.
                _events?.Report(new WarningEvent($"The plugins of {Spec.RootfsFolder}/plugins/{HostText.Shown(pair[0])} on {host.Name} cannot be read, and do not run."));
            }
        }

        return plugins;
    }

    // A host of which something is left keeps what is known of it, for who comes again. The lock goes last: while others are still to
    // forget, nobody else begins.
    private async Task ForgetAllAsync(ClusterLock held, string holder, Dictionary<string, IHost> fenced, IReadOnlyList<ObservedHost> observed, IReadOnlyList<StepResult> steps, CancellationToken cancellationToken)
    {
        var left = steps.Where(step => step.Status is StepStatus.Failed or StepStatus.Skipped).Select(step => step.Step.Host).ToHashSet(StringComparer.Ordinal);
        var clean = observed.Where(host => host.IsKnown && !left.Contains(host.Name)).ToList();
        await held.StopRenewingAsync().ConfigureAwait(false);
        await ForgetAsync([.. clean.Where(host => host.Name != holder).Select(host => fenced[host.Name])], cancellationToken).ConfigureAwait(false);
        if (clean.Exists(host => host.Name == holder))
            (await held.RunAsync(new HostCommand(Forget) { Timeout = KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false)).Require("forget the cluster");
    }

    /// <summary>This machine keeps something of the cluster: journals and plans.</summary>
    public bool IsKnownHere => Directory.Exists(Path.Combine(_home.Clusters, Spec.Name));

    // Journals and plans of a cluster that is no more.
    private void ForgetHere()
    {
        var folder = Path.Combine(_home.Clusters, Spec.Name);
        try
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _events?.Report(new WarningEvent($"The cluster {Spec.Name} is removed, and what was kept of it in '{folder}' is not: {e.Message.TrimEnd('.')}."));
        }
    }
}
