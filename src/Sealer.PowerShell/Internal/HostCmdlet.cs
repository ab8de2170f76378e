using System.Management.Automation;
using System.Security;
using Sealer.Delivery;
using Sealer.Hosts;
using Sealer.Hosts.Configuration;
using Sealer.Kubefiles;

namespace Sealer.PowerShell;

/// <summary>
/// A cmdlet that works on hosts. What is piped in together is done together, at the end: one connection a host, a bounded number of
/// hosts at once, and what fails on one host is an error about that host while the others go on.
/// </summary>
public abstract class HostCmdlet : AsyncCmdlet
{
    private readonly List<HostTarget> _targets = [];
    private readonly List<Cluster> _clusters = [];

    /// <summary>
    /// A cluster (Get-Clusterfile), hosts (Get-ClusterHost, New-ClusterLab), addresses, or objects with an Address and what else is
    /// known: Name, User, Port, KeyPath, Credential, SudoPassword, ProxyJump, HostKeyFingerprint, Role.
    /// </summary>
    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    /// <summary>Path of a Clusterfile whose hosts are meant.</summary>
    [Parameter]
    [Alias("Path")]
    [ValidateNotNullOrEmpty]
    public virtual string? Clusterfile { get; set; }

    /// <summary>
    /// Hosts, as for ssh: <c>[user@]host[:port]</c>, where names of ssh_config are understood. With a Clusterfile, a cluster or
    /// piped hosts, those of them that are meant.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Address { get; set; } = [];

    /// <summary>Only hosts with one of these roles: <c>master</c>, <c>node</c> or one of the Clusterfile's own.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(RoleCompleter))]
    public string[] Role { get; set; } = [];

    /// <summary>User and password of the hosts, instead of what the Clusterfile says. The password is sudo's too, unless -SudoPassword is given.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>The user at the hosts; without, that of the Clusterfile, of ssh_config, or your own.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? User { get; set; }

    /// <summary>A private key that opens the hosts: OpenSSH, PEM or PuTTY.</summary>
    [Parameter]
    [Alias("IdentityFile")]
    [ValidateNotNullOrEmpty]
    public string? KeyPath { get; set; }

    /// <summary>What the private key is protected with, a SecureString. A key in the agent needs none.</summary>
    [Parameter]
    [Secret]
    public SecureString? KeyPassphrase { get; set; }

    /// <summary>What sudo asks for where the user is not root, a SecureString. Without, the user's password, where one is known.</summary>
    [Parameter]
    [Secret]
    public SecureString? SudoPassword { get; set; }

    /// <summary>Port of sshd at the hosts; without, that of the Clusterfile, of ssh_config, or 22.</summary>
    [Parameter]
    [ValidateRange(1, 65535)]
    public int? Port { get; set; }

    /// <summary>
    /// Hosts to go through, <c>[user@]host[:port]</c>, several with commas between, first one first; <c>none</c> for none. They are
    /// shown keys, never the hosts' password.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ProxyJump { get; set; }

    /// <summary>
    /// Fingerprints (SHA256:...) of the hosts' keys, as <c>ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub</c> says on their
    /// consoles. A host must show one of them; its key is then known (known_hosts).
    /// </summary>
    [Parameter]
    [ValidatePattern(@"^SHA256:[A-Za-z0-9+/]{43}=?$")]
    public string[] HostKey { get; set; } = [];

    /// <summary>Takes the keys of hosts that were never met and writes them to known_hosts. A key that has changed is refused all the same.</summary>
    [Parameter]
    public SwitchParameter AcceptNewHostKey { get; set; }

    /// <summary>A file to be read instead of ~/.ssh/config and the machine's; <c>none</c> for none.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SshConfig { get; set; }

    /// <summary>Works directly, without SSH, on a host whose address is this machine's own.</summary>
    [Parameter]
    public SwitchParameter UseLocalHost { get; set; }

    /// <summary>How many hosts are worked on at once.</summary>
    [Parameter]
    [ValidateRange(1, 1000)]
    public int ThrottleLimit { get; set; } = HostAccess.DefaultThrottleLimit;

    /// <summary>The clusters that were piped or read.</summary>
    private protected IReadOnlyList<Cluster> Clusters => _clusters;

    /// <summary>How hosts are reached, as the parameters say.</summary>
    private protected HostAccess Access => new()
    {
        User = User ?? (Credential is { } given && given != PSCredential.Empty ? given.UserName : null),
        Password = SecretAttribute.Of(Credential),
        KeyFile = KeyPath is null ? null : FullPath(KeyPath),
        KeyPassphrase = SecretAttribute.Of(KeyPassphrase),
        SudoPassword = SecretAttribute.Of(SudoPassword),
        Port = Port,
        ProxyJump = ProxyJump,
        HostKeys = AcceptNewHostKey ? HostKeyPolicy.AcceptNew : null,
        HostKeyFingerprints = HostKey,
        SshConfigFile = SshConfig is null or "none" ? SshConfig : FullPath(SshConfig),
        LocalDirectly = UseLocalHost,
        ThrottleLimit = ThrottleLimit,
    };

