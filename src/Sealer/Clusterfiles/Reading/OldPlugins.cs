using System.Net;
using System.Text;
using Sealer.Clusterfiles.Documents;
using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>Makes of the plugins of sealer 0.3 to 0.8 what stands for them today.</summary>
internal sealed class OldPlugins(ReadContext context, List<HostSpec>? hosts)
{
    /// <summary>What all plugins of a file may do to hosts, together: a hundred lines for each of the most hosts that there may be.</summary>
    private const int MaxSteps = 2_000_000;

    private Dictionary<IPAddress, int>? _index;
    private int _steps;

    /// <summary>LABEL and TAINT: lines <c>IP[,IP][-range] what</c> become labels and taints of the hosts.</summary>
    public void ApplyToHosts(YamlScalar data, bool isTaint)
    {
        if (hosts is null)
        {
            context.Error(data, "this plugin labels or taints hosts of a cluster, which is not known here; read it with its cluster");
            return;
        }

        foreach (var (line, words) in Lines(data))
        {
            if (_steps > MaxSteps)
                return;
            if (words.Length < 2)
            {
                context.Diagnostics.Error(line, data.Column, isTaint ? "write an address and taints: 10.0.0.2 key=value:NoSchedule" : "write an address and labels: 10.0.0.2 ssd=true");
                continue;
            }

            var targets = HostsAt(words[0], line, data.Column);
            foreach (var item in words[1..].SelectMany(word => word.Split(',', StringSplitOptions.RemoveEmptyEntries)))
            {
                if (!MayGoOn(targets.Count, line, data.Column))
                    return;
                if (isTaint)
                    AddTaint(targets, item, line, data.Column);
                else
                    AddLabel(targets, item, line, data.Column);
            }
        }
    }

    /// <summary>HOSTNAME: lines <c>IP name</c> become a script that sealer runs as well.</summary>
    public PluginSpec? HostNames(PluginSpec plugin, YamlScalar data)
    {
        var script = new StringBuilder("case \"$HostIP\" in\n");
        var addresses = new List<IPAddress>();
        foreach (var (line, words) in Lines(data))
        {
            if (words.Length != 2 || Addresses.Parse(words[0]) is not { } address || !Names.IsHostName(words[1]))
            {
                context.Diagnostics.Error(line, data.Column, "write an address and a host's name: 10.0.0.2 master-0");
                continue;
            }

            HostsAt(words[0], line, data.Column);
            addresses.Add(address);
            script.Append($"{address}) hostnamectl set-hostname {words[1]} ;;\n");
        }

        return addresses.Count == 0 ? null : plugin with
        {
            Phases = [PluginPhase.PreInitHost],
            Addresses = addresses,
            Script = script.Append("esac").ToString(),
        };
    }

    /// <summary>
    /// SHELL with <c>on</c>: nothing for all hosts, a role, <c>master0</c>, addresses, ranges, or a label. Old phases ran on
    /// the hosts it names, so one that runs on the first control plane today gives way to its neighbour of hosts.
    /// </summary>
    public PluginSpec Shell(PluginSpec plugin, YamlScalar? on)
    {
        var where = on?.Value.Trim() ?? "";
        if (where is "")
            return plugin.Phases.Contains(PluginPhase.PostInstall) ? plugin : OnHosts(plugin);
        if (where is "master0")
        {
            if (hosts is null && plugin.Phases.Any(PluginPhases.RunsOnHosts))
                context.Error(on!, "master0 is a host of a cluster, which is not known here; read the plugin with its cluster");
            var first = hosts?.Find(host => host.IsControlPlane);
            return plugin.Phases.All(phase => !PluginPhases.RunsOnHosts(phase)) || first is null ? plugin : OnHosts(plugin) with { Addresses = [first.Address] };
        }

        var words = where.Split(['|', ' '], StringSplitOptions.RemoveEmptyEntries);
        if (words.All(word => word is HostSpec.ControlPlaneRole or HostSpec.WorkerRole))
            return OnHosts(plugin) with { Roles = words };
        List<IPAddress> addresses;
        if (where.Contains('=', StringComparison.Ordinal))
        {
            addresses = [.. (hosts ?? []).Where(host => HasLabel(host, where)).Select(host => host.Address)];
            if (addresses.Count == 0)
                context.Error(on!, $"no host has the label {Quoting.Quote(where)}; labels are given by spec.hosts[].labels or a LABEL plugin above this one");
        }
        else
        {
            // Nothing would mean everywhere: where the hosts are not known, all that is named is kept.
            addresses = hosts is null && Addresses.ParseRanges(where, out _) is { } named
                ? named
                : [.. HostsAt(where, on!.Line, on.Column).Select(host => host.Address)];
        }

        return OnHosts(plugin) with { Addresses = addresses };
    }

