using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sealer.Registries.Connections;

/// <summary>The authorities and the client certificate that Docker's <c>certs.d</c> folders hold for a domain.</summary>
internal static class CertificateFolder
{
    /// <summary>The folders of this system, those of the user first.</summary>
    public static IReadOnlyList<string> SystemFolders()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var folders = new List<string>();
        if (home.Length > 0)
        {
            folders.Add(Path.Combine(home, ".config", "containers", "certs.d"));
            folders.Add(Path.Combine(home, ".docker", "certs.d"));
        }

        if (OperatingSystem.IsWindows())
        {
            folders.Add(Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "docker", "certs.d"));
        }
        else
        {
            folders.Add("/etc/containers/certs.d");
            folders.Add("/etc/docker/certs.d");
        }

        return folders;
    }

    /// <summary>Reads the files of a domain in all folders.</summary>
    /// <exception cref="SealerException"><c>InvalidCertificateFile</c>: a file is there but cannot be read.</exception>
    public static (X509Certificate2Collection Authorities, X509Certificate2? Client) Read(IEnumerable<string> folders, string domain)
    {
        var authorities = new X509Certificate2Collection();
        X509Certificate2? client = null;
        foreach (var folder in folders)
        {
            // Windows allows no colon in a folder's name; Docker leaves it out there.
            var path = Path.Combine(folder, OperatingSystem.IsWindows() ? domain.Replace(":", "", StringComparison.Ordinal) : domain);
            if (!Directory.Exists(path))
                continue;
            foreach (var file in Directory.EnumerateFiles(path, "*.crt").Order(StringComparer.Ordinal))
                authorities.AddRange(ReadAuthorities(file));
            foreach (var file in Directory.EnumerateFiles(path, "*.cert").Order(StringComparer.Ordinal))
            {
                var key = Path.ChangeExtension(file, ".key");
                if (File.Exists(key))
                    client ??= ReadClient(new ClientCertificateFiles(file, key));
            }
        }

        return (authorities, client);
    }

    /// <summary>Reads a PEM file of authorities.</summary>
    /// <exception cref="SealerException"><c>InvalidCertificateFile</c>.</exception>
    public static X509Certificate2Collection ReadAuthorities(string file)
    {
        try
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPemFile(file);
            return certificates.Count > 0 ? certificates : throw new CryptographicException("It holds no certificate.");
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw Invalid(file, e);
        }
    }

    /// <summary>Reads a client certificate with its key.</summary>
    /// <exception cref="SealerException"><c>InvalidCertificateFile</c>.</exception>
    public static X509Certificate2 ReadClient(ClientCertificateFiles files)
    {
        try
        {
            var certificate = X509Certificate2.CreateFromPemFile(files.CertificateFile, files.KeyFile);
            if (!OperatingSystem.IsWindows())
                return certificate;

            // Windows' TLS cannot use a key that is in memory only.
            using (certificate)
                return new X509Certificate2(certificate.Export(X509ContentType.Pkcs12));
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw Invalid($"{files.CertificateFile}' with '{files.KeyFile}", e);
        }
    }

    private static SealerException Invalid(string file, Exception cause) => new(
        "InvalidCertificateFile",
        ErrorKind.InvalidInput,
        $"The certificate file '{file}' cannot be used: {cause.Message} Give a PEM file.",
        file,
        cause);
}
