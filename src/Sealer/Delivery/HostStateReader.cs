using System.Globalization;
using Sealer.Certificates;
using Sealer.Hosts;
using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>Reads what hosts keep of a cluster, in one round trip.</summary>
internal static class HostStateReader
{
    private const string Hosts = "\nsealer-hosts\n";
    private const string End = "\nsealer-end\n";
    // A claim a second for a thousand years. One host's lie must not use up the numbers of all.
    private const long HighestToken = 1L << 35;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <exception cref="SealerException"><c>HostStateNotReadable</c>, and those of <see cref="IHost.RunAsync"/>.</exception>
    /// <param name="host">The host.</param>
    /// <param name="cluster">The cluster's name.</param>
    /// <param name="kubernetesIn">Asks for Kubernetes too: the image's files there; null where that is not wanted.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<HostState> ReadAsync(IHost host, string cluster, string? kubernetesIn, CancellationToken cancellationToken)
    {
        var script = $$"""
            for f in {{DeliveryPaths.Fence(cluster)}}/*; do f=${f##*/}; echo "token ${f%%-*}"; done
            for f in {{DeliveryPaths.Lock(cluster)}}/*; do [ -f "$f" ] && echo "lock ${f##*/}"; done
            for f in {{DeliveryPaths.Plugins(cluster)}}/*.done; do [ -f "$f" ] && { read r < "$f"; f=${f##*/}; echo "plugin ${f%.done} $r"; }; done
            {{(kubernetesIn is null ? "" : Kubernetes(cluster, kubernetesIn))}}
            printf '\nsealer-hosts\n'; [ ! -e /etc/hosts ] || cat /etc/hosts || exit 1
            printf '\nsealer-end\n'
            """;
        var result = await host.RunAsync(new HostCommand(script) { Elevated = true, Timeout = Patience }, cancellationToken).ConfigureAwait(false);
        var text = result.Require("say what it keeps").Output;
        var hosts = text.IndexOf(Hosts, StringComparison.Ordinal);
        if (hosts < 0 || !text.EndsWith(End, StringComparison.Ordinal) || result.Truncated)
        {
            throw new SealerException(
                "HostStateNotReadable", ErrorKind.InvalidContent,
                $"{host.Name} does not say what it keeps of the cluster {cluster}. Look at {DeliveryPaths.State(cluster)} and at /etc/hosts there: one of them is too large or unreadable.", host.Name);
        }

        var lines = text[..hosts].Split('\n').Select(line => line.Split(' ', 3)).ToLookup(words => words[0], StringComparer.Ordinal);
        var token = lines["token"].Concat(lines["lock"]).Select(Number).DefaultIfEmpty().Max();
        if (token >= HighestToken)
            throw NotPossible(host.Name, cluster);

        return new HostState
        {
            HostsFile = text[(hosts + Hosts.Length)..^End.Length],
            PluginRecords = lines["plugin"].Where(words => words.Length == 3).DistinctBy(words => words[1])
                .ToDictionary(words => words[1], words => words[2], StringComparer.Ordinal),
            Token = token,
            HasLock = lines["lock"].Any(words => Number(words) > 0),
            Kubernetes = kubernetesIn is null ? null : KubernetesOf(lines),
        };
    }

