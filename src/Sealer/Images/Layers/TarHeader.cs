using System.Buffers;
using System.Text;

namespace Sealer.Images.Layers;

/// <summary>
/// Writes the headers of a tar: ustar where that can say it, with a PAX header before it where not. No user or group
/// names, no access or change times: nothing that depends on the machine.
/// </summary>
internal static class TarHeader
{
    /// <summary>Everything in a tar is a multiple of this.</summary>
    public const int BlockSize = 512;

    /// <summary>Two empty blocks end a tar.</summary>
    public const int EndSize = 2 * BlockSize;

    // What eleven and seven octal digits can say.
    private const long MaxOctal12 = 0x1_FFFF_FFFF;
    private const long MaxOctal8 = 0x1F_FFFF;

    /// <summary>The file's size rounded up to whole blocks.</summary>
    public static long Padded(long size) => (size + BlockSize - 1) & ~(BlockSize - 1L);

    /// <summary>The header blocks of an entry.</summary>
    public static byte[] Of(LayerEntry entry)
    {
        var name = NameInTar(entry);
        var link = entry.Kind is LayerEntryKind.SymbolicLink or LayerEntryKind.HardLink ? entry.LinkTarget ?? "" : "";
        var size = entry.Kind == LayerEntryKind.File ? entry.Size : 0;
        var mtime = entry.Modified.ToUnixTimeSeconds();

        var records = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var (prefix, shortName) = Split(name);
        if (shortName is null)
            records["path"] = Encoding.UTF8.GetBytes(name);
        if (!IsAscii(link) || link.Length > 100)
            records["linkpath"] = Encoding.UTF8.GetBytes(link);
        AddNumber(records, "size", size, MaxOctal12);
        AddNumber(records, "mtime", mtime, MaxOctal12);
        AddNumber(records, "uid", entry.Uid, MaxOctal8);
        AddNumber(records, "gid", entry.Gid, MaxOctal8);
        foreach (var (key, value) in entry.ExtendedAttributes ?? new Dictionary<string, byte[]>())
            records["SCHILY.xattr." + key] = value;

        var pax = records.Count == 0 ? [] : PaxBody(records);
        var total = (pax.Length == 0 ? 0 : BlockSize + (int)Padded(pax.Length)) + BlockSize;
        var blocks = new byte[total];
        if (pax.Length > 0)
        {
            // Readers that know no PAX would make a file of it; its name then says what it is.
            WriteBlock(blocks, "", "PaxHeaders/" + AsciiTail(name), 'x', 0b110_100_100, 0, 0, pax.Length, 0, "", 0, 0);
            pax.CopyTo(blocks, BlockSize);
        }

        WriteBlock(
            blocks.AsSpan(total - BlockSize),
            prefix,
            shortName ?? AsciiTail(name),
            TypeOf(entry.Kind),
            entry.Mode & 0xFFF,
            Fits(entry.Uid, MaxOctal8),
            Fits(entry.Gid, MaxOctal8),
            Fits(size, MaxOctal12),
            Fits(mtime, MaxOctal12),
            IsAscii(link) ? link[..Math.Min(100, link.Length)] : "",
            entry.DeviceMajor,
            entry.DeviceMinor);
        return blocks;
    }

    /// <summary>The name an entry has in the tar; folders end in a slash, removals are <c>.wh.</c> files.</summary>
    public static string NameInTar(LayerEntry entry) => entry.Kind switch
    {
        LayerEntryKind.Folder when entry.Path.Length == 0 => "./",
        LayerEntryKind.Folder => entry.Path + "/",
        LayerEntryKind.Whiteout => Join(ParentOf(entry.Path), Whiteouts.Prefix + entry.Path[(entry.Path.LastIndexOf('/') + 1)..]),
        LayerEntryKind.OpaqueFolder => Join(entry.Path, Whiteouts.Opaque),
        _ => entry.Path,
    };

