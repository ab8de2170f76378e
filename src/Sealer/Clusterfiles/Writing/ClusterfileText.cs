using System.Text;
using System.Text.Json.Nodes;
using Sealer.Clusterfiles.Documents;

namespace Sealer.Clusterfiles.Writing;

/// <summary>
/// Writes a cluster's desired state as a Clusterfile that sealer reads: its fields, its types (a port of SSH is text, no
/// ranges of addresses), its order of documents.
/// </summary>
internal sealed class ClusterfileText(ClusterSpec spec, ClusterfileWriteOptions options)
{
    private const string Version1 = "sealer.io/v1";
    private const string Version2 = "sealer.io/v2";

    // Only under it variables are lists.
    private const string OldVersion2 = "sealer.cloud/v2";

    /// <summary>The order in which sealer writes them.</summary>
    private static readonly string[] KubeadmOrder =
        ["InitConfiguration", "JoinConfiguration", "ClusterConfiguration", "KubeletConfiguration", "KubeProxyConfiguration"];

    private readonly SshFieldsWriter _ssh = new(options.Secrets);

    public static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode?)JsonValue.Create(text))]);

    public string Write()
    {
        var documents = new List<JsonObject> { Cluster() };
        if (spec.Application is { } application)
            documents.Add(Application(application));
        documents.AddRange(spec.Configs.Select(Config));
        documents.AddRange(spec.Plugins.Select(Plugin));
        documents.AddRange(spec.KubeadmDocuments
            .OrderBy(document => Array.IndexOf(KubeadmOrder, document.Kind) is >= 0 and var index ? index : KubeadmOrder.Length)
            .Select(document => document.Content));
        var result = new StringBuilder();
        foreach (var line in options.Comment)
            result.Append("# ").Append(line.ReplaceLineEndings(" ")).Append('\n');
        return result.AppendJoin("---\n", documents.Select(YamlText.Of)).ToString();
    }

    private static JsonObject Document(string version, string kind, string name, JsonObject body) => new()
    {
        ["apiVersion"] = version,
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = body,
    };

    private JsonObject Cluster()
    {
        var common = SshFieldsWriter.Common(spec);
        var body = new JsonObject();
        Set(body, "image", spec.Image);
        SetEnvironment(body, spec.Environment);
        Set(body, "cmd", spec.Commands);
        if (spec.ApplicationNames is { } names)
            body["appNames"] = names.Count == 0 ? Texts([""]) : Texts(names);
        body["ssh"] = _ssh.Write(common, null);
        body["hosts"] = new JsonArray([.. Groups().Select(group => Group(group, common))]);
        if (spec.ContainerRuntime is { } runtime)
            body["containerRuntime"] = new JsonObject { ["type"] = runtime };
        if (spec.HostAliases.Count > 0)
        {
            body["hostAliases"] = new JsonArray([.. spec.HostAliases.Select(alias => new JsonObject
            {
                ["ip"] = alias.Address.ToString(),
                ["hostnames"] = Texts(alias.HostNames),
            })]);
        }

        body["registry"] = Registry();
        body["dataRoot"] = spec.DataRoot;
        var hasLists = spec.Environment.Concat(spec.Hosts.SelectMany(host => host.Environment)).Any(variable => variable.IsList);
        var document = Document(hasLists ? OldVersion2 : Version2, "Cluster", spec.Name, body);
        if (spec.Annotations.Count > 0)
            document["metadata"]!["annotations"] = Map(spec.Annotations);
        return document;
    }

    /// <summary>Hosts that follow each other and differ in their addresses only.</summary>
    private IEnumerable<List<HostSpec>> Groups()
    {
        List<HostSpec>? group = null;
        foreach (var host in spec.Hosts)
        {
            if (group is not null && IsAlike(group[0], host))
            {
                group.Add(host);
                continue;
            }

            if (group is not null)
                yield return group;
            group = [host];
        }

        if (group is not null)
            yield return group;
    }

    private static bool IsAlike(HostSpec a, HostSpec b) =>
        a.Roles.SequenceEqual(b.Roles)
        && (ReferenceEquals(a.Ssh, b.Ssh) || IsAlike(a.Ssh, b.Ssh))
        && a.Environment.SequenceEqual(b.Environment)
        && a.Taints.SequenceEqual(b.Taints)
        && (ReferenceEquals(a.Labels, b.Labels)
            || (a.Labels.Count == b.Labels.Count && a.Labels.All(pair => b.Labels.TryGetValue(pair.Key, out var value) && value == pair.Value)));

    private static bool IsAlike(SshSettings a, SshSettings b) =>
        a.HostKeyFingerprints.SequenceEqual(b.HostKeyFingerprints)
        && a.JumpHostKeyFingerprints.SequenceEqual(b.JumpHostKeyFingerprints)
        && (a with { HostKeyFingerprints = b.HostKeyFingerprints, JumpHostKeyFingerprints = b.JumpHostKeyFingerprints }) == b;

    private JsonObject Group(List<HostSpec> hosts, SshSettings common)
    {
        var first = hosts[0];
        var group = new JsonObject { ["ips"] = Texts(hosts.Select(host => host.Address.ToString())) };
        Set(group, "roles", first.Roles);
        if (_ssh.Write(first.Ssh, common) is { Count: > 0 } ssh)
            group["ssh"] = ssh;
        SetEnvironment(group, first.Environment);
        if (first.Labels.Count > 0)
            group["labels"] = Map(first.Labels);
        if (first.Taints.Count > 0)
            group["taints"] = Texts(first.Taints.Select(taint => taint.ToString()));
        return group;
    }

    private JsonObject Registry()
    {
        var result = new JsonObject();
        if (spec.Registry.Local is { } local)
        {
            var fields = new JsonObject { ["domain"] = local.Domain, ["port"] = local.Port };
            Set(fields, "username", local.UserName);
            _ssh.Write(fields, "password", local.Password);
            fields["ha"] = local.IsHighlyAvailable;
            fields["insecure"] = local.IsInsecure;
            var names = new JsonObject();
            Set(names, "dnsNames", local.CertificateHostNames);
            Set(names, "ips", [.. local.CertificateAddresses.Select(address => address.ToString())]);
            if (names.Count > 0)
                fields["cert"] = new JsonObject { ["subjectAltName"] = names };
            result["localRegistry"] = fields;
        }

        if (spec.Registry.External is { } external)
        {
            var fields = new JsonObject { ["domain"] = external.Domain };
            if (external.Port is { } port)
                fields["port"] = port;
            Set(fields, "username", external.UserName);
            _ssh.Write(fields, "password", external.Password);
            result["externalRegistry"] = fields;
        }

        return result;
    }

    private JsonObject Application(ApplicationSpec application)
    {
        var body = new JsonObject();
        Set(body, "cmds", application.Commands);
        if (application.LaunchApplications is { } launch)
            body["launchApps"] = launch.Count == 0 ? Texts([""]) : Texts(launch);
        if (application.Configs.Count > 0)
            body["configs"] = new JsonArray([.. application.Configs.Select(ApplicationConfig)]);
        return Document(Version2, "Application", application.Name.Length == 0 ? "application" : application.Name, body);
    }

    private JsonObject ApplicationConfig(ApplicationConfigSpec config)
    {
        var result = new JsonObject { ["name"] = config.Name };
        SetEnvironment(result, config.Environment);
        if (config.Files.Count > 0)
        {
            // sealer refuses a file without a strategy.
            result["files"] = new JsonArray([.. config.Files.Select(file => new JsonObject
            {
                ["path"] = file.Path,
                ["strategy"] = NameOf(file.Strategy),
                ["data"] = file.Data,
            })]);
        }

        if (config.LaunchCommands is { } commands)
            result["launch"] = new JsonObject { ["cmds"] = Texts(commands) };
        return result;
    }

    private static JsonObject Config(ConfigSpec config)
    {
        var body = new JsonObject { ["path"] = config.Path };
        Set(body, "appName", config.ApplicationName);
        body["strategy"] = NameOf(config.Strategy);
        if (config.Processors.Count > 0)
            body["process"] = string.Join('|', config.Processors.Select(NameOf));
        body["data"] = config.Data;
        return Document(Version1, "Config", config.Name, body);
    }

    private JsonObject Plugin(PluginSpec plugin)
    {
        var body = new JsonObject
        {
            ["type"] = "SHELL",
            ["action"] = string.Join('|', plugin.Phases.Select(PluginPhases.NameOf)),
        };

        if (!options.IsForSealer)
        {
            if (plugin.Roles.Count > 0)
                body["scope"] = string.Join('|', plugin.Roles);
            if (plugin.Addresses.Count > 0)
                body["on"] = string.Join(',', plugin.Addresses);
            body["data"] = plugin.Script;
            return Document(Version1, "Plugin", plugin.Name, body);
        }

        // A plugin without scope runs on all hosts here and on none in sealer, so all roles are named.
        var roles = plugin.Roles.Count > 0 ? plugin.Roles : [.. spec.Hosts.SelectMany(host => host.Roles).Distinct(StringComparer.Ordinal)];
        if (plugin.Phases.Any(PluginPhases.RunsOnHosts) && roles.Count > 0)
            body["scope"] = string.Join('|', roles);
        // sealer knows no addresses in a scope, but hands each host its own.
        body["data"] = plugin.Addresses.Count == 0
            ? plugin.Script
            : $"case \"$HostIP\" in\n{string.Join('|', plugin.Addresses)}) ;;\n*) exit 0 ;;\nesac\n{plugin.Script}";
        return Document(Version1, "Plugin", plugin.Name, body);
    }

    private static string NameOf(WriteStrategy strategy) => strategy == WriteStrategy.Merge ? "merge" : "overwrite";

    private static string NameOf(ConfigProcessor processor) => processor switch
    {
        ConfigProcessor.Value => "value",
        ConfigProcessor.ToJson => "toJson",
        ConfigProcessor.ToBase64 => "toBase64",
        _ => "toSecret",
    };

    private static JsonObject Map(IReadOnlyDictionary<string, string> map) =>
        new(map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value))));

    private static void Set(JsonObject to, string name, string? text)
    {
        if (text is not null)
            to[name] = text;
    }

    private static void Set(JsonObject to, string name, IReadOnlyList<string>? texts)
    {
        if (texts is { Count: > 0 })
            to[name] = Texts(texts);
    }

    // A secret that is not to stand here is looked for under its own name where the file is read. sealer takes nothing but text
    // in env, and does not know envFrom.
    private void SetEnvironment(JsonObject to, IReadOnlyList<EnvironmentVariable> variables)
    {
        bool IsWritten(EnvironmentVariable variable) => variable.Source is null && (!variable.IsSecret || options.Secrets == SecretWriting.Reveal);
        Set(to, "env", [.. variables.Where(IsWritten).Select(variable => $"{variable.Name}={variable.Reveal()}")]);
        var from = new JsonObject(variables.Where(variable => !IsWritten(variable)).Select(variable => KeyValuePair.Create(
            variable.Name,
            (JsonNode?)SshFieldsWriter.From(variable.Source ?? new SecretSource(SecretSourceKind.Environment, variable.Name)))));
        if (from.Count > 0)
            to["envFrom"] = from;
    }
}
