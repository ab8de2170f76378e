using System.Diagnostics;
using System.Text;

namespace Sealer.Images.Building.Running;

/// <summary>Programs of this machine: finds and runs them.</summary>
internal static class ContainerProcess
{
    private static readonly string[] SystemFolders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    /// <summary>The full path of a program on PATH or in the system's folders, or null.</summary>
    public static string? Find(string name)
    {
        if (name.Contains('/', StringComparison.Ordinal))
            return File.Exists(name) ? Path.GetFullPath(name) : null;
        // Ordinary users have no sbin on PATH, and runc lies there.
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return folders.Where(Path.IsPathRooted).Concat(SystemFolders).Select(f => Path.Combine(f, name)).FirstOrDefault(File.Exists);
    }

    /// <summary>
    /// Runs a program to its end. On cancellation <paramref name="kill"/> is called, then the program and its children are
    /// killed, and the cancellation is thrown once all is quiet.
    /// </summary>
    public static async Task<int> RunAsync(
        RunIdentity identity,
        string workingFolder,
        IReadOnlyList<string> command,
        OutputLines output,
        Func<Task>? kill,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string[] all = [.. identity.Prefix, .. command];
        var start = new ProcessStartInfo(all[0])
        {
            WorkingDirectory = workingFolder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var argument in all[1..])
            start.ArgumentList.Add(argument);
        // The runtimes need little, and nothing of the caller's (proxies with passwords, tokens) gets near the command.
        start.Environment.Clear();
        start.Environment["PATH"] = string.Join(':', SystemFolders);
        start.Environment["XDG_RUNTIME_DIR"] = workingFolder;

        using var process = new Process { StartInfo = start };
        process.Start();
        process.StandardInput.Close();
        var reading = Task.WhenAll(output.ReadStandardAsync(process.StandardOutput), output.ReadAsync(process.StandardError));
        try
        {
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            if (kill is not null)
                await kill().ConfigureAwait(false);
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            await reading.ConfigureAwait(false);
            throw;
        }

        await reading.ConfigureAwait(false);
        return process.ExitCode;
    }
}
