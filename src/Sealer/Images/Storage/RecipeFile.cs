using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Sealer.Images.Storage;

/// <summary>
/// A recipe on disk: <c>SLRR</c>, the version (1), the length of the head (4 bytes each, little endian), the head in JSON,
/// then the inline bytes one after the other.
/// </summary>
internal sealed class RecipeFile
{
    private const int FixedLength = 12;
    private const int MaxHeadLength = 256 * 1024 * 1024;

    private RecipeFile(string path, RecipeHead head, long inlineStart)
    {
        Path = path;
        Head = head;
        InlineStart = inlineStart;
    }

    public string Path { get; }

    public RecipeHead Head { get; }

    /// <summary>Offset in the file of the first inline byte.</summary>
    public long InlineStart { get; }

    public static byte[][] Format(BlobRecipe recipe)
    {
        var head = new RecipeHead(
            recipe.Size,
            [.. recipe.Parts.Select(p => new RecipeHeadPart(p.Length, p.Blob, p.Offset))]);
        var json = JsonSerializer.SerializeToUtf8Bytes(head, StoreJson.Default.RecipeHead);
        var fixedPart = new byte[FixedLength];
        Encoding.ASCII.GetBytes("SLRR", fixedPart);
        BinaryPrimitives.WriteInt32LittleEndian(fixedPart.AsSpan(4), 1);
        BinaryPrimitives.WriteInt32LittleEndian(fixedPart.AsSpan(8), json.Length);
        var inline = new byte[recipe.Parts.Sum(p => p.Inline.Length)];
        var at = 0;
        foreach (var part in recipe.Parts)
        {
            part.Inline.CopyTo(inline.AsMemory(at));
            at += part.Inline.Length;
        }

        return [fixedPart, json, inline];
    }

    /// <summary>Only the size that a recipe makes, without reading its parts; null where the file is no whole recipe.</summary>
    public static RecipeFile? TryRead(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            Span<byte> start = stackalloc byte[FixedLength];
            if (file.ReadAtLeast(start, FixedLength, throwOnEndOfStream: false) < FixedLength
                || !start[..4].SequenceEqual("SLRR"u8)
                || BinaryPrimitives.ReadInt32LittleEndian(start[4..]) != 1)
            {
                return null;
            }

            var length = BinaryPrimitives.ReadInt32LittleEndian(start[8..]);
            if (length is <= 0 or > MaxHeadLength || length > file.Length - FixedLength)
                return null;
            var json = new byte[length];
            file.ReadExactly(json);
            var head = JsonSerializer.Deserialize(json, StoreJson.Default.RecipeHead);
            if (head is null || head.Parts.Any(p => p.Length < 0 || p.Offset < 0) || head.Parts.Sum(p => p.Length) != head.Size)
                return null;
            var inline = head.Parts.Where(p => p.Blob is null).Sum(p => p.Length);
            return file.Length == FixedLength + length + inline ? new RecipeFile(path, head, FixedLength + length) : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or EndOfStreamException or JsonException)
        {
            return null;
        }
    }
}
