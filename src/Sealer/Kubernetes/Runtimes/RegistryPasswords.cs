using Sealer.Clusterfiles.Documents;

namespace Sealer.Kubernetes.Runtimes;

/// <summary>The file of who may use the local registry (<c>htpasswd</c>): one user, the password as bcrypt, the only form the registry takes.</summary>
internal static class RegistryPasswords
{
    // sealer's, and bcrypt's usual: a tenth of a second a guess.
    private const int Cost = 10;

    /// <summary>Where <c>init-registry.sh</c> looks for it.</summary>
    public static string PathOf(ClusterSpec spec) => $"{spec.RootfsFolder}/etc/registry_htpasswd";

    /// <summary>The file's text, another one each time.</summary>
    public static string FileOf(string user, Secret password) => $"{user}:{BCrypt.Net.BCrypt.HashPassword(password.Reveal(), BCrypt.Net.BCrypt.GenerateSalt(Cost, 'a'))}\n";

    /// <summary>True where a file lets in this user with this password, and nobody else.</summary>
    public static bool Admits(string file, string user, Secret password)
    {
        if (file.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is not [var line] || !line.StartsWith($"{user}:", StringComparison.Ordinal))
            return false;
        try
        {
            return BCrypt.Net.BCrypt.Verify(password.Reveal(), line[(user.Length + 1)..]);
        }
        catch (Exception e) when (e is BCrypt.Net.SaltParseException or ArgumentException)
        {
            return false;
        }
    }
}
