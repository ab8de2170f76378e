using Sealer.Clusterfiles.Documents;
using Sealer.Images;
using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>Reads a document of kind Cluster, of sealer's second form and of its first.</summary>
internal sealed class ClusterReader(ReadContext context)
{
    private static readonly string[] FirstForm = ["masters", "nodes", "provider", "network", "certSANS"];

    public ClusterSpec? Read(Fields document)
    {
        var metadata = Metadata.Read(document);
        if (metadata.Name is null)
            context.Error(metadata.Node, "the cluster needs a name: metadata: { name: my-cluster }");
        else if (!Names.IsSegment(metadata.Name))
            context.Error(metadata.Node, $"{Quoting.Quote(metadata.Name)} cannot be a cluster's name: it becomes a folder; write up to 63 letters, digits, '-', '_' and '.'");
        var spec = document.Map("spec");
        document.Finish();
        if (spec is null)
        {
            if (!document.Has("spec") || document.Value("spec") is null)
                context.Error(document.At("spec"), "the cluster needs a spec");
            return null;
        }

        var result = IsFirstForm(spec) ? ReadFirstForm(spec) : ReadSecondForm(spec);
        return result with { Name = metadata.Name ?? "", Annotations = metadata.Annotations };
    }

    // sealer looks at the kind alone, and what it wrote carries many API versions; the shape tells.
    private static bool IsFirstForm(Fields spec) =>
        spec.Node.Entries.TrueForAll(entry => !entry.Key.Value.Equals("hosts", StringComparison.OrdinalIgnoreCase))
        && spec.Node.Entries.Exists(entry => FirstForm.Contains(entry.Key.Value, StringComparer.OrdinalIgnoreCase));

    private ClusterSpec ReadSecondForm(Fields spec)
    {
        var environment = ReadEnvironment(spec);
        var ssh = SshFields.Read(spec.Map("ssh"), context);
        var hosts = new HostsReader(ssh, context);
        var groups = spec.List("hosts") ?? [];
        for (var i = 0; i < groups.Count; i++)
            hosts.ReadGroup(groups[i], i);
        if (spec.Has("cmd_args"))
            context.Warning(spec.At("cmd_args"), "spec.cmd_args has had no effect since sealer 0.9; use cmd or env");
        var runtime = ReadRuntime(spec);
        var result = new ClusterSpec
        {
            Name = "",
            Image = ReadImage(spec),
            Commands = ReadCommands(spec),
            ApplicationNames = ReadApplicationNames(spec),
            Hosts = hosts.Hosts,
            Ssh = ssh.Over(SshFields.None),
            ContainerRuntime = runtime,
            HostAliases = ReadHostAliases(spec),
            Registry = RegistryReader.Read(spec.Map("registry"), context),
            DataRoot = ReadDataRoot(spec),
            Network = NetworkReader.Read(environment, context),
        };
        spec.Finish();
        CheckHosts(spec, groups.Count, result);
        return WithEnvironment(result, environment);
    }

