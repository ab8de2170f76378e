using System.Management.Automation;
using System.Security;

namespace Sealer.PowerShell;

/// <summary>A cmdlet that may be told what opens hosts, instead of what a Clusterfile says.</summary>
public abstract class CredentialCmdlet : AsyncCmdlet
{
    /// <summary>
    /// User and password of the hosts. Given, what a Clusterfile says of passwords is not looked for, and the password is sudo's
    /// too.
    /// </summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>A private key that opens the hosts: OpenSSH, PEM or PuTTY.</summary>
    [Parameter]
    [Alias("IdentityFile", "KeyFilePath")]
    [ValidateNotNullOrEmpty]
    public string? KeyPath { get; set; }

    /// <summary>What the private key is protected with, a SecureString. A key in the agent needs none.</summary>
    [Parameter]
    [Secret]
    public SecureString? KeyPassphrase { get; set; }

    /// <summary>True where a user and a password are given.</summary>
    private protected bool HasCredential => Credential is { } given && given != PSCredential.Empty;
}
