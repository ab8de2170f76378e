using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Net;
using System.Net.Sockets;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;
using Sealer.Delivery;
using Sealer.Images;
using Sealer.Kubefiles;
using Sealer.Labs;

namespace Sealer.PowerShell;

/// <summary>Writes a Clusterfile for hosts that are named or piped in (sealer gen, and what sealer run makes of its flags).</summary>
/// <remarks>
/// <para>
/// The file is checked before it is written, is there as a whole or not at all, and can be read by its owner only. sealer 0.9 to
/// 0.11 reads it.
/// </para>
/// <para>
/// The path of a key is written as you give it, and <c>~</c> is understood. Keys that piped hosts are known by are written too:
/// their own (hostKeys), and those of hosts on the way to them (jumpHostKeys). Of hosts of a lab the file says as well what a Kubernetes
/// on them has to be told, since they share this machine's kernel, swap and disk.
/// </para>
/// <para>
/// No password is written unless -IncludeSecret is given. Instead the file says where it will be looked for: the variables
/// SEALER_SSH_PASSWORD, SEALER_SSH_KEY_PASSPHRASE, SEALER_SUDO_PASSWORD and SEALER_REGISTRY_PASSWORD, and of a variable of -Environment that is a
/// SecureString, or whose name speaks of a secret, the one of its own name. sealer does not know such places: for it, give
/// -IncludeSecret.
/// </para>
/// </remarks>
/// <example>
/// <code>New-Clusterfile ./new/Clusterfile -Image skyline:v3 -ControlPlane 10.0.0.11 -Worker 10.0.0.21-10.0.0.24</code>
/// One control plane and four workers, which know the keys of your agent or ~/.ssh.
/// </example>
/// <example>
/// <code>
/// New-Clusterfile ./new/Clusterfile -Name skyline -Image skyline:v3 -ControlPlane '10.0.0.11-10.0.0.13' -Worker '10.0.0.21, 10.0.0.22' -User ops -KeyPath ~/.ssh/id_ed25519 -Environment @{ PodCIDR = '100.64.0.0/10'; SvcCIDR = '10.96.0.0/22' } -HostAlias @{ '10.0.0.9' = 'db', 'db.example.com' } -Force
/// </code>
/// A highly available cluster with its networks and a line for /etc/hosts.
/// </example>
/// <example>
/// <code>
/// [pscustomobject] @{ Address = '10.0.0.11'; User = 'ops' }, [pscustomobject] @{ Address = '10.0.0.12'; User = 'root' } |
///     New-Clusterfile ./new/Clusterfile -Image skyline:v3 -WhatIf
/// </code>
/// Hosts of a list, of Get-ClusterHost or of a lab: the first becomes the control plane.
/// </example>
/// <returns>The cluster that the file describes, with the secrets that were given.</returns>
/// <seealso cref="GetClusterfile"/>
/// <seealso cref="TestClusterfile"/>
[Cmdlet(VerbsCommon.New, "Clusterfile", SupportsShouldProcess = true)]
[OutputType(typeof(Cluster))]
public sealed class NewClusterfile : SshCmdlet
{
    private readonly List<HostTarget> _piped = [];

    /// <summary>The file to write.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    [PSDefaultValue(Help = "The file Clusterfile in the current folder")]
    public string Path { get; set; } = "Clusterfile";

    /// <summary>
    /// Hosts: what Get-ClusterHost or New-ClusterLab return, addresses, or objects with an Address and what else is known (User,
    /// Port, KeyPath, ProxyJump, HostKeyFingerprint, JumpHostKeyFingerprint, Role).
    /// </summary>
    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    /// <summary>The cluster's name; it becomes a folder on hosts.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "my-cluster";

    /// <summary>The cluster image.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    public ImageReference? Image { get; set; }

    /// <summary>Control planes (sealer -m): addresses, ranges <c>10.0.0.2-10.0.0.4</c>, several with commas between.</summary>
    [Parameter]
    [Alias("Master", "Masters")]
    public string[] ControlPlane { get; set; } = [];

    /// <summary>Workers (sealer -n), in the same forms.</summary>
    [Parameter]
    [Alias("Node", "Nodes")]
    public string[] Worker { get; set; } = [];

    /// <summary>How many of the piped hosts that have no Role become control planes; the others become workers.</summary>
    [Parameter]
    [ValidateRange(0, 99)]
    [PSDefaultValue(Help = "1, or none where -ControlPlane is given")]
    public int? ControlPlaneCount { get; set; }

    /// <summary>Variables for scripts, plugins and templates (sealer -e): a hashtable, or <c>NAME=VALUE</c>. A SecureString is a secret.</summary>
    [Parameter]
    [KeyValue]
    public IDictionary? Environment { get; set; }

    /// <summary>Lines for /etc/hosts of every host: a hashtable of addresses with their names.</summary>
    [Parameter]
    [KeyValue]
    public IDictionary? HostAlias { get; set; }

