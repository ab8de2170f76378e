using System.Collections.Concurrent;
using System.Management.Automation;
using Sealer.Delivery;
using Sealer.Hosts;

namespace Sealer.PowerShell;

/// <summary>A cmdlet that changes names in the hosts' /etc/hosts.</summary>
public abstract class HostAliasCmdlet : HostCmdlet
{
    /// <summary>Returns what each host now says of the names that are a cluster's.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>What is done, for -WhatIf.</summary>
    private protected abstract string Doing { get; }

    /// <summary>The new text of a host's file.</summary>
    private protected abstract string Change(string text, string host);

    /// <summary>Once all hosts are done.</summary>
    private protected virtual Task FinishAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private protected sealed override async Task RunAsync(ClusterHosts hosts, CancellationToken cancellationToken)
    {
        var lost = new ConcurrentDictionary<(string Cluster, string Name), bool>();
        await ForEachHostAsync(
            hosts,
            hosts.All,
            "Changing names of hosts",
            async (host, results, ct) =>
            {
                var before = await HostsFile.ReadAsync(host, ct);
                var after = Change(before, host.Name);
                var lines = Difference(before, after);
                foreach (var entry in Lost(before, after))
                    lost.TryAdd(entry, true);
                if (lines.Count > 0 && await ShouldProcessAsync($"{host.Name}: {Doing} in /etc/hosts: {string.Join("; ", lines)}", $"{Doing} in /etc/hosts of {host.Name}: {string.Join("; ", lines)}?", "Change names of hosts"))
                    await HostsFile.ChangeAsync(host, text => Change(text, host.Name), ct);
                if (PassThru)
                    results.AddRange(Entries(host.Name, await HostsFile.ReadAsync(host, ct)));
            },
            cancellationToken);
        foreach (var names in lost.Keys.GroupBy(entry => entry.Cluster, entry => entry.Name, StringComparer.Ordinal))
        {
            await WarnAsync($"The Clusterfile of {PlainText.Of(names.Key)} says {PlainText.Of(string.Join(", ", names.Order(StringComparer.Ordinal)))} (spec.hostAliases): change it there too, or its next delivery writes that again.");
        }

        if (!HasFailed)
            await FinishAsync(cancellationToken);
    }

    private static List<string> Difference(string before, string after)
    {
        var (old, now) = (before.Split('\n'), after.Split('\n'));
        return [.. old.Except(now).Select(l => "- " + l), .. now.Except(old).Select(l => "+ " + l)];
    }

    private static IEnumerable<ClusterHostAlias> Entries(string host, string text) => HostsLine.Of(text)
        .Where(line => line.IsClusters && line.Address is not null)
        .Select(line => new ClusterHostAlias(host, line.Address!.ToString(), [.. line.Names.Select(name => ShownText.Of(name))], line.Cluster is null ? null : ShownText.Of(line.Cluster)));

    // What a Clusterfile says comes back with its next delivery.
    private static IEnumerable<(string Cluster, string Name)> Lost(string before, string after)
    {
        var left = Said(after).ToHashSet();
        return Said(before).Where(entry => !left.Contains(entry));

        static IEnumerable<(string Cluster, string Name)> Said(string text) => HostsLine.Of(text).Where(line => line.Cluster is not null)
            .SelectMany(line => line.Names.Select(name => (line.Cluster!, name)));
    }
}
