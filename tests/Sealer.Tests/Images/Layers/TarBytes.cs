using System.Text;

namespace Sealer.Tests.Images.Layers;

/// <summary>Tars as nobody should write them: every field as told, nothing checked.</summary>
internal sealed class TarBytes
{
    private readonly MemoryStream _bytes = new();

    public TarBytes File(string name, string content = "") => Entry('0', name, content: Encoding.UTF8.GetBytes(content));

    public TarBytes Folder(string name) => Entry('5', name + "/");

    public TarBytes SymbolicLink(string name, string target) => Entry('2', name, target);

    public TarBytes HardLink(string name, string target) => Entry('1', name, target);

    public TarBytes Pax(char type, params (string Key, string Value)[] records)
    {
        var body = new MemoryStream();
        foreach (var (key, value) in records)
        {
            var rest = Encoding.UTF8.GetByteCount($" {key}={value}\n");
            var length = rest + 1;
            while (length != rest + length.ToString().Length)
                length = rest + length.ToString().Length;
            body.Write(Encoding.UTF8.GetBytes($"{length} {key}={value}\n"));
        }

        return Entry(type, "pax", content: body.ToArray());
    }

    public TarBytes Entry(
        char type,
        string name,
        string link = "",
        byte[]? content = null,
        int mode = 0x1A4,
        string? size = null,
        bool gnu = false)
    {
        content ??= [];
        var block = new byte[512];
        Encoding.UTF8.GetBytes(name, block);
        Put(block, 100, Convert.ToString(mode, 8).PadLeft(7, '0'));
        Put(block, 108, "0000000");
        Put(block, 116, "0000000");
        Put(block, 124, size ?? Convert.ToString(content.Length, 8).PadLeft(11, '0'));
        Put(block, 136, "00000000000");
        block[156] = (byte)type;
        Encoding.UTF8.GetBytes(link, block.AsSpan(157));
        Put(block, 257, gnu ? "ustar  \0" : "ustar\0" + "00");
        Put(block, 148, "        ");
        Put(block, 148, Convert.ToString(block.Sum(b => b), 8).PadLeft(6, '0') + "\0");
        return Raw(block).Raw(content).Raw(new byte[(512 - content.Length % 512) % 512]);
    }

    public TarBytes Raw(byte[] bytes)
    {
        _bytes.Write(bytes);
        return this;
    }

    /// <summary>What was written so far, without an end.</summary>
    public byte[] Unended() => _bytes.ToArray();

    /// <summary>A whole tar.</summary>
    public byte[] Ended() => [.. _bytes.ToArray(), .. new byte[1024]];

    private static void Put(byte[] block, int at, string text) => Encoding.ASCII.GetBytes(text, block.AsSpan(at));
}
