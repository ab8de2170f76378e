using System.Globalization;
using System.Security.Cryptography;

namespace Sealer.Labs;

/// <summary>What makes one host another than the next: names, keys, passwords, written beside its files for its first start.</summary>
internal static class LabSeed
{
    public const string KeyFile = "id_ed25519";
    public const string KnownHostsFile = "known_hosts";

    private const string PasswordFile = "password";
    private const string HostKeyFile = "ssh_host_ed25519_key";
    private const int PasswordLength = 24;

    /// <summary>
    /// The password of a lab, which says in which file it is, so that a Clusterfile of its hosts can name that; null where there is
    /// none yet.
    /// </summary>
    public static Secret? PasswordIn(string lab)
    {
        var file = Path.Combine(lab, PasswordFile);
        return File.Exists(file) ? Secret.From(File.ReadAllText(file), new SecretSource(SecretSourceKind.File, file)) : null;
    }

    /// <summary>The key pair that logs in, the password, and the folder of every host with what it starts with.</summary>
    /// <returns>The record, with the fingerprints of the host keys.</returns>
    public static async Task<LabRecord> WriteAsync(
        LabRecord record, string lab, LabCgroups cgroups, string scripts, Secret? password, CancellationToken cancellationToken)
    {
        var secret = password?.Reveal() ?? RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", PasswordLength);
        LabFiles.WritePrivate(Path.Combine(lab, PasswordFile), secret);
        var key = Path.Combine(lab, KeyFile);
        await KeyPairAsync(key, record.Name, cancellationToken).ConfigureAwait(false);
        var known = string.Concat(record.Hosts.Select(h => $"{h.InnerAddress ?? h.Address} {h.Name}\n"));
        var hosts = await Task.WhenAll(record.Hosts.Select(
            host => WriteAsync(record, host, Path.Combine(lab, host.Name), secret, known, cancellationToken))).ConfigureAwait(false);
        foreach (var host in record.Hosts)
        {
            var folder = Path.Combine(lab, host.Name);
            File.WriteAllText(Path.Combine(folder, "cgroups"), cgroups.FileOf(host.Name));
            File.WriteAllText(Path.Combine(folder, "host.env"), Variables(record, host, cgroups, scripts));
        }

        File.WriteAllText(
            Path.Combine(lab, KnownHostsFile),
            string.Concat(record.Hosts.Select(h => $"{h.Address} {PublicKey(Path.Combine(lab, h.Name, "seed", HostKeyFile))}\n")));
        return record with { Hosts = hosts };
    }

    private static async Task<LabHostRecord> WriteAsync(
        LabRecord record, LabHostRecord host, string folder, string password, string known, CancellationToken cancellationToken)
    {
        foreach (var name in (string[])["upper", "work", "root", "seed", "data/containerd", "data/kubelet", "data/etcd", "data/sealer"])
            LabFiles.CreateFolder(Path.Combine(folder, name));
        var seed = Path.Combine(folder, "seed");
        var key = Path.Combine(seed, HostKeyFile);
        await KeyPairAsync(key, host.Name, cancellationToken).ConfigureAwait(false);
        LabFiles.WritePrivate(Path.Combine(seed, PasswordFile), $"{record.User}:{password}\n");
        void Write(string name, string text) => File.WriteAllText(Path.Combine(seed, name), text);
        Write("hostname", host.Name + "\n");
        Write("hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n" + known);
        Write("resolv.conf", "# No name server: a lab leads nowhere.\n");
        Write("machine-id", Guid.NewGuid().ToString("N") + "\n");
        Write("product_uuid", Guid.NewGuid() + "\n");
        Write("authorized_keys", PublicKey(Path.Combine(folder, "..", KeyFile)) + "\n");
        Write("sshd.conf", $"PermitRootLogin {(record.User == "root" ? "yes" : "no")}\nPasswordAuthentication yes\nHostKey /etc/ssh/{HostKeyFile}\n");
        return host with { HostKeyFingerprint = Fingerprint(PublicKey(key)) };
    }

    private static string Variables(LabRecord record, LabHostRecord host, LabCgroups cgroups, string scripts) => string.Concat(
        new (string Name, string Value)[]
        {
            ("NAME", host.Name), ("TREE", record.Tree), ("LOGIN", record.User), ("INIT", LabTree.InitOf(record.Tree)),
            ("SUPERVISOR", cgroups.Supervisor), ("SCRIPTS", scripts),
        }.Select(variable => $"{variable.Name}={Hosts.ShellText.Quote(variable.Value)}\n"));

    private static Task KeyPairAsync(string file, string comment, CancellationToken cancellationToken) => LabTools.RequireAsync(
        "make a key pair", "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file], "", cancellationToken);

    private static string PublicKey(string file) => File.ReadAllText(file + ".pub").Trim();

    private static string Fingerprint(string publicKey) =>
        string.Create(CultureInfo.InvariantCulture, $"SHA256:{Convert.ToBase64String(SHA256.HashData(Convert.FromBase64String(publicKey.Split(' ')[1]))).TrimEnd('=')}");
}
