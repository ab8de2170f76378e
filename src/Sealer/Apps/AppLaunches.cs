using System.Security.Cryptography;
using System.Text;
using Sealer.Clusterfiles.Documents;
using Sealer.Hosts;
using Sealer.Images;

namespace Sealer.Apps;

/// <summary>
/// What of an image is launched on a cluster, in order: the Clusterfile's commands, else the applications that it names, else the
/// image's own commands (CMDS), else those of LAUNCH. Of sealer's commands one is other: <c>helm upgrade --install</c>, which can be
/// said twice.
/// </summary>
public static class AppLaunches
{
    /// <summary>Before the namespace of a release, in what <see cref="AppLaunch.Listing"/> prints.</summary>
    internal const string Release = "release ";

    private const string Commands = "commands";
    private static readonly string[] Everything = ["application/", "applications/", "charts/", "manifests/"];

    /// <summary>Puts them together.</summary>
    /// <param name="spec">The cluster.</param>
    /// <param name="image">What the image says of itself.</param>
    /// <param name="networks">The applications that connect pods.</param>
    /// <param name="files">The files on the host that launches, by path, each with a digest of what it holds.</param>
    /// <exception cref="SealerException"><c>ApplicationNotFound</c>, <c>ApplicationHasNoStart</c>.</exception>
    public static IReadOnlyList<AppLaunch> Of(ClusterSpec spec, ImageExtension image, IReadOnlyCollection<string> networks, IReadOnlyDictionary<string, string> files)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(networks);
        ArgumentNullException.ThrowIfNull(files);
        var names = spec.ApplicationNames ?? spec.Application?.LaunchApplications;
        if ((spec.Commands ?? spec.Application?.Commands ?? (names is null ? image.Launch.Cmds : null)) is { Count: > 0 } commands)
            return [Make(Commands, null, string.Join('\n', commands.Select(Line)), Everything, files, false)];
        // One empty name means none.
        return [.. (names ?? image.Launch.AppNames ?? []).Where(name => name.Length > 0).Distinct(StringComparer.Ordinal).Select(name => Launch(spec, image, name, networks, files))];
    }

    private static AppLaunch Launch(ClusterSpec spec, ImageExtension image, string name, IReadOnlyCollection<string> networks, IReadOnlyDictionary<string, string> files)
    {
        var application = (image.Applications ?? []).FirstOrDefault(known => known.Name == name) ?? throw new SealerException(
            "ApplicationNotFound", ErrorKind.NotFound,
            $"The image has no application '{name}' to launch. It has {(image.Applications is { Count: > 0 } all ? string.Join(", ", all) : "none")}.", name);
        var folder = ApplicationConfigSpec.FolderOf(name);
        var own = spec.Application?.Configs.Where(config => config.Name == name).Select(config => config.LaunchCommands).LastOrDefault(commands => commands is { Count: > 0 });
        var script = own is not null ? $"cd {ShellText.Quote(folder)} || exit 1\n{string.Join('\n', own.Select(Line))}" : Started(image, application, folder);
        return Make(name, application.Type, script, [folder], files, networks.Contains(name)) with { Listing = Listing(application, folder) };
    }

    // What helm has in its release is in the release's namespace where it says none of its own. kubectl knows a namespace for such
    // objects, and none for others, by a kubeconfig only.
    private static string? Listing(Application application, string folder)
    {
        var files = application.Files ?? application.LaunchFiles ?? [];
        return application.Type switch
        {
            "kube" when files.Count > 0 => $"kubectl get {string.Join(' ', files.Select(file => $"-f {ShellText.Quote(folder + file)}"))} --ignore-not-found --no-headers -o {AppObject.Columns}\n",
            "helm" => $$"""
                n={{ShellText.Quote(application.Name)}}
                helm list --all-namespaces --all | while read -r name space more; do
                    [ "$name" = "$n" ] || continue
                    echo "{{Release}}$space"
                    k=$(mktemp) && cp "$KUBECONFIG" "$k" && kubectl --kubeconfig "$k" config set-context --current --namespace "$space" > /dev/null || exit 1
                    m=$(helm get manifest "$n" --namespace "$space") && { ! echo "$m" | grep -q '^kind:' || echo "$m" | kubectl --kubeconfig "$k" get -f - --ignore-not-found --no-headers -o {{AppObject.Columns}}; }
                    c=$?; rm -f "$k"; exit $c
                done

                """,
            _ => null,
        };
    }

    private static string Started(ImageExtension image, Application application, string folder)
    {
        var words = application.Cmds ?? image.Launch.AppConfigs?.FirstOrDefault(config => config.Name == application.Name)?.Launch?.Cmds;
        // sealer's APPCMDS are the words of one command.
        if (words is { Count: > 0 })
            return $"cd {ShellText.Quote(folder)} || exit 1\n{Line(string.Join(' ', words))}";
        var files = application.Files ?? application.LaunchFiles ?? [];
        return application.Type switch
        {
            "kube" when files.Count > 0 => string.Join('\n', files.Select(file => $"kubectl apply -f {ShellText.Quote(folder + file)} || exit 1")),
            "helm" => $"helm upgrade --install {ShellText.Quote(application.Name)} {ShellText.Quote(folder)}",
            "shell" when files.Count > 0 => string.Join('\n', files.Select(file => $"bash {ShellText.Quote(folder + file)} || exit 1")),
            _ => throw new SealerException(
                "ApplicationHasNoStart", ErrorKind.InvalidContent,
                $"The image does not say how the application '{application.Name}' is started. Give it an APPCMDS and build it again, or launch.cmds in an Application document of the Clusterfile.", application.Name),
        };
    }

    // A command that fails ends them all; each may have several lines.
    private static string Line(string command) => $"{{ {command}\n}} || exit $?";

    private static AppLaunch Make(string name, string? type, string script, IReadOnlyList<string> folders, IReadOnlyDictionary<string, string> files, bool isNetwork)
    {
        var text = new StringBuilder(script).Append('\n');
        foreach (var (path, digest) in files.Where(file => folders.Any(folder => file.Key.StartsWith(folder, StringComparison.Ordinal))).OrderBy(file => file.Key, StringComparer.Ordinal))
            text.Append($"{path} {digest}\n");
        var all = "sha256:" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()))).ToLowerInvariant();
        return new AppLaunch(name, type, script + "\n", all, isNetwork);
    }
}
