using System.Text.RegularExpressions;

namespace Sealer.Images.Scanning;

/// <summary>Reads the paths of docker-distribution's file storage, version 2, under <c>registry/</c> of an image.</summary>
internal static partial class RegistryFiles
{
    /// <summary>The folder of everything that belongs to the registry.</summary>
    public const string Folder = "registry/";

    private const string Storage = "registry/docker/registry/v2/";

    /// <summary>True for what the registry keeps: blobs and links, not what an image may hold beside them.</summary>
    public static bool IsStorage(string path) => path.StartsWith(Storage, StringComparison.Ordinal);

    /// <summary>The digest of the blob at a path, or null where it is none.</summary>
    public static Digest? Blob(string path) =>
        BlobPattern().Match(path) is { Success: true } match && Digest.TryParse($"sha256:{match.Groups[1].Value}", out var digest)
            ? digest
            : null;

    /// <summary>True for a file that holds a digest as text.</summary>
    public static bool IsLink(string path) => IsStorage(path) && path.EndsWith("/link", StringComparison.Ordinal);

    /// <summary>Where a blob lies.</summary>
    public static string PathOf(Digest digest) => $"{Storage}blobs/{digest.Algorithm}/{digest.Hex[..2]}/{digest.Hex}/data";

    /// <summary>Where the link of a tag lies.</summary>
    public static string TagLink(string repository, string tag) => $"{Storage}repositories/{repository}/_manifests/tags/{tag}/current/link";

    /// <summary>Where the link of a manifest lies.</summary>
    public static string RevisionLink(string repository, Digest digest) =>
        $"{Storage}repositories/{repository}/_manifests/revisions/{digest.Algorithm}/{digest.Hex}/link";

    /// <summary>Repository and tag whose link is at a path, or null.</summary>
    public static (string Repository, string Tag)? Tag(string path) =>
        TagPattern().Match(path) is { Success: true } match ? (match.Groups[1].Value, match.Groups[2].Value) : null;

    [GeneratedRegex("^registry/docker/registry/v2/blobs/sha256/[0-9a-f]{2}/([0-9a-f]{64})/data$")]
    private static partial Regex BlobPattern();

    [GeneratedRegex("^registry/docker/registry/v2/repositories/(.+)/_manifests/tags/([^/]+)/current/link$")]
    private static partial Regex TagPattern();
}
