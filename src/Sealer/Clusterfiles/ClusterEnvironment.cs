using System.Globalization;
using System.Net.Sockets;
using Sealer.Clusterfiles.Documents;
using Sealer.Clusterfiles.Reading;
using Sealer.Hosts;

namespace Sealer.Clusterfiles;

/// <summary>
/// The variables of a cluster, of its hosts and of its applications. What comes later wins: the image's ENV, an application's
/// APPENV, the Clusterfile's env, what is given on the command line, an application's own env or a host's own env, and over
/// all of them the reserved ones, which are computed.
/// </summary>
/// <remarks>
/// Two habits of sealer are not kept: it drops every variable whose name only begins like a reserved one
/// (<c>RegistryDomainX</c>), and the cluster's variables reach the templates of an application only where the Clusterfile has
/// an entry for that application.
/// </remarks>
public static class ClusterEnvironment
{
    private const string KubernetesServiceAddress = "KubeSvcIP";
    private const string DnsServiceAddress = "DNSSvcIP";
    internal const string HostAddress = "HostIP";
    private const string HostFamily = "HostIPFamily";
    private const string ContainerRuntime = "ContainerRuntime";

    /// <summary>Names that are computed; what a Clusterfile says of them has no effect.</summary>
    public static IReadOnlySet<string> ReservedNames { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "LocalRegistryDomain", "LocalRegistryPort", "LocalRegistryURL",
        "ExternalRegistryDomain", "ExternalRegistryPort", "ExternalRegistryURL",
        "RegistryDomain", "RegistryPort", "RegistryURL",
        ContainerRuntime, DnsServiceAddress, KubernetesServiceAddress,
    };