    /// <summary>A registry that is there already, <c>host[:port]</c>; nodes fetch from it and not from one of their own.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(RegistryCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Registry { get; set; }

    /// <summary>User and password of the registry: of -Registry, or those that the one of the cluster's own shall ask for.</summary>
    [Parameter]
    [Credential]
    public PSCredential? RegistryCredential { get; set; }

    /// <summary>Name and port of the cluster's own registry, <c>host[:port]</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [PSDefaultValue(Help = "sea.hub:5000")]
    public string? LocalRegistry { get; set; }

    /// <summary>The container runtime.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ContainerRuntimeCompleter))]
    [ValidateNotNullOrEmpty]
    [PSDefaultValue(Help = "What the image says")]
    public string? ContainerRuntime { get; set; }

    /// <summary>What is launched (sealer --apps); <c>''</c> launches nothing.</summary>
    [Parameter]
    [AllowEmptyString]
    [PSDefaultValue(Help = "What the image says")]
    public string[]? AppName { get; set; }

    /// <summary>Where clusters lie on hosts.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string DataRoot { get; set; } = ClusterSpec.DefaultDataRoot;

    /// <summary>Writes passwords and other secrets into the file in clear, so that sealer can use it. Who reads it has them.</summary>
    [Parameter]
    public SwitchParameter IncludeSecret { get; set; }

    /// <summary>Replaces a file that is there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    private protected override Task ProcessAsync(CancellationToken cancellationToken)
    {
        if (InputObject is not null)
            _piped.Add(HostTargets.Of(InputObject));
        return Task.CompletedTask;
    }

