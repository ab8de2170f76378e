using System.Security.Cryptography;
using System.Text;

namespace Sealer.Hosts.Running;

/// <summary>A host that runs a line of text with its input and outputs as streams; all else is made of that.</summary>
public abstract class CommandHost : IHost
{
    private const long ChunkSize = 32L << 20;
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(15);

    private readonly Secret? _sudoPassword;

    /// <param name="name">How it is called.</param>
    /// <param name="sudoPassword">What sudo asks for, where it does.</param>
    protected CommandHost(string name, Secret? sudoPassword)
    {
        sudoPassword?.RequireOneLine($"The sudo password of {name}");
        (Name, _sudoPassword) = (name, sudoPassword);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public async Task<HostCommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        foreach (var (variable, secret) in command.Secrets)
            secret.RequireOneLine($"The variable {variable} for {Name}");
        var mark = "sealer-" + Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        var output = new CommandOutput(mark, command.MaxOutput, command.Output, Teller(command, isError: false));
        var errors = new CommandOutput(mark, command.MaxOutput, null, Teller(command, isError: true));
        var password = command.Elevated ? _sudoPassword : null;
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (command.Timeout is { } timeout)
            limited.CancelAfter(timeout);
        int exitCode;
        var source = command.Input is null ? null : new CommandInput(command.Input);
        try
        {
            exitCode = await ExecuteAsync(
                CommandScript.Build(command, mark, password is not null),
                (stream, ct) => FeedAsync(stream, command, source, password, errors, ct),
                output.WriteAsync, errors.WriteAsync, limited.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limited.IsCancellationRequested)
        {
            if (errors.Begun.IsCompleted && !command.IsEnding)
                await EndAsync(command, mark).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            throw new SealerException(
                "HostCommandTimedOut", ErrorKind.ResourceUnavailable,
                $"{Name} did not finish within {command.Timeout!.Value.TotalSeconds:0.#} s and was told to stop. Look there for what it waits for, or allow more time.", Name);
        }

        output.Finish();
        errors.Finish();
        source?.ThrowIfBroken();
        if (!errors.Begun.IsCompleted)
            throw NotBegun(command, exitCode, errors.Before, output.Before, errors.Refused.IsCompleted);
        return new HostCommandResult(Name, exitCode, output.Text, errors.Text, output.Truncated || errors.Truncated)
        {
            Secrets = _sudoPassword is null ? [.. command.Secrets.Values] : [.. command.Secrets.Values, _sudoPassword],
        };
    }

    /// <inheritdoc/>
    public Task PutAsync(Stream content, string path, HostFileOptions? options = null, CancellationToken cancellationToken = default) =>
        HostPut.RunAsync(this, content, path, options ?? new HostFileOptions(), cancellationToken);

    /// <inheritdoc/>
    public async Task GetAsync(string path, Stream target, HostFileOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new HostFileOptions();
        _ = HostPut.Split(path);
        long from = 0;
        var first = "";
        using var counting = new CountingTarget(target, new Watched(count =>
        {
            from = count;
            options.Progress?.Report(count);
        }));
        // In parts: what comes faster than it is taken waits in memory, and that must not be a whole file. What is no file, or has
        // no size (below /proc), is read at once.
        for (long before = 0; ; before = from)
        {
            var text = FormattableString.Invariant($$"""
                f={{ShellText.Quote(path)}}
                if [ -f "$f" ] && [ -s "$f" ] && [ -r "$f" ]; then
                    i=$(stat -L -c %d:%i:%s:%Y -- "$f") || exit 1; echo "$i" >&2
                    tail -c +{{before + 1}} -- "$f" 2>/dev/null | head -c {{ChunkSize}}
                else cat -- "$f"; fi
                """);
            var result = await RunAsync(
                new HostCommand(text.Replace("\r", "", StringComparison.Ordinal)) { Elevated = options.Elevated, Output = counting }, cancellationToken).ConfigureAwait(false);
            result.Require($"read {path}");
            first = before == 0 ? result.Error : first;
            if (result.Error != first)
            {
                throw new SealerException(
                    "HostFileChanged", ErrorKind.Conflict, $"{Name} changed {path} while it was read. Read it again, when nothing writes there.", Name);
            }

            if (from - before == ChunkSize && first.Length > 0)
                continue;
            // Whether it was read to its end, the exit code of tail | head does not tell.
            if (first.Trim().Split(':') is [_, _, var size, _] && long.TryParse(size, out var bytes) && from < bytes)
                throw new SealerException("HostFileDamaged", ErrorKind.ResourceUnavailable, $"{Name} ended {path} after {from} of {bytes} bytes. Look at its disk, and read it again.", Name);
            return;
        }
    }

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();

    /// <summary>Runs a script with a POSIX sh.</summary>
    /// <param name="script">The script.</param>
    /// <param name="feed">Writes its input; its token ends when the command does. The input ends after it.</param>
    /// <param name="output">Takes its standard output.</param>
    /// <param name="errors">Takes its standard error.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Its exit code.</returns>
    protected abstract Task<int> ExecuteAsync(
        string script,
        Func<Stream, CancellationToken, Task> feed,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> output,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> errors,
        CancellationToken cancellationToken);

    /// <summary>
    /// Makes sure that what was stopped has ended there: sshd may not signal what sudo runs, and nothing has to obey a signal.
    /// </summary>
    private async Task EndAsync(HostCommand command, string mark)
    {
        using var patience = new CancellationTokenSource(EndPatience);
        try
        {
            // By its input: on its own command line the mark would be its own, too.
            await RunAsync(
                new HostCommand(CommandScript.End) { IsEnding = true, Elevated = command.Elevated, Input = new MemoryStream(Encoding.ASCII.GetBytes(mark + "\n")) },
                patience.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is SealerException or OperationCanceledException or ObjectDisposedException)
        {
            // The host is gone, or has no room: who cancels is not kept waiting.
        }
    }

    private static async Task FeedAsync(
        Stream stream, HostCommand command, CommandInput? source, Secret? password, CommandOutput errors, CancellationToken cancellationToken)
    {
        if (password is not null)
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(password.Reveal() + "\n"), cancellationToken).ConfigureAwait(false);
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        }

        if (command.Elevated)
        {
            // Were the password wrong, sudo would take what comes next for another try.
            await Task.WhenAny(errors.Begun, errors.Refused).WaitAsync(cancellationToken).ConfigureAwait(false);
            if (!errors.Begun.IsCompleted)
                return;
        }

        foreach (var secret in command.Secrets.Values)
            await stream.WriteAsync(Encoding.UTF8.GetBytes(secret.Reveal() + "\n"), cancellationToken).ConfigureAwait(false);
        if (source is not null)
            await source.CopyToAsync(stream, cancellationToken).ConfigureAwait(false);
    }

