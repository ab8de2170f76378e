using System.Net.Sockets;
using System.Text;
using System.Web;

namespace Sealer.Tests.Registries;

/// <summary>One request to <see cref="HostileRegistry"/> and its answer.</summary>
internal sealed class HostileExchange
{
    private readonly Stream _stream;
    private readonly TcpClient _connection;
    private byte[]? _body;

    private HostileExchange(Stream stream, TcpClient connection, string method, string target, Dictionary<string, string> headers)
    {
        _stream = stream;
        _connection = connection;
        Method = method;
        Target = target;
        Headers = headers;
        var question = target.IndexOf('?');
        Path = question < 0 ? target : target[..question];
        Query = HttpUtility.ParseQueryString(question < 0 ? "" : target[question..]);
    }

    public string Method { get; }

    /// <summary>Path and query as they came.</summary>
    public string Target { get; }

    public string Path { get; }

    public System.Collections.Specialized.NameValueCollection Query { get; }

    public IReadOnlyDictionary<string, string> Headers { get; }

    public string? Authorization => Headers.GetValueOrDefault("authorization");

    /// <summary>Bytes of the request's body that have arrived.</summary>
    public long Received { get; private set; }

    /// <summary>Status of the answer.</summary>
    public int Status { get; private set; }

    public bool IsAnswered => Status != 0;

    public bool IsBroken { get; private set; }

    public override string ToString() => $"{Method} {Target}";

    public static async Task<HostileExchange?> ReadAsync(Stream stream, TcpClient connection)
    {
        var lines = new List<string>();
        var line = new StringBuilder();
        var one = new byte[1];
        while (true)
        {
            if (await stream.ReadAsync(one) == 0)
                return null;

            // A TLS greeting, for one, is no request.
            if (lines.Count == 0 && line.Length == 0 && one[0] is not (>= (byte)'A' and <= (byte)'Z'))
                return null;
            if (one[0] != '\n')
            {
                line.Append((char)one[0]);
                continue;
            }

            var text = line.ToString().TrimEnd('\r');
            line.Clear();
            if (text.Length == 0 && lines.Count > 0)
                break;
            lines.Add(text);
        }

        var first = lines[0].Split(' ');
        var headers = lines.Skip(1).Select(l => l.Split(':', 2)).ToDictionary(p => p[0].ToLowerInvariant(), p => p[1].Trim());
        return new HostileExchange(stream, connection, first[0], first[1], headers);
    }

    /// <summary>Reads the request's body, or only its beginning: the rest is never taken.</summary>
    public async Task<byte[]> ReadBodyAsync(int? upTo = null)
    {
        if (_body is not null)
            return _body;
        var length = Headers.TryGetValue("content-length", out var text) ? long.Parse(text) : 0;
        var body = new byte[upTo is null ? length : Math.Min(length, upTo.Value)];
        while (Received < body.Length)
        {
            var count = await _stream.ReadAsync(body.AsMemory((int)Received));
            if (count == 0)
                break;
            Received += count;
        }

        return _body = body[..(int)Received];
    }

    /// <summary>Answers.</summary>
    /// <param name="status">The status code.</param>
    /// <param name="body">The body.</param>
    /// <param name="cutAfter">Bytes of the body after which the connection is cut.</param>
    /// <param name="headers">Further headers; a Content-Length here takes the place of the true one.</param>
    public async Task ReplyAsync(int status, ReadOnlyMemory<byte> body = default, int? cutAfter = null, params (string Name, string Value)[] headers)
    {
        if (!IsBroken)
            await ReadBodyAsync();
        Status = status;
        var head = new StringBuilder($"HTTP/1.1 {status} X\r\n");
        foreach (var (name, value) in headers)
            head.Append($"{name}: {value}\r\n");
        var isChunked = headers.Any(h => h.Name == "Transfer-Encoding");
        if (!isChunked && !headers.Any(h => h.Name == "Content-Length") && status != 204)
            head.Append($"Content-Length: {body.Length}\r\n");
        head.Append("\r\n");
        await _stream.WriteAsync(Encoding.ASCII.GetBytes(head.ToString()));
        if (Method != "HEAD")
        {
            var sent = cutAfter is { } cut ? body[..Math.Min(cut, body.Length)] : body;
            if (isChunked)
            {
                await _stream.WriteAsync(Encoding.ASCII.GetBytes($"{sent.Length:x}\r\n"));
                await _stream.WriteAsync(sent);
                await _stream.WriteAsync("\r\n0\r\n\r\n"u8.ToArray());
            }
            else
            {
                await _stream.WriteAsync(sent);
            }
        }

        await _stream.FlushAsync();
        if (cutAfter is not null)
            Break();
    }

    /// <summary>Answers with a text.</summary>
    public Task ReplyAsync(int status, string body, params (string Name, string Value)[] headers) =>
        ReplyAsync(status, Encoding.UTF8.GetBytes(body), null, headers);

    /// <summary>Answers with what is no HTTP, and closes.</summary>
    public async Task RawAsync(string text)
    {
        await ReadBodyAsync();
        await _stream.WriteAsync(Encoding.ASCII.GetBytes(text));
        await _stream.FlushAsync();
        IsBroken = true;
    }

    /// <summary>Cuts the connection.</summary>
    public void Break()
    {
        IsBroken = true;
        _connection.Client.LingerState = new LingerOption(true, 0);
        _connection.Close();
    }

    /// <summary>Cuts the connection as one does who is done, so that what was sent still arrives.</summary>
    public void Hang() => IsBroken = true;
}
