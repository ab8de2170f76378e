using System.Runtime.InteropServices;

namespace Sealer.Registries.Credentials;

/// <summary>Where credentials lie on this machine.</summary>
/// <param name="OwnFile">Our own file: read first, and the only one that is written.</param>
/// <param name="OtherFiles">Files of other tools in the order in which they are asked.</param>
/// <param name="SearchPath">Folders, as in PATH, where credential helpers are looked for.</param>
internal sealed partial record CredentialPlaces(string OwnFile, IReadOnlyList<string> OtherFiles, string SearchPath)
{
    /// <summary>The places as the environment says: ours, sealer's, those of containers' tools, Docker's.</summary>
    public static CredentialPlaces FromEnvironment(string home, Func<string, string?> variable)
    {
        var others = new List<string>();
        var user = variable(OperatingSystem.IsWindows() ? "USERPROFILE" : "HOME")
            ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (user.Length > 0)
            others.Add(Path.Combine(user, ".sealer", "auth.json"));
        if (variable("REGISTRY_AUTH_FILE") is { Length: > 0 } file)
        {
            others.Add(file);
        }
        else
        {
            if (variable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime)
                others.Add(Path.Combine(runtime, "containers", "auth.json"));
            else if (OperatingSystem.IsLinux())
                others.Add($"/run/containers/{GetEffectiveUserId()}/auth.json");
            if (user.Length > 0)
                others.Add(Path.Combine(variable("XDG_CONFIG_HOME") is { Length: > 0 } config ? config : Path.Combine(user, ".config"), "containers", "auth.json"));
        }

        if (variable("DOCKER_CONFIG") is { Length: > 0 } docker)
            others.Add(Path.Combine(docker, "config.json"));
        else if (user.Length > 0)
            others.Add(Path.Combine(user, ".docker", "config.json"));
        return new CredentialPlaces(Path.Combine(home, "auth.json"), others, variable("PATH") ?? "");
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();
}
