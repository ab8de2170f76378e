using System.Net;
using System.Text.Json.Nodes;
using Sealer.Certificates;
using Sealer.Kubernetes.LoadBalancing;

namespace Sealer.Kubernetes.Kubeadm;

/// <summary>
/// What kubeadm is told: Sealer's defaults, over them what the image says, over that what only Sealer knows, and over all of it the
/// user's own documents, which may also take away a default by null. Pure: the same settings give the same text.
/// </summary>
public sealed class KubeadmConfiguration
{
    private readonly KubeadmSettings _settings;
    private readonly KubernetesRelease _release;
    private readonly KubeadmDefaults _defaults;
    private readonly KubeadmSet _image;
    private readonly KubeadmSet _user;
    private readonly KubeadmSet _set;

    private KubeadmConfiguration(KubeadmSettings settings, KubeadmSet image, KubeadmSet user)
    {
        (_settings, _image, _user) = (settings, image, user);
        _release = KubernetesRelease.Of(settings.Version);
        _defaults = new KubeadmDefaults(settings);
        _set = Layered();
    }

    /// <summary>Puts it together.</summary>
    /// <exception cref="SealerException">
    /// <c>KubernetesVersionNotSupported</c>, <c>ContainerRuntimeUnknown</c>, <c>InvalidNetwork</c>, and <c>KubeadmSettingsNotPossible</c>:
    /// documents say what this version of Kubernetes cannot do; all of it at once.
    /// </exception>
    public static KubeadmConfiguration Create(KubeadmSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var problems = new List<string>();
        var image = KubeadmSet.Read(settings.ImageDocuments, problems.Add);
        var user = KubeadmSet.Read(settings.Spec.KubeadmDocuments.Where(document => document.Kind is KubeadmKinds.Init or KubeadmKinds.Join or KubeadmKinds.Cluster or KubeadmKinds.Kubelet or KubeadmKinds.Proxy), problems.Add);
        var result = new KubeadmConfiguration(settings, image, user);
        result.Check(problems);
        return problems.Count == 0 ? result : throw new SealerException(
            "KubeadmSettingsNotPossible", ErrorKind.InvalidInput,
            $"kubeadm's documents for the cluster {settings.Spec.Name} say what Kubernetes {settings.Version} cannot do. Change them in the Clusterfile:\n{string.Join('\n', problems.Distinct(StringComparer.Ordinal).Take(20))}", settings.Spec.Name);
    }

    /// <summary>Where clients find the API: a host or an address, with a port.</summary>
    public string ControlPlaneEndpoint => Text(_set[KubeadmKinds.Cluster]["controlPlaneEndpoint"]) is { Length: > 0 } endpoint ? endpoint : $"{ApiBalancing.DefaultDomain}:{ApiBalancing.DefaultPort}";

    /// <summary>The user says where clients find the API: something outside of the cluster balances it.</summary>
    public bool HasExternalEndpoint => Text(_user.Find(KubeadmKinds.Cluster)?["controlPlaneEndpoint"]) is { Length: > 0 } endpoint
        && !endpoint.StartsWith($"{ApiBalancing.DefaultDomain}:", StringComparison.Ordinal) && endpoint != ApiBalancing.DefaultDomain;

    /// <summary>The networks of services.</summary>
    public IReadOnlyList<string> ServiceNetworks => Split(_set[KubeadmKinds.Cluster]["networking"]?["serviceSubnet"]);

    /// <summary>The networks of pods.</summary>
    public IReadOnlyList<string> PodNetworks => Split(_set[KubeadmKinds.Cluster]["networking"]?["podSubnet"]);

    /// <summary>Names and addresses that the API server's certificate has besides kubeadm's own.</summary>
    public IReadOnlyList<string> ApiServerSans => Texts(_set[KubeadmKinds.Cluster]["apiServer"]?["certSANs"]);

    /// <summary>The folder of the certificates.</summary>
    public string CertificatesFolder => Text(_set[KubeadmKinds.Cluster]["certificatesDir"]) is { Length: > 0 } folder ? folder : new CertificatePaths().PkiFolder;

    /// <summary>What a host's node is called.</summary>
    public string NodeName(KubeadmNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return Text(_user.Find(node == First ? KubeadmKinds.Init : KubeadmKinds.Join)?["nodeRegistration"]?["name"]) is { Length: > 0 } name ? name : _defaults.NodeName(node);
    }

    /// <summary>The file of <c>kubeadm init</c> on the first control plane. May hold secrets of the user's (tokens, keys): 0600.</summary>
    public KubeadmFile Init() => Render(InitSet(First), KubeadmKinds.Init, KubeadmKinds.Cluster, KubeadmKinds.Kubelet, KubeadmKinds.Proxy);

