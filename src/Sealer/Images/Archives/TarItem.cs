namespace Sealer.Images.Archives;

/// <summary>What an entry of an archive is; everything else (devices, sparse files) is refused.</summary>
internal enum TarItemKind
{
    File,
    Folder,
    SymbolicLink,
    HardLink,
}

/// <summary>The head of one entry of an archive.</summary>
/// <param name="Name">Without leading <c>./</c>; never absolute, never with <c>..</c>.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Size">Bytes of its content.</param>
/// <param name="DataOffset">Where its content begins in the tar.</param>
/// <param name="LinkTarget">Of links, as written.</param>
internal sealed record TarItem(string Name, TarItemKind Kind, long Size, long DataOffset, string LinkTarget);
