using Sealer.Images.Building.Running;
using Sealer.Images.ContainerImages.Scanning;
using Sealer.Images.Layers;

namespace Sealer.Images.ContainerImages.Helm;

/// <summary>What a run of helm printed.</summary>
/// <param name="ExitCode">0 where the chart was rendered.</param>
/// <param name="Output">What it rendered.</param>
/// <param name="Errors">What it complained of.</param>
internal sealed record HelmResult(int ExitCode, string Output, string Errors);

/// <summary>
/// A real helm, run without the user's own helm settings, so that a build depends on nothing but its inputs. Safe for
/// concurrent use, with a folder for each run.
/// </summary>
internal abstract class HelmCommand
{
    /// <summary>Characters that helm may print of a chart, and of complaints.</summary>
    protected const int MaxOutput = 64 * 1024 * 1024;

    private const string InRootfs = "bin/helm";

    /// <summary>Finds helm: as told, on PATH, or in the rootfs where that is for this machine. Null where there is none.</summary>
    /// <remarks>
    /// The one in the rootfs came with the parent image, from whoever made that: it only ever runs in a container, with
    /// nothing but its chart and no network.
    /// </remarks>
    /// <param name="options">How charts are rendered.</param>
    /// <param name="files">The rootfs.</param>
    /// <param name="platform">The rootfs's platform.</param>
    /// <param name="privateFolder">A folder of the caller's, to unpack helm into.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException"><c>HelmNotFound</c>: there is nothing at the path that was given.</exception>
    public static async Task<HelmCommand?> FindAsync(
        HelmOptions options, IFileTree files, Platform platform, string privateFolder, CancellationToken cancellationToken)
    {
        if (options.Path is { } path)
        {
            return File.Exists(path)
                ? new MachineHelm(Path.GetFullPath(path))
                : throw new SealerException(
                    "HelmNotFound", ErrorKind.NotFound, $"There is no helm at '{path}'. Give the path of the helm program.", path);
        }

        if (OnPath(options.SearchPath) is { } found)
            return new MachineHelm(found);
        if (!OperatingSystem.IsLinux() || !IsOfImage(options, files, platform))
            return null;
        var copy = Path.Combine(privateFolder, "helm");
        using (var from = files.Open(InRootfs))
        {
            var create = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = (UnixFileMode)0b111_101_101,
            };
            var to = new FileStream(copy, create);
            await using (to.ConfigureAwait(false))
                await from.CopyToAsync(to, cancellationToken).ConfigureAwait(false);
        }

        return new ContainedHelm(copy, new RunExecutor(options.Container));
    }

    /// <summary>True where helm is the one in the rootfs: none was told, and none is on PATH.</summary>
    public static bool IsOfImage(HelmOptions options, IFileTree files, Platform platform) =>
        options.Path is null && OnPath(options.SearchPath) is null && platform.Accepts(Platform.Default) && OperatingSystem.IsLinux()
        && files.Find(InRootfs)?.Kind == FileTreeEntryKind.File;

    /// <summary>Lets helm see a file or folder of this machine.</summary>
    /// <param name="folder">The folder of the run.</param>
    /// <param name="path">What to see; what helm does to it is not seen there.</param>
    /// <returns>What helm has to call it.</returns>
    public abstract string Show(string folder, string path);

    /// <summary>Runs helm; stops it when cancelled.</summary>
    /// <param name="folder">A folder of this run alone, which exists; helm's own files go there.</param>
    /// <param name="arguments">Paths as <see cref="Show"/> gave them.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException"><c>HelmFailed</c>: it could not be started, or printed more than 64 Mi characters; <c>HelmNotFound</c>: it could only run in a container, and there can be none here.</exception>
    public abstract Task<HelmResult> RunAsync(string folder, IReadOnlyList<string> arguments, CancellationToken cancellationToken);

    /// <summary>The variables that keep helm away from the user's settings and from clusters.</summary>
    /// <param name="home">A folder, as helm sees it.</param>
    protected static IReadOnlyList<KeyValuePair<string, string>> Environment(string home) =>
    [
        new("HELM_CACHE_HOME", home + "/cache"),
        new("HELM_CONFIG_HOME", home + "/config"),
        new("HELM_DATA_HOME", home + "/data"),

        // Templates may ask the cluster with "lookup"; rendering for a build must never reach one.
        new("KUBECONFIG", home + "/no-cluster"),
    ];

    protected static SealerException PrintsTooMuch(string program) => new(
        "HelmFailed",
        ErrorKind.InvalidContent,
        $"'{program}' printed more than {MaxOutput / 1024 / 1024} MiB. The chart is broken or hostile.",
        program);

    private static string? OnPath(string searchPath)
    {
        var name = OperatingSystem.IsWindows() ? "helm.exe" : "helm";
        return searchPath
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(Path.IsPathFullyQualified)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
    }
}
