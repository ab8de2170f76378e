using Sealer.Clusterfiles.Documents;
using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>Reads documents of kind Plugin, of today's form and of sealer 0.3 to 0.8.</summary>
/// <param name="context">The file's.</param>
/// <param name="hosts">The cluster's hosts, whom old plugins name; those that a plugin labels are replaced. Null: not known.</param>
internal sealed class PluginReader(ReadContext context, List<HostSpec>? hosts)
{
    private const string Shell = "SHELL";

    private static readonly string[] Types = [Shell, "HOSTNAME", "LABEL", "TAINT"];

    private readonly Dictionary<string, YamlNode> _names = new(StringComparer.Ordinal);
    private readonly OldPlugins _old = new(context, hosts);

    public PluginSpec? Read(Fields document)
    {
        var metadata = Metadata.Read(document);
        if (metadata.Name is null)
            context.Error(metadata.Node, "the Plugin needs a name: metadata: { name: ... }; plugins of a phase run in the order of their names");
        else if (!_names.TryAdd(metadata.Name, metadata.Node))
            context.Warning(metadata.Node, $"there is a Plugin {Quoting.Quote(metadata.Name)} in line {_names[metadata.Name].Line} already; both run");
        var fields = document.Map("spec");
        document.Finish();
        if (fields is null)
        {
            context.Error(document.At("spec"), "the Plugin needs a spec with type, action and data");
            return null;
        }

        var type = fields.Scalar("type");
        var data = fields.Scalar("data");
        if (data is not { Value.Length: > 0 } && type?.Value is not ("CLUSTERCHECK" or "ETCD"))
            context.Error(data ?? fields.At("data"), "the Plugin needs data: the text of its script");
        var (phases, hasOldPhase) = ReadPhases(fields, type?.Value);
        var on = fields.Scalar("on");
        var scope = fields.Scalar("scope");
        var plugin = metadata.Name is null || data is null || phases.Count == 0
            ? null
            : new PluginSpec
            {
                Name = metadata.Name,
                Phases = phases,
                Script = data.Value.EndsWith('\n') ? data.Value[..^1] : data.Value,
                Location = context.LocationOf(document.Node),
            };
        fields.Finish();
        return Convert(plugin, fields, type, data, on, scope, hasOldPhase);
    }

    private PluginSpec? Convert(
        PluginSpec? plugin, Fields fields, YamlScalar? type, YamlScalar? data, YamlScalar? on, YamlScalar? scope, bool hasOldPhase)
    {
        switch (type?.Value)
        {
            case Shell:
                break;
            case null or "":
                context.Error(type ?? fields.At("type"), "the Plugin needs a type: SHELL");
                return null;
            case "LABEL" or "TAINT" when data is not null:
                _old.ApplyToHosts(data, type.Value == "TAINT");
                return null;
            case "HOSTNAME" when data is not null && plugin is not null:
                return _old.HostNames(plugin, data);
            case "CLUSTERCHECK":
                context.Warning(type, "CLUSTERCHECK has no effect: every delivery waits for nodes and pods by itself");
                return null;
            case "ETCD":
                context.Error(type, "backups are not made by a plugin any more; remove it, and save etcd before each delivery");
                return null;
            case var other when other.EndsWith(".so", StringComparison.Ordinal):
                context.Error(type, $"{Quoting.Quote(other)} is a plugin in machine code of sealer 0.8, which cannot be run; write it as SHELL");
                return null;
            default:
                context.Error(type, $"{Quoting.Quote(type.Value)} is not a type of plugin{Quoting.DidYouMean(type.Value, Types)}; write SHELL");
                return null;
        }

        return plugin is null ? null
            : on is { Value.Length: > 0 } || hasOldPhase && scope is not { Value.Length: > 0 } ? _old.Shell(plugin, on)
            : WithScope(plugin, fields, scope);
    }

    private PluginSpec WithScope(PluginSpec plugin, Fields fields, YamlScalar? scope)
    {
        var roles = (scope?.Value ?? "").Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (!plugin.Phases.Any(PluginPhases.RunsOnHosts))
        {
            if (roles.Length > 0)
                context.Warning(scope!, $"the scope has no effect: {PluginPhases.NameOf(plugin.Phases[0])} runs on the first control plane only");
            return plugin;
        }

        if (roles.Length == 0)
            context.Warning(fields.At("scope"), "the Plugin has no scope; it runs on all hosts (sealer would run it on none): write scope: master|node");
        foreach (var role in roles)
        {
            if (!Names.IsLabelWord(role))
                context.Error(scope!, $"{Quoting.Quote(role)} is not a role");
            else if (hosts is not null && !hosts.Exists(host => host.Roles.Contains(role)) && role is not (HostSpec.ControlPlaneRole or HostSpec.WorkerRole))
                context.Warning(scope!, $"no host has the role {Quoting.Quote(role)}{Quoting.DidYouMean(role, hosts.SelectMany(host => host.Roles).Distinct().Take(50))}");
        }

        return plugin with { Roles = roles };
    }

    private (List<PluginPhase> Phases, bool HasOld) ReadPhases(Fields fields, string? type)
    {
        var result = new List<PluginPhase>();
        var hasOld = false;
        var action = fields.Scalar("action");
        if (action is null)
        {
            if (type is not ("LABEL" or "TAINT" or "CLUSTERCHECK" or "ETCD"))
                context.Error(fields.At("action"), "the Plugin needs an action: the phase it runs in");
            return (result, hasOld);
        }

        foreach (var word in action.Value.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (PluginPhases.ByOldName.TryGetValue(word, out var phase))
                hasOld = true;
            else if (!PluginPhases.ByName.TryGetValue(word, out phase))
            {
                var known = PluginPhases.ByName.Keys.Concat(PluginPhases.ByOldName.Keys);
                context.Error(action, $"{Quoting.Quote(word)} is not a phase{Quoting.DidYouMean(word, known)}; there are {string.Join(", ", PluginPhases.ByName.Keys.Where(name => name.Contains('-', StringComparison.Ordinal) || name is "upgrade" or "rollback"))}");
                continue;
            }

            if (!result.Contains(phase))
                result.Add(phase);
        }

        if (result.Count == 0 && action.Value.Trim(' ', '|').Length == 0)
            context.Error(action, "the Plugin needs an action: the phase it runs in");
        return (result, hasOld);
    }
}
