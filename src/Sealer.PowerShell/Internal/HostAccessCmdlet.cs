using System.Collections;
using System.Management.Automation;
using Sealer.Clusterfiles;
using Sealer.Delivery;
using Sealer.Hosts.Configuration;
using Sealer.Kubefiles;
using Sealer.Planning;

namespace Sealer.PowerShell;

/// <summary>A cmdlet that reaches hosts: whom it trusts, how long it waits, and how many at once.</summary>
public abstract class HostAccessCmdlet : SshCmdlet
{
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

    /// <summary>
    /// After so many seconds without an answer a host that is connected to counts as unreachable; without, what ConnectTimeout of
    /// ssh_config says, or 15.
    /// </summary>
    [Parameter]
    [Alias("ConnectTimeout")]
    [ValidateRange(1, 3600)]
    public int? ConnectTimeoutSec { get; set; }

    /// <summary>How many hosts are worked on at once.</summary>
    [Parameter]
    [ValidateRange(1, 1000)]
    public int ThrottleLimit { get; set; } = HostAccess.DefaultThrottleLimit;

    /// <summary>How hosts are reached, as the parameters say.</summary>
    private protected HostAccess Access => new()
    {
        User = GivenUser,
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
        ConnectTimeout = ConnectTimeoutSec is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        ThrottleLimit = ThrottleLimit,
    };

    /// <summary>Reads a Clusterfile; what it says of passwords is not looked for where they are given.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="variables">Laid over those of the cluster.</param>
    private protected async Task<Cluster> ReadClusterAsync(string path, IDictionary? variables = null)
    {
        var full = await OnPipeline(() => FullPath(path));
        var options = new ClusterfileReadOptions
        {
            GivenSecrets = GivenSecrets.Of(Credential, KeyPath is not null || KeyPassphrase is not null, SudoPassword is not null),
            Environment = ClusterfileVariables.Of(variables),
        };
        var read = Sealer.Clusterfiles.Clusterfile.ReadFile(full, options);
        foreach (var warning in read.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Warning))
            await WarnAsync(warning.ToString());
        return new Cluster(read.GetSpec(), full);
    }

    /// <summary>Writes the errors of what of a plan was not done. At the end: where errors stop a runbook, the first would stop what goes on at other hosts.</summary>
    private protected async Task TellFailuresAsync(PlanResult result)
    {
        var failed = result.Steps.Where(step => step.Status == StepStatus.Failed).ToList();
        // Where the lock is lost while nothing runs, nothing has failed, and yet it is not done.
        foreach (var step in failed.Count > 0 ? failed : result.Steps.Where(step => step.Status == StepStatus.Skipped).DistinctBy(step => step.Host))
            await OnPipeline(() => WriteError(Errors.ToRecord(step.Error!, step.Host)));
    }

    /// <summary>Writes an error about each host that a plan could not be made for.</summary>
    private protected async Task TellUnplannedAsync(Plan plan)
    {
        foreach (var host in plan.Hosts.Where(host => host.Unreachable is not null))
        {
            var error = new SealerException(
                "HostNotPlanned", ErrorKind.Connection, $"The plan does nothing on {host.Name}, which could not be asked: {host.Unreachable} Then make a new plan.", host.Name);
            await OnPipeline(() => WriteError(Errors.ToRecord(error, host.Name)));
        }
    }
}
