using System.Management.Automation;
using System.Security;
using Sealer.Delivery;
using Sealer.Hosts.Configuration;

namespace Sealer.PowerShell;

/// <summary>A cmdlet that reaches hosts: with which credentials, through whom, and how many at once.</summary>
public abstract class HostAccessCmdlet : AsyncCmdlet
{
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
}
