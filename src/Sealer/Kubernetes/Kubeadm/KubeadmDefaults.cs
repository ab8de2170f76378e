using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Sealer.Clusterfiles.Reading;
using Sealer.Kubernetes.LoadBalancing;

namespace Sealer.Kubernetes.Kubeadm;

/// <summary>What Sealer says where nobody else does: sealer's own defaults as far as they are sound, in the form of <see cref="KubeadmSet"/>.</summary>
/// <remarks>
/// Of sealer's defaults three are left out: <c>etcd-servers</c> of all control planes (they do not follow when one comes or goes;
/// each API server has its etcd beside it), etcd's metrics on every address, and settings that are the kubelet's own defaults.
/// </remarks>
internal sealed class KubeadmDefaults
{
    private const string Audit = "/etc/kubernetes/audit-policy.yml";
    private const string AuditLogs = "/var/log/kubernetes";
    private const int MaxPods = 110;

    private readonly KubeadmSettings _settings;
    private readonly KubernetesRelease _release;

    public KubeadmDefaults(KubeadmSettings settings)
    {
        _settings = settings;
        _release = KubernetesRelease.Of(settings.Version);
        (PodNetworks, ServiceNetworks) = (Networks(NetworkReader.PodNetworks, "100.64.0.0/10", "fd00:10:244::/48"), Networks(NetworkReader.ServiceNetworks, "10.96.0.0/22", "fd00:10:96::/112"));
    }

    /// <summary>The networks of pods, the hosts' family first.</summary>
    public IReadOnlyList<string> PodNetworks { get; }

    /// <summary>The networks of services.</summary>
    public IReadOnlyList<string> ServiceNetworks { get; }

    private bool IsDualStack => PodNetworks.Count > 1 || ServiceNetworks.Count > 1;

    /// <summary>What the image may say otherwise.</summary>
    public KubeadmSet General()
    {
        var set = new KubeadmSet
        {
            [KubeadmKinds.Cluster] = new JsonObject
            {
                ["networking"] = new JsonObject
                {
                    ["dnsDomain"] = "cluster.local",
                    ["podSubnet"] = string.Join(',', PodNetworks),
                    ["serviceSubnet"] = string.Join(',', ServiceNetworks),
                },
                ["apiServer"] = new JsonObject { ["extraArgs"] = new JsonObject { ["enable-aggregator-routing"] = "true" } },
                ["controllerManager"] = new JsonObject
                {
                    ["extraArgs"] = new JsonObject { [_release.SigningDurationArgument] = string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(_settings.CertificateLifetime.TotalHours)}h0m0s") },
                },
                ["scheduler"] = new JsonObject(),
            },
            [KubeadmKinds.Kubelet] = new JsonObject
            {
                ["maxPods"] = MaxPods,
                ["rotateCertificates"] = true,
                ["serializeImagePulls"] = false,
            },
            [KubeadmKinds.Proxy] = new JsonObject { ["mode"] = _settings.ProxyMode },
        };
        if (_settings.HasAuditPolicy)
            AddAudit((JsonObject)set[KubeadmKinds.Cluster]["apiServer"]!);
        AddGates(set);
        return set;
    }

    /// <summary>What the image cannot know, and only the user may say otherwise.</summary>
    public KubeadmSet OfCluster()
    {
        var cluster = new JsonObject
        {
            ["kubernetesVersion"] = _settings.Version.ToString(),
            ["controlPlaneEndpoint"] = $"{ApiBalancing.DefaultDomain}:{ApiBalancing.DefaultPort}",
            ["imageRepository"] = _settings.Spec.Registry.Endpoint,
            ["apiServer"] = new JsonObject { ["certSANs"] = new JsonArray([.. Sans().Select(name => (JsonNode)name)]) },
        };
        if (DnsRepository() is { } dns)
            cluster["dns"] = new JsonObject { ["imageRepository"] = dns };
        var set = new KubeadmSet
        {
            [KubeadmKinds.Cluster] = cluster,
            [KubeadmKinds.Kubelet] = new JsonObject { ["cgroupDriver"] = _settings.Environment.GetValueOrDefault("CgroupDriver") is { Length: > 0 } driver ? driver : "systemd" },
        };
        if (_release.FailsOnCgroupV1 && _settings.Nodes.Any(node => node.HasCgroupV1))
            set[KubeadmKinds.Kubelet]["failCgroupV1"] = false;
        if (_settings.ProxyMode == ProxyMode.Ipvs)
            set[KubeadmKinds.Proxy] = new JsonObject { ["ipvs"] = new JsonObject { ["excludeCIDRs"] = new JsonArray([.. VirtualAddresses().Select(address => (JsonNode)$"{address}/{Bits(address)}")]) } };
        return set;
    }

