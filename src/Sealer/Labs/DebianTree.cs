using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Sealer.Labs;

/// <summary>The root file system that mmdebstrap makes of this machine's own apt sources.</summary>
internal sealed class DebianTree
{
    // What preflights look at, delivery uses and Kubernetes needs; nothing that a bare host may lack, as zstd or rsync.
    private static readonly string[] Packages =
    [
        "systemd", "systemd-sysv", "dbus", "openssh-server", "openssh-client", "sudo", "iproute2", "iptables", "nftables", "ipset",
        "ipvsadm", "ebtables", "conntrack", "socat", "ethtool", "kmod", "procps", "util-linux", "mount", "hostname", "iputils-ping",
        "ca-certificates", "openssl", "curl", "tar", "gzip", "xz-utils", "e2fsprogs", "bsdutils", "passwd",
    ];

    private readonly string _codename;
    private readonly string _sources;
    private readonly string _settings;

    private DebianTree(string codename, string sources, string settings) => (_codename, _sources, _settings) = (codename, sources, settings);

    /// <summary>What the tree is made of, as one word.</summary>
    public string Key => LabNames.Hex(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n',
        [_codename, RuntimeInformation.ProcessArchitecture.ToString(), _sources, .. Packages, LabScripts.TreePreparation]))))[..16];

    /// <exception cref="SealerException"><c>LabToolMissing</c>, <c>LabSourcesMissing</c>.</exception>
    public static async Task<DebianTree> OfMachineAsync(CancellationToken cancellationToken)
    {
        var release = File.Exists("/etc/os-release") ? File.ReadLines("/etc/os-release") : [];
        var codename = release.Where(line => line.StartsWith("VERSION_CODENAME=", StringComparison.Ordinal))
            .Select(line => line["VERSION_CODENAME=".Length..].Trim('"', ' ')).FirstOrDefault(name => name.Length > 0);
        var sources = codename is null ? [] : AptSources.Read("/etc/apt", codename);
        if (codename is null || sources.Count == 0)
        {
            throw new SealerException(
                "LabSourcesMissing", ErrorKind.ResourceUnavailable,
                "This machine has no apt sources of its own release that the hosts' files could be made of (it takes Debian or Ubuntu, with the component main). Give a tar of a root file system with systemd and sshd: -RootFileSystem.",
                "/etc/apt");
        }

        LabTools.Require(("mmdebstrap", "mmdebstrap"), ("apt-config", "apt"));
        var dump = await LabTools.RunAsync("apt-config", ["dump", "Acquire"], "", cancellationToken).ConfigureAwait(false);
        return new DebianTree(codename, string.Concat(sources.Select(line => line + "\n")), dump.Output);
    }

    /// <summary>Makes it in an empty folder.</summary>
    /// <param name="folder">The tree.</param>
    /// <param name="work">A private folder beside it.</param>
    /// <param name="cancellationToken">Kills it.</param>
    public async Task MakeAsync(string folder, string work, CancellationToken cancellationToken)
    {
        // In files: addresses of proxies and mirrors may hold passwords, and a process list shows arguments.
        var sources = Path.Combine(work, "machine.list");
        var settings = Path.Combine(work, "apt.conf");
        await File.WriteAllTextAsync(sources, _sources, cancellationToken).ConfigureAwait(false);
        await File.WriteAllTextAsync(settings, _settings, cancellationToken).ConfigureAwait(false);
        var result = await LabTools.RunAsync(
            "mmdebstrap",
            [
                "--variant=minbase", "--mode=root", "--format=directory", $"--aptopt={settings}", $"--include={string.Join(',', Packages)}",
                "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
                "--setup-hook=[ ! -d /etc/apt/auth.conf.d ] || cp -R /etc/apt/auth.conf.d/. \"$1/etc/apt/auth.conf.d/\"",
                "--customize-hook=rm -rf \"$1\"/etc/apt/auth.conf.d/* \"$1\"/etc/apt/apt.conf.d/99mmdebstrap \"$1\"/etc/apt/sources.list.d/*",
                _codename, folder, sources,
            ],
            "",
            cancellationToken).ConfigureAwait(false);
        if (!result.Succeeded)
        {
            throw new SealerException(
                "LabTreeFailed", ErrorKind.ResourceUnavailable,
                $"mmdebstrap could not make the hosts' files of this machine's apt sources. See whether apt-get update works here, or give a tar with -RootFileSystem. Its own words: {Sealer.Hosts.HostText.Shown(Tail(result.Error))}",
                "mmdebstrap");
        }

        File.Delete(sources);
        File.Delete(settings);
    }

    private static string Tail(string words) => words.Length > 2000 ? "... " + words[^2000..] : words;
}
