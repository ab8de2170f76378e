using System.IO.Compression;
using System.Security.Cryptography;

namespace Sealer.Images.Layers;

/// <summary>
/// gzip (RFC 1952) of any number of members. <see cref="GZipStream"/> keeps silent where its data is cut off or where something
/// else follows it, so a small member that nobody can foresee is read behind the layer's own: only what was whole to the last
/// byte ends with it.
/// </summary>
internal sealed class GzipDecoder : LayerDecoder
{
    private static readonly byte[] Mark = RandomNumberGenerator.GetBytes(16);
    private static readonly byte[] MarkMember = Pack(Mark);

    private readonly MarkedInput _marked;
    private readonly GZipStream _gzip;
    private readonly byte[] _plain = GC.AllocateUninitializedArray<byte>(256 * 1024);
    private int _start;
    private int _end;
    private bool _done;

    public GzipDecoder(PackedInput input)
        : base(input)
    {
        Checkpoint(0);
        _marked = new MarkedInput(input);
        _gzip = new GZipStream(_marked, CompressionMode.Decompress);
    }

    public override LayerCompression Compression => LayerCompression.Gzip;

    public override int Decode(Span<byte> plain)
    {
        // What may be the mark is held back until more follows.
        while (_end - _start <= Mark.Length && !_done)
            Unpack();
        var count = Math.Min(plain.Length, _done ? 0 : _end - _start - Mark.Length);
        _plain.AsSpan(_start, count).CopyTo(plain);
        _start += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _gzip.Dispose();
        base.Dispose(disposing);
    }

    private void Unpack()
    {
        _plain.AsSpan(_start.._end).CopyTo(_plain);
        _end -= _start;
        _start = 0;
        var read = 0;
        try
        {
            read = _gzip.Read(_plain, _end, _plain.Length - _end);
        }
        catch (InvalidDataException) when (!_marked.IsMarked)
        {
            throw LayerErrors.Invalid($"its gzip data is broken before byte {Input.Position}");
        }
        catch (InvalidDataException)
        {
            // The mark was taken for the rest of a member.
            throw Truncated();
        }

        _end += read;
        if (read > 0)
            return;
        if (!_plain.AsSpan(0, _end).SequenceEqual(Mark))
            throw _marked.IsMarked ? Truncated() : Garbage();
        _done = true;
    }

    private static byte[] Pack(byte[] plain)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.NoCompression))
            gzip.Write(plain);
        return packed.ToArray();
    }

    /// <summary>The layer's bytes, then the mark's; read by <see cref="GZipStream"/> alone.</summary>
    private sealed class MarkedInput(PackedInput input) : ReadOnlyStream
    {
        private int _marked;

        /// <summary>True once the layer's own bytes were not enough.</summary>
        public bool IsMarked => _marked > 0;

        public override int Read(Span<byte> buffer)
        {
            var own = input.Ensure(1);
            var ready = own ? input.Available : MarkMember.AsSpan(_marked);
            var count = Math.Min(buffer.Length, ready.Length);
            ready[..count].CopyTo(buffer);
            if (own)
                input.Start += count;
            else
                _marked += count;
            return count;
        }
    }
}
