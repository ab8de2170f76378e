using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sealer.Images.Layers;

/// <summary>
/// gzip (RFC 1952) of any number of members. Our own, because <see cref="System.IO.Compression.GZipStream"/> overlooks what
/// lies behind the last member and cannot say where a member begins; and it is checked by its sum and length here.
/// </summary>
internal sealed class GzipDecoder(PackedInput input) : LayerDecoder(input)
{
    private const int Window = 32 * 1024;
    private const int LongestMatch = 258;
    private const int LiteralBits = 11;
    private const int DistanceBits = 9;

    // One step of the inner loop takes at most 48 bits and gives at most 258 bytes; copies may overshoot by 16.
    private const int OutputSlack = LongestMatch + 32;

    private static readonly uint[] Literals = MakeLiterals();
    private static readonly uint[] Distances = MakeDistances();
    private static readonly uint[] Plain = Enumerable.Range(0, 19).Select(i => (uint)i << 16).ToArray();

    private readonly byte[] _window = GC.AllocateUninitializedArray<byte>(8 * Window + OutputSlack);
    private readonly HuffmanTable _literals = new(LiteralBits);
    private readonly HuffmanTable _distances = new(DistanceBits);
    private readonly HuffmanTable _lengthCodes = new(7);
    private readonly byte[] _lengths = new byte[286 + 30 + LongestMatch];
    private ulong _bits;
    private int _bitCount;
    private int _taken;
    private int _end;
    private State _state = State.Member;
    private bool _lastBlock;
    private int _stored;
    private uint _crc;
    private long _memberSize;

    private enum State
    {
        Member,
        Block,
        Stored,
        Codes,
        Trailer,
        Done,
    }

    public override LayerCompression Compression => LayerCompression.Gzip;

    public override int Decode(Span<byte> plain)
    {
        while (_taken == _end && _state != State.Done)
            Produce();
        var count = Math.Min(plain.Length, _end - _taken);
        _window.AsSpan(_taken, count).CopyTo(plain);
        _taken += count;
        Given += count;
        return count;
    }

    /// <summary>Decodes until the window is full or the member ends; all that was decoded before has been taken.</summary>
    private void Produce()
    {
        if (_end > Window)
        {
            System.Buffer.BlockCopy(_window, _end - Window, _window, 0, Window);
            _taken = _end = Window;
        }

        var from = _end;
        while (_end < _window.Length - OutputSlack && _state is not (State.Done or State.Trailer))
        {
            switch (_state)
            {
                case State.Member:
                    StartMember();
                    from = _end;
                    break;
                case State.Block:
                    StartBlock();
                    break;
                case State.Stored:
                    CopyStored();
                    break;
                default:
                    DecodeCodes();
                    break;
            }
        }

        var made = _window.AsSpan(from, _end - from);
        _crc = Crc32.Append(_crc, made);
        _memberSize += made.Length;
        if (_state == State.Trailer)
            EndMember();
    }

    private void StartMember()
    {
        if (!Input.Ensure(1))
        {
            _state = State.Done;
            return;
        }

        var whole = Input.Ensure(10);
        var header = Input.Available;
        if (header[0] != 0x1F || (header.Length > 1 && header[1] != 0x8B))
            throw Garbage();
        if (!whole)
            throw Truncated();
        if (header[2] != 8 || (header[3] & 0xE0) != 0)
            throw LayerErrors.Invalid("its gzip header asks for what no gzip has");
        var flags = header[3];
        Checkpoint(Given + (_end - _taken));
        Input.Start += 10;
        if ((flags & 4) != 0)
        {
            var length = Input.Ensure(2) ? BinaryPrimitives.ReadUInt16LittleEndian(Input.Available) : throw Truncated();
            if (!Input.Ensure(2 + length))
                throw Truncated();
            Input.Start += 2 + length;
        }

        for (var texts = ((flags >> 3) & 1) + ((flags >> 4) & 1); texts > 0; texts--)
            SkipText();
        if ((flags & 2) != 0)
            Input.Start += Input.Ensure(2) ? 2 : throw Truncated();
        _crc = 0;
        _memberSize = 0;
        _lastBlock = false;
        // Matches may not reach into the member before.
        _taken = _end = 0;
        _state = State.Block;
    }

    private void SkipText()
    {
        for (var length = 0; ; length++)
        {
            if (!Input.Ensure(1))
                throw Truncated();
            if (length > 64 * 1024)
                throw LayerErrors.Invalid("its gzip header never ends");
            if (Input.Buffer[Input.Start++] == 0)
                return;
        }
    }

    private void EndMember()
    {
        // Whole bytes that were loaded but not used go back.
        Input.Start -= _bitCount / 8;
        _bits = 0;
        _bitCount = 0;
        if (Input.Start > Input.End || !Input.Ensure(8))
            throw Truncated();
        if (BinaryPrimitives.ReadUInt32LittleEndian(Input.Available) != _crc
            || BinaryPrimitives.ReadUInt32LittleEndian(Input.Available[4..]) != (uint)_memberSize)
        {
            throw LayerErrors.Invalid($"a checksum of its gzip data is wrong before byte {Input.Position}");
        }

        Input.Start += 8;
        _state = State.Member;
    }

