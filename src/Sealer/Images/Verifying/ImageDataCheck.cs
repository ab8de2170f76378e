namespace Sealer.Images.Verifying;

/// <summary>Checks what the documents of one image say against each other; needs no layer.</summary>
internal static class ImageDataCheck
{
    private static readonly string[] KnownTypes = [ClusterImageType.KubeInstaller, ClusterImageType.AppInstaller];

    public static IEnumerable<VerificationFinding> Check(ClusterImage image, Descriptor announced)
    {
        var findings = image.Config is { } config ? CheckConfig(image, config, announced) : [];
        if (image.IsClusterImage)
            return findings.Concat(CheckApplications(image)).Concat(CheckContainerImages(image));
        // What stands beside an image in its index (attestations) is no cluster image and need not be.
        return announced.Platform is { Os: "unknown" } || image.Manifest!.ArtifactType is not null
            ? findings
            : findings.Append(Of(FindingSeverity.Warning, "NotAClusterImage", "It is an ordinary image: it carries none of sealer's data.", image.Digest));
    }

    private static IEnumerable<VerificationFinding> CheckConfig(ClusterImage image, ImageConfig config, Descriptor announced)
    {
        var layers = image.Manifest!.Layers.Count;
        if (config.Rootfs.DiffIds.Count != layers)
            yield return Of(FindingSeverity.Error, "LayerCountMismatch", $"The manifest has {layers} layers, and the config tells of {config.Rootfs.DiffIds.Count}.", image.Id);
        if (config.Rootfs.Type != "layers")
            yield return Of(FindingSeverity.Error, "InvalidConfig", $"The config's rootfs is of the type '{config.Rootfs.Type}'; there is only 'layers'.", image.Id);
        var told = config.History?.Count(h => !h.EmptyLayer) ?? layers;
        if (told != layers)
            yield return Of(FindingSeverity.Warning, "HistoryMismatch", $"The history tells of {told} layers, and there are {layers}.", image.Id);
        if (announced.Platform is { } platform && (platform.Os != config.Os || platform.Architecture != config.Architecture))
            yield return Of(FindingSeverity.Error, "PlatformMismatch", $"The index announces {platform}, and the image is for {config.Platform}.", image.Digest);
    }

    private static IEnumerable<VerificationFinding> CheckApplications(ClusterImage image)
    {
        if (!KnownTypes.Contains(image.Type))
            yield return Of(FindingSeverity.Error, "InvalidImageType", $"The image is of the type '{image.Type}'; there are {string.Join(" and ", KnownTypes)}.", image.Type!);
        if (image.Extension!.SchemaVersion is not (null or "" or ImageExtension.CurrentSchemaVersion))
            yield return Of(FindingSeverity.Warning, "UnknownSchemaVersion", $"Its data is of the version '{image.Extension.SchemaVersion}', which is newer than this program.", image.Extension.SchemaVersion);
        foreach (var same in image.Applications.GroupBy(a => a.Name).Where(g => g.Count() > 1))
            yield return Of(FindingSeverity.Error, "DuplicateApplication", $"The application {same.Key} is there {same.Count()} times.", same.Key);
        foreach (var app in image.Applications)
        {
            if (app.Name.Length == 0 || app.Name is "." or ".." || app.Name.IndexOfAny(['/', '\\']) >= 0)
                yield return Of(FindingSeverity.Error, "InvalidApplicationName", $"'{app.Name}' is no name of an application: it would lie outside its folder.", app.Name);
            if (app.Files?.Any(f => f is null || f.Split('/').Contains("..")) == true)
                yield return Of(FindingSeverity.Error, "UnsafeApplicationFile", $"A file of the application {app.Name} lies outside its folder.", app.Name);
        }

        foreach (var name in image.Launch.AppNames ?? [])
        {
            if (image.Applications.All(a => a.Name != name))
                yield return Of(FindingSeverity.Error, "LaunchUnknown", $"LAUNCH names the application {name}, which is not in the image.", name);
        }
    }

    private static IEnumerable<VerificationFinding> CheckContainerImages(ClusterImage image)
    {
        foreach (var contained in image.ContainerImages)
        {
            if (!ImageReference.TryParse(contained.Image, out _, out var reason))
                yield return Of(FindingSeverity.Error, "InvalidImageReference", $"The container image '{contained.Image}' is listed, which is no name: {reason}.", contained.Image);
            if (contained.Platform is { } platform && !image.Platforms.Any(p => p.Os == platform.Os && p.Architecture == platform.Architecture))
                yield return Of(FindingSeverity.Error, "PlatformMismatch", $"The container image {contained.Image} is for {platform}, and the cluster image for {string.Join(", ", image.Platforms)}.", contained.Image);
            foreach (var app in contained.AppNames.Where(app => image.Applications.All(a => a.Name != app)))
                yield return Of(FindingSeverity.Warning, "UnknownApplication", $"The container image {contained.Image} is for the application {app}, which is not in the image.", contained.Image);
        }
    }

    private static VerificationFinding Of(FindingSeverity severity, string id, string message, object subject) =>
        new(severity, id, message, null, subject.ToString()!);
}
