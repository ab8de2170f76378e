using Renci.SshNet;
using Renci.SshNet.Common;
using Sealer.Hosts.Keys;
using Sealer.Hosts.Running;

namespace Sealer.Hosts.Ssh;

/// <summary>
/// A machine over SSH: one connection, made when it is first needed and again when it is gone, and a channel a command. A
/// command is never run twice.
/// </summary>
public sealed class SshHost : CommandHost
{
    private const int BufferSize = 128 * 1024;

    // One argument of a program is bounded by Linux (MAX_ARG_STRLEN, 128 KiB).
    private const int MaxCommand = 120 * 1024;
    private static readonly TimeSpan RefusalPatience = TimeSpan.FromSeconds(10);

    private readonly SshHostOptions _options;
    private readonly SemaphoreSlim _connecting = new(1);
    private SshConnection? _connection;
    private (int Count, SealerException? Last) _failures;
    private volatile bool _disposed;

    /// <param name="options">How it is reached.</param>
    public SshHost(SshHostOptions options)
        : base((options ?? throw new ArgumentNullException(nameof(options))).Called, options.SudoPassword) => _options = options;

    /// <summary>The host's key as it was verified, once a connection stood; null before.</summary>
    internal HostKey? ShownKey { get; private set; }

    internal SshHostOptions Options => _options;

    /// <summary>Ports of this machine that lead to hosts on the way to it.</summary>
    internal IReadOnlyList<int> Tunnels => [.. _connection?.Tunnels ?? []];

    /// <summary>Connects, where that has not been done. Commands do so on their own.</summary>
    /// <exception cref="SealerException">See <see cref="IHost.RunAsync"/>.</exception>
    public Task ConnectAsync(CancellationToken cancellationToken = default) => ConnectionAsync(cancellationToken);

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        _disposed = true;
        Interlocked.Exchange(ref _connection, null)?.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task<int> ExecuteAsync(
        string script,
        Func<Stream, CancellationToken, Task> feed,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> output,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> errors,
        CancellationToken cancellationToken)
    {
        var text = ShellText.ForAnyShell(script);
        if (text.Length > MaxCommand)
        {
            throw new SealerException(
                "HostCommandTooLong", ErrorKind.InvalidInput,
                $"A command of {text.Length >> 10} KiB is too long for {Name}; put it there as a file and run that.", Name);
        }

        var connection = await ConnectionAsync(cancellationToken).ConfigureAwait(false);
        using var lease = new ChannelLease(connection.Channels);
        await lease.EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await RunAsync(connection, lease, text, feed, output, errors, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is SshConnectionException or SshException or ObjectDisposedException or System.Net.Sockets.SocketException or IOException { InnerException: SshException or System.Net.Sockets.SocketException })
        {
            cancellationToken.ThrowIfCancellationRequested();
            // What follows of its being given up says nothing of why.
            throw connection.Gone.IsCancellationRequested ? Silent() : Lost(connection, error);
        }
    }

