using System.Diagnostics;
using System.Text;

namespace Sealer.Images.ContainerImages.Helm;

/// <summary>A helm that the user has on this machine.</summary>
internal sealed class MachineHelm(string program) : HelmCommand
{
    public override string Show(string folder, string path) => Path.GetFullPath(path);

    public override async Task<HelmResult> RunAsync(string folder, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = StartInfo(folder, arguments) };
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

    private ProcessStartInfo StartInfo(string folder, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = folder,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("HELM_", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in Environment(Path.Combine(folder, "home")))
            start.Environment[name] = value;
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
                throw PrintsTooMuch(program);
            }
        }

        return text.ToString();
    }
}
