namespace Sealer.Images.Layers;

/// <summary>
/// Reads a layer from its beginning to its end: unpacks it by what its bytes say, gives its entries one after the other
/// and holds it to limits and digests (<see cref="LayerReadOptions"/>). Not safe for concurrent use.
/// </summary>
public sealed class LayerReader : IAsyncDisposable
{
    private readonly TarStream _tar;
    private readonly TarEntryParser _parser;
    private long _left;
    private int _padding;
    private bool _ended;

    /// <param name="layer">The layer as it is stored; disposed with the reader, and read on another thread, synchronously.</param>
    /// <param name="options">What the layer is held to; null for the usual limits and no digest.</param>
    public LayerReader(Stream layer, LayerReadOptions? options = null)
    {
        options ??= new LayerReadOptions();
        _tar = new TarStream(layer, options);
        _parser = new TarEntryParser(_tar, options);
    }

    /// <summary>Where the current entry's content begins in the uncompressed tar.</summary>
    public long ContentOffset { get; private set; }

    /// <summary>What is known of the layer, once <see cref="NextAsync"/> returned null.</summary>
    public LayerReadResult? Result => _tar.Result;

    /// <summary>
    /// Goes to the next entry; what was not read of the one before is skipped. Null at the end: then the layer's digests
    /// have been verified.
    /// </summary>
    /// <exception cref="SealerException">
    /// <c>LayerTruncated</c>, <c>LayerTrailingGarbage</c>, <c>InvalidLayer</c>, <c>UnsafeLayerPath</c>,
    /// <c>SparseEntryNotSupported</c>, <c>UnsupportedLayerEntry</c>: what it is not; <c>LayerTooLarge</c>,
    /// <c>LayerRatioExceeded</c>, <c>LayerTooManyEntries</c>, <c>LayerPathTooLong</c>, <c>LayerPathTooDeep</c>: limits;
    /// <c>MediaTypeMismatch</c>, <c>DigestMismatch</c>: not what it should be.
    /// </exception>
    public async ValueTask<LayerEntry?> NextAsync(CancellationToken cancellationToken)
    {
        if (_ended)
            return null;
        await SkipAsync(cancellationToken).ConfigureAwait(false);
        var entry = await _parser.NextAsync(cancellationToken).ConfigureAwait(false);
        if (entry is null)
        {
            _ended = true;
            return null;
        }

        _left = entry.Size;
        _padding = (int)(TarHeader.Padded(entry.Size) - entry.Size);
        ContentOffset = _tar.Position;
        return entry;
    }

    /// <summary>Reads on in the content of the current entry; fills the buffer unless the content ends; 0 at its end.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (buffer.Length > _left)
            buffer = buffer[..(int)_left];
        if (buffer.IsEmpty)
            return 0;
        var read = await _tar.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (read < buffer.Length)
            throw LayerErrors.Truncated("a file ends in the middle");
        _left -= read;
        return read;
    }

    /// <summary>Copies the rest of the current entry's content, without a buffer in between.</summary>
    public async Task CopyToAsync(Stream target, CancellationToken cancellationToken)
    {
        while (_left > 0)
        {
            var ready = await TakeAsync(cancellationToken).ConfigureAwait(false);
            await target.WriteAsync(ready, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The whole content of the current entry.</summary>
    /// <exception cref="SealerException"><c>LayerFileTooLarge</c>: it has more than <paramref name="most"/> bytes.</exception>
    public async Task<byte[]> ReadAllAsync(int most, CancellationToken cancellationToken)
    {
        if (_left > most)
            throw LayerErrors.Limit("LayerFileTooLarge", $"a file that is read at once has {_left} bytes, and {most} is the most");
        var content = new byte[_left];
        await ReadAsync(content, cancellationToken).ConfigureAwait(false);
        return content;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _tar.DisposeAsync();

    /// <summary>The next bytes of the content, valid until the next call; empty at its end.</summary>
    internal async ValueTask<ReadOnlyMemory<byte>> TakeAsync(CancellationToken cancellationToken)
    {
        if (_left == 0)
            return default;
        var ready = await _tar.PeekAsync(cancellationToken).ConfigureAwait(false);
        if (ready.IsEmpty)
            throw LayerErrors.Truncated("a file ends in the middle");
        if (ready.Length > _left)
            ready = ready[..(int)_left];
        _tar.Advance(ready.Length);
        _left -= ready.Length;
        return ready;
    }

    private async ValueTask SkipAsync(CancellationToken cancellationToken)
    {
        _left += _padding;
        _padding = 0;
        while (_left > 0)
            await TakeAsync(cancellationToken).ConfigureAwait(false);
    }
}