    private static string ParentOf(string path) => path.LastIndexOf('/') is var slash and >= 0 ? path[..slash] : "";

    private static string Join(string folder, string name) => folder.Length == 0 ? name : folder + "/" + name;

    private static char TypeOf(LayerEntryKind kind) => kind switch
    {
        LayerEntryKind.HardLink => '1',
        LayerEntryKind.SymbolicLink => '2',
        LayerEntryKind.CharacterDevice => '3',
        LayerEntryKind.BlockDevice => '4',
        LayerEntryKind.Folder => '5',
        LayerEntryKind.Fifo => '6',
        _ => '0',
    };

    private static void AddNumber(SortedDictionary<string, byte[]> records, string key, long value, long max)
    {
        if (value < 0 || value > max)
            records[key] = Encoding.ASCII.GetBytes(value.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private static long Fits(long value, long max) => value < 0 || value > max ? 0 : value;

    private static bool IsAscii(string text) => Ascii.IsValid(text);

    /// <summary>The two parts ustar has for a name (prefix up to 155, name up to 100), or (.., null) where it does not fit.</summary>
    private static (string Prefix, string? Name) Split(string name)
    {
        if (!IsAscii(name))
            return ("", null);
        if (name.Length <= 100)
            return ("", name);
        var slash = name.IndexOf('/', Math.Max(1, name.Length - 101));
        return slash is > 0 and <= 155 && slash < name.Length - 1 ? (name[..slash], name[(slash + 1)..]) : ("", null);
    }

    private static string AsciiTail(string name)
    {
        var tail = name.TrimEnd('/');
        tail = tail[(tail.LastIndexOf('/') + 1)..];
        var ascii = new StringBuilder();
        foreach (var c in tail.AsSpan(0, Math.Min(80, tail.Length)))
            ascii.Append(c is > ' ' and < '\x7F' ? c : '_');
        return ascii.ToString();
    }

    private static byte[] PaxBody(SortedDictionary<string, byte[]> records)
    {
        var body = new ArrayBufferWriter<byte>();
        foreach (var (key, value) in records)
        {
            // "<length> key=value\n", where the length counts its own digits.
            var rest = 1 + Encoding.UTF8.GetByteCount(key) + 1 + value.Length + 1;
            var length = rest + 1;
            while (length != rest + Digits(length))
                length = rest + Digits(length);
            body.Write(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{length} {key}=")));
            body.Write(value);
            body.Write("\n"u8);
        }

        return body.WrittenSpan.ToArray();
    }

    private static int Digits(int value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture).Length;

    private static void WriteBlock(
        Span<byte> block,
        string prefix,
        string name,
        char type,
        int mode,
        long uid,
        long gid,
        long size,
        long mtime,
        string link,
        int major,
        int minor)
    {
        Encoding.ASCII.GetBytes(name, block);
        Octal(block.Slice(100, 8), mode);
        Octal(block.Slice(108, 8), uid);
        Octal(block.Slice(116, 8), gid);
        Octal(block.Slice(124, 12), size);
        Octal(block.Slice(136, 12), mtime);
        block[156] = (byte)type;
        Encoding.ASCII.GetBytes(link, block[157..]);
        "ustar\0"u8.CopyTo(block[257..]);
        "00"u8.CopyTo(block[263..]);
        Octal(block.Slice(329, 8), major);
        Octal(block.Slice(337, 8), minor);
        Encoding.ASCII.GetBytes(prefix, block[345..]);

        block.Slice(148, 8).Fill((byte)' ');
        var sum = 0;
        foreach (var b in block[..BlockSize])
            sum += b;
        Octal(block.Slice(148, 7), sum);
    }

    /// <summary>Fills the field with octal digits and a NUL.</summary>
    private static void Octal(Span<byte> field, long value)
    {
        field[^1] = 0;
        for (var i = field.Length - 2; i >= 0; i--)
        {
            field[i] = (byte)('0' + (value & 7));
            value >>= 3;
        }
    }
}