    private void StartBlock()
    {
        if (_lastBlock)
        {
            _state = State.Trailer;
            return;
        }

        _lastBlock = Take(1) != 0;
        switch (Take(2))
        {
            case 0:
                Take(_bitCount & 7);
                _stored = Take(16);
                if (_stored != (Take(16) ^ 0xFFFF))
                    throw Broken();
                _state = State.Stored;
                break;
            case 1:
                FixedCodes();
                _state = State.Codes;
                break;
            case 2:
                ReadCodes();
                _state = State.Codes;
                break;
            default:
                throw Broken();
        }
    }

    private void CopyStored()
    {
        while (_stored > 0 && _bitCount >= 8 && _end < _window.Length)
        {
            _window[_end++] = (byte)Take(8);
            _stored--;
        }

        if (_stored > 0 && !Input.Ensure(1))
            throw Truncated();
        var count = Math.Min(_stored, Math.Min(Input.Available.Length, _window.Length - _end));
        Input.Available[..count].CopyTo(_window.AsSpan(_end));
        Input.Start += count;
        _end += count;
        _stored -= count;
        if (_stored == 0)
            _state = State.Block;
    }

    /// <summary>Takes up to 16 bits.</summary>
    private int Take(int count)
    {
        while (_bitCount < count)
        {
            if (!Input.Ensure(1))
                throw Truncated();
            _bits |= (ulong)Input.Buffer[Input.Start++] << _bitCount;
            _bitCount += 8;
        }

        var value = (int)(_bits & ((1u << count) - 1));
        _bits >>= count;
        _bitCount -= count;
        return value;
    }

    private void FixedCodes()
    {
        var lengths = _lengths.AsSpan(0, 288 + 32);
        lengths[..144].Fill(8);
        lengths[144..256].Fill(9);
        lengths[256..280].Fill(7);
        lengths[280..288].Fill(8);
        lengths[288..].Fill(5);
        if (!_literals.Build(lengths[..288], Literals, false) || !_distances.Build(lengths[288..], Distances, false))
            throw Broken();
    }

    private void ReadCodes()
    {
        var literals = Take(5) + 257;
        var distances = Take(5) + 1;
        var codes = Take(4) + 4;
        if (literals > 286 || distances > 30)
            throw Broken();
        Span<byte> order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        Span<byte> codeLengths = stackalloc byte[19];
        codeLengths.Clear();
        for (var i = 0; i < codes; i++)
            codeLengths[order[i]] = (byte)Take(3);
        if (!_lengthCodes.Build(codeLengths, Plain, false))
            throw Broken();

        var lengths = _lengths.AsSpan();
        for (var i = 0; i < literals + distances;)
        {
            var symbol = TakeLengthCode();
            if (symbol < 16)
            {
                lengths[i++] = (byte)symbol;
                continue;
            }

            if (symbol == 16 && i == 0)
                throw Broken();
            var value = symbol == 16 ? lengths[i - 1] : (byte)0;
            var repeat = symbol switch { 16 => 3 + Take(2), 17 => 3 + Take(3), _ => 11 + Take(7) };
            if (i + repeat > literals + distances)
                throw Broken();
            lengths.Slice(i, repeat).Fill(value);
            i += repeat;
        }

        if (lengths[256] == 0
            || !_literals.Build(lengths[..literals], Literals, true)
            || !_distances.Build(lengths.Slice(literals, distances), Distances, true))
        {
            throw Broken();
        }
    }

    private int TakeLengthCode()
    {
        // Up to seven bits; near the end of the data there may be fewer, and they may be enough.
        while (_bitCount < 7 && Input.Ensure(1))
        {
            _bits |= (ulong)Input.Buffer[Input.Start++] << _bitCount;
            _bitCount += 8;
        }

        var entry = _lengthCodes.Entries[_bits & 127];
        var length = (int)(entry & 0xFF);
        if (length > _bitCount)
            throw Truncated();
        _bits >>= length;
        _bitCount -= length;
        return (int)(entry >> 16);
    }

    /// <summary>The inner loop: literals and matches until the block ends, the window is full or the input runs low.</summary>
    private void DecodeCodes()
    {
        Input.Ensure(PackedInput.Slack);
        ref var source = ref MemoryMarshal.GetArrayDataReference(Input.Buffer);
        ref var window = ref MemoryMarshal.GetArrayDataReference(_window);
        ref var literals = ref MemoryMarshal.GetArrayDataReference(_literals.Entries);
        ref var distances = ref MemoryMarshal.GetArrayDataReference(_distances.Entries);
        var at = Input.Start;
        // At the very end zeros lie behind the data; what was decoded from them is found out below.
        var limit = Input.AtEnd ? Input.End + PackedInput.Slack - 8 : Input.End - 8;
        var end = _end;
        var full = _window.Length - OutputSlack;
        var bits = _bits;
        var count = _bitCount;

        while (end < full && at <= limit)
        {
            // 56 bits or more: enough for a length (15 + 5) and a distance (15 + 13).
            bits |= Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref source, at)) << count;
            at += (63 - count) >> 3;
            count |= 56;

