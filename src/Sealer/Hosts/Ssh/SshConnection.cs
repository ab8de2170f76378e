using System.Globalization;
using System.Net.Sockets;
using System.Reflection;
using Renci.SshNet;
using Renci.SshNet.Common;
using Sealer.Hosts.Keys;

namespace Sealer.Hosts.Ssh;

/// <summary>One connection to a host, with those to the hosts on the way.</summary>
internal sealed class SshConnection : IDisposable, IProgress<long>
{
    // Linux' numbers, which .NET has no names for.
    private const int SocketLevel = 1;
    private const int BufferLock = 72;
    private const int TcpLevel = 6;
    private const int UserTimeout = 18;

    private readonly List<IDisposable> _parts = [];
    private readonly CancellationTokenSource _gone = new();
    private long _lastActive = Environment.TickCount64;
    private int _probing;
    private volatile bool _disposed;
    private volatile bool _isDoubted;

    private SshConnection(SshClient client, ChannelGate channels) => (Client, Channels) = (client, channels);

    public SshClient Client { get; private set; }

    public ChannelGate Channels { get; }

    /// <summary>The key that the host has shown, and that was found to be its own.</summary>
    public HostKey? ShownKey { get; private set; }

    public bool IsAlive => !_disposed && !_isDoubted && Client.IsConnected && _parts.OfType<SshClient>().All(c => c.IsConnected);