    /// <summary>What a host is registered with.</summary>
    public JsonObject Registration(KubeadmNode node)
    {
        var registration = new JsonObject
        {
            ["name"] = NodeName(node),
            ["criSocket"] = node.CustomSocket is { } custom ? _release.Socket(custom) : _release.SocketOf(_settings.Runtime),
            // What sealer leaves out: the kernel's configuration is the preflight's, the kubelet may be on already, and balancers lie in manifests.
            ["ignorePreflightErrors"] = new JsonArray("DirAvailable--etc-kubernetes-manifests", "Port-10250", "SystemVerification"),
        };
        // With several networks the kubelet takes the address of the default route. Of two families it must choose by itself.
        if (!IsDualStack)
            registration["kubeletExtraArgs"] = new JsonObject { ["node-ip"] = node.Address.ToString() };
        return registration;
    }

    /// <summary>sealer's choice: what the host calls itself in small letters, or its address.</summary>
    public string NodeName(KubeadmNode node) =>
        _settings.Environment.GetValueOrDefault("UseIPasNodeName") == "true" ? node.Address.ToString() : node.HostName.ToLowerInvariant();

    private IEnumerable<string> Sans() => new[] { IPAddress.Loopback.ToString(), ApiBalancing.DefaultDomain }
        .Concat(_settings.Spec.AddressFamily == AddressFamily.InterNetworkV6 || IsDualStack ? [IPAddress.IPv6Loopback.ToString()] : [])
        .Concat(VirtualAddresses().Select(address => address.ToString()))
        .Concat((_settings.Environment.GetValueOrDefault("CertSANs") ?? "").Trim('"', '\'').Split([',', ';'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        .Concat(_settings.Nodes.Where(node => node.IsControlPlane).Select(node => node.Address.ToString()))
        .Distinct(StringComparer.Ordinal);

    private IEnumerable<IPAddress> VirtualAddresses() =>
        new[] { ApiBalancing.VirtualAddress(_settings.Spec.AddressFamily, _settings.Environment) };

    // By what the image's registry holds; where that is not known, as upstream names it.
    private string? DnsRepository()
    {
        var hasFolder = _settings.HasRepository is { } has ? has("coredns/coredns") || !has("coredns") : _release.CoreDnsRepository.Contains('/', StringComparison.Ordinal);
        return hasFolder && !_release.CoreDnsFolderIsImplied ? $"{_settings.Spec.Registry.Endpoint}/coredns" : null;
    }

    private IReadOnlyList<string> Networks(string variable, string four, string six)
    {
        List<string> networks = [];
        if (_settings.Environment.GetValueOrDefault(variable) is { Length: > 0 } text)
        {
            networks = [.. (NetworkReader.Parse(text, out var reason) ?? throw new SealerException("InvalidNetwork", ErrorKind.InvalidInput, $"{variable}: {reason}.", text))
                .Select(network => network.ToString())];
        }

        if (networks.Count == 0)
            networks.Add(_settings.Spec.AddressFamily == AddressFamily.InterNetworkV6 ? six : four);
        var wantsBoth = _settings.Spec.Network.IsDualStack || _settings.Environment.GetValueOrDefault("IPv6DualStack") == "true";
        if (wantsBoth && networks.Count == 1)
            networks.Add(networks[0].Contains(':', StringComparison.Ordinal) ? four : six);
        return networks;
    }

    private void AddAudit(JsonObject server)
    {
        var arguments = (JsonObject)server["extraArgs"]!;
        foreach (var (name, value) in new[]
        {
            ("audit-policy-file", Audit), ("audit-log-path", $"{AuditLogs}/audit.log"), ("audit-log-format", "json"),
            ("audit-log-maxage", "7"), ("audit-log-maxbackup", "10"), ("audit-log-maxsize", "100"),
        })
        {
            arguments[name] = value;
        }

        server["extraVolumes"] = new JsonArray(
            Volume("audit", Audit, isReadOnly: true, "File"),
            Volume("audit-log", AuditLogs, isReadOnly: false, "DirectoryOrCreate"));
    }

    private static JsonObject Volume(string name, string path, bool isReadOnly, string type) =>
        new() { ["name"] = name, ["hostPath"] = path, ["mountPath"] = path, ["readOnly"] = isReadOnly, ["pathType"] = type };

    private void AddGates(KubeadmSet set)
    {
        var gates = _release.SealerGates.ToList();
        if (IsDualStack && _release.DualStackNeedsGate)
        {
            gates.Add("IPv6DualStack");
            set[KubeadmKinds.Cluster]["featureGates"] = new JsonObject { ["IPv6DualStack"] = true };
        }

        if (gates.Count == 0)
            return;
        var text = string.Join(',', gates.Order(StringComparer.Ordinal).Select(gate => $"{gate}=true"));
        foreach (var component in new[] { "apiServer", "controllerManager", "scheduler" })
        {
            var holder = (JsonObject)set[KubeadmKinds.Cluster][component]!;
            if (holder["extraArgs"] is not JsonObject arguments)
                holder["extraArgs"] = arguments = [];
            arguments["feature-gates"] = text;
        }

        foreach (var kind in new[] { KubeadmKinds.Kubelet, KubeadmKinds.Proxy })
            set[kind]["featureGates"] = new JsonObject(gates.Order(StringComparer.Ordinal).Select(gate => KeyValuePair.Create(gate, (JsonNode?)true)));
    }

    private static int Bits(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
}
