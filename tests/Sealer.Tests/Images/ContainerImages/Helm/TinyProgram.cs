using System.Buffers.Binary;
using System.Text;

namespace Sealer.Tests.Images.ContainerImages.Helm;

/// <summary>Programs for Linux on x86-64 that need nothing but the kernel, and so run in an empty root folder.</summary>
internal static class TinyProgram
{
    private const ulong Address = 0x400000;
    private const int HeaderSize = 64 + 56;

    /// <summary>A program that tries to make a file, prints a text and ends with 0, or prints it for ever.</summary>
    public static byte[] WritingFile(string path, string text, bool forEver = false)
    {
        var pathBytes = Encoding.UTF8.GetBytes(path + "\0");
        var textBytes = Encoding.UTF8.GetBytes(text);
        var code = new List<byte>();

        // open(path, O_WRONLY | O_CREAT, 0644); write(1, text, length); exit(0)
        code.AddRange([0xB8, 2, 0, 0, 0, 0x48, 0xBF]);
        var pathAt = code.Count;
        code.AddRange(new byte[8]);
        code.AddRange([0xBE, 0x41, 0, 0, 0, 0xBA, 0xA4, 1, 0, 0, 0x0F, 0x05]);
        var loop = code.Count;
        code.AddRange([0xB8, 1, 0, 0, 0, 0xBF, 1, 0, 0, 0, 0x48, 0xBE]);
        var textAt = code.Count;
        code.AddRange(new byte[8]);
        code.Add(0xBA);
        code.AddRange(BitConverter.GetBytes(textBytes.Length));
        code.AddRange([0x0F, 0x05]);
        if (forEver)
            code.AddRange([0xEB, (byte)(loop - code.Count - 2)]);
        code.AddRange([0xB8, 60, 0, 0, 0, 0x31, 0xFF, 0x0F, 0x05]);

        var program = new byte[HeaderSize + code.Count + pathBytes.Length + textBytes.Length];
        WriteHeaders(program);
        code.CopyTo(program, HeaderSize);
        pathBytes.CopyTo(program, HeaderSize + code.Count);
        textBytes.CopyTo(program, HeaderSize + code.Count + pathBytes.Length);
        var data = Address + (ulong)(HeaderSize + code.Count);
        BinaryPrimitives.WriteUInt64LittleEndian(program.AsSpan(HeaderSize + pathAt), data);
        BinaryPrimitives.WriteUInt64LittleEndian(program.AsSpan(HeaderSize + textAt), data + (ulong)pathBytes.Length);
        return program;
    }

    /// <summary>An ELF of one segment that is the whole file.</summary>
    private static void WriteHeaders(Span<byte> program)
    {
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(program);
        BinaryPrimitives.WriteUInt16LittleEndian(program[16..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(program[18..], 62);
        BinaryPrimitives.WriteUInt32LittleEndian(program[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(program[24..], Address + HeaderSize);
        BinaryPrimitives.WriteUInt64LittleEndian(program[32..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(program[52..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(program[54..], 56);
        BinaryPrimitives.WriteUInt16LittleEndian(program[56..], 1);
        var segment = program[64..];
        BinaryPrimitives.WriteUInt32LittleEndian(segment, 1);
        BinaryPrimitives.WriteUInt32LittleEndian(segment[4..], 5);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[16..], Address);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[24..], Address);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], (ulong)program.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], (ulong)program.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[48..], 0x1000);
    }
}