    private Action<string>? Teller(HostCommand command, bool isError)
    {
        if (command.Lines is not { } lines)
            return null;
        return text => lines.Report(new HostOutputLine(Name, HostText.Shown(Hide(command, text)), isError));
    }

    private string Hide(HostCommand command, string text)
    {
        foreach (var secret in command.Secrets.Values)
            text = secret.HideIn(text);
        return _sudoPassword?.HideIn(text) ?? text;
    }

    private SealerException NotBegun(HostCommand command, int exitCode, string errors, string output, bool refused)
    {
        var asked = errors.Contains(CommandScript.AsksSudo, StringComparison.Ordinal);
        errors = errors.Replace(CommandScript.AsksSudo, "", StringComparison.Ordinal).Trim();
        // What a login shell says that runs nothing (nologin) is no error to it.
        var said = HostText.Shown(Hide(command, errors.Length > 0 || asked ? errors : output.Trim()));
        if (said.Length > 1000)
            said = said[^1000..];
        if (!asked)
        {
            return new SealerException(
                "HostShellUnusable", ErrorKind.ResourceUnavailable,
                $"{Name} ended the command before it began (exit code {exitCode}). Give the user a login shell that runs commands, and let its start files neither ask nor exit. It said: {said}", Name);
        }

        const StringComparison Any = StringComparison.OrdinalIgnoreCase;
        if (exitCode == CommandScript.NoSudo)
            return Sudo("SudoNotFound", "has no sudo, and the user is not root. Install sudo there, or connect as root");
        if (exitCode == CommandScript.NoTerminal || said.Contains("have a tty", Any))
            return Sudo("SudoNeedsTerminal", "allows sudo only with a terminal (requiretty) and has no script(1) to make one. Install util-linux there, or take requiretty out of sudoers");
        if (refused || said.Contains("incorrect password", Any) || said.Contains("try again", Any))
            return Sudo("SudoPasswordWrong", "refused the password for sudo. Give the right one");
        if (said.Contains("password is required", Any) || said.Contains("no password was provided", Any))
            return Sudo("SudoPasswordRequired", "asks for a password for sudo. Give it, or allow the user NOPASSWD in sudoers");
        return Sudo("SudoRefused", $"does not allow the user sudo. Allow it in sudoers, or connect as another user. It said: {said}");

        SealerException Sudo(string id, string what) => new(id, ErrorKind.Authentication, $"{Name} {what}.", Name);
    }

    private sealed class Watched(Action<long> count) : IProgress<long>
    {
        public void Report(long value) => count(value);
    }
}