    /// <exception cref="SealerException">It cannot be made; see <see cref="IHost.RunAsync"/>.</exception>
    public static async Task<SshConnection> OpenAsync(SshHostOptions options, CancellationToken cancellationToken)
    {
        var pause = TimeSpan.FromMilliseconds(500);
        for (var attempt = 1; ; attempt++, pause *= 2)
        {
            try
            {
                return await OpenOnceAsync(options, cancellationToken).ConfigureAwait(false);
            }
            catch (SealerException error) when (error.Id == "HostUnreachable" && attempt < options.ConnectAttempts
                && !WasSilent(error.InnerException))
            {
                // Nothing has begun there. sshd turns away who comes while many others do (MaxStartups), and is away for a moment
                // when it is restarted; a host that nobody answers for is not asked again.
                await Task.Delay(pause + (pause * (Random.Shared.NextDouble() / 2)), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static async Task<SshConnection> OpenOnceAsync(SshHostOptions options, CancellationToken cancellationToken)
    {
        var hops = new Stack<SshHostOptions>();
        for (var hop = options; hop is not null; hop = hop.Via)
            hops.Push(hop);
        var connection = new SshConnection(null!, new ChannelGate(options.MaxChannels));
        try
        {
            ForwardedPortLocal? tunnel = null;
            while (hops.TryPop(out var hop))
            {
                var (address, port) = tunnel is null ? (hop.Address, hop.Port) : (tunnel.BoundHost, (int)tunnel.BoundPort);
                string? refusal = null;
                if (tunnel is not null)
                    tunnel.Exception += (_, e) => refusal ??= e.Exception.Message;
                try
                {
                    (connection.Client, connection.ShownKey) = await ConnectAsync(hop, address, port, connection._parts, cancellationToken).ConfigureAwait(false);
                }
                catch (SealerException error) when (error.Id == "HostUnreachable" && refusal is not null)
                {
                    throw new SealerException(
                        "HostUnreachable", ErrorKind.Connection,
                        $"{Where(hop)} cannot be reached through {hop.Via!.Called}, which says: {refusal.TrimEnd('.')}. Look whether its address is right and sshd runs there.", hop.Called, error.InnerException);
                }

                if (!hops.TryPeek(out var next))
                    break;
                tunnel = Tunnel(next);
                connection.Client.AddForwardedPort(tunnel);
                tunnel.Start();
            }

            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Ports of this machine that lead to hosts on the way, each to its own connection only.</summary>
    public IEnumerable<int> Tunnels => _parts.OfType<SshClient>().SelectMany(client => client.ForwardedPorts).OfType<ForwardedPortLocal>().Select(tunnel => (int)tunnel.BoundPort);

    private static bool WasSilent(Exception? error) => error switch
    {
        AggregateException { InnerException: { } inner } => WasSilent(inner),
        SocketException socket => socket.SocketErrorCode is SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown or SocketError.TimedOut,
        _ => error is SshOperationTimeoutException or OperationCanceledException,
    };

    /// <summary>
    /// A port of this machine that leads through a host to the next one. Any local user may knock there: whoever comes after the
    /// connection that it is for is shut out.
    /// </summary>
    private static ForwardedPortLocal Tunnel(SshHostOptions next)
    {
        var tunnel = new ForwardedPortLocal("127.0.0.1", next.Address, (uint)next.Port);
        var visitors = 0;
        tunnel.RequestReceived += (_, _) =>
        {
            if (Interlocked.Increment(ref visitors) > 1)
                throw new SshException("Somebody else has knocked.");
        };
        return tunnel;
    }

    /// <summary>Is cancelled when the host is given up.</summary>
    public CancellationToken Gone => _gone.Token;

    void IProgress<long>.Report(long value) => Active();

    /// <summary>
    /// A command's end was not heard of. The socket's end may come a moment later, and whoever comes next would begin on what is
    /// breaking: it is not begun on any more.
    /// </summary>
    public void Doubt() => _isDoubted = true;

    /// <summary>Something came from the host, or it took something.</summary>
    public void Active() => Volatile.Write(ref _lastActive, Environment.TickCount64);

    /// <summary>
    /// Watches while a command runs. A host that is cut off sends no goodbye, and SSH.NET does not look at answers to its own
    /// questions: after a time of silence a channel is asked for, where even a refusal is a sign of life, and the connection is
    /// given up where nothing comes back.
    /// </summary>
    /// <param name="interval">After so much silence it is asked.</param>
    /// <param name="patience">So long the answer is waited for, before it is given up.</param>
    /// <param name="cancellationToken">The command has ended.</param>
    public async Task WatchAsync(TimeSpan interval, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (interval <= TimeSpan.Zero)
            return;
        Active();
        try
        {
            while (!_disposed)
            {
                await Task.Delay(interval, cancellationToken).ConfigureAwait(false);
                var silent = Environment.TickCount64 - Volatile.Read(ref _lastActive);
                if (silent < interval.TotalMilliseconds || Interlocked.Exchange(ref _probing, 1) == 1)
                    continue;
                try
                {
                    // On a thread of its own: where those of the pool are all taken, it is not the host that is silent.
                    var asked = Environment.TickCount64;
                    var probe = Task.Factory.StartNew(Probe, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
                    try
                    {
                        await probe.WaitAsync(patience, cancellationToken).ConfigureAwait(false);
                        Active();
                    }
                    catch (TimeoutException) when (probe.IsCompleted || Volatile.Read(ref _lastActive) > asked)
                    {
                        // It answered meanwhile.
                    }
                }
                finally
                {
                    Volatile.Write(ref _probing, 0);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The command has ended.
        }
        catch (TimeoutException)
        {
            GiveUp();
        }
    }

    public void Dispose()
    {
        _disposed = true;
        // The innermost first: its traffic goes through the others.
        for (var i = _parts.Count - 1; i >= 0; i--)
            _parts[i].Dispose();
    }

    private void GiveUp()
    {
        // Disposing alone tells the commands nothing.
        _ = _gone.CancelAsync();
        // Nor does it end a write that waits for a host that takes nothing any more, and it would wait for that itself.
        foreach (var client in _parts.OfType<SshClient>())
            SocketOf(client)?.Dispose();
        Dispose();
    }

    /// <summary>That of the last part of the way.</summary>
    internal Socket? Socket => SocketOf(Client);

    /// <summary>The socket, which SSH.NET gives to nobody; null where another version keeps it elsewhere.</summary>
    private static Socket? SocketOf(SshClient client)
    {
        const BindingFlags Hidden = BindingFlags.Instance | BindingFlags.NonPublic;
        var session = typeof(BaseClient).GetProperty("Session", Hidden)?.GetValue(client);
        return session?.GetType().GetField("_socket", Hidden)?.GetValue(session) as Socket;
    }

    /// <summary>
    /// SSH.NET gives its socket buffers of 134 KiB, so that no more than twice that is on its way at any time: 5 MiB/s over a round trip
    /// of 50 ms. The kernel makes them as large as the link needs where it is let (SO_BUF_LOCK, Linux 5.14); elsewhere they are made
    /// as large as a channel's window needs.
    /// </summary>
    /// <param name="socket">The connection's.</param>
    /// <param name="patience">
    /// So long what was sent may be without an answer (TCP_USER_TIMEOUT): what a large buffer takes is no sign of life of a host that
    /// is cut off. Zero for as long as the kernel waits.
    /// </param>
    internal static void Widen(Socket socket, TimeSpan patience)
    {
        const int Needed = 4 << 20;
        if (!OperatingSystem.IsLinux() || !TrySet(socket, SocketLevel, BufferLock, 0))
        {
            try
            {
                (socket.SendBufferSize, socket.ReceiveBufferSize) = (Needed, Needed);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // It is slower over a long way, and goes on.
            }
        }

        if (OperatingSystem.IsLinux() && patience > TimeSpan.Zero)
            TrySet(socket, TcpLevel, UserTimeout, (int)Math.Min(int.MaxValue, patience.TotalMilliseconds));
    }

    private static bool TrySet(Socket socket, int level, int option, int value)
    {
        try
        {
            socket.SetRawSocketOption(level, option, BitConverter.GetBytes(value));
            return true;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // An older kernel, or the connection is gone.
            return false;
        }
    }

    private void Probe()
    {
        try
        {
            using var command = Client.CreateCommand("exit 0");
            _ = command.BeginExecute();
        }
        catch (SshOperationTimeoutException)
        {
            GiveUp();
        }
        catch (Exception error) when (error is SshException or ObjectDisposedException or InvalidOperationException)
        {
            // Refused, or gone already: both are answers.
        }
    }

    private static async Task<(SshClient Client, HostKey? Key)> ConnectAsync(SshHostOptions options, string address, int port, List<IDisposable> parts, CancellationToken cancellationToken)
    {
        var methods = SshAuthentication.Methods(options, parts, out var tried);
        var info = new ConnectionInfo(address, port, options.User, methods)
        {
            Timeout = options.ConnectTimeout,
            RetryAttempts = 1,
            MaxSessions = int.MaxValue,
        };
        var name = options.HostKeyAlias ?? options.Address;
        Prefer(info, options.HostKeys.Known.TypesOf(name, options.Port));
        var client = new SshClient(info);
        parts.Add(client);
        if (options.KeepAlive > TimeSpan.Zero)
            client.KeepAliveInterval = options.KeepAlive;
        SealerException? refusal = null;
        HostKeyVerdict? verdict = null;
        client.HostKeyReceived += (_, e) =>
        {
            // An exception here would end a thread of SSH.NET's.
            e.CanTrust = false;
            try
            {
                if (HostKey.TryRead(e.HostKey) is { } key)
                {
                    verdict = options.HostKeys.Require(name, options.Port, key, CertificateOf(e));
                    e.CanTrust = true;
                    info.Timeout = options.ConnectTimeout > options.LoginTimeout ? options.ConnectTimeout : options.LoginTimeout;
                }
            }
            catch (SealerException error)
            {
                refusal = error;
            }
            catch (Exception error) when (error is ArgumentException or FormatException or OverflowException or InvalidOperationException)
            {
                refusal = new SealerException("HostKeyNotReadable", ErrorKind.Authentication, $"{Where(options)} shows a key or a certificate that cannot be read. Look at what answers there, and at HostKey and HostCertificate in its sshd_config.", options.Called, error);
            }
        };
        try
        {
            await client.ConnectAsync(cancellationToken).ConfigureAwait(false);
            if (SocketOf(client) is { } socket)
                Widen(socket, options.Patience);
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // As ssh: a key that is trusted is written down, whatever becomes of the login.
            if (verdict is not null && refusal is null)
                await options.HostKeys.EnrolAsync(name, options.Port, verdict, cancellationToken).ConfigureAwait(false);
            throw refusal ?? Explain(error, options, tried, info.Timeout);
        }

        if (verdict is not null)
            await options.HostKeys.EnrolAsync(name, options.Port, verdict, cancellationToken).ConfigureAwait(false);
        return (client, verdict?.Key);
    }

    private static HostCertificate? CertificateOf(HostKeyEventArgs e) =>
        e.Certificate is { } c && HostKey.TryRead(c.CertificateAuthorityKey) is { } authority
            ? new HostCertificate(
                authority, c.Type == Renci.SshNet.Security.Certificate.CertificateType.Host, [.. c.ValidPrincipals], c.ValidAfter, c.ValidBefore)
            : null;

    /// <summary>Ciphers that the processor does itself first; keys of the host that can be compared first.</summary>
    private static void Prefer(ConnectionInfo info, IReadOnlyList<string> knownTypes)
    {
        var ciphers = info.Encryptions.Where(c => !c.Key.Contains("cbc", StringComparison.Ordinal))
            .OrderBy(c => c.Key.Contains("gcm", StringComparison.Ordinal) ? 0 : 1).ToList();
        info.Encryptions.Clear();
        foreach (var (name, cipher) in ciphers)
            info.Encryptions.Add(name, cipher);

        const string Certificate = "-cert-v01@openssh.com";
        var authority = knownTypes.Contains(Certificate);
        var keys = info.HostKeyAlgorithms
            .Where(k => k.Key is not ("ssh-rsa" or "ssh-dss" or "ssh-rsa" + Certificate or "ssh-dss" + Certificate))
            .OrderBy(k => k.Key.EndsWith(Certificate, StringComparison.Ordinal)
                ? authority ? -1 : 1000
                : knownTypes.ToList().IndexOf(k.Key.StartsWith("rsa-", StringComparison.Ordinal) ? "ssh-rsa" : k.Key) is var i and >= 0 ? i : 100)
            .ToList();
        info.HostKeyAlgorithms.Clear();
        foreach (var (name, make) in keys)
        {
            if (authority || !name.EndsWith(Certificate, StringComparison.Ordinal))
                info.HostKeyAlgorithms.Add(name, make);
        }
    }

    private static string Where(SshHostOptions options) => string.Create(CultureInfo.InvariantCulture, $"{options.Called} ({options.Address} port {options.Port})");

    private static SealerException Explain(Exception error, SshHostOptions options, IReadOnlyList<string> tried, TimeSpan patience)
    {
        var where = Where(options);
        var way = options.Via is { } via ? $" through {via.Called}" : "";
        var root = error is AggregateException { InnerException: { } inner } ? inner : error;
        return root switch
        {
            SealerException already => already,
            SshAuthenticationException => new SealerException(
                "HostAuthenticationFailed", ErrorKind.Authentication,
                $"{where} refused the user '{options.User}'. Tried: {string.Join(", ", tried)}. Give the right password or key, or add the key to the user's authorized_keys there.", options.Called, error),
            SshOperationTimeoutException or OperationCanceledException => new SealerException(
                "HostUnreachable", ErrorKind.Connection,
                $"{where} did not answer within {patience.TotalSeconds:0.#} s{way}. Look whether it runs and nothing on the way drops port {options.Port}.", options.Called, error),
            SocketException => new SealerException(
                "HostUnreachable", ErrorKind.Connection,
                $"{where} cannot be reached{way}: {root.Message}. Look whether its address is right and sshd runs there.", options.Called, error),
            _ => new SealerException(
                "HostUnreachable", ErrorKind.Connection,
                $"{where} ended the connection before it stood{way}: {root.Message} Look at what sshd says there (journalctl -u ssh -u sshd).", options.Called, error),
        };
    }
}