    /// <summary>Does the work on all hosts that were named.</summary>
    private protected abstract Task RunAsync(ClusterHosts hosts, CancellationToken cancellationToken);

    /// <inheritdoc/>
    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        if (Clusterfile is { } path)
            await TakeAsync(await ReadAsync(path));
    }

    /// <inheritdoc/>
    private protected override Task ProcessAsync(CancellationToken cancellationToken) => InputObject?.BaseObject switch
    {
        null => Task.CompletedTask,
        Cluster cluster => TakeAsync(cluster),
        FileInfo file => TakeFileAsync(file),
        _ => Task.Run(() => _targets.Add(HostTargets.Of(InputObject)), cancellationToken),
    };

    /// <inheritdoc/>
    private protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        var targets = Targets();
        if (targets.Count == 0)
        {
            if (_targets.Count > 0)
                await WarnAsync($"None of the {_targets.Count} hosts has the role {string.Join(" or ", Role)}.");
            else if (!HasFailed)
                throw new SealerException("NoHosts", ErrorKind.InvalidInput, "No hosts were named. Pipe a cluster or hosts, or give -Clusterfile or -Address.");
            return;
        }

        await using var hosts = ClusterHosts.Of(targets, await OnPipeline(() => Access));
        await RunAsync(hosts, cancellationToken);
    }

    /// <summary>Does something with each host; what fails on one is an error about it, and the others go on.</summary>
    private protected Task ForEachHostAsync(
        ClusterHosts hosts, IReadOnlyList<IHost> selected, Func<IHost, CancellationToken, Task> action, CancellationToken cancellationToken) =>
        hosts.ForEachAsync(
            selected,
            async (host, ct) =>
            {
                try
                {
                    await action(host, ct);
                }
                catch (Exception e) when (!ct.IsCancellationRequested && Errors.IsUsers(e))
                {
                    foreach (var error in Errors.Each(e))
                        await WriteHostErrorAsync(host.Name, error);
                }
            },
            cancellationToken);

    /// <summary>Writes a non-terminating error about a host.</summary>
    private protected async Task WriteHostErrorAsync(string host, Exception exception)
    {
        HasFailed = true;
        await OnPipeline(() => WriteError(Errors.ToRecord(exception, host)));
    }

    private IReadOnlyList<HostTarget> Targets()
    {
        var named = Address.Select(HostTargets.Parse).ToList();
        IEnumerable<HostTarget> targets = _targets;
        if (_targets.Count == 0 && !HasFailed)
        {
            _targets.AddRange(named);
        }
        else if (named.Count > 0)
        {
            var missing = named.FirstOrDefault(n => !_targets.Any(t => Means(n, t)));
            if (missing is not null)
            {
                throw new SealerException(
                    "HostNotInCluster", ErrorKind.NotFound,
                    $"{missing.Address} is none of the hosts that were given ({string.Join(", ", _targets.Take(5).Select(t => t.Address))}{(_targets.Count > 5 ? ", ..." : "")}). Name one of them.",
                    missing.Address);
            }

            targets = _targets.Where(t => named.Any(n => Means(n, t)));
        }

        return [.. targets
            .Where(t => Role.Length == 0 || t.Roles.Any(r => Role.Contains(r, StringComparer.OrdinalIgnoreCase)))
            .DistinctBy(t => (t.Address, t.Port, t.User))];

        static bool Means(HostTarget named, HostTarget target) =>
            string.Equals(named.Address, target.Address, StringComparison.OrdinalIgnoreCase)
            || string.Equals(named.Address, target.Name, StringComparison.OrdinalIgnoreCase);
    }

    private async Task TakeFileAsync(FileInfo file) => await TakeAsync(await ReadAsync(file.FullName));

    private Task TakeAsync(Cluster cluster)
    {
        _clusters.Add(cluster);
        _targets.AddRange(cluster.Spec.Hosts.Select(HostTarget.Of));
        return Task.CompletedTask;
    }

    private async Task<Cluster> ReadAsync(string path)
    {
        var full = await OnPipeline(() => FullPath(path));
        var read = Sealer.Clusterfiles.Clusterfile.ReadFile(full);
        foreach (var warning in read.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Warning))
            await WarnAsync(warning.ToString());
        return new Cluster(read.GetSpec(), full);
    }
}
