using System.Text;
using Sealer.Images.ContainerImages.RegistryFolder;

namespace Sealer.Kubernetes.Runtimes;

/// <summary>
/// Tells containerd where images come from: <c>hosts.toml</c> of each name of a registry below its <c>config_path</c>, which it reads
/// again at every pull. Every name is served by the cluster's registry; what an image was called stays what a pod asks for.
/// </summary>
/// <remarks>
/// As containerd's docs/hosts.md says: <c>_default</c> is for names that have no folder of their own, and <c>override_path</c> keeps
/// <c>/v2</c> from being put behind a path. A password goes as a header, for which containerd needs no restart; so those files are secret.
/// </remarks>
public static class ContainerdHosts
{
    /// <summary>containerd's usual <c>config_path</c>.</summary>
    public const string DefaultFolder = "/etc/containerd/certs.d";

    private const string Default = "_default";
    private const string FileName = "hosts.toml";

    /// <summary>The files.</summary>
    /// <param name="registry">The cluster's registry.</param>
    /// <param name="foreign">Domains of which an image lies under the domain's own folder in the registry, because another has its path.</param>
    /// <param name="folder">containerd's <c>config_path</c>.</param>
    public static IReadOnlyList<RuntimeFile> Of(RuntimeRegistry registry, IEnumerable<string> foreign, string folder = DefaultFolder)
    {
        ArgumentNullException.ThrowIfNull(registry);
        ArgumentNullException.ThrowIfNull(foreign);
        var authority = registry.Authority is null ? null : new RuntimeFile($"{folder}/{registry.Endpoint}/ca.crt", registry.Authority, false);
        var files = new List<RuntimeFile>();
        if (authority is not null)
            files.Add(authority);
        files.Add(File(folder, registry.Endpoint, registry, null, authority?.Path));
        files.Add(File(folder, Default, registry, null, authority?.Path));
        files.AddRange(foreign.Where(domain => domain != registry.Endpoint).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(domain => File(folder, domain, registry, RegistryFolderPath.FolderOf(domain), authority?.Path)));
        return files;
    }

    // Of a domain with a folder of its own the folder is asked first, and then, as for all others, the path by itself.
    private static RuntimeFile File(string folder, string name, RuntimeRegistry registry, string? own, string? authority)
    {
        // Without a server containerd goes on to the registry that the name means, and in a closed network waits for it.
        var text = new StringBuilder($"server = {Text(registry.Url)}\n");
        if (own is not null)
            Host($"{registry.Url}/v2/{own}", "  override_path = true\n");
        Host(registry.Url, "");
        return new RuntimeFile($"{folder}/{name}/{FileName}", text.ToString(), registry.BasicAuthorization is not null);

        void Host(string url, string more)
        {
            text.Append($"\n[host.{Text(url)}]\n  capabilities = [\"pull\", \"resolve\"]\n");
            if (authority is not null)
                text.Append($"  ca = {Text(authority)}\n");
            text.Append(more);
            if (registry.BasicAuthorization is { } secret)
                text.Append($"  [host.{Text(url)}.header]\n    authorization = {Text($"Basic {secret.Reveal()}")}\n");
        }
    }

    // A basic string of TOML, whose escapes are JSON's.
    private static string Text(string text)
    {
        var result = new StringBuilder("\"");
        foreach (var c in text)
            result.Append(c is '"' or '\\' ? $"\\{c}" : char.IsControl(c) ? $"\\u{(int)c:X4}" : c.ToString());
        return result.Append('"').ToString();
    }
}
