using System.Net;
using Sealer.Clusterfiles.Documents;
using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>Reads host groups and makes single hosts of them.</summary>
internal sealed class HostsReader(SshFields clusterSsh, ReadContext context)
{
    /// <summary>Three times what Kubernetes bears.</summary>
    private const int MaxHosts = Addresses.MaxInRange;

    private const int MaxNamed = 4 * MaxHosts;

    private const int MaxRoles = 100;

    private readonly Dictionary<IPAddress, YamlNode> _seen = [];
    private readonly List<HostSpec> _hosts = [];
    private bool _isMixed;
    private int _named;

    public IReadOnlyList<HostSpec> Hosts => _hosts;

    /// <summary>An element of <c>spec.hosts</c>.</summary>
    public void ReadGroup(YamlNode node, int index)
    {
        if (node.Target is not YamlMapping mapping)
        {
            context.Error(node, $"spec.hosts[{index}] must be a map with ips and roles");
            return;
        }

        var fields = new Fields(mapping, $"spec.hosts[{index}]", context);
        var ips = fields.Texts("ips");
        var roles = ReadRoles(fields);
        var ssh = SshFields.Read(fields.Map("ssh"), context).InheritingEncryption(clusterSsh, context);
        var environment = EnvironmentReader.Read(fields, "env", context);
        foreach (var (variable, at) in environment.Where(entry => ClusterEnvironment.ReservedNames.Contains(entry.Variable.Name)))
            context.Warning(at, $"'{variable.Name}' is computed; what stands here has no effect");
        var labels = ReadLabels(fields);
        var taints = ReadTaints(fields);
        fields.Finish();
        if (ips is null or { Count: 0 })
        {
            if (!fields.Has("ips") || ips is not null)
                context.Error(fields.At("ips"), $"spec.hosts[{index}] needs ips: the addresses of its hosts");
            return;
        }

        Add(ips, new HostSpec
        {
            Address = IPAddress.None,
            Roles = roles,
            Ssh = ssh.Over(clusterSsh),
            Environment = [.. environment.Select(entry => entry.Variable).Where(variable => !ClusterEnvironment.ReservedNames.Contains(variable.Name))],
            Labels = labels,
            Taints = taints,
        });
    }

    /// <summary>Adds hosts that share everything but their addresses.</summary>
    public void Add(IReadOnlyList<YamlScalar> ips, HostSpec group)
    {
        foreach (var scalar in ips)
        {
            if (_named > MaxNamed)
                return;
            if (scalar.Value.Length == 0)
                continue;
            if (Addresses.ParseRanges(scalar.Value, out var reason) is not { } addresses)
            {
                context.Error(scalar, reason);
                continue;
            }

            // The same range again and again names no host, and takes its time.
            if ((_named += addresses.Count) > MaxNamed)
            {
                context.Error(scalar, $"up to here more than {MaxNamed} addresses are named, and a cluster may have {MaxHosts} hosts; name each once");
                return;
            }

            foreach (var address in addresses)
                Add(address, scalar, group);
        }
    }

    private void Add(IPAddress address, YamlScalar scalar, HostSpec group)
    {
        if (Addresses.WhyNotAHost(address) is { } reason)
        {
            context.Error(scalar, $"{address} cannot be a host: it {reason}");
            return;
        }

        if (_seen.TryGetValue(address, out var first))
        {
            context.Error(scalar, $"{address} is here twice; the first is in line {first.Line}. Give a host several roles in one group: roles: [ master, node ]");
            return;
        }

        if (_hosts.Count == MaxHosts)
        {
            context.Error(scalar, $"there are more than {MaxHosts} hosts");
            return;
        }

        if (IPAddress.IsLoopback(address))
            context.Warning(scalar, $"{address} is this machine's own loopback; other hosts will not reach it there");
        if (_hosts.Count > 0 && _hosts[0].Address.AddressFamily != address.AddressFamily && !_isMixed)
        {
            // Told once, at the first that differs.
            _isMixed = true;
            context.Error(scalar, $"{address} is of another family than {_hosts[0].Address}; all hosts must be named by one family (dual stack is made by PodCIDR and SvcCIDR)");
        }

        _seen.Add(address, scalar);
        _hosts.Add(group with { Address = address, Location = context.LocationOf(scalar) });
    }

    private List<string> ReadRoles(Fields fields)
    {
        var roles = new List<string>();
        foreach (var role in fields.Texts("roles") ?? [])
        {
            if (roles.Count == MaxRoles)
            {
                context.Error(role, $"a host has more than {MaxRoles} roles");
                break;
            }

            if (!Names.IsLabelWord(role.Value))
            {
                context.Error(role, $"{Quoting.Quote(role.Value)} is not a role: it becomes a label and may hold letters, digits, '-', '_' and '.'");
                continue;
            }

            if (role.Value is not (HostSpec.ControlPlaneRole or HostSpec.WorkerRole))
            {
                var meant = role.Value.ToLowerInvariant() switch
                {
                    "control-plane" or "controlplane" or "controller" => HostSpec.ControlPlaneRole,
                    "worker" or "workers" => HostSpec.WorkerRole,
                    _ => null,
                };
                var hint = meant is null ? Quoting.DidYouMean(role.Value, [HostSpec.ControlPlaneRole, HostSpec.WorkerRole]) : $"; did you mean '{meant}'?";
                if (hint.Length > 0)
                    context.Warning(role, $"{Quoting.Quote(role.Value)} is taken as a role of your own{hint}");
            }

            if (!roles.Contains(role.Value))
                roles.Add(role.Value);
        }

        if (roles.Count == 0 && !(fields.Value("roles") is YamlSequence { Items.Count: > 0 }))
            context.Warning(fields.At("roles"), $"{fields.Place} has no roles; its hosts become workers without a label");
        return roles;
    }

    private Dictionary<string, string> ReadLabels(Fields fields)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in fields.TextMap("labels"))
        {
            if (!Names.IsQualified(key.Value))
                context.Error(key, $"{Quoting.Quote(key.Value)} is not the key of a label: [domain/]name, letters, digits, '-', '_' and '.'");
            else if (!Names.IsLabelValue(value.Value))
                context.Error(value, $"{Quoting.Quote(value.Value)} is not the value of a label: at most 63 letters, digits, '-', '_' and '.'");
            else
                labels[key.Value] = value.Value;
        }

        return labels;
    }

    private List<Taint> ReadTaints(Fields fields)
    {
        var taints = new List<Taint>();
        foreach (var text in fields.Texts("taints") ?? [])
        {
            if (TaintReader.Parse(text.Value, out var reason) is { } taint)
                taints.Add(taint);
            else
                context.Error(text, reason);
        }

        return taints;
    }
}
