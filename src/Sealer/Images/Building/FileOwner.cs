using System.Globalization;
using Sealer.Images.Layers;

namespace Sealer.Images.Building;

/// <summary>Who owns a copied file.</summary>
internal readonly record struct FileOwner(long Uid, long Gid)
{
    /// <summary>Reads <c>user[:group]</c>: numbers, or names that the image's own <c>etc/passwd</c> and <c>etc/group</c> know.</summary>
    /// <exception cref="SealerException"><c>InvalidOwner</c>.</exception>
    public static FileOwner Parse(string text, IFileTree tree)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var user = colon < 0 ? text : text[..colon];
        var group = colon < 0 ? "" : text[(colon + 1)..];
        long uid;
        long? primary = null;
        if (!TryNumber(user, out uid))
        {
            var line = Lookup(tree, "etc/passwd", user)
                ?? throw Unknown(user, "etc/passwd");
            if (line.Length < 4 || !TryNumber(line[2], out uid))
                throw Unknown(user, "etc/passwd");
            primary = TryNumber(line[3], out var own) ? own : null;
        }

        // As Docker: without a group, a number stands for both and a name for the user's own group.
        if (group.Length == 0)
            return new FileOwner(uid, primary ?? uid);
        if (TryNumber(group, out var gid))
            return new FileOwner(uid, gid);
        var groupLine = Lookup(tree, "etc/group", group);
        return groupLine is { Length: >= 3 } && TryNumber(groupLine[2], out gid)
            ? new FileOwner(uid, gid)
            : throw Unknown(group, "etc/group");
    }

    private static string[]? Lookup(IFileTree tree, string file, string name)
    {
        if (tree.Find(file)?.Kind != FileTreeEntryKind.File)
            return null;
        using var reader = new StreamReader(tree.Open(file));
        while (reader.ReadLine() is { } line)
        {
            var fields = line.Split(':');
            if (fields[0] == name)
                return fields;
        }

        return null;
    }

    private static bool TryNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= uint.MaxValue;

    private static SealerException Unknown(string name, string file) => new(
        "InvalidOwner",
        ErrorKind.InvalidInput,
        $"'{name}' of --chown is not in the image's {file}; give its number",
        name);
}
