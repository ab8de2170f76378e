namespace Sealer.Images.ContainerImages;

/// <summary>The paths of docker-distribution's file storage, version 2, under <c>registry/</c> of a rootfs.</summary>
internal static class RegistryLayout
{
    public const string Root = "registry";

    private const string Storage = "registry/docker/registry/v2";

    public static string Blob(Digest digest) => $"{Storage}/blobs/{digest.Algorithm}/{digest.Hex[..2]}/{digest.Hex}/data";

    public static string Layer(string repository, Digest digest) =>
        $"{Repository(repository)}/_layers/{digest.Algorithm}/{digest.Hex}/link";

    public static string Revision(string repository, Digest digest) =>
        $"{Repository(repository)}/_manifests/revisions/{digest.Algorithm}/{digest.Hex}/link";

    public static string Tag(string repository, string tag) => $"{Repository(repository)}/_manifests/tags/{tag}/current/link";

    public static string TagIndex(string repository, string tag, Digest digest) =>
        $"{Repository(repository)}/_manifests/tags/{tag}/index/{digest.Algorithm}/{digest.Hex}/link";

    private static string Repository(string repository) => $"{Storage}/repositories/{repository}";
}