    private static string Kubernetes(string cluster, string rootfs)
    {
        var folder = DeliveryPaths.Kubernetes(cluster);
        return $$"""
            for f in {{folder}}/*.done; do [ -f "$f" ] && { read r < "$f"; f=${f##*/}; echo "script ${f%.done} $r"; }; done
            [ ! -f {{rootfs}}/etc/registry_htpasswd ] || while read -r l; do echo "login $l"; done < {{rootfs}}/etc/registry_htpasswd
            [ ! -e {{rootfs}} ] || echo 'kubeadm files'
            [ ! -e {{DeliveryPaths.Renewing(cluster)}} ] || echo 'kubeadm renewing'
            [ ! -e {{folder}}/kubeadm.begun ] || echo 'kubeadm begun'
            [ ! -e /var/lib/kubelet/config.yaml ] || [ ! -e /etc/kubernetes/kubelet.conf ] || echo 'kubeadm member'
            [ ! -e /etc/kubernetes/manifests/kube-apiserver.yaml ] || {
                echo 'kubeadm plane'
                f=$(sed -n 's/^.*--tls-cert-file=//p' /etc/kubernetes/manifests/kube-apiserver.yaml | head -n 1)
                [ ! -f "$f" ] || echo "api-certificate $(head -c 65536 -- "$f" | base64 | tr -d '\n')"
            }
            for u in containerd docker kubelet; do ! systemctl is-active --quiet $u.service 2>/dev/null || echo "unit $u.service"; done
            for f in /etc/kubernetes/manifests/*-lvscare.yaml /etc/kubernetes/manifests/*-keepalived.yaml /etc/kubernetes/manifests/*-haproxy.yaml /etc/kubernetes/sealer/* /etc/kubernetes/pki/registry/ca.* \
                /etc/containerd/certs.d/*/* /etc/docker/certs.d/*/* {{rootfs}}/certs/*; do
                [ ! -f "$f" ] || echo "file $(sha256sum < "$f" | cut -c1-64) $f"
            done
            """;
    }

    private static KubernetesState KubernetesOf(ILookup<string, string[]> lines)
    {
        var kubeadm = lines["kubeadm"].Where(words => words.Length > 1).Select(words => words[1]).ToHashSet(StringComparer.Ordinal);
        var isMember = kubeadm.Contains("member") && !kubeadm.Contains("begun");
        return new KubernetesState
        {
            Records = lines["script"].Where(words => words.Length == 3).DistinctBy(words => words[1]).ToDictionary(words => words[1], words => words[2], StringComparer.Ordinal),
            Files = lines["file"].Where(words => words.Length == 3).DistinctBy(words => words[2]).ToDictionary(words => words[2], words => "sha256:" + words[1], StringComparer.Ordinal),
            RegistryUsers = string.Concat(lines["login"].Select(words => string.Join(' ', words.Skip(1)) + "\n")),
            ActiveUnits = [.. lines["unit"].Where(words => words.Length > 1).Select(words => words[1])],
            IsMember = isMember,
            IsControlPlane = isMember && kubeadm.Contains("plane"),
            IsUnfinished = kubeadm.Contains("begun"),
            HasFiles = kubeadm.Contains("files"),
            IsRenewing = kubeadm.Contains("renewing"),
            ApiServerNames = ApiServerNamesOf(lines["api-certificate"].FirstOrDefault()),
        };
    }

    private static IReadOnlyList<string>? ApiServerNamesOf(string[]? words)
    {
        var content = new byte[words is [_, var text] ? text.Length : 0];
        if (words is not [_, { Length: > 0 } certificate] || !Convert.TryFromBase64String(certificate, content, out var length))
            return null;
        const string name = "/apiserver.crt";
        return CertificateReader.Read(new CertificateFileSet([new CertificateFile(name, content.AsMemory(0, length))]), DateTimeOffset.UnixEpoch).Find(name) is { IsReadable: true } info ? info.SubjectAlternativeNames : null;
    }

    /// <summary>The error of a host that tells of a claim that nobody can have made.</summary>
    public static SealerException NotPossible(string host, string cluster) => new(
        "HostStateNotReadable", ErrorKind.InvalidContent,
        $"{host} tells a claim on the cluster {cluster} that nobody can have made. Look who wrote to {DeliveryPaths.Fence(cluster)} and {DeliveryPaths.Lock(cluster)} there, and remove it.", host);

    private static long Number(string[] words) =>
        words.Length > 1 && words[1].Length > 0 && words[1].All(char.IsAsciiDigit)
            ? long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : long.MaxValue
            : 0;
}
