namespace Sealer.Images.Layers;

/// <summary>
/// A Huffman code of deflate (RFC 1951) as a table to look symbols up in: one step for short codes, two for long ones.
/// An entry holds: bits 0-7 the bits to consume, 8-11 the <see cref="Kind"/>, 12-15 the extra bits, 16-31 the value.
/// </summary>
internal sealed class HuffmanTable(int bits)
{
    /// <summary>What an entry stands for.</summary>
    public enum Kind
    {
        /// <summary>A byte.</summary>
        Literal,

        /// <summary>The base of a length or distance.</summary>
        Base,

        /// <summary>The end of the block.</summary>
        End,

        /// <summary>The place of a second table; the extra bits say how many bits it is looked up with.</summary>
        Link,

        /// <summary>No code.</summary>
        Invalid,
    }

    private readonly byte[] _longest = new byte[1 << bits];
    private readonly int[] _next = new int[16];
    private readonly int[] _count = new int[16];

    /// <summary>The entries; the first 2^bits are looked up directly.</summary>
    public uint[] Entries { get; private set; } = new uint[(1 << bits) + 2048];

    /// <summary>Makes the table from the symbols' code lengths; false where they make no code.</summary>
    /// <param name="lengths">Length of each symbol's code; 0 where it has none.</param>
    /// <param name="symbol">The entry of a symbol, without the bits to consume.</param>
    /// <param name="mayBeIncomplete">Distances may have one code or none.</param>
    public bool Build(ReadOnlySpan<byte> lengths, uint[] symbol, bool mayBeIncomplete)
    {
        Array.Clear(_count);
        foreach (var length in lengths)
            _count[length]++;
        var used = lengths.Length - _count[0];
        _count[0] = 0;

        var left = 1;
        var code = 0;
        var max = 0;
        for (var length = 1; length < 16; length++)
        {
            left = (left << 1) - _count[length];
            if (left < 0)
                return false;
            code = (code + _count[length - 1]) << 1;
            _next[length] = code;
            if (_count[length] > 0)
                max = length;
        }

        if (left > 0 && !(mayBeIncomplete && used <= 1))
            return false;

        var entries = Entries;
        if (left > 0)
            entries.AsSpan(0, 1 << bits).Fill((uint)Kind.Invalid << 8 | 1);
        if (max > bits)
            ReserveLong(lengths);
        for (var i = 0; i < lengths.Length; i++)
        {
            int length = lengths[i];
            if (length == 0)
                continue;
            var reversed = Reverse(_next[length]++, length);
            var entry = symbol[i];
            if (length <= bits)
            {
                for (var at = reversed; at < 1 << bits; at += 1 << length)
                    entries[at] = entry | (uint)length;
                continue;
            }

            var link = entries[reversed & ((1 << bits) - 1)];
            var start = (int)(link >> 16);
            var size = 1 << (int)((link >> 12) & 15);
            for (var at = reversed >> bits; at < size; at += 1 << (length - bits))
                entries[start + at] = entry | (uint)(length - bits);
        }

        return true;
    }

    /// <summary>Makes room for the second tables, one for each beginning that long codes share.</summary>
    private void ReserveLong(ReadOnlySpan<byte> lengths)
    {
        Array.Clear(_longest);
        Span<int> next = stackalloc int[16];
        _next.CopyTo(next);
        foreach (var length in lengths)
        {
            if (length == 0)
                continue;
            var reversed = Reverse(next[length]++, length);
            if (length > bits)
                _longest[reversed & ((1 << bits) - 1)] = Math.Max(_longest[reversed & ((1 << bits) - 1)], length);
        }

        var end = 1 << bits;
        for (var i = 0; i < 1 << bits; i++)
        {
            if (_longest[i] == 0)
                continue;
            var extra = _longest[i] - bits;
            Entries[i] = (uint)end << 16 | (uint)extra << 12 | (uint)Kind.Link << 8 | (uint)bits;
            end += 1 << extra;
        }
    }

    private static int Reverse(int code, int length)
    {
        var reversed = 0;
        for (var i = 0; i < length; i++)
        {
            reversed = (reversed << 1) | (code & 1);
            code >>= 1;
        }

        return reversed;
    }
}