    private ClusterSpec ReadFirstForm(Fields spec)
    {
        var environment = ReadEnvironment(spec);
        var ssh = SshFields.Read(spec.Map("ssh"), context);
        var hosts = new HostsReader(ssh, context);
        var provider = spec.Scalar("provider");
        ReadFirstFormHosts(spec, "masters", HostSpec.ControlPlaneRole, provider?.Value, hosts, ssh);
        ReadFirstFormHosts(spec, "nodes", HostSpec.WorkerRole, provider?.Value, hosts, ssh);
        if (provider is { Value: not ("BAREMETAL" or "ALI_CLOUD" or "CONTAINER" or "") })
            context.Unknown(provider, $"{Quoting.Quote(provider.Value)} is not a provider{Quoting.DidYouMean(provider.Value, ["BAREMETAL", "ALI_CLOUD", "CONTAINER"])}");
        if (spec.Map("network") is { } network)
        {
            Set(network.Scalar("podCIDR"), NetworkReader.PodNetworks);
            Set(network.Scalar("svcCIDR"), NetworkReader.ServiceNetworks);
            // Of the very first versions; the image decides today.
            network.Ignore("interface", "cniName", "withoutCNI");
            network.Finish();
        }

        if (spec.Texts("certSANS") is { Count: > 0 } names)
            Set(names[0], "CertSANs", string.Join(',', names.Select(name => name.Value)));
        var result = new ClusterSpec
        {
            Name = "",
            Image = ReadImage(spec),
            Hosts = hosts.Hosts,
            Ssh = ssh.Over(SshFields.None),
            ContainerRuntime = ReadRuntime(spec),
            Network = NetworkReader.Read(environment, context),
        };
        spec.Finish();
        CheckHosts(spec, spec.Has("masters") ? 1 : 0, result);
        return WithEnvironment(result, environment);

        // The user's own variable wins: it is what sealer hands to templates.
        void Set(YamlScalar? scalar, string name, string? value = null)
        {
            if (scalar is { Value.Length: > 0 } && !environment.Exists(entry => entry.Variable.Name == name))
                environment.Add((new EnvironmentVariable(name, value ?? scalar.Value), scalar));
        }
    }

    private void ReadFirstFormHosts(Fields spec, string name, string role, string? provider, HostsReader hosts, SshFields ssh)
    {
        if (spec.Map(name) is not { } fields)
            return;
        fields.Ignore("cpu", "memory", "systemDisk", "dataDisks");
        var count = fields.Text("count");
        var addresses = fields.Texts("ipList") ?? [];
        fields.Finish();
        if (addresses.Count == 0 && count is not null and not "0")
        {
            context.Error(fields.At("count"), provider == "CONTAINER"
                ? $"spec.{name}.count asks for hosts in containers; make hosts with New-ClusterLab, and write their addresses into ipList"
                : $"spec.{name}.count asks a cloud for machines, which is not done any more; write the addresses of machines into ipList");
        }

        hosts.Add(addresses, new HostSpec { Address = System.Net.IPAddress.None, Roles = [role], Ssh = ssh.Over(SshFields.None) });
    }

    private void CheckHosts(Fields spec, int groups, ClusterSpec result)
    {
        if (groups == 0)
        {
            context.Error(spec.At("hosts"), "there are no hosts: write spec.hosts with ips and roles");
            return;
        }

        var controlPlanes = result.ControlPlanes.Count();
        if (result.Hosts.Count > 0 && controlPlanes == 0)
            context.Error(spec.Has("hosts") ? spec.At("hosts") : spec.At("masters"), $"no host has the role '{HostSpec.ControlPlaneRole}'; a cluster needs one control plane at least");
        else if (controlPlanes > 0 && controlPlanes % 2 == 0)
            context.Warning(spec.Has("hosts") ? spec.At("hosts") : spec.At("masters"), $"there are {controlPlanes} control planes; an even number survives no more failures than one less, take 1, 3 or 5");
    }

    private List<(EnvironmentVariable Variable, YamlNode Node)> ReadEnvironment(Fields spec)
    {
        var variables = EnvironmentReader.Read(spec, "env", context);
        foreach (var given in context.Options.Environment)
        {
            variables.RemoveAll(entry => entry.Variable.Name == given.Name);
            variables.Add((given, spec.At("env")));
        }

        return variables;
    }

    /// <summary>The user's variables without the reserved ones, which sealer writes into the files it keeps.</summary>
    private ClusterSpec WithEnvironment(ClusterSpec spec, List<(EnvironmentVariable Variable, YamlNode Node)> environment)
    {
        // Where SvcCIDR is wrong, that is told already, and computed values of it are not known.
        var services = spec.Network.ServiceNetworks.Count == 0 ? null : string.Join(',', spec.Network.ServiceNetworks);
        var computed = ClusterEnvironment.Computed(spec, services).ToDictionary(StringComparer.Ordinal);
        var own = new List<EnvironmentVariable>();
        foreach (var (variable, node) in environment)
        {
            if (!ClusterEnvironment.ReservedNames.Contains(variable.Name))
                own.Add(variable);
            else if (computed.GetValueOrDefault(variable.Name) != variable.Value)
                context.Warning(node, $"'{variable.Name}' is computed{(computed.TryGetValue(variable.Name, out var value) ? $" and is '{value}'" : "")}; what stands here has no effect");
        }

        return spec with { Environment = own };
    }

