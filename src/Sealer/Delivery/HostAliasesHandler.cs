using System.Net;
using System.Security.Cryptography;
using System.Text;
using Sealer.Clusterfiles.Documents;
using Sealer.Hosts;
using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>Writes a cluster's lines to <c>/etc/hosts</c>.</summary>
/// <param name="cluster">The cluster's name.</param>
internal sealed class HostAliasesHandler(string cluster) : StepHandler
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <inheritdoc/>
    public override string Kind => HostAliasesPayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var text = await ReadAsync(run.Host, cancellationToken).ConfigureAwait(false);
        return HostAliasLines.Apply(text, cluster, Aliases(run)) == text;
    }

    /// <inheritdoc/>
    public override async Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        var text = await ReadAsync(run.Host, cancellationToken).ConfigureAwait(false);
        var bytes = Encoding.UTF8.GetBytes(HostAliasLines.Apply(text, cluster, Aliases(run)));
        using var input = new MemoryStream(bytes);
        // Whoever else wrote to it meanwhile is not overwritten. In containers the file is a mount and cannot be replaced, only
        // written; so that it is never seen empty, a plain file is.
        var script = $$"""
            f=/etc/hosts; n=/etc/.hosts.sealer-partial
            [ -e $f ] || : > $f
            [ "$(sha256sum < $f)" = "{{Sum(Encoding.UTF8.GetBytes(text))}}  -" ] || { echo 'somebody else has changed it just now' >&2; exit 1; }
            rm -f $n; cp -p $f $n && cat > $n && [ "$(sha256sum < $n)" = "{{Sum(bytes)}}  -" ] || { rm -f $n; exit 1; }
            sync $n 2>/dev/null || sync
            mv -f $n $f 2>/dev/null || { cat $n > $f && rm -f $n; }
            """;
        var written = await run.Host.RunAsync(new HostCommand(script) { Elevated = true, Input = input, Timeout = Patience }, cancellationToken).ConfigureAwait(false);
        written.Require("write /etc/hosts");
    }

    private static async Task<string> ReadAsync(IHost host, CancellationToken cancellationToken)
    {
        var read = await host.RunAsync(new HostCommand("[ ! -e /etc/hosts ] || cat /etc/hosts") { Timeout = Patience, MaxOutput = 16 << 20 }, cancellationToken).ConfigureAwait(false);
        return read.Require("read /etc/hosts").Output;
    }

    private static List<HostAlias> Aliases(StepRun run) =>
        [.. ((HostAliasesPayload)run.Step.Payload).Lines.Select(line => line.Split(' ')).Select(words => new HostAlias(IPAddress.Parse(words[0]), words[1..]))];

    private static string Sum(byte[] bytes) => Convert.ToHexString(SHA256.HashData(bytes)).ToLowerInvariant();
}