    private async Task<int> RunAsync(
        SshConnection connection,
        ChannelLease lease,
        string text,
        Func<Stream, CancellationToken, Task> feed,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> output,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> errors,
        CancellationToken cancellationToken)
    {
        var (command, running) = await StartAsync(connection, lease, text, cancellationToken).ConfigureAwait(false);
        using (command)
        {
            await using var input = new ChannelInput(command);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var written = PumpAsync(connection, command.OutputStream, output, cancellationToken);
            var told = PumpAsync(connection, command.ExtendedOutputStream, errors, cancellationToken);
            var feeding = FeedAsync(connection, input, feed, ended.Token);
            var watching = connection.WatchAsync(_options.KeepAlive, _options.Patience, ended.Token);
            try
            {
                // Where what it writes cannot be taken here any more, it is not waited for.
                using var given = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, connection.Gone);
                var alive = running.WaitAsync(given.Token);
                await (await Task.WhenAny(alive, written, told).ConfigureAwait(false)).ConfigureAwait(false);
                await alive.ConfigureAwait(false);
                await Task.WhenAll(written, told).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (connection.Gone.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw Silent();
            }
            finally
            {
                await ended.CancelAsync().ConfigureAwait(false);
                if (cancellationToken.IsCancellationRequested && !running.IsCompleted)
                    input.Terminate();
                command.Dispose();
                await feeding.ConfigureAwait(false);
                await watching.ConfigureAwait(false);
                await Task.WhenAll(written, told).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            return command.ExitStatus ?? command.ExitSignal switch
            {
                "HUP" => 129,
                "INT" => 130,
                "KILL" => 137,
                "PIPE" => 141,
                "TERM" => 143,
                not null => 255,
                null => throw Lost(connection, null),
            };
        }
    }

    private async Task<(SshCommand Command, Task Running)> StartAsync(
        SshConnection connection, ChannelLease lease, string text, CancellationToken cancellationToken)
    {
        var started = Environment.TickCount64;
        for (var pause = 20; ; pause = Math.Min(pause * 2, 1000))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var command = connection.Client.CreateCommand(text);
            try
            {
                // Opening waits for the server, and does so on this thread. That it is stopped is not left to SSH.NET, whose signal may
                // come after the channel's end.
                var running = await Task.Run(() => new { Task = command.ExecuteAsync(CancellationToken.None) }, cancellationToken).ConfigureAwait(false);
                return (command, running.Task);
            }
            catch (SshException error) when (error.GetType() == typeof(SshException) && connection.Client.IsConnected)
            {
                command.Dispose();
                if (connection.Channels.Refused())
                {
                    lease.Dispose();
                    await lease.EnterAsync(cancellationToken).ConfigureAwait(false);
                }
                else if (Environment.TickCount64 - started > RefusalPatience.TotalMilliseconds)
                {
                    throw new SealerException(
                        "HostRefusedChannel", ErrorKind.ResourceUnavailable,
                        $"{Name} opens no channel for commands. Look at MaxSessions and ForceCommand in its sshd_config.", Name, error);
                }
                else
                {
                    // The server counts a session until its process is gone, a moment longer than we do.
                    await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
                }
            }
            catch
            {
                command.Dispose();
                throw;
            }
        }
    }

    private static async Task FeedAsync(SshConnection connection, ChannelInput input, Func<Stream, CancellationToken, Task> feed, CancellationToken cancellationToken)
    {
        try
        {
            input.Open();
            try
            {
                await feed(new CountingTarget(input, connection), cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                await input.DisposeAsync().ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SshException or ObjectDisposedException or InvalidOperationException or IOException { InnerException: not null })
        {
            // It does not read on, or the connection is gone; how it ended tells which.
        }
    }

    private static async Task PumpAsync(SshConnection connection, Stream from, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> to, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferSize];
        int read;
        while ((read = await from.ReadAsync(buffer, CancellationToken.None).ConfigureAwait(false)) > 0)
        {
            connection.Active();
            await to(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<SshConnection> ConnectionAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_connection is { IsAlive: true } alive)
            return alive;
        var failures = _failures.Count;
        await _connecting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_connection is { IsAlive: true } made)
                return made;
            // Who waited for an attempt of another command has its outcome, and does not wait as long once more.
            if (_failures is { Last: { } known } && _failures.Count > failures)
                throw new SealerException(known.Id, known.Kind, known.Message, known.Target, known);
            _connection?.Dispose();
            _connection = null;
            var opened = await SshConnection.OpenAsync(_options, cancellationToken).ConfigureAwait(false);
            ShownKey = opened.ShownKey;
            _connection = opened;
            // Disposed of while it was opened: whoever of the two comes last finds the connection.
            if (_disposed && Interlocked.Exchange(ref _connection, null) is { } late)
                late.Dispose();
            ObjectDisposedException.ThrowIf(_disposed, this);
            return opened;
        }
        catch (SealerException error) when (!ReferenceEquals(error.InnerException, _failures.Last) || _failures.Last is null)
        {
            _failures = (_failures.Count + 1, error);
            throw;
        }
        finally
        {
            _connecting.Release();
        }
    }

    private SealerException Silent() => Lost(null, new TimeoutException(string.Create(
        System.Globalization.CultureInfo.InvariantCulture, $"it did not answer for {_options.Patience.TotalSeconds:0.#} s")));

    private SealerException Lost(SshConnection? connection, Exception? error)
    {
        connection?.Doubt();
        return new SealerException(
            "HostConnectionLost", ErrorKind.Connection,
            $"The connection to {Name} broke off while a command ran there{(error is null ? "" : $": {error.Message.TrimEnd('.')}")}. What it had done stays done; look whether the host is up, then run this again.", Name, error);
    }
}
