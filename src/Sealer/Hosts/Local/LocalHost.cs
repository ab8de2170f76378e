using System.ComponentModel;
using System.Diagnostics;
using Sealer.Hosts.Running;

namespace Sealer.Hosts.Local;

/// <summary>This machine, where it has a POSIX shell.</summary>
public sealed class LocalHost : CommandHost
{
    private const int BufferSize = 64 * 1024;

    /// <param name="name">How it is called.</param>
    /// <param name="sudoPassword">What sudo asks for, where it does.</param>
    public LocalHost(string name = "localhost", Secret? sudoPassword = null)
        : base(name, sudoPassword)
    {
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    protected override async Task<int> ExecuteAsync(
        string script,
        Func<Stream, CancellationToken, Task> feed,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> output,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> errors,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo("/bin/sh", ["-c", script])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        try
        {
            process.Start();
        }
        catch (Win32Exception error)
        {
            throw new SealerException(
                "HostShellUnusable", ErrorKind.NotSupported,
                $"{Name} has no /bin/sh that can be started: {error.Message}. Name a host with a POSIX shell.", Name, error);
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var feeding = FeedAsync(process, feed, ended.Token);
        try
        {
            await Task.WhenAll(
                PumpAsync(process.StandardOutput.BaseStream, output, cancellationToken),
                PumpAsync(process.StandardError.BaseStream, errors, cancellationToken),
                process.WaitForExitAsync(cancellationToken)).ConfigureAwait(false);
            return process.ExitCode;
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            await ended.CancelAsync().ConfigureAwait(false);
            await feeding.ConfigureAwait(false);
        }
    }

    private static async Task FeedAsync(Process process, Func<Stream, CancellationToken, Task> feed, CancellationToken cancellationToken)
    {
        try
        {
            await feed(process.StandardInput.BaseStream, cancellationToken).ConfigureAwait(false);
            process.StandardInput.Close();
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // It does not read on; how it ended tells why.
        }
    }

    private static async Task PumpAsync(Stream from, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> to, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferSize];
        int read;
        while ((read = await from.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            await to(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
    }
}
