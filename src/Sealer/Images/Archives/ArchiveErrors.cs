namespace Sealer.Images.Archives;

/// <summary>What can be wrong with an archive.</summary>
internal static class ArchiveErrors
{
    public static SealerException Invalid(string what, Exception? inner = null) => new(
        "InvalidArchive",
        ErrorKind.InvalidContent,
        $"The archive cannot be read: {what}. It is broken or hostile; get it again from where it came from.",
        inner: inner);

    public static SealerException Unsupported(string what, Exception inner) => new(
        "ArchiveCompressionNotSupported",
        ErrorKind.NotSupported,
        $"The compressed data of {what} cannot be read here ({inner.Message}). Unpack it with the tool that made it, and import the plain file.",
        inner: inner);

    public static SealerException Truncated(string what) => new(
        "ArchiveTruncated",
        ErrorKind.InvalidContent,
        $"The archive ends too early: {what}. It was cut when it was copied; copy it again.");

    public static SealerException Missing(string name) => new(
        "BlobNotFound",
        ErrorKind.NotFound,
        $"'{name}' is not in the archive. It is incomplete; get it again from where it came from.",
        name);

    /// <summary>An archive that cannot be opened or read.</summary>
    public static SealerException Unusable(string path, Exception inner) => inner is FileNotFoundException or DirectoryNotFoundException
        ? new SealerException(
            "ArchiveNotFound", ErrorKind.NotFound, $"There is no archive '{path}'. Check the path; it may be a file, the index of parts, or a folder.", path, inner)
        : new SealerException(
            "ArchiveUnusable", ErrorKind.ResourceUnavailable, $"The archive '{path}' cannot be read: {inner.Message} Check that it may be read.", path, inner);

    /// <summary>An archive whose medium fails in the middle.</summary>
    public static SealerException Unreadable(string name, Exception inner) => new(
        "ArchiveUnusable",
        ErrorKind.ResourceUnavailable,
        $"'{name}' in the archive cannot be read: {inner.Message} Check the medium, or copy the archive again.",
        name,
        inner);

    /// <summary>An archive that cannot be written.</summary>
    public static SealerException Unwritable(string path, Exception inner)
    {
        var folder = Path.GetDirectoryName(path);
        return inner is DirectoryNotFoundException && !Directory.Exists(folder)
            ? new SealerException(
                "FolderNotFound", ErrorKind.NotFound, $"There is no folder '{folder}' to write '{Path.GetFileName(path)}' to. Make it first, or give another path.", path, inner)
            : new SealerException(
                "ArchiveUnwritable", ErrorKind.ResourceUnavailable, $"'{path}' cannot be written: {inner.Message} Check the rights to its folder, or give another path.", path, inner);
    }

    /// <summary>What is wrong with an archive, with its place: who reads several has to know which one it is.</summary>
    public static SealerException At(string path, SealerException e) =>
        e.Message.Contains(path, StringComparison.Ordinal) ? e : new SealerException(e.Id, e.Kind, $"{path}: {e.Message}", e.Target ?? path, e);

    public static SealerException Unknown(string path, IEnumerable<string> names)
    {
        var found = string.Join(", ", names.Take(5).Select(n => $"'{n}'"));
        return new SealerException(
            "NotAnImageArchive",
            ErrorKind.InvalidContent,
            $"'{path}' holds no image: neither an OCI layout (oci-layout, index.json) nor Docker's manifest.json nor sealer's Metadata is in it"
            + (found.Length == 0 ? "." : $", but {found}."),
            path);
    }
}
