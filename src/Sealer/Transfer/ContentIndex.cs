using System.Globalization;
using System.Text;
using Sealer.Images;
using Sealer.Images.Layers;

namespace Sealer.Transfer;

/// <summary>Content as text, a line an entry: what a host keeps of a delivery, and what one delivery is told from another by.</summary>
internal static class ContentIndex
{
    /// <summary>What a host is told to write for a line break in a name, and between a link and what it says.</summary>
    public const char LineBreak = '\u0001';

    public const char LinkMark = '\u0002';

    public static string Write(IReadOnlyList<ContentEntry> entries)
    {
        var text = new StringBuilder(entries.Count * 120);
        foreach (var e in entries)
        {
            text.Append(LetterOf(e.Kind)).Append(' ')
                .Append(e.Kind is LayerEntryKind.SymbolicLink ? "777" : Octal(e.Mode)).Append(' ')
                .Append(CultureInfo.InvariantCulture, $"{e.Uid} {e.Gid} {e.Size} {e.Digest?.Hex ?? "-"} ")
                .Append(Escape(e.Path));
            if (e.LinkTarget is not null)
                text.Append('\t').Append(Escape(e.LinkTarget));
            text.Append('\n');
        }

        return text.ToString();
    }

    /// <summary>What another delivery wrote; null for a line that is none.</summary>
    public static ContentEntry? ReadLine(string line)
    {
        var words = line.Split(' ', 7);
        if (words.Length < 7 || words[0].Length != 1 || KindOf(words[0][0]) is not { } kind
            || !int.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out var uid)
            || !int.TryParse(words[3], NumberStyles.None, CultureInfo.InvariantCulture, out var gid)
            || !long.TryParse(words[4], NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            || words[1].Length > 5 || words[1].Any(c => c is < '0' or > '7'))
        {
            return null;
        }

        Digest? digest = null;
        if (words[5] != "-")
        {
            if (!Digest.TryParse("sha256:" + words[5], out var parsed))
                return null;
            digest = parsed;
        }

        var names = words[6].Split('\t');
        return new ContentEntry(Unescape(names[0]), kind, Convert.ToInt32(words[1], 8), uid, gid, 0, size, digest, names.Length > 1 ? Unescape(names[1]) : null);
    }

    public static string Octal(int mode) => Convert.ToString(mode, 8);

    public static char LetterOf(LayerEntryKind kind) => kind switch
    {
        LayerEntryKind.File => 'f',
        LayerEntryKind.Folder => 'd',
        LayerEntryKind.SymbolicLink => 'l',
        _ => 'h',
    };

    /// <summary>Why a name cannot be told to hosts; null where it can.</summary>
    public static string? WhyNot(string name) =>
        name.AsSpan().IndexOfAny('\0', LineBreak, LinkMark) >= 0 ? "its name holds a control character (0 to 2)"
        : name.Contains('\uFFFD', StringComparison.Ordinal) ? "its name is not UTF-8"
        : null;

    private static LayerEntryKind? KindOf(char letter) => letter switch
    {
        'f' => LayerEntryKind.File,
        'd' => LayerEntryKind.Folder,
        'l' => LayerEntryKind.SymbolicLink,
        'h' => LayerEntryKind.HardLink,
        _ => null,
    };

    private static string Escape(string name) => name.AsSpan().IndexOfAny('\\', '\n', '\t') < 0
        ? name
        : name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal);

    private static string Unescape(string name)
    {
        if (!name.Contains('\\', StringComparison.Ordinal))
            return name;
        var text = new StringBuilder(name.Length);
        for (var i = 0; i < name.Length; i++)
            text.Append(name[i] != '\\' || i + 1 == name.Length ? name[i] : name[++i] switch { 'n' => '\n', 't' => '\t', var c => c });
        return text.ToString();
    }
}