    private protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        var path = await OnPipeline(() => FullPath(Path));
        if (Directory.Exists(path))
            path = System.IO.Path.Combine(path, "Clusterfile");
        if (ControlPlane.Length + Worker.Length + _piped.Count == 0)
            throw new SealerException("NoHosts", ErrorKind.InvalidInput, "No hosts were named. Give -ControlPlane and -Worker, or pipe hosts.");
        var spec = Clusterfiles.Clusterfile.Create(Draft());
        var options = new ClusterfileWriteOptions { Secrets = IncludeSecret ? SecretWriting.Reveal : SecretWriting.Omit };
        var written = Clusterfiles.Clusterfile.Write(spec, options);
        if (File.Exists(path) && !Force)
            throw new SealerException("FileExists", ErrorKind.Conflict, $"'{path}' is there already. Give another -Path, or -Force to replace it.", path);
        var controlPlanes = spec.ControlPlanes.Count();
        if (!await ShouldProcessAsync(path, $"Write a Clusterfile of {controlPlanes} control plane{(controlPlanes == 1 ? "" : "s")} and {spec.Hosts.Count - controlPlanes} workers"))
            return;
        if (System.IO.Path.GetDirectoryName(path) is { Length: > 0 } folder)
            Directory.CreateDirectory(folder);
        Clusterfiles.Clusterfile.WriteFile(path, spec, options);
        var read = Clusterfiles.Clusterfile.Read(written, new ClusterfileReadOptions { FileName = Path, ResolveSecrets = false });
        foreach (var warning in read.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Warning))
            await WarnAsync($"{warning.Location} {warning.Message}");
        if (!IncludeSecret && Sources(spec).ToList() is { Count: > 0 } sources)
            await WarnAsync($"No secret is written. Set {string.Join(", ", sources.Select(name => "$env:" + name))} wherever '{Path}' is read, or give -IncludeSecret to have them in the file.");
        await WriteAsync(new Cluster(spec, path));
    }

    private ClusterfileDraft Draft()
    {
        var ssh = new SshSettings
        {
            User = GivenUser ?? SshSettings.DefaultUser,
            Password = Kept(SecretAttribute.Of(Credential), "SEALER_SSH_PASSWORD"),
            PrivateKeyPath = KeyPath,
            PrivateKeyPassphrase = Kept(SecretAttribute.Of(KeyPassphrase), "SEALER_SSH_KEY_PASSPHRASE"),
            SudoPassword = Kept(SecretAttribute.Of(SudoPassword), "SEALER_SUDO_PASSWORD"),
            Port = Port ?? SshSettings.DefaultPort,
            ProxyJump = ProxyJump,
        };
        var draft = new ClusterfileDraft
        {
            Name = Name,
            Image = Image?.ToFamiliarString(),
            ControlPlanes = ControlPlane,
            Workers = Worker,
            Hosts = Hosts(ssh),
            Ssh = ssh,
            Environment = ClusterfileVariables.Of(Environment),
            HostAliases = [.. KeyValueAttribute.ReadLists(HostAlias).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => new HostAlias(AddressOf(pair.Key), pair.Value))],
            Registry = RegistrySpec(),
            ContainerRuntime = ContainerRuntime,
            ApplicationNames = AppName is null ? null : [.. AppName.Where(name => name.Length > 0)],
            DataRoot = DataRoot,
        };
        return _piped.Exists(host => host.IsOfLab) ? LabKubernetes.Over(draft) : draft;
    }

    private List<HostSpec> Hosts(SshSettings ssh)
    {
        var result = new List<HostSpec>();
        var controlPlanes = ControlPlaneCount ?? (ControlPlane.Length > 0 || _piped.Any(host => host.Roles.Contains(HostSpec.ControlPlaneRole)) ? 0 : 1);
        foreach (var host in _piped)
        {
            var roles = host.Roles.Count > 0 ? host.Roles : controlPlanes-- > 0 ? [HostSpec.ControlPlaneRole] : [HostSpec.WorkerRole];
            // What is given for all wins over what the objects say, as everywhere.
            result.Add(new HostSpec
            {
                Address = AddressOf(host.Address),
                Roles = roles,
                Ssh = ssh with
                {
                    User = GivenUser ?? host.User ?? ssh.User,
                    Port = Port ?? host.Port ?? ssh.Port,
                    Password = ssh.Password ?? Kept(host.Password, "SEALER_SSH_PASSWORD"),
                    PrivateKeyPath = KeyPath ?? host.KeyFile,
                    PrivateKeyPassphrase = ssh.PrivateKeyPassphrase ?? (KeyPath is null ? Kept(host.KeyPassphrase, "SEALER_SSH_KEY_PASSPHRASE") : null),
                    SudoPassword = ssh.SudoPassword ?? Kept(host.SudoPassword, "SEALER_SUDO_PASSWORD"),
                    ProxyJump = ProxyJump ?? host.ProxyJump,
                    HostKeyFingerprints = host.HostKeyFingerprints,
                    // Of the way that the object names, and of no other.
                    JumpHostKeyFingerprints = ProxyJump is null ? host.JumpHostKeyFingerprints : [],
                },
            });
        }

        return result;
    }

    private RegistrySpec RegistrySpec()
    {
        var credential = RegistryCredential is { } given && given != PSCredential.Empty ? given : null;
        var password = Kept(SecretAttribute.Of(credential), "SEALER_REGISTRY_PASSWORD");
        if (Registry is not null)
        {
            var (domain, port) = Endpoint(Registry);
            return new RegistrySpec(null, new ExternalRegistrySpec { Domain = domain, Port = port, UserName = credential?.UserName, Password = password });
        }

        var (name, at) = LocalRegistry is null ? (LocalRegistrySpec.DefaultDomain, null) : Endpoint(LocalRegistry);
        return new RegistrySpec(
            new LocalRegistrySpec { Domain = name, Port = at ?? LocalRegistrySpec.DefaultPort, UserName = credential?.UserName, Password = password }, null);
    }

    // The secret itself is for the object that is returned; the file has its place.
    private Secret? Kept(Secret? secret, string variable) => secret switch
    {
        null => null,
        _ when IncludeSecret => Secret.Of(secret.Reveal()),
        { Source: not null } => secret,
        _ => Secret.From(secret.Reveal(), new SecretSource(SecretSourceKind.Environment, variable)),
    };

    private static IEnumerable<string> Sources(ClusterSpec spec)
    {
        var secrets = spec.Hosts.Select(host => host.Ssh)
            .SelectMany(ssh => new[] { ssh.Password, ssh.PrivateKeyPassphrase, ssh.SudoPassword })
            .Append(spec.Registry.Local?.Password)
            .Append(spec.Registry.External?.Password)
            .Select(secret => secret?.Source);
        var variables = spec.Environment.Where(variable => variable.IsSecret).Select(variable => variable.Source?.Name ?? variable.Name);
        return secrets.OfType<SecretSource>().Where(source => source.Kind == SecretSourceKind.Environment).Select(source => source.Name)
            .Concat(variables)
            .Distinct(StringComparer.Ordinal);
    }

    // .NET takes 10.5 for 10.0.0.5, and 010.0.0.5 for 8.0.0.5.
    private static IPAddress AddressOf(string text) => IPAddress.TryParse(text, out var address) && (address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == text)
        ? address
        : throw new SealerException(
            "NotAnAddress", ErrorKind.InvalidInput, $"'{text}' is not an address, and a Clusterfile names hosts by their addresses. Give one, for example 10.0.0.2.", text);

    // host, host:port, an address of IPv6 in brackets or alone.
    private static (string Domain, int? Port) Endpoint(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon < 0 || text.EndsWith(']') || (!text.StartsWith('[') && text.IndexOf(':', StringComparison.Ordinal) != colon))
            return (text.Trim('[', ']'), null);
        return int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            ? (text[..colon].Trim('[', ']'), port)
            : throw new SealerException("InvalidRegistry", ErrorKind.InvalidInput, $"'{text}' is no registry. Write its host and, where it is not the usual one, its port: registry.example.com:5000.", text);
    }
}
