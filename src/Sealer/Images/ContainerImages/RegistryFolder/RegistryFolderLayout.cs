using System.Text.RegularExpressions;

namespace Sealer.Images.ContainerImages.RegistryFolder;

/// <summary>The paths of docker-distribution's file storage, version 2, under <c>registry/</c> of a rootfs.</summary>
internal static partial class RegistryFolderLayout
{
    /// <summary>The folder of everything that belongs to the registry.</summary>
    public const string Root = "registry";

    /// <summary>Where the registry keeps its blobs and links; an image may hold other things beside it.</summary>
    public const string Storage = "registry/docker/registry/v2";

    /// <summary>The most bytes of a link that is looked into; a digest has fewer.</summary>
    public const int MaxLinkSize = 256;

    public static string Blob(Digest digest) => $"{Storage}/blobs/{digest.Algorithm}/{digest.Hex[..2]}/{digest.Hex}/data";

    public static string Layer(string repository, Digest digest) =>
        $"{Repository(repository)}/_layers/{digest.Algorithm}/{digest.Hex}/link";

    public static string Revision(string repository, Digest digest) =>
        $"{Repository(repository)}/_manifests/revisions/{digest.Algorithm}/{digest.Hex}/link";

    public static string Tag(string repository, string tag) => $"{Repository(repository)}/_manifests/tags/{tag}/current/link";

    public static string TagIndex(string repository, string tag, Digest digest) =>
        $"{Repository(repository)}/_manifests/tags/{tag}/index/{digest.Algorithm}/{digest.Hex}/link";

    /// <summary>True for what the registry keeps.</summary>
    public static bool IsStorage(string path) => path.StartsWith(Storage + "/", StringComparison.Ordinal);

    /// <summary>True for a file that holds a digest as text.</summary>
    public static bool IsLink(string path) => IsStorage(path) && path.EndsWith("/link", StringComparison.Ordinal);

    /// <summary>The digest of the blob at a path, or null where it is none.</summary>
    public static Digest? BlobAt(string path) => DigestOf(BlobPattern().Match(path));

    /// <summary>The digest of the manifest or index whose link is at a path, or null where it is none.</summary>
    public static Digest? RevisionAt(string path) => DigestOf(RevisionPattern().Match(path));

    /// <summary>Repository and digest of the manifest or index whose link is at a path, or null.</summary>
    public static (string Repository, Digest Digest)? RevisionIn(string path) =>
        RevisionAt(path) is { } digest ? (path[(Storage.Length + "/repositories/".Length)..path.IndexOf("/_manifests/revisions/", StringComparison.Ordinal)], digest) : null;

    /// <summary>Repository and tag whose link is at a path, or null.</summary>
    public static (string Repository, string Tag)? TagAt(string path) =>
        TagPattern().Match(path) is { Success: true } match ? (match.Groups[1].Value, match.Groups[2].Value) : null;

    private static string Repository(string repository) => $"{Storage}/repositories/{repository}";

    private static Digest? DigestOf(Match match) =>
        match.Success && Digest.TryParse($"sha256:{match.Groups[1].Value}", out var digest) ? digest : null;

    [GeneratedRegex("^registry/docker/registry/v2/blobs/sha256/[0-9a-f]{2}/([0-9a-f]{64})/data$")]
    private static partial Regex BlobPattern();

    [GeneratedRegex("^registry/docker/registry/v2/repositories/(.+)/_manifests/tags/([^/]+)/current/link$")]
    private static partial Regex TagPattern();

    [GeneratedRegex("^registry/docker/registry/v2/repositories/.+/_manifests/revisions/sha256/([0-9a-f]{64})/link$")]
    private static partial Regex RevisionPattern();
}
