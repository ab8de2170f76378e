using System.Diagnostics;
using System.Text;
using Sealer.Images.Layers;

namespace Sealer.Images.ContainerImages;

/// <summary>What a run of helm printed.</summary>
internal sealed record HelmResult(int ExitCode, string Output, string Errors);

/// <summary>A real helm, run without the user's own helm settings, so that a build depends on nothing but its inputs.</summary>
internal sealed class HelmCommand(string program, string homeFolder)
{
    private const int MaxOutput = 64 * 1024 * 1024;

    /// <summary>Finds helm: as told, on PATH, or in the rootfs where that is for this machine. Null where there is none.</summary>
    /// <param name="options">How charts are rendered.</param>
    /// <param name="files">The rootfs.</param>
    /// <param name="platform">The rootfs's platform.</param>
    /// <param name="privateFolder">A folder of the caller's, to unpack helm into and for helm's own files.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException"><c>HelmNotFound</c>: there is nothing at the path that was given.</exception>
    public static async Task<HelmCommand?> FindAsync(
        HelmOptions options, IFileTree files, Platform platform, string privateFolder, CancellationToken cancellationToken)
    {
        if (options.Path is { } path)
        {
            return File.Exists(path)
                ? new HelmCommand(Path.GetFullPath(path), privateFolder)
                : throw new SealerException(
                    "HelmNotFound", ErrorKind.NotFound, $"There is no helm at '{path}'. Give the path of the helm program.", path);
        }

        if (OnPath(options.SearchPath) is { } found)
            return new HelmCommand(found, privateFolder);
        const string inRootfs = "bin/helm";
        if (!platform.Accepts(Platform.Default) || !OperatingSystem.IsLinux() || files.Find(inRootfs)?.Kind != FileTreeEntryKind.File)
            return null;
        var copy = Path.Combine(privateFolder, "helm");
        using (var from = files.Open(inRootfs))
        {
            var create = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            };
            var to = new FileStream(copy, create);
            await using (to.ConfigureAwait(false))
                await from.CopyToAsync(to, cancellationToken).ConfigureAwait(false);
        }

        return new HelmCommand(copy, privateFolder);
    }

    /// <summary>Runs helm; stops it when cancelled.</summary>
    /// <exception cref="SealerException"><c>HelmFailed</c>: it could not be started, or printed more than 64 MiB.</exception>
    public async Task<HelmResult> RunAsync(IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = StartInfo(arguments) };
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new SealerException(
                "HelmFailed", ErrorKind.ResourceUnavailable,
                $"'{program}' could not be started: {e.Message}. Give the path of a helm for this machine.", program, e);
        }

        // Who is not read any more waits for ever to write: where one reader gives up, helm has to end for the other's sake.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var kill = stop.Token.Register(() => Kill(process));
        try
        {
            process.StandardInput.Close();
            var output = ReadBoundedAsync(process.StandardOutput, stop);
            var errors = ReadBoundedAsync(process.StandardError, stop);
            await Task.WhenAll(output, errors).ConfigureAwait(false);
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            return new HelmResult(process.ExitCode, await output.ConfigureAwait(false), await errors.ConfigureAwait(false));
        }
        finally
        {
            // Its folder is removed next, and nobody may still write there.
            Kill(process);
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It ended by itself.
        }
    }

    private ProcessStartInfo StartInfo(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = homeFolder,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("HELM_", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        start.Environment["HELM_CACHE_HOME"] = Path.Combine(homeFolder, "cache");
        start.Environment["HELM_CONFIG_HOME"] = Path.Combine(homeFolder, "config");
        start.Environment["HELM_DATA_HOME"] = Path.Combine(homeFolder, "data");
        // Templates may ask the cluster with "lookup"; rendering for a build must never reach one.
        start.Environment["KUBECONFIG"] = Path.Combine(homeFolder, "no-cluster");
        return start;
    }

    private async Task<string> ReadBoundedAsync(StreamReader reader, CancellationTokenSource stop)
    {
        var text = new StringBuilder();
        var buffer = new char[32 * 1024];
        for (int read; (read = await reader.ReadAsync(buffer, stop.Token).ConfigureAwait(false)) > 0;)
        {
            text.Append(buffer, 0, read);
            if (text.Length > MaxOutput)
            {
                await stop.CancelAsync().ConfigureAwait(false);
                throw new SealerException(
                    "HelmFailed", ErrorKind.InvalidContent,
                    $"'{program}' printed more than {MaxOutput / 1024 / 1024} MiB. The chart is broken or hostile.", program);
            }
        }

        return text.ToString();
    }

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