    private string? ReadImage(Fields spec)
    {
        if (spec.Scalar("image") is not { Value.Length: > 0 } image)
            return null;
        if (!ImageReference.TryParse(image.Value, out _, out var reason))
            context.Error(image, $"{Quoting.Quote(image.Value)} is not an image name: {reason}");
        return image.Value;
    }

    private string? ReadRuntime(Fields spec)
    {
        if (spec.Map("containerRuntime") is not { } fields)
            return null;
        var type = fields.Scalar("type");
        fields.Finish();
        if (type is not { Value.Length: > 0 })
            return null;
        if (!Names.IsSegment(type.Value))
            context.Error(type, $"{Quoting.Quote(type.Value)} cannot be a container runtime: it is the name of a script");
        else if (type.Value is not ("docker" or "containerd"))
            context.Warning(type, $"{Quoting.Quote(type.Value)} is neither docker nor containerd{Quoting.DidYouMean(type.Value, ["docker", "containerd"])}; the image must bring scripts/{type.Value}.sh");
        return type.Value;
    }

    private string ReadDataRoot(Fields spec)
    {
        if (spec.Scalar("dataRoot") is not { Value.Length: > 0 } root)
            return ClusterSpec.DefaultDataRoot;
        if (!Names.IsAbsoluteFolder(root.Value))
            context.Error(root, $"{Quoting.Quote(root.Value)} cannot be the dataRoot: write an absolute path of letters, digits and . _ + @ = - without '..' (scripts of images do not quote it)");
        return root.Value.TrimEnd('/');
    }

    private List<HostAlias> ReadHostAliases(Fields spec)
    {
        var result = new List<HostAlias>();
        var items = spec.List("hostAliases") ?? [];
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i].Target is not YamlMapping mapping)
            {
                context.Error(items[i], $"spec.hostAliases[{i}] must be a map with ip and hostnames");
                continue;
            }

            var fields = new Fields(mapping, $"spec.hostAliases[{i}]", context);
            var ip = fields.Scalar("ip");
            var names = fields.Texts("hostnames") ?? [];
            fields.Finish();
            var address = ip is null ? null : Addresses.Parse(ip.Value);
            if (address is null)
                context.Error(ip ?? fields.At("ip"), ip is null ? $"{fields.Place} needs an ip" : $"{Quoting.Quote(ip.Value)} is not an address");
            if (names.Count == 0)
                context.Error(fields.At("hostnames"), $"{fields.Place} needs hostnames");
            foreach (var name in names.Where(name => !Names.IsHostName(name.Value)))
                context.Error(name, $"{Quoting.Quote(name.Value)} is not a host's name");
            if (address is not null)
                result.Add(new HostAlias(address, [.. names.Select(name => name.Value)]));
        }

        return result;
    }

    // [""] is how sealer is told to launch nothing.
    private IReadOnlyList<string>? ReadApplicationNames(Fields spec)
    {
        var names = spec.Texts("appNames");
        foreach (var name in names?.Where(name => name.Value.Length > 0 && !Names.IsSegment(name.Value)) ?? [])
            context.Error(name, $"{Quoting.Quote(name.Value)} cannot be an application's name");
        return names is null ? null : [.. names.Select(name => name.Value).Where(name => name.Length > 0)];
    }

    private static List<string>? ReadCommands(Fields spec) =>
        spec.Texts("cmd")?.Select(text => text.Value).Where(text => text.Length > 0).ToList() is { Count: > 0 } commands ? commands : null;
}
