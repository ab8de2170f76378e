using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.ExceptionServices;

namespace Sealer.Registries.Connections;

/// <summary>A part of a blob as the body of a request, copied from its source while it is sent.</summary>
internal sealed class StreamingContent : HttpContent
{
    private const int BufferSize = 1024 * 1024;

    private readonly Func<long, CancellationToken, Task<Stream>> _openAsync;
    private readonly long _offset;
    private readonly long _length;
    private readonly bool _isLast;
    private readonly RegistryOptions _options;
    private readonly IProgress<long>? _progress;

    /// <param name="openAsync">Opens the blob at an offset.</param>
    /// <param name="offset">First byte that is sent.</param>
    /// <param name="length">Bytes that are sent.</param>
    /// <param name="isLast">True where the blob ends with them: a source that has more is refused.</param>
    /// <param name="options">The time a write may stall.</param>
    /// <param name="progress">Told the offset reached in the blob.</param>
    public StreamingContent(
        Func<long, CancellationToken, Task<Stream>> openAsync,
        long offset,
        long length,
        bool isLast,
        RegistryOptions options,
        IProgress<long>? progress)
    {
        _openAsync = openAsync;
        _offset = offset;
        _length = length;
        _isLast = isLast;
        _options = options;
        _progress = progress;
        Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
    }

    /// <summary>What went wrong with the source, as opposed to the connection.</summary>
    public Exception? SourceFault { get; private set; }

    /// <summary>Called when the last byte has been handed to the connection.</summary>
    public Action? Finished { get; set; }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            using var stall = new StallGuard(_options);
            var source = await FromSourceAsync(() => _openAsync(_offset, cancellationToken)).ConfigureAwait(false);
            await using (source.ConfigureAwait(false))
            {
                long done = 0;
                while (done < _length)
                {
                    var wanted = (int)Math.Min(buffer.Length, _length - done);
                    var count = await FromSourceAsync(() => source.ReadAsync(buffer.AsMemory(0, wanted), cancellationToken).AsTask())
                        .ConfigureAwait(false);
                    if (count == 0)
                        throw WrongSize($"ends after {_offset + done} bytes of {_offset + _length}");

                    // Looked for before the last bytes go out: the registry would take the blob otherwise.
                    if (_isLast && done + count == _length)
                        await ExpectEndAsync(source, cancellationToken).ConfigureAwait(false);
                    await stall.WriteAsync(stream, buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
                    done += count;
                    _progress?.Report(_offset + done);
                }
            }

            Finished?.Invoke();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task ExpectEndAsync(Stream source, CancellationToken cancellationToken)
    {
        if (await FromSourceAsync(() => source.ReadAsync(new byte[1], cancellationToken).AsTask()).ConfigureAwait(false) > 0)
            throw WrongSize($"goes on after {_offset + _length} bytes");
    }

    private async Task<T> FromSourceAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            SourceFault = e;
            ExceptionDispatchInfo.Throw(e);
            throw;
        }
    }

    private SealerException WrongSize(string how)
    {
        var e = new SealerException(
            "SizeMismatch", ErrorKind.InvalidContent, $"The content to be uploaded is not what its descriptor says: it {how}. Nothing of it was kept.");
        SourceFault = e;
        return e;
    }
}