    /// <summary>What templates below etc, charts and manifests see, and scripts on every host.</summary>
    /// <param name="spec">The cluster.</param>
    /// <param name="image">The image's ENV, or null.</param>
    /// <param name="given">What is given on the command line, or null.</param>
    /// <exception cref="SealerException"><c>InvalidNetwork</c>: <c>SvcCIDR</c> of the image or the command line is no network, or too small.</exception>
    public static IReadOnlyDictionary<string, string> OfCluster(
        ClusterSpec spec, IReadOnlyDictionary<string, string>? image = null, IReadOnlyDictionary<string, string>? given = null)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return Texts(Build(spec, image, null, given, []));
    }

    /// <summary>What plugins and scripts on one host see: the cluster's, the host's own, and <c>HostIP</c>. Lists are text with <c>;</c> between.</summary>
    /// <inheritdoc cref="OfCluster"/>
    public static IReadOnlyDictionary<string, string> OfHost(
        ClusterSpec spec, HostSpec host, IReadOnlyDictionary<string, string>? image = null, IReadOnlyDictionary<string, string>? given = null) =>
        Texts(Host(spec, host, image, given));

    /// <summary>
    /// As <see cref="OfHost"/>, sorted by name, and told apart: which are secret (they travel as secrets of a command), and which
    /// are lists (<see cref="ShellArrays"/>).
    /// </summary>
    /// <inheritdoc cref="OfCluster"/>
    public static IReadOnlyList<EnvironmentVariable> VariablesOfHost(
        ClusterSpec spec, HostSpec host, IReadOnlyDictionary<string, string>? image = null, IReadOnlyDictionary<string, string>? given = null) =>
        Sorted(Host(spec, host, image, given));

    /// <summary>
    /// Lines to put in front of a script for bash that make arrays of variables that are lists, as sealer up to 0.8 did:
    /// <c>K=('a' 'b')</c>. Empty where there are none. Lists whose values are secret are not among them.
    /// </summary>
    public static string ShellArrays(IEnumerable<EnvironmentVariable> variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        return string.Concat(variables
            .Where(variable => variable is { IsList: true, IsSecret: false } && Names.IsVariable(variable.Name))
            .Select(variable => $"{variable.Name}=({string.Join(' ', variable.RevealItems().Select(ShellText.Quote))})\n"));
    }

    /// <summary>What templates of one application see.</summary>
    /// <param name="spec">The cluster.</param>
    /// <param name="application">The application's name.</param>
    /// <param name="image">The image's ENV, or null.</param>
    /// <param name="applicationImage">The application's APPENV, or null.</param>
    /// <param name="given">What is given on the command line, or null.</param>
    /// <exception cref="SealerException"><c>InvalidNetwork</c>.</exception>
    public static IReadOnlyDictionary<string, string> OfApplication(
        ClusterSpec spec,
        string application,
        IReadOnlyDictionary<string, string>? image = null,
        IReadOnlyDictionary<string, string>? applicationImage = null,
        IReadOnlyDictionary<string, string>? given = null) =>
        VariablesOfApplication(spec, application, image, applicationImage, given).ToDictionary(variable => variable.Name, variable => variable.Reveal(), StringComparer.Ordinal);

    /// <inheritdoc cref="OfApplication"/>
    public static IReadOnlyList<EnvironmentVariable> VariablesOfApplication(
        ClusterSpec spec,
        string application,
        IReadOnlyDictionary<string, string>? image = null,
        IReadOnlyDictionary<string, string>? applicationImage = null,
        IReadOnlyDictionary<string, string>? given = null)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var own = spec.Application?.Configs.FirstOrDefault(config => config.Name == application)?.Environment ?? [];
        return Sorted(Build(spec, image, applicationImage, given, own));
    }

    /// <summary>Variables as templates see them: text, or a list.</summary>
    internal static IReadOnlyDictionary<string, object?> TemplateValues(IEnumerable<EnvironmentVariable> variables) => variables.ToDictionary(
        variable => variable.Name,
        variable => variable.IsList ? variable.RevealItems().Cast<object?>().ToList() : (object?)variable.Reveal(),
        StringComparer.Ordinal);

    private static Dictionary<string, EnvironmentVariable> Host(
        ClusterSpec spec, HostSpec host, IReadOnlyDictionary<string, string>? image, IReadOnlyDictionary<string, string>? given)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(host);
        var result = Build(spec, image, null, given, host.Environment);
        result.TryAdd(HostAddress, new EnvironmentVariable(HostAddress, host.Address.ToString()));
        return result;
    }

    private static List<EnvironmentVariable> Sorted(Dictionary<string, EnvironmentVariable> variables) =>
        [.. variables.Values.OrderBy(variable => variable.Name, StringComparer.Ordinal)];

    private static Dictionary<string, string> Texts(Dictionary<string, EnvironmentVariable> variables) =>
        variables.ToDictionary(pair => pair.Key, pair => pair.Value.Reveal(), StringComparer.Ordinal);

    private static Dictionary<string, EnvironmentVariable> Build(
        ClusterSpec spec,
        IReadOnlyDictionary<string, string>? image,
        IReadOnlyDictionary<string, string>? applicationImage,
        IReadOnlyDictionary<string, string>? given,
        IReadOnlyList<EnvironmentVariable> own)
    {
        var result = new Dictionary<string, EnvironmentVariable>(StringComparer.Ordinal);
        Lay(image);
        Lay(applicationImage);
        foreach (var variable in spec.Environment)
            result[variable.Name] = variable;
        Lay(given);
        foreach (var variable in own)
            result[variable.Name] = variable;
        foreach (var (name, value) in Computed(spec, result.GetValueOrDefault(NetworkReader.ServiceNetworks)?.Reveal()))
            result[name] = new EnvironmentVariable(name, value);
        return result;

        void Lay(IReadOnlyDictionary<string, string>? layer)
        {
            foreach (var (name, value) in layer ?? new Dictionary<string, string>())
                result[name] = new EnvironmentVariable(name, value);
        }
    }

    /// <summary>The variables that a cluster's other settings determine.</summary>
    internal static IEnumerable<KeyValuePair<string, string>> Computed(ClusterSpec spec, string? serviceNetworks)
    {
        if (!string.IsNullOrEmpty(serviceNetworks))
        {
            var networks = NetworkReader.Services(serviceNetworks, out var reason) ?? throw new SealerException(
                "InvalidNetwork", ErrorKind.InvalidInput, $"SvcCIDR: {reason}", serviceNetworks);
            yield return new(KubernetesServiceAddress, networks.Kubernetes.ToString());
            yield return new(DnsServiceAddress, networks.Dns.ToString());
        }

        if (spec.Registry.Local is { } local)
        {
            foreach (var pair in Registry("LocalRegistry", local.Domain, local.Port, local.Endpoint, "0"))
                yield return pair;
        }

        if (spec.Registry.External is { } external)
        {
            foreach (var pair in Registry("ExternalRegistry", external.Domain, external.Port, external.Endpoint, "0"))
                yield return pair;
        }

        var (domain, port) = spec.Registry.External is { } e ? (e.Domain, e.Port) : (spec.Registry.Local?.Domain ?? "", spec.Registry.Local?.Port);
        foreach (var pair in Registry("Registry", domain, port, spec.Registry.Endpoint, ""))
            yield return pair;
        if (spec.ContainerRuntime is { } runtime)
            yield return new(ContainerRuntime, runtime);
        if (spec.AddressFamily == AddressFamily.InterNetworkV6)
            yield return new(HostFamily, "6");
    }

    // Without a port, sealer writes 0 into LocalRegistryPort and ExternalRegistryPort and nothing into RegistryPort.
    private static IEnumerable<KeyValuePair<string, string>> Registry(string prefix, string domain, int? port, string endpoint, string noPort) =>
    [
        new(prefix + "Domain", domain),
        new(prefix + "Port", port?.ToString(CultureInfo.InvariantCulture) ?? noPort),
        new(prefix + "URL", endpoint),
    ];
}
