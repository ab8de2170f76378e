using System.Security.Cryptography;
using System.Threading.Channels;

namespace Sealer.Images.Layers;

/// <summary>
/// The uncompressed bytes of a layer: read, hashed and unpacked on a thread of its own while the one who reads hashes and
/// uses what came before. Holds the layer to its sizes and digests.
/// </summary>
internal sealed class TarStream : IAsyncDisposable
{
    private const int BlockSize = 1024 * 1024;

    private readonly LayerReadOptions _options;
    private readonly PackedInput _input;
    private readonly BufferPool _buffers = new(BlockSize);
    private readonly Channel<(byte[] Buffer, int Length)> _blocks = Channel.CreateBounded<(byte[], int)>(
        new BoundedChannelOptions(3) { SingleReader = true, SingleWriter = true });

    private readonly IncrementalHash _diffId = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _pump;
    private LayerDecoder? _decoder;
    private byte[] _block = [];
    private int _at;
    private int _length;
    private long _before;

    public TarStream(Stream layer, LayerReadOptions options)
    {
        _options = options;
        _input = new PackedInput(layer);
        _pump = Task.Run(PumpAsync);
    }

    /// <summary>The next byte's place in the tar.</summary>
    public long Position => _before + _at;

    /// <summary>What is known of the layer when all of it was read.</summary>
    public LayerReadResult? Result { get; private set; }

    /// <summary>What lies ready to be looked at; empty at the end of the tar.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> PeekAsync(CancellationToken cancellationToken)
    {
        while (_at == _length && Result is null)
        {
            _before += _length;
            _at = _length = 0;
            if (_block.Length > 0)
                _buffers.Return(_block);
            _block = [];
            if (await _blocks.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false)
                && _blocks.Reader.TryRead(out var next))
            {
                (_block, _length) = next;
                _diffId.AppendData(_block, 0, _length);
            }
            else
            {
                await _pump.ConfigureAwait(false);
                Finish();
            }
        }

        return _block.AsMemory(_at, _length - _at);
    }

    /// <summary>Takes bytes that were peeked at.</summary>
    public void Advance(int count) => _at += count;

    /// <summary>Fills the buffer; returns how much of it could be.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var done = 0;
        while (done < buffer.Length)
        {
            var ready = await PeekAsync(cancellationToken).ConfigureAwait(false);
            if (ready.IsEmpty)
                break;
            var count = Math.Min(ready.Length, buffer.Length - done);
            ready[..count].CopyTo(buffer[done..]);
            Advance(count);
            done += count;
        }

        return done;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _decoder?.Dispose();
        _input.Dispose();
        _diffId.Dispose();
        _stop.Dispose();
    }

    private async Task PumpAsync()
    {
        try
        {
            // Where the first bytes decide, the media type is held against them before anything is unpacked.
            _decoder = LayerDecoder.Open(_input);
            CheckMediaType(_decoder.Compression);
            long total = 0;
            while (true)
            {
                var buffer = _buffers.Rent();
                var length = Fill(buffer);
                total += length;
                Check(total);
                if (length == 0)
                    break;
                await _blocks.Writer.WriteAsync((buffer, length), _stop.Token).ConfigureAwait(false);
            }

            _blocks.Writer.Complete();
        }
        catch (Exception e)
        {
            _blocks.Writer.Complete(e);
        }
    }

    private int Fill(byte[] buffer)
    {
        var filled = 0;
        while (filled < buffer.Length && !_stop.IsCancellationRequested)
        {
            var count = _decoder!.Decode(buffer.AsSpan(filled));
            if (count == 0)
                break;
            filled += count;
        }

        return filled;
    }

    private void Check(long total)
    {
        if (total > _options.MaxUncompressedSize)
        {
            throw LayerErrors.Limit(
                "LayerTooLarge",
                $"unpacked it has more than {_options.MaxUncompressedSize} bytes");
        }

        if (total > _options.RatioGrace && total / _options.MaxRatio > _input.BytesRead)
        {
            throw LayerErrors.Limit(
                "LayerRatioExceeded",
                $"{_input.BytesRead} bytes unpack to more than {_options.MaxRatio} times as many");
        }
    }

    private void CheckMediaType(LayerCompression actual)
    {
        var said = _options.MediaType switch
        {
            null => (LayerCompression?)null,
            var t when t.EndsWith("+gzip", StringComparison.Ordinal) || t.EndsWith(".gzip", StringComparison.Ordinal) => LayerCompression.Gzip,
            var t when t.EndsWith("+zstd", StringComparison.Ordinal) || t.EndsWith(".zstd", StringComparison.Ordinal) => LayerCompression.Zstd,
            var t when t.EndsWith(".tar", StringComparison.Ordinal) => LayerCompression.None,
            _ => null,
        };
        // An empty blob is an empty layer, whatever it is called.
        if (said is null || said == actual || (_input.AtEnd && _input.BytesRead == 0))
            return;
        throw new SealerException(
            "MediaTypeMismatch",
            ErrorKind.InvalidContent,
            $"The layer is called '{_options.MediaType}' but its content is {Name(actual)}. The image is broken or hostile; build it again.",
            _options.MediaType);
    }

    private static string Name(LayerCompression compression) => compression switch
    {
        LayerCompression.Gzip => "gzip",
        LayerCompression.Zstd => "zstd",
        _ => "not compressed",
    };

    private void Finish()
    {
        var result = new LayerReadResult(
            _decoder!.Compression,
            _input.Finish(),
            _input.BytesRead,
            Digest.FromHash(_diffId.GetHashAndReset()),
            _before,
            _decoder.Checkpoints);
        Verify("layer", _options.Digest, result.Digest);
        Verify("uncompressed layer", _options.DiffId, result.DiffId);
        Result = result;
    }

    private static void Verify(string what, Digest? expected, Digest actual)
    {
        if (expected is { } digest && digest.Algorithm == Digest.Sha256 && digest != actual)
        {
            throw new SealerException(
                "DigestMismatch",
                ErrorKind.InvalidContent,
                $"The {what} should have the digest {digest} but has {actual}. Fetch the image again.",
                digest);
        }
    }
}