    /// <summary>The file of <c>kubeadm join</c> on another host. Holds a token: 0600.</summary>
    /// <param name="node">The host.</param>
    /// <param name="join">How it gets in.</param>
    public KubeadmFile Join(KubeadmNode node, KubeadmJoin join)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(join);
        return Render(JoinSet(node, join), KubeadmKinds.Join);
    }

    /// <summary>What the certificates of a control plane are made from, as kubeadm will look at them.</summary>
    public ClusterCertificateSpec Certificates(KubeadmNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        var cluster = _set[KubeadmKinds.Cluster];
        var endpoint = node == First ? _user.Find(KubeadmKinds.Init)?["localAPIEndpoint"] : null;
        var etcd = cluster["etcd"]?["local"];
        return new ClusterCertificateSpec
        {
            KubernetesVersion = new Version(_settings.Version.Major, _settings.Version.Minor, _settings.Version.Patch),
            NodeName = NodeName(node),
            AdvertiseAddress = IPAddress.TryParse(Text(endpoint?["advertiseAddress"]), out var address) ? address : node.Address,
            BindPort = int.TryParse(Text(endpoint?["bindPort"]), out var port) ? port : ApiBalancing.DefaultPort,
            ControlPlaneEndpoint = ControlPlaneEndpoint,
            ServiceSubnets = ServiceNetworks,
            DnsDomain = Text(cluster["networking"]?["dnsDomain"]) is { Length: > 0 } domain ? domain : "cluster.local",
            ClusterName = Text(cluster["clusterName"]) is { Length: > 0 } name ? name : "kubernetes",
            ApiServerSans = ApiServerSans,
            EtcdServerSans = Texts(etcd?["serverCertSANs"]),
            EtcdPeerSans = Texts(etcd?["peerCertSANs"]),
            ExternalEtcd = cluster["etcd"]?["external"] is not null,
            ForInit = node == First,
            Paths = new CertificatePaths { PkiFolder = CertificatesFolder },
        };
    }

    private KubeadmNode First => _settings.Nodes.First(node => node.IsControlPlane);

    private void Check(List<string> problems)
    {
        InitSet(First).Write(_release.KubeadmApi, problems.Add);
        var example = new KubeadmJoin(Secret.Of("abcdef.0123456789abcdef"), [], ControlPlaneEndpoint);
        foreach (var node in _settings.Nodes.Where(node => node != First).Take(1))
            JoinSet(node, example).Write(_release.KubeadmApi, problems.Add);
        foreach (var kind in new[] { KubeadmKinds.Cluster, KubeadmKinds.Init, KubeadmKinds.Join }.Where(_set.Has))
        {
            foreach (var (path, component) in KubeadmArguments.PlacesIn(kind))
            {
                foreach (var flag in KubeadmArguments.Names(_set[kind], path).Select(name => KubernetesFlags.Find(_settings.Version, component, name)).OfType<RemovedFlag>())
                    problems.Add($"{kind}: {string.Join('.', path)}: {component} does not know --{flag.Name} since Kubernetes 1.{flag.RemovedIn}: {flag.Instead}");
            }
        }

        if (_settings.Nodes.Count > 2 && Text(_user.Find(KubeadmKinds.Join)?["nodeRegistration"]?["name"]) is { Length: > 0 } shared)
            problems.Add($"{KubeadmKinds.Join}: nodeRegistration.name {shared}: several hosts join, and each needs a name of its own; take it away");
    }

    // What is of one host lies below all that others say, so that null takes away from that too.
    private KubeadmSet Layered(string? kind = null, JsonObject? ofHost = null)
    {
        var set = _defaults.General();
        if (kind is not null && ofHost is not null)
            set[kind] = ofHost;
        set.Merge(_image);
        set.Merge(_defaults.OfCluster());
        set.Merge(_user);
        return set;
    }

    private KubeadmSet InitSet(KubeadmNode node) => Layered(
        KubeadmKinds.Init, new JsonObject { ["localAPIEndpoint"] = Endpoint(node), ["nodeRegistration"] = _defaults.Registration(node) });

    private KubeadmSet JoinSet(KubeadmNode node, KubeadmJoin join)
    {
        var document = new JsonObject
        {
            ["discovery"] = new JsonObject
            {
                ["bootstrapToken"] = new JsonObject
                {
                    ["apiServerEndpoint"] = join.Endpoint,
                    ["token"] = join.Token.Reveal(),
                    ["caCertHashes"] = new JsonArray([.. join.AuthorityHashes.Select(hash => (JsonNode)hash)]),
                },
            },
            ["nodeRegistration"] = _defaults.Registration(node),
        };
        if (node.IsControlPlane)
            document["controlPlane"] = new JsonObject { ["localAPIEndpoint"] = Endpoint(node) };
        var joined = Layered(KubeadmKinds.Join, document)[KubeadmKinds.Join];
        if (!node.IsControlPlane)
            joined.Remove("controlPlane");
        return new KubeadmSet { [KubeadmKinds.Join] = joined };
    }

    private KubeadmFile Render(KubeadmSet set, params string[] kinds)
    {
        var problems = new List<string>();
        var (documents, skip) = set.Write(_release.KubeadmApi, problems.Add);
        return new KubeadmFile(KubeadmText.Write(kinds.Where(documents.ContainsKey).Select(kind => documents[kind])), skip);
    }

    private static JsonObject Endpoint(KubeadmNode node) => new() { ["advertiseAddress"] = node.Address.ToString(), ["bindPort"] = ApiBalancing.DefaultPort };

    private static string? Text(JsonNode? node) => node?.ToString();

    private static IReadOnlyList<string> Split(JsonNode? node) => Text(node)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    private static IReadOnlyList<string> Texts(JsonNode? node) => node is JsonArray list ? [.. list.Select(Text).OfType<string>()] : [];
}

/// <summary>A file for kubeadm, and what its command must say besides.</summary>
/// <param name="Text">YAML. Whoever may read it may join the cluster.</param>
/// <param name="SkipPhases">Phases for <c>--skip-phases</c>; mostly none.</param>
public sealed record KubeadmFile(string Text, IReadOnlyList<string> SkipPhases)
{
    /// <summary>Phases for <c>--skip-phases</c>.</summary>
    public IReadOnlyList<string> SkipPhases { get; init => field = Listed.Of(value); } = Listed.Of(SkipPhases);

    /// <summary>Not its text, which may hold secrets.</summary>
    public override string ToString() => $"{Text.Length} characters for kubeadm";
}
