using Sealer.Certificates;
using Sealer.Clusterfiles.Documents;
using Sealer.Hosts;

namespace Sealer.Delivery;

/// <summary>Reads what certificates hosts of a Kubernetes have: those of kubeadm, of the kubelet and of a cluster's registry.</summary>
public static class ClusterCertReader
{
    private const int MaxFile = 1 << 20;
    private const int MaxOutput = 8 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    // Keys are not sent, neither alone nor out of a kubeconfig or the file in which the kubelet has both. In a line of its own for each
    // file: its mode, its content in base64, its path.
    internal static readonly string Tell = $$"""
        tell() {
            [ -f "$1" ] || return 0
            c=
            m=$(stat -L -c %a -- "$1") || return 0
            case $1 in *.key) ;; *)
                c=$(head -c {{MaxFile}} -- "$1" | sed -e '/-BEGIN .*PRIVATE KEY-/,/-END .*PRIVATE KEY-/d' -e 's/client-key-data\("*[[:space:]]*:\).*/client-key-data\1 ""/' | base64 | tr -d '\n');;
            esac
            echo "$m ${c:--} $1"
        }
        """.Replace("\r", "", StringComparison.Ordinal);

    internal static string Script(IEnumerable<string> rootfs) => $$"""
        {{Tell}}
        for f in /etc/kubernetes/*.conf /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/*.key /etc/kubernetes/pki/*/*.crt /etc/kubernetes/pki/*/*.key \
            /var/lib/kubelet/pki/kubelet.crt /var/lib/kubelet/pki/kubelet.key /var/lib/kubelet/pki/kubelet-client-current.pem /var/lib/kubelet/pki/kubelet-server-current.pem \
            {{string.Join(' ', rootfs.Select(ShellText.Quote).Prepend(ClusterSpec.DefaultDataRoot + "/*/rootfs").Select(folder => $"{folder}/certs/*.crt {folder}/certs/*.key"))}}; do
            tell "$f"
        done
        """.Replace("\r", "", StringComparison.Ordinal);

    /// <summary>Asks one host, as root. Private keys stay there.</summary>
    /// <param name="host">The host.</param>
    /// <param name="rootfs">Where clusters have their image's files, beside where they have them by default; absolute.</param>
    /// <param name="at">The time by which it is seen how long they last.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>In the order of their paths; none where there is no Kubernetes.</returns>
    /// <exception cref="SealerException"><c>CertificatesNotReadable</c>, and those of <see cref="IHost.RunAsync"/>.</exception>
    public static async Task<IReadOnlyList<ClusterCert>> ReadAsync(
        IHost host, IReadOnlyList<string> rootfs, DateTimeOffset at, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(rootfs);
        var result = await host.RunAsync(new HostCommand(Script(rootfs)) { Elevated = true, Timeout = Patience, MaxOutput = MaxOutput }, cancellationToken).ConfigureAwait(false);
        if (CertificateLines.Read(result.Require("read its certificates").Output, areWithoutKeys: true) is not { } files || result.Truncated)
        {
            throw new SealerException(
                "CertificatesNotReadable", ErrorKind.InvalidContent,
                $"{host.Name} does not tell its certificates in a form that can be read. Look at /etc/kubernetes/pki there.", host.Name);
        }

        return [.. CertificateReader.Read(files, at).Certificates.Select(info => new ClusterCert(host.Name, info))];
    }
}
