using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sealer.Hosts;
using Sealer.Kubernetes.LoadBalancing;

namespace Sealer.Delivery.Checks;

/// <summary>
/// What a host of a cluster is asked, in one round trip: lines of a check's name, of what is asked there, and of the answer. Only what a
/// node of Kubernetes has is used, and bash, which opens connections by itself: bare hosts have neither dig nor nc nor curl.
/// </summary>
internal static class ClusterCheckScript
{
    // What answers late is no better than what does not.
    private const int Patience = 5;
    private const int PullPatience = 60;

    /// <summary>The text for a host.</summary>
    /// <param name="view">What the API says; null where it says nothing.</param>
    /// <param name="self">The host.</param>
    /// <param name="isControlPlane">It has an API server.</param>
    /// <param name="nodes">All hosts.</param>
    /// <param name="planes">Those with an API server.</param>
    /// <param name="isAsked">Whether a check is wanted.</param>
    public static string Of(ClusterView? view, IPAddress self, bool isControlPlane, IReadOnlyList<IPAddress> nodes, IReadOnlyList<IPAddress> planes, Func<string, bool> isAsked)
    {
        var text = new StringBuilder($$"""
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH
            tell() { printf '%s|%s|%s\n' "$1" "$2" "$(printf %s "$3" | tr '|\n\r' '   ' | head -c 600)"; }
            connect() { if o=$(timeout {{Patience}} bash -c ': < /dev/tcp/$0/$1' "$2" "$3" 2>&1); then tell "$1" "$2:$3" ok; else tell "$1" "$2:$3" "${o:-no answer within {{Patience}} s}"; fi; }
            api() { if o=$(kubectl --kubeconfig "$3" $4 --request-timeout {{Patience}}s get --raw /readyz 2>&1); then tell "$1" "$2" ok; else tell "$1" "$2" "${o:-no answer}"; fi; }
            dns() { o=$(timeout {{Patience}} bash -c 'exec 3<>/dev/tcp/$0/53 && printf "$1" >&3 && head -c 14 <&3 | od -An -tx1' "$1" "$2" 2>&1) || o="${o:-no answer within {{Patience}} s}"; tell {{ClusterCheck.ClusterDns}} "$1" "$o"; }
            etcd() {
                p=$(sed -n 's/^.*--listen-metrics-urls=http:\/\/127.0.0.1:\([0-9]*\).*$/\1/p' /etc/kubernetes/manifests/etcd.yaml 2>/dev/null); p=${p:-2381}
                o=$(timeout {{Patience}} bash -c 'exec 3<>/dev/tcp/127.0.0.1/$0 && printf "GET /health HTTP/1.0\r\n\r\n" >&3 && head -c 4000 <&3' "$p" 2>&1) || o="${o:-no answer within {{Patience}} s}"
                tell {{ClusterCheck.Etcd}} "127.0.0.1:$p" "$o"
            }
            pull() {
                if crictl ps -q >/dev/null 2>&1; then o=$(timeout {{PullPatience}} crictl pull "$1" 2>&1); else o=$(timeout {{PullPatience}} docker pull "$1" 2>&1); fi
                if [ $? = 0 ]; then tell {{ClusterCheck.RegistryPull}} "$1" ok; else tell {{ClusterCheck.RegistryPull}} "$1" "${o:-no end within {{PullPatience}} s}"; fi
            }

            """);
        if (isAsked(ClusterCheck.ApiServer) && isControlPlane)
            text.AppendLine(CultureInfo.InvariantCulture, $"api {ClusterCheck.ApiServer} {self} {LiveCluster.AdminConfig} '--server https://{new IPEndPoint(self, ApiBalancing.DefaultPort)}'");
        if (isAsked(ClusterCheck.ApiBalancer))
            text.AppendLine(CultureInfo.InvariantCulture, $"api {ClusterCheck.ApiBalancer} \"$(sed -n 's/^ *server: *//p' /etc/kubernetes/kubelet.conf 2>/dev/null | head -n 1)\" /etc/kubernetes/kubelet.conf ''");
        if (isAsked(ClusterCheck.Etcd) && isControlPlane)
            text.AppendLine("if [ -e /etc/kubernetes/manifests/kube-apiserver.yaml ] && ! grep -q -e '--etcd-servers=.*127\\.0\\.0\\.1\\|--etcd-servers=.*localhost\\|--etcd-servers=.*\\[::1\\]' /etc/kubernetes/manifests/kube-apiserver.yaml; then tell Etcd elsewhere elsewhere; else etcd; fi");
        if (isAsked(ClusterCheck.ClusterDns) && view?.Dns is { } dns)
            text.AppendLine(CultureInfo.InvariantCulture, $"dns {dns} '{Question($"kubernetes.default.svc.{view.Domain}", dns.AddressFamily)}'");
        if (isAsked(ClusterCheck.PodNetwork) && view is not null)
            text.Append(string.Concat(view.DnsPods.Select(pod => $"connect {ClusterCheck.PodNetwork} {pod} 53 &\n")));
        if (isAsked(ClusterCheck.NodePairs))
        {
            // So many at once as disturb nobody.
            text.Append(string.Concat(nodes.Where(node => !node.Equals(self)).Select((node, i) => $"connect {ClusterCheck.NodePairs} {node} 10250 &\n{(i % 64 == 63 ? "wait\n" : "")}")));
            text.Append(string.Concat(planes.Where(plane => !plane.Equals(self)).Select(plane => $"connect {ClusterCheck.NodePairs} {plane} {ApiBalancing.DefaultPort} &\n")));
        }

        if (isAsked(ClusterCheck.RegistryPull) && view?.Image is { } image)
            text.AppendLine(CultureInfo.InvariantCulture, $"pull {ShellText.Quote(image)}");
        text.AppendLine("wait").AppendLine("tell end end end");
        return text.ToString().Replace("\r", "", StringComparison.Ordinal);
    }

    /// <summary>A question to a name server over TCP (RFC 1035), as printf of a shell writes its bytes.</summary>
    private static string Question(string name, AddressFamily family)
    {
        var question = new List<byte> { 0x5E, 0xA1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
        foreach (var label in name.Split('.'))
        {
            question.Add((byte)label.Length);
            question.AddRange(Encoding.ASCII.GetBytes(label));
        }

        question.AddRange([0, 0, (byte)(family == AddressFamily.InterNetworkV6 ? 28 : 1), 0, 1]);
        question.InsertRange(0, [0, (byte)question.Count]);
        return string.Concat(question.Select(one => $"\\x{one:x2}"));
    }

    /// <summary>What came of a question; null where it was answered with addresses.</summary>
    public static string? Wrong(string answer)
    {
        var bytes = answer.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (bytes.Length != 14 || !bytes.All(one => one.Length == 2 && one.All(char.IsAsciiHexDigit)))
            return answer.Trim() is { Length: > 0 } said ? said : "it closes the connection without a word";
        var code = Convert.ToInt32(bytes[5], 16) & 0xF;
        return code != 0 ? $"it answers with the error {code} (RFC 1035)"
            : Convert.ToInt32(bytes[8] + bytes[9], 16) == 0 ? "it knows no address"
            : null;
    }
}
