using System.Net;
using Sealer.Clusterfiles.Documents;
using Sealer.Hosts;
using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>Writes a cluster's lines to <c>/etc/hosts</c>.</summary>
/// <param name="cluster">The cluster's name.</param>
internal sealed class HostAliasesHandler(string cluster) : StepHandler
{
    /// <inheritdoc/>
    public override string Kind => HostAliasesPayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var text = await HostsFile.ReadAsync(run.Host, cancellationToken).ConfigureAwait(false);
        return HostAliasLines.Apply(text, cluster, Aliases(run)) == text;
    }

    /// <inheritdoc/>
    public override Task ActAsync(StepRun run, CancellationToken cancellationToken) =>
        HostsFile.ChangeAsync(run.Host, text => HostAliasLines.Apply(text, cluster, Aliases(run)), cancellationToken);

    private static List<HostAlias> Aliases(StepRun run) =>
        [.. ((HostAliasesPayload)run.Step.Payload).Lines.Select(line => line.Split(' ')).Select(words => new HostAlias(IPAddress.Parse(words[0]), words[1..]))];
}
