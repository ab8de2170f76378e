using System.Buffers.Binary;
using System.IO.Pipes;
using System.Net.Sockets;

namespace Sealer.Hosts.Keys;

/// <summary>A key that an agent holds.</summary>
/// <param name="Key">Its public half.</param>
/// <param name="Comment">What its owner called it.</param>
public sealed record SshAgentKey(HostKey Key, string Comment);

/// <summary>
/// A client of ssh-agent (draft-ietf-sshm-ssh-agent): lists keys and has things signed. Never sees a private key. Each call is
/// a connection of its own, so that it may be used from many threads.
/// </summary>
/// <param name="path">A Unix socket; on Windows the name of a pipe, with or without <c>\\.\pipe\</c>.</param>
public sealed class SshAgent(string path)
{
    private const byte RequestIdentities = 11;
    private const byte IdentitiesAnswer = 12;
    private const byte SignRequest = 13;
    private const byte SignResponse = 14;
    private const int MaxAnswer = 256 * 1024;
    private const string PipePrefix = @"\\.\pipe\";
    private const string WindowsPipe = "openssh-ssh-agent";

    /// <summary>Where it listens.</summary>
    public string Path { get; } = path;

    /// <summary>The user's agent: that of <c>SSH_AUTH_SOCK</c>, else on Windows the pipe of OpenSSH; null where there is none.</summary>
    /// <param name="configured">ssh_config's IdentityAgent: null for the usual one, <c>none</c> for none.</param>
    public static SshAgent? Find(string? configured = null)
    {
        var path = configured ?? Environment.GetEnvironmentVariable("SSH_AUTH_SOCK");
        if (path == "none")
            return null;
        if (string.IsNullOrEmpty(path))
            return OperatingSystem.IsWindows() && File.Exists(PipePrefix + WindowsPipe) ? new SshAgent(WindowsPipe) : null;
        return new SshAgent(path);
    }

    /// <summary>The keys it holds.</summary>
    /// <exception cref="SealerException"><c>SshAgentFailed</c>.</exception>
    public IReadOnlyList<SshAgentKey> List()
    {
        try
        {
            return Read(new Reader(Ask([RequestIdentities], IdentitiesAnswer)));
        }
        catch (EndOfStreamException error)
        {
            throw Failed("its answer is cut short", error);
        }
    }

    private static List<SshAgentKey> Read(Reader answer)
    {
        var count = answer.Number();
        var keys = new List<SshAgentKey>();
        for (var i = 0; i < count; i++)
        {
            var key = HostKey.TryRead(answer.Bytes());
            var comment = PlainText.Of(System.Text.Encoding.UTF8.GetString(answer.Bytes()));
            if (key is not null)
                keys.Add(new SshAgentKey(key, comment));
        }

        return keys;
    }

    /// <summary>Has data signed; the agent may ask its user.</summary>
    /// <param name="key">One of <see cref="List"/>.</param>
    /// <param name="data">What to sign.</param>
    /// <param name="flags">2 for rsa-sha2-256, 4 for rsa-sha2-512, else 0.</param>
    /// <returns>The signature with its algorithm, RFC 4253 section 6.6.</returns>
    /// <exception cref="SealerException"><c>SshAgentFailed</c>: it is gone, or refused.</exception>
    public byte[] Sign(HostKey key, ReadOnlySpan<byte> data, uint flags)
    {
        var blob = key.Blob.Span;
        var request = new byte[1 + 4 + blob.Length + 4 + data.Length + 4];
        request[0] = SignRequest;
        BinaryPrimitives.WriteUInt32BigEndian(request.AsSpan(1), (uint)blob.Length);
        blob.CopyTo(request.AsSpan(5));
        BinaryPrimitives.WriteUInt32BigEndian(request.AsSpan(5 + blob.Length), (uint)data.Length);
        data.CopyTo(request.AsSpan(9 + blob.Length));
        BinaryPrimitives.WriteUInt32BigEndian(request.AsSpan(request.Length - 4), flags);
        try
        {
            return new Reader(Ask(request, SignResponse)).Bytes();
        }
        catch (EndOfStreamException error)
        {
            throw Failed("its answer is cut short", error);
        }
    }

    private byte[] Ask(byte[] request, byte expected)
    {
        try
        {
            using var stream = Connect();
            var length = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(length, (uint)request.Length);
            stream.Write([.. length, .. request]);
            stream.Flush();
            stream.ReadExactly(length);
            var size = BinaryPrimitives.ReadUInt32BigEndian(length);
            if (size is 0 or > MaxAnswer)
                throw Failed("it answered something else than an agent does", null);
            var answer = new byte[size];
            stream.ReadExactly(answer);
            return answer[0] == expected ? answer[1..] : throw Failed("it refused", null);
        }
        catch (Exception error) when (error is IOException or SocketException or TimeoutException or UnauthorizedAccessException or ArgumentException)
        {
            throw Failed(error is ArgumentException ? "that is no path of a socket: too long, or not one at all" : error.Message, error);
        }
    }

    private Stream Connect()
    {
        if (OperatingSystem.IsWindows())
        {
            var pipe = new NamedPipeClientStream(".", Path.StartsWith(PipePrefix, StringComparison.Ordinal) ? Path[PipePrefix.Length..] : Path);
            pipe.Connect(5000);
            return pipe;
        }

        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(Path));
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private SealerException Failed(string why, Exception? inner) => new(
        "SshAgentFailed", ErrorKind.Authentication,
        $"The agent at '{Path}' did not do it: {why}. Start it, unlock it or add the key (ssh-add), or name a key file.", Path, inner);

    private sealed class Reader(byte[] data)
    {
        private int _at;

        public uint Number() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

        public byte[] Bytes()
        {
            var length = Number();
            return length > int.MaxValue ? throw new EndOfStreamException() : Take((int)length).ToArray();
        }

        private ReadOnlySpan<byte> Take(int count)
        {
            if (count > data.Length - _at)
                throw new EndOfStreamException();
            _at += count;
            return data.AsSpan(_at - count, count);
        }
    }
}
