using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sealer.Kubernetes.Runtimes;

/// <summary>
/// docker's <c>daemon.json</c>. What stands in the image's or the host's own stays, also keys that nobody knows: sealer lost them.
/// </summary>
public static class DockerDaemon
{
    /// <summary>Where docker reads it.</summary>
    public const string Path = "/etc/docker/daemon.json";

    private const string CertificateFolder = "/etc/docker/certs.d";
    private static readonly JsonSerializerOptions Form = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The file.</summary>
    /// <param name="existing">What is there already, the image's or the host's; null where nothing is.</param>
    /// <param name="registry">The cluster's registry.</param>
    /// <param name="cgroupDriver"><c>systemd</c> or <c>cgroupfs</c>, as the kubelets have it.</param>
    /// <exception cref="SealerException"><c>DockerSettingsNotReadable</c>.</exception>
    public static string Of(string? existing, RuntimeRegistry registry, string cgroupDriver)
    {
        ArgumentNullException.ThrowIfNull(registry);
        ArgumentNullException.ThrowIfNull(cgroupDriver);
        var settings = Read(existing, Path);
        Add(settings, "registry-mirrors", registry.Url);
        if (registry.IsInsecure)
            Add(settings, "insecure-registries", registry.Endpoint);
        const string driver = "native.cgroupdriver=";
        var options = new JsonArray([.. List(settings, "exec-opts").Where(option => !option.StartsWith(driver, StringComparison.Ordinal)).Append(driver + cgroupDriver).Select(option => (JsonNode)option)]);
        settings["exec-opts"] = options;
        settings["data-root"] ??= "/var/lib/docker";
        settings["log-driver"] ??= "json-file";
        if (settings["log-driver"]?.ToString() == "json-file")
            settings["log-opts"] ??= new JsonObject { ["max-file"] = "3", ["max-size"] = "10m" };
        settings["max-concurrent-downloads"] ??= 20;
        return settings.ToJsonString(Form) + "\n";
    }

    /// <summary>The authority of the registry, where docker looks for it; null where it needs none.</summary>
    public static RuntimeFile? AuthorityOf(RuntimeRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return registry.Authority is { } authority ? new RuntimeFile($"{CertificateFolder}/{registry.Endpoint}/ca.crt", authority, false) : null;
    }

    /// <summary>What lets docker, or the kubelet, log in to the registry (<c>config.json</c>), laid into what is there; null where nobody logs in.</summary>
    /// <param name="existing">What is there already, or null.</param>
    /// <param name="registry">The cluster's registry.</param>
    /// <param name="path">Where: <c>/root/.docker/config.json</c>, <c>/var/lib/kubelet/config.json</c>.</param>
    /// <exception cref="SealerException"><c>DockerSettingsNotReadable</c>.</exception>
    public static RuntimeFile? LoginOf(string? existing, RuntimeRegistry registry, string path)
    {
        ArgumentNullException.ThrowIfNull(registry);
        if (registry.BasicAuthorization is not { } authorization)
            return null;
        var settings = Read(existing, path);
        if (settings["auths"] is not JsonObject logins)
            settings["auths"] = logins = [];
        logins[registry.Endpoint] = new JsonObject { ["auth"] = authorization.Reveal() };
        return new RuntimeFile(path, settings.ToJsonString(Form) + "\n", true);
    }

    private static JsonObject Read(string? text, string path)
    {
        if (string.IsNullOrWhiteSpace(text))
            return [];
        try
        {
            if (JsonNode.Parse(text) is JsonObject settings)
            {
                Unfold(settings);
                return settings;
            }
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            // Said below: what it says of the place may quote what stands there.
        }

        throw new SealerException(
            "DockerSettingsNotReadable", ErrorKind.InvalidContent,
            $"docker's settings that are there already ({path}) are not JSON, or say something twice, so that nothing can be added. Mend them or take them away.", path);
    }

    // What stands there twice is found only when it is looked for.
    private static void Unfold(JsonNode? node)
    {
        if (node is JsonObject map)
        {
            foreach (var (_, value) in map)
                Unfold(value);
        }
        else if (node is JsonArray list)
        {
            foreach (var item in list)
                Unfold(item);
        }
    }

    private static void Add(JsonObject settings, string key, string item)
    {
        var items = List(settings, key);
        if (!items.Contains(item, StringComparer.Ordinal))
            settings[key] = new JsonArray([.. items.Append(item).Select(text => (JsonNode)text)]);
    }

    private static IReadOnlyList<string> List(JsonObject settings, string key) => settings[key] is JsonArray list ? [.. list.Select(item => item?.ToString() ?? "")] : [];
}
