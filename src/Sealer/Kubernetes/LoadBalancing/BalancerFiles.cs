using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Sealer.Clusterfiles.Writing;

namespace Sealer.Kubernetes.LoadBalancing;

/// <summary>
/// The static pods that keep a service balanced on a worker, with their settings. The kubelet starts them before there is any API,
/// and again after a reboot. lvscare's is the pod that sealer writes, under the same name, so that sealer and Sealer may manage the
/// same worker; the others have a name of their own.
/// </summary>
public static class BalancerFiles
{
    /// <summary>Where the kubelet looks for static pods.</summary>
    public const string ManifestFolder = "/etc/kubernetes/manifests";

    private const string SettingsFolder = "/etc/kubernetes/sealer";
    private const string Digest = "sealer.io/settings";

    /// <summary>The files, settings before the pod that reads them.</summary>
    /// <param name="kind">With what; others than balancers of ours have no files.</param>
    /// <param name="service">What is balanced.</param>
    /// <param name="image">The balancer's image.</param>
    public static IReadOnlyList<BalancerFile> Of(ApiBalancingKind kind, BalancedService service, string image)
    {
        ArgumentNullException.ThrowIfNull(service);
        ArgumentNullException.ThrowIfNull(image);
        return kind switch
        {
            ApiBalancingKind.Lvscare => [Pod($"{service.Name}-lvscare", Lvscare(service, image), modules: true)],
            ApiBalancingKind.Keepalived => WithSettings(service, "keepalived", Keepalived(service), image, ["keepalived", "--check", "--dont-fork", "--log-console", "--use-file"], modules: true),
            ApiBalancingKind.LocalProxy => WithSettings(service, "haproxy", Haproxy(service), image, ["haproxy", "-W", "-db", "-f"], modules: false),
            _ => [],
        };
    }

    /// <summary>Where such a pod may lie, whichever balancer it is: those that are not wanted any more are taken away.</summary>
    public static IReadOnlyList<string> ManifestsOf(BalancedService service)
    {
        ArgumentNullException.ThrowIfNull(service);
        return [.. new[] { "lvscare", "keepalived", "haproxy" }.Select(program => $"{ManifestFolder}/{service.Name}-{program}.yaml")];
    }

    private static JsonObject Lvscare(BalancedService service, string image)
    {
        var arguments = new JsonArray("care", "--vs", service.At(service.Address), "--health-path", service.HealthPath, "--health-schem", service.IsTls ? "https" : "http");
        foreach (var server in service.Servers)
        {
            arguments.Add("--rs");
            arguments.Add(service.At(server));
        }

        return Container($"{service.Name}-lvscare", image, ["/usr/bin/lvscare"], arguments);
    }

    private static IReadOnlyList<BalancerFile> WithSettings(BalancedService service, string program, string settings, string image, string[] command, bool modules)
    {
        var path = $"{SettingsFolder}/{service.Name}-{program}.cfg";
        var name = $"{service.Name}-{program}";
        var container = Container(name, image, [command[0]], new JsonArray([.. command.Skip(1).Append(path).Select(word => (JsonNode)word)]));
        return [new BalancerFile(path, settings), Pod(name, container, modules, path, settings)];
    }

    private static JsonObject Container(string name, string image, string[] command, JsonArray arguments) => new()
    {
        ["name"] = name,
        ["image"] = image,
        ["imagePullPolicy"] = "IfNotPresent",
        ["command"] = new JsonArray([.. command.Select(word => (JsonNode)word)]),
        ["args"] = arguments,
        ["resources"] = new JsonObject(),
    };

    // The kubelet replaces a pod whose manifest changes, so the digest of its settings stands in it.
    private static BalancerFile Pod(string name, JsonObject container, bool modules, string? settingsPath = null, string? settings = null)
    {
        var mounts = new JsonArray();
        var volumes = new JsonArray();
        if (modules)
            Mount("lib-modules", "/lib/modules", null);
        if (settingsPath is not null)
            Mount("settings", settingsPath, "File");
        if (modules)
            container["securityContext"] = new JsonObject { ["privileged"] = true };
        container["volumeMounts"] = mounts;
        var metadata = new JsonObject
        {
            ["name"] = name,
            ["namespace"] = "kube-system",
            ["labels"] = new JsonObject { ["app.kubernetes.io/managed-by"] = "sealer", ["app.kubernetes.io/name"] = name },
        };
        if (settings is not null)
            metadata["annotations"] = new JsonObject { [Digest] = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(settings))).ToLowerInvariant() };
        var pod = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject
            {
                ["containers"] = new JsonArray(container),
                ["hostNetwork"] = true,
                ["priorityClassName"] = "system-node-critical",
                ["volumes"] = volumes,
            },
        };
        return new BalancerFile($"{ManifestFolder}/{name}.yaml", YamlText.Of(pod));

        void Mount(string volume, string path, string? type)
        {
            mounts.Add(new JsonObject { ["mountPath"] = path, ["name"] = volume, ["readOnly"] = true });
            var host = new JsonObject { ["path"] = path };
            if (type is not null)
                host["type"] = type;
            volumes.Add(new JsonObject { ["hostPath"] = host, ["name"] = volume });
        }
    }

    // A server that answers with an error of its own is ill: lvscare takes any answer for health, and sends clients there.
    private static string Keepalived(BalancedService service)
    {
        var text = new StringBuilder();
        Line(text, "global_defs {");
        Line(text, "    router_id sealer");
        Line(text, "}");
        Line(text, $"virtual_server {service.Address} {service.Port} {{");
        Line(text, "    delay_loop 2");
        Line(text, "    lb_algo rr");
        Line(text, "    lb_kind NAT");
        Line(text, "    protocol TCP");
        foreach (var server in service.Servers)
        {
            Line(text, $"    real_server {server} {service.Port} {{");
            Line(text, "        weight 1");
            Line(text, $"        {(service.IsTls ? "SSL_GET" : "HTTP_GET")} {{");
            Line(text, "            url {");
            Line(text, $"                path {service.HealthPath}");
            // 401 and 403: it lives, and does not tell strangers.
            Line(text, "                status_code 200 401 403");
            Line(text, "            }");
            Line(text, "            connect_timeout 2");
            Line(text, "            retry 1");
            Line(text, "            delay_before_retry 1");
            Line(text, "        }");
            Line(text, "    }");
        }

        Line(text, "}");
        return text.ToString();
    }

    // A client whose server dies must notice: without shutdown-sessions it waits for a minute on a connection that nobody answers.
    private static string Haproxy(BalancedService service)
    {
        var text = new StringBuilder();
        Line(text, "global");
        Line(text, "    maxconn 4096");
        Line(text, "defaults");
        Line(text, "    mode tcp");
        Line(text, "    timeout connect 2s");
        Line(text, "    timeout client 1h");
        Line(text, "    timeout server 1h");
        Line(text, "    timeout check 2s");
        Line(text, $"listen {service.Name}");
        Line(text, $"    bind {service.At(service.Address)}");
        Line(text, $"    option httpchk GET {service.HealthPath}");
        Line(text, "    http-check expect rstatus ^(200|401|403)$");
        Line(text, $"    default-server check inter 2s fall 2 rise 1 on-marked-down shutdown-sessions{(service.IsTls ? " check-ssl verify none" : "")}");
        for (var i = 0; i < service.Servers.Count; i++)
        {
            var server = service.Servers[i];
            Line(text, $"    server s{i + 1} {(server.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{server}]" : server)}:{service.Port}");
        }

        return text.ToString();
    }

    private static void Line(StringBuilder text, string line) => text.Append(line).Append('\n');
}
