namespace Sealer.Delivery.Copying;

internal enum CopyKind
{
    File,
    Folder,
    Link,
}

/// <summary>A file, folder or link of a copy.</summary>
/// <param name="Path">Below what is copied, with slashes; empty for the folder itself.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Mode">Its permissions.</param>
/// <param name="Size">Bytes of a file.</param>
/// <param name="Digest">SHA-256 of a file as sha256sum writes it.</param>
/// <param name="Link">Where a link leads.</param>
internal sealed record CopyEntry(string Path, CopyKind Kind, int Mode, long Size = 0, string Digest = "", string Link = "")
{
    /// <summary>From this size on, a file is copied by itself and taken up in its middle.</summary>
    public const long Large = 8L << 20;

    public bool IsLarge => Kind == CopyKind.File && Size >= Large;

    /// <summary>Where a large file lies until it is complete.</summary>
    public string Partial => $"{Path[..(Path.LastIndexOf('/') + 1)]}.{Path[(Path.LastIndexOf('/') + 1)..]}.sealer-partial";
}