            var entry = Unsafe.Add(ref literals, (nint)(bits & ((1 << LiteralBits) - 1)));
            if ((entry & 0xF00) == (uint)HuffmanTable.Kind.Link << 8)
            {
                bits >>= LiteralBits;
                count -= LiteralBits;
                entry = Unsafe.Add(ref literals, (nint)((entry >> 16) + (uint)(bits & ((1u << (int)((entry >> 12) & 15)) - 1))));
            }

            bits >>= (int)(entry & 0xFF);
            count -= (int)(entry & 0xFF);
            var kind = (HuffmanTable.Kind)((entry >> 8) & 15);
            if (kind == HuffmanTable.Kind.Literal)
            {
                Unsafe.Add(ref window, end++) = (byte)(entry >> 16);
                continue;
            }

            if (kind != HuffmanTable.Kind.Base)
            {
                if (kind != HuffmanTable.Kind.End)
                    throw Broken();
                _state = State.Block;
                break;
            }

            var extra = (int)((entry >> 12) & 15);
            var length = (int)(entry >> 16) + (int)(bits & ((1u << extra) - 1));
            bits >>= extra;
            count -= extra;

            entry = Unsafe.Add(ref distances, (nint)(bits & ((1 << DistanceBits) - 1)));
            if ((entry & 0xF00) == (uint)HuffmanTable.Kind.Link << 8)
            {
                bits >>= DistanceBits;
                count -= DistanceBits;
                entry = Unsafe.Add(ref distances, (nint)((entry >> 16) + (uint)(bits & ((1u << (int)((entry >> 12) & 15)) - 1))));
            }

            bits >>= (int)(entry & 0xFF);
            count -= (int)(entry & 0xFF);
            extra = (int)((entry >> 12) & 15);
            var distance = (int)(entry >> 16) + (int)(bits & ((1u << extra) - 1));
            bits >>= extra;
            count -= extra;
            if ((HuffmanTable.Kind)((entry >> 8) & 15) != HuffmanTable.Kind.Base || distance > end)
                throw Broken();

            Copy(ref Unsafe.Add(ref window, end - distance), ref Unsafe.Add(ref window, end), distance, length);
            end += length;
        }

        _end = end;
        _bits = count == 0 ? 0 : bits & (ulong.MaxValue >> (64 - count));
        _bitCount = count;
        Input.Start = at;
        if (Input.AtEnd && (long)Input.End * 8 < (long)at * 8 - count)
            throw Truncated();
        if (_state == State.Codes && end < full && Input.AtEnd && at > limit)
            throw Truncated();
        GiveBack();
    }

    /// <summary>Whole bytes that were loaded but not used go back, so that the others may read bytes.</summary>
    private void GiveBack()
    {
        var bytes = _bitCount >> 3;
        Input.Start -= bytes;
        _bitCount &= 7;
        _bits &= (1u << _bitCount) - 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(ref byte from, ref byte to, int distance, int length)
    {
        if (distance >= 16)
        {
            // May write up to 15 bytes too many; the window has room for them.
            do
            {
                Unsafe.WriteUnaligned(ref to, Unsafe.ReadUnaligned<UInt128>(ref from));
                from = ref Unsafe.Add(ref from, 16);
                to = ref Unsafe.Add(ref to, 16);
                length -= 16;
            }
            while (length > 0);
            return;
        }

        if (distance == 1)
        {
            Unsafe.InitBlockUnaligned(ref to, from, (uint)length);
            return;
        }

        for (var i = 0; i < length; i++)
            Unsafe.Add(ref to, i) = Unsafe.Add(ref from, i);
    }

    private static uint[] MakeLiterals()
    {
        var entries = new uint[288];
        for (var i = 0u; i < 256; i++)
            entries[i] = i << 16;
        entries[256] = (uint)HuffmanTable.Kind.End << 8;
        var start = 3u;
        for (var i = 257; i < 285; i++)
        {
            var extra = i < 265 ? 0u : (uint)(i - 261) / 4;
            entries[i] = start << 16 | extra << 12 | (uint)HuffmanTable.Kind.Base << 8;
            start += 1u << (int)extra;
        }

        entries[285] = 258u << 16 | (uint)HuffmanTable.Kind.Base << 8;
        entries[286] = entries[287] = (uint)HuffmanTable.Kind.Invalid << 8;
        return entries;
    }

    private static uint[] MakeDistances()
    {
        var entries = new uint[32];
        var start = 1u;
        for (var i = 0; i < 30; i++)
        {
            var extra = i < 4 ? 0u : (uint)(i - 2) / 2;
            entries[i] = start << 16 | extra << 12 | (uint)HuffmanTable.Kind.Base << 8;
            start += 1u << (int)extra;
        }

        entries[30] = entries[31] = (uint)HuffmanTable.Kind.Invalid << 8;
        return entries;
    }

    private SealerException Broken() => LayerErrors.Invalid($"its gzip data is broken near byte {Input.Position}");
}
