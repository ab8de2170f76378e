using System.Management.Automation;

namespace Sealer.PowerShell;

/// <summary>Which of a Clusterfile's secrets a command's parameters make needless, so that nobody looks where the file says they are.</summary>
internal static class GivenSecrets
{
    private const string Password = "passwd";
    private const string SudoPassword = "sudoPasswd";
    private const string KeyPassphrase = "pkPasswd";

    /// <summary>Names of their fields.</summary>
    /// <param name="credential">User and password.</param>
    /// <param name="hasKey">A private key is given, or what it is protected with.</param>
    /// <param name="hasSudoPassword">A password for sudo is given; that of the credential is one too.</param>
    public static IReadOnlySet<string> Of(PSCredential? credential, bool hasKey, bool hasSudoPassword = false)
    {
        var given = new HashSet<string>(StringComparer.Ordinal);
        if (credential is not null && credential != PSCredential.Empty)
            given.UnionWith([Password, SudoPassword]);
        if (hasSudoPassword)
            given.Add(SudoPassword);
        if (hasKey)
            given.Add(KeyPassphrase);
        return given;
    }
}