    private static PluginSpec OnHosts(PluginSpec plugin) => plugin with
    {
        Phases = [.. plugin.Phases.Select(phase => phase switch
        {
            PluginPhase.PreInstall => PluginPhase.PreInitHost,
            PluginPhase.PostInstall => PluginPhase.PostInitHost,
            _ => phase,
        }).Distinct()],
    };

    private static bool HasLabel(HostSpec host, string label)
    {
        var equals = label.IndexOf('=', StringComparison.Ordinal);
        return host.Labels.TryGetValue(label[..equals].Trim(), out var value) && value == label[(equals + 1)..].Trim();
    }

    private void AddLabel(IReadOnlyList<HostSpec> targets, string item, int line, int column)
    {
        var equals = item.IndexOf('=', StringComparison.Ordinal);
        var (key, value) = equals < 0 ? (item, "") : (item[..equals], item[(equals + 1)..]);
        if (!Names.IsQualified(key) || !Names.IsLabelValue(value))
        {
            context.Diagnostics.Error(line, column, $"{Quoting.Quote(item)} is not a label; write key=value");
            return;
        }

        Replace(targets, host => host with { Labels = new Dictionary<string, string>(host.Labels, StringComparer.Ordinal) { [key] = value } });
    }

    private void AddTaint(IReadOnlyList<HostSpec> targets, string item, int line, int column)
    {
        if (TaintReader.Parse(item, out var reason) is { } taint)
            Replace(targets, host => host.Taints.Contains(taint) ? host : host with { Taints = [.. host.Taints, taint] });
        else
            context.Diagnostics.Error(line, column, reason);
    }

    private Dictionary<IPAddress, int> Index => _index ??= (hosts ?? []).Select((host, i) => (host, i)).ToDictionary(pair => pair.host.Address, pair => pair.i);

    private void Replace(IReadOnlyList<HostSpec> targets, Func<HostSpec, HostSpec> change)
    {
        foreach (var target in targets)
        {
            var index = Index[target.Address];
            hosts![index] = change(hosts[index]);
        }
    }

    private bool MayGoOn(int steps, int line, int column)
    {
        if (_steps > MaxSteps)
            return false;
        if ((_steps += steps) <= MaxSteps)
            return true;
        context.Diagnostics.Error(line, column, $"up to here plugins name more than {MaxSteps} hosts; give labels and taints in spec.hosts");
        return false;
    }

    private IReadOnlyList<HostSpec> HostsAt(string text, int line, int column)
    {
        if (Addresses.ParseRanges(text, out var reason) is not { } addresses)
        {
            context.Diagnostics.Error(line, column, reason);
            return [];
        }

        if (hosts is null || !MayGoOn(addresses.Count, line, column))
            return [];
        var found = addresses.Distinct().Where(Index.ContainsKey).Select(address => hosts[Index[address]]).ToList();
        if (found.Count == 0)
            context.Diagnostics.Error(line, column, $"{Quoting.Quote(text)} is no host of this cluster");
        return found;
    }

    // The text of a block begins on the line below its sign.
    private static IEnumerable<(int Line, string[] Words)> Lines(YamlScalar data)
    {
        var line = data.Line + (data.IsBlock ? 0 : -1);
        foreach (var text in data.Value.Split('\n'))
        {
            line++;
            var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 0 && words[0][0] != '#')
                yield return (data.IsBlock ? line : data.Line, words);
        }
    }
}
