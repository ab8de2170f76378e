using Sealer.Events;
using Sealer.Images.ContainerImages;
using Sealer.Images.ContainerImages.Fetching;
using Sealer.Images.ContainerImages.RegistryFolder;
using Sealer.Images.ContainerImages.Scanning;

namespace Sealer.Images.Building;

/// <summary>The container images in a cluster image.</summary>
/// <param name="Images">What the annotation says.</param>
/// <param name="Paths">Those that lie elsewhere than by rule.</param>
internal sealed record ContainerImageContent(IReadOnlyList<ContainerImageEntry> Images, IReadOnlyDictionary<string, string> Paths);

/// <summary>Finds, fetches and lays out the container images that the finished rootfs asks for.</summary>
internal sealed class ContainerImageStep(BuildServices services, Platform platform, RootfsTree tree, ClusterImage? parent)
{
    private readonly BuildOptions _options = services.Options;

    /// <summary>What is wanted; null of a lite image, in which none are wanted.</summary>
    /// <param name="runsHelmOfImage">False: nothing of the image is run.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<ContainerImageScan?> ScanAsync(bool runsHelmOfImage, CancellationToken cancellationToken)
    {
        if (_options.Mode == BuildMode.Lite)
            return null;
        if (_options.ImageArchives.FirstOrDefault(text => ArchiveLocation.TryParse(text, Environment.CurrentDirectory) is null) is { } wrong)
        {
            throw new SealerException(
                "InvalidImageArchive",
                ErrorKind.InvalidInput,
                $"'{wrong}' is no image archive. Write oci-archive:PATH[:NAME], oci:PATH[:NAME] or docker-archive:PATH[:NAME].",
                wrong);
        }

        return await ContainerImageScanner.ScanAsync(
            new ContainerImageScanOptions
            {
                Files = tree,
                IsInherited = tree.IsInherited,
                Platform = platform,
                ContainerImages = _options.ImageArchives,
                ImageLists = _options.ImageListPaths,
                CredentialLists = _options.ImageListWithCredentialsPaths,
                IgnoredImages = await IgnoredAsync(cancellationToken).ConfigureAwait(false),
                ContextFolder = _options.ContextFolder,
                Helm = _options.Helm,
                RunsHelmOfImage = runsHelmOfImage,
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Adds the layer with the images.</summary>
    public async Task<ContainerImageContent> AddAsync(ImageState state, CancellationToken cancellationToken)
    {
        var held = new RegistryFolderSource(tree, parent?.ContainerImageEntries, parent?.ContainerImagePaths);
        var scan = await ScanAsync(runsHelmOfImage: true, cancellationToken).ConfigureAwait(false);
        if (scan is null)
            return new ContainerImageContent(held.Images, held.Paths);
        foreach (var warning in scan.Warnings)
            services.Events?.Report(new WarningEvent(warning.ToString()));

        var registries = services.RegistriesWith(scan.Credentials, out var client);
        using var closing = client;
        using var archives = new ContainerImageArchives(services.Store);
        var fetcher = new ContainerImageFetcher(services.Store, registries, archives.OpenAsync, services.Events);
        var fetched = await fetcher.FetchAsync(scan.Images, platform, held, cancellationToken).ConfigureAwait(false);
        var result = await RegistryFolderLayer.WriteAsync(
            services.Store, fetched, held, state.Created(services.SourceDate), cancellationToken).ConfigureAwait(false);
        if (result.Layer is { } layer)
            state.AddLayer(new StepLayer(layer, layer.Digest, null), $"registry: {fetched.Count(image => !image.IsHeld)} container images");
        return new ContainerImageContent(ContainerImageEntries.Of(scan.Images, platform, held), result.Paths);
    }

    private async Task<IReadOnlyList<string>> IgnoredAsync(CancellationToken cancellationToken)
    {
        if (_options.IgnoredImageListPath is not { } path)
            return _options.IgnoredImages;
        if (!File.Exists(path))
        {
            throw new SealerException(
                "IgnoredImageListNotFound",
                ErrorKind.NotFound,
                $"There is no list of images to leave out at '{path}'. Give a text file with one image a line.",
                path);
        }

        var lines = await File.ReadAllLinesAsync(path, cancellationToken).ConfigureAwait(false);
        return
        [
            .. _options.IgnoredImages,
            .. lines.Select(line => line.Trim(' ', '\t', '"', '\'')).Where(line => line.Length > 0 && !line.StartsWith('#')),
        ];
    }
}
