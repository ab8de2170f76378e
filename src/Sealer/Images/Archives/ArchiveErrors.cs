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

    public static SealerException Unusable(string path, Exception inner) => new(
        inner is FileNotFoundException or DirectoryNotFoundException ? "ArchiveNotFound" : "ArchiveUnusable",
        inner is FileNotFoundException or DirectoryNotFoundException ? ErrorKind.NotFound : ErrorKind.ResourceUnavailable,
        $"The archive '{path}' cannot be used: {inner.Message}",
        path,
        inner);

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
