using Sealer.Images;

namespace Sealer.PowerShell;

/// <summary>A cmdlet that makes one thing of all the images it is given.</summary>
public abstract class GatheredImagesCmdlet : SelectedImageCmdlet
{
    private readonly List<ClusterImage> _images = [];

    /// <summary>Does the work for all of them, in the order they came; at least one.</summary>
    private protected abstract Task EndAsync(IReadOnlyList<ClusterImage> images, CancellationToken cancellationToken);

    private protected sealed override Task ProcessAsync(ClusterImage image, CancellationToken cancellationToken)
    {
        _images.Add(image);
        return Task.CompletedTask;
    }

    private protected sealed override async Task EndAsync(CancellationToken cancellationToken)
    {
        // An archive or an image that lacks one of its parts is worse than none.
        if (HasFailed)
        {
            throw new SealerException(
                "ImagesIncomplete",
                ErrorKind.NotFound,
                $"Nothing was done, because not all of the images are there (see the error before). Found: {(_images.Count == 0 ? "none" : string.Join(", ", _images.Select(image => image.Name)))}. Name only images that Get-ClusterImage lists.");
        }

        if (_images.Count > 0)
            await EndAsync(_images, cancellationToken);
    }
}
