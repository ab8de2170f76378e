using System.Net;
using System.Net.Sockets;

namespace Sealer.Tests.Peers;

/// <summary>A way to a server on loopback that is cut after a number of bytes, as often as the test says, and counts.</summary>
internal sealed class CuttingLink : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly string _host;
    private readonly int _port;
    private readonly Task _loop;
    private long _down;
    private long _up;

    /// <param name="server">Host and port of the server.</param>
    public CuttingLink(string server)
    {
        var colon = server.LastIndexOf(':');
        (_host, _port) = (server[..colon], int.Parse(server[(colon + 1)..]));
        _listener.Start();
        _loop = AcceptAsync();
    }

    /// <summary>Host and port of this end.</summary>
    public string Domain => $"localhost:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>Bytes from the server, and to it.</summary>
    public (long Down, long Up) Bytes => (Interlocked.Read(ref _down), Interlocked.Read(ref _up));

    /// <summary>How many connections are still to be cut.</summary>
    public int Cuts { get; set; }

    /// <summary>Bytes in one direction of one connection after which it is cut.</summary>
    public long CutAfter { get; set; } = 1_000_000;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _loop;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                _ = LinkAsync(await _listener.AcceptTcpClientAsync());
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
        }
    }

    private async Task LinkAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        {
            await server.ConnectAsync(_host, _port);
            var down = CopyAsync(server, client, n => Interlocked.Add(ref _down, n));
            var up = CopyAsync(client, server, n => Interlocked.Add(ref _up, n));
            await Task.WhenAny(down, up);
        }
    }

    private async Task CopyAsync(TcpClient from, TcpClient to, Action<int> count)
    {
        var buffer = new byte[64 * 1024];
        long copied = 0;
        try
        {
            while (await from.GetStream().ReadAsync(buffer) is > 0 and var read)
            {
                await to.GetStream().WriteAsync(buffer.AsMemory(0, read));
                count(read);
                copied += read;
                if (copied >= CutAfter && Cuts > 0)
                {
                    Cuts--;
                    return;
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // One of the ends left.
        }
    }
}
