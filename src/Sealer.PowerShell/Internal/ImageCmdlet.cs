using Sealer.Images;
using Sealer.Images.Storage;

namespace Sealer.PowerShell;

/// <summary>A cmdlet that works with the local store of images.</summary>
public abstract class ImageCmdlet : AsyncCmdlet
{
    private ImageStore? _store;

    private protected ImageStore Store => _store ??= ImageStore.Open(SealerHome.FromEnvironment().ImageStore);

    /// <summary>Does something with each; what fails is written as an error, and the next follows.</summary>
    private protected async Task ForEachAsync<T>(IEnumerable<T> items, Func<T, Task> action, CancellationToken cancellationToken)
    {
        foreach (var item in items)
        {
            try
            {
                await action(item);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested && Errors.IsUsers(e))
            {
                foreach (var error in Errors.Each(e))
                    await WriteErrorAsync(error);
            }
        }
    }

    /// <summary>Does something with each image that names stand for.</summary>
    private protected Task ForEachImageAsync(
        IEnumerable<string> names,
        Func<string, Task<IReadOnlyList<ClusterImage>>> select,
        Func<ClusterImage, Task> action,
        CancellationToken cancellationToken) =>
        ForEachAsync(names, async name => await ForEachAsync(await select(name), action, cancellationToken), cancellationToken);

    /// <summary>The images of the local store that a name stands for, see <see cref="ImageFinder"/>.</summary>
    private protected async Task<IReadOnlyList<ClusterImage>> FindAsync(string name, CancellationToken cancellationToken) =>
        await LoadAsync(new ImageFinder(Store).Find(name), cancellationToken);

    /// <summary>The image of the local store that a name stands for.</summary>
    /// <exception cref="SealerException"><c>NotOneImage</c>.</exception>
    private protected async Task<ClusterImage> FindOneAsync(string name, CancellationToken cancellationToken)
    {
        var found = new ImageFinder(Store).Find(name);
        return found.DistinctBy(image => image.Descriptor.Digest).Count() == 1
            ? await ClusterImages.LoadAsync(Store, found[0].Reference, found[0].Descriptor, cancellationToken)
            : throw new SealerException(
                "NotOneImage",
                ErrorKind.InvalidInput,
                $"'{name}' stands for {(found.Count == 0 ? "no image" : $"{found.Count} images: {string.Join(", ", found.Take(5).Select(image => image.Reference?.ToFamiliarString() ?? image.Descriptor.Digest.Short))}")}. Name one.",
                name);
    }

    /// <summary>Describes images; those that are broken are written as errors.</summary>
    private protected async Task<IReadOnlyList<ClusterImage>> LoadAsync(IEnumerable<StoredImage> stored, CancellationToken cancellationToken)
    {
        var images = new List<ClusterImage>();
        await ForEachAsync(
            stored,
            async image => images.Add(await ClusterImages.LoadAsync(Store, image.Reference, image.Descriptor, cancellationToken)),
            cancellationToken);
        return images;
    }
}
