using System.Management.Automation;
using System.Security;

namespace Sealer.PowerShell;

/// <summary>A cmdlet that may be told who logs in at hosts, and by what way.</summary>
public abstract class SshCmdlet : CredentialCmdlet
{
    /// <summary>The user at the hosts.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [PSDefaultValue(Help = "That of -Credential, of the Clusterfile or object, of ssh_config, or your own; root in a new Clusterfile")]
    public string? User { get; set; }

    /// <summary>What sudo asks for where the user is not root, a SecureString. Without, the user's password, where one is known.</summary>
    [Parameter]
    [Secret]
    public SecureString? SudoPassword { get; set; }

    /// <summary>Port of sshd at the hosts.</summary>
    [Parameter]
    [ValidateRange(1, 65535)]
    [PSDefaultValue(Help = "That of the Clusterfile or object, of ssh_config, or 22")]
    public int? Port { get; set; }

    /// <summary>
    /// Hosts to go through, <c>[user@]host[:port]</c>, several with commas between, first one first; <c>none</c> for none. They are
    /// shown keys, never the hosts' password.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ProxyJump { get; set; }

    /// <summary>The user that was given, one way or the other.</summary>
    private protected string? GivenUser => User ?? (HasCredential ? Credential!.UserName : null);
}
