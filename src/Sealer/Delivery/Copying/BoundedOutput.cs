using System.Text;

namespace Sealer.Delivery.Copying;

/// <summary>Takes a host's list of files, and no more of it than memory has room for.</summary>
internal sealed class BoundedOutput(string host) : MemoryStream
{
    private const int Max = 128 * 1024 * 1024;

    public string Text => Encoding.UTF8.GetString(GetBuffer(), 0, (int)Length);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Length + buffer.Length > Max)
            throw new SealerException("TooManyItems", ErrorKind.NotSupported, $"{host} lists more files than can be copied at once. Copy a folder after the other.", host);
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }
}
