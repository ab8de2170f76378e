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
        await ForEachHostAsync(
            hosts,
            hosts.All,
            async (host, ct) =>
            {
                var before = await HostsFile.ReadAsync(host, ct);
                var lines = Difference(before, Change(before, host.Name));
                if (lines.Count > 0 && await ShouldProcessAsync($"{host.Name}: {Doing} in /etc/hosts: {string.Join("; ", lines)}", $"{Doing} in /etc/hosts of {host.Name}: {string.Join("; ", lines)}?", "Change names of hosts"))
                    await HostsFile.ChangeAsync(host, text => Change(text, host.Name), ct);
                if (PassThru)
                    await WriteAsync(Entries(host.Name, await HostsFile.ReadAsync(host, ct)), enumerate: true);
            },
            cancellationToken);
        if (!HasFailed)
            await FinishAsync(cancellationToken);
    }

    private static List<string> Difference(string before, string after)
    {
        var (old, now) = (before.Split('\n'), after.Split('\n'));
        return [.. old.Except(now).Select(l => "- " + l), .. now.Except(old).Select(l => "+ " + l)];
    }

    private static List<ClusterHostAlias> Entries(string host, string text) =>
    [
        .. from line in text.Split('\n')
           where line.TrimEnd().EndsWith(HostsFile.Mark, StringComparison.Ordinal)
           let words = line[..line.IndexOf('#', StringComparison.Ordinal)].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)
           where words.Length > 1
           select new ClusterHostAlias(host, ShownText.Of(words[0]), words[1..].Select(text => ShownText.Of(text)).ToArray()),
    ];
}
