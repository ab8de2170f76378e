namespace Sealer.Images.Layers;

/// <summary>What may be wrong with a layer, in words.</summary>
internal static class LayerErrors
{
    public static SealerException Truncated(string what) => new(
        "LayerTruncated",
        ErrorKind.InvalidContent,
        $"The layer is cut off: {what}. Fetch the image again.");

    public static SealerException Garbage(string where) => new(
        "LayerTrailingGarbage",
        ErrorKind.InvalidContent,
        $"The layer holds what does not belong there, {where}. It is broken or hostile; build the image again.");

    public static SealerException Invalid(string what, Exception? inner = null) => new(
        "InvalidLayer",
        ErrorKind.InvalidContent,
        $"The layer cannot be read: {what}. It is broken or hostile; fetch or build the image again.",
        inner: inner);

    public static SealerException Unsafe(string path, string why) => new(
        "UnsafeLayerPath",
        ErrorKind.InvalidContent,
        $"The layer is refused because of '{Shown(path)}': {why}. Do not trust this image.",
        Shown(path));

    public static SealerException Limit(string id, string what) => new(
        id,
        ErrorKind.InvalidContent,
        $"The layer is refused: {what}. It is broken or hostile; where it is neither, raise the limit.");

    /// <summary>A name from a layer as it may be shown: no control characters, not endless.</summary>
    public static string Shown(string name)
    {
        var shown = new System.Text.StringBuilder();
        foreach (var c in name.AsSpan(0, Math.Min(200, name.Length)))
        {
            if (char.IsControl(c))
                shown.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\x{(int)c:x2}");
            else
                shown.Append(c);
        }

        return name.Length > 200 ? shown.Append("...").ToString() : shown.ToString();
    }
}
