using ZstdSharp.Unsafe;

namespace Sealer.Images.Layers;

/// <summary>
/// zstd (RFC 8878) of any number of frames, skippable ones too. Uses the streaming call itself: the wrapper around it
/// cannot tell the end of a frame from a full buffer.
/// </summary>
internal sealed unsafe class ZstdDecoder : LayerDecoder
{
    // 128 MiB, what the zstd program takes unless told otherwise; a frame may not ask for more memory.
    private const int MaxWindowLog = 27;

    private ZSTD_DCtx_s* _context;
    private bool _inFrame;

    public ZstdDecoder(PackedInput input)
        : base(input)
    {
        _context = Methods.ZSTD_createDCtx();
        Methods.ZSTD_DCtx_setParameter(_context, ZSTD_dParameter.ZSTD_d_windowLogMax, MaxWindowLog);
    }

    ~ZstdDecoder() => Dispose(false);

    public override LayerCompression Compression => LayerCompression.Zstd;

    public override int Decode(Span<byte> plain)
    {
        var given = 0;
        while (given == 0)
        {
            if (!_inFrame && !StartFrame())
                return 0;
            var more = Input.Ensure(1);
            given = Unpack(plain);
            Given += given;
            if (_inFrame && !more && given == 0)
                throw Truncated();
        }

        return given;
    }

    protected override void Dispose(bool disposing)
    {
        Methods.ZSTD_freeDCtx(_context);
        _context = null;
        if (disposing)
            base.Dispose(disposing);
    }

    private bool StartFrame()
    {
        if (!Input.Ensure(1))
            return false;
        Input.Ensure(4);
        if (!IsZstd(Input.Available))
            throw Input.Available.Length < 4 ? Truncated() : Garbage();
        Checkpoint(Given);
        _inFrame = true;
        return true;
    }

    private int Unpack(Span<byte> plain)
    {
        fixed (byte* source = Input.Available, target = plain)
        {
            var packed = new ZSTD_inBuffer_s { src = source, size = (nuint)Input.Available.Length };
            var unpacked = new ZSTD_outBuffer_s { dst = target, size = (nuint)plain.Length };
            var left = Methods.ZSTD_decompressStream(_context, &unpacked, &packed);
            if (Methods.ZSTD_isError(left))
                throw LayerErrors.Invalid($"its zstd data is broken near byte {Input.Position}: {Methods.ZSTD_getErrorName(left)}");
            Input.Start += (int)packed.pos;
            _inFrame = left != 0;
            return (int)unpacked.pos;
        }
    }
}
