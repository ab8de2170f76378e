namespace Sealer.Images.Building;

/// <summary>Puts images that were built apart, each for its platform, under one name (sealer's <c>manifest create</c>).</summary>
public static class ImageIndexBuilder
{
    /// <summary>Writes the index and names it. The members' content must be in <paramref name="store"/> already.</summary>
    /// <param name="store">Where the members are and the index is written.</param>
    /// <param name="reference">The name; what had it before loses it.</param>
    /// <param name="members">
    /// Cluster images of one type, at least one; an index among them adds each of its images. Their order is kept.
    /// </param>
    /// <param name="annotations">Annotations of the index, or null.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException">
    /// <c>NotAClusterImage</c>; <c>DuplicatePlatform</c>: two different images for one platform; <c>ImageTypeMismatch</c>:
    /// applications and a cluster under one name; <c>BlobNotFound</c>: a member is not in the store.
    /// </exception>
    public static async Task<ClusterImage> CreateAsync<TStore>(
        TStore store,
        ImageReference reference,
        IReadOnlyList<ClusterImage> members,
        IReadOnlyDictionary<string, string>? annotations,
        CancellationToken cancellationToken)
        where TStore : IImageSource, IImageTarget
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(members);
        var chosen = new List<ClusterImage>();
        foreach (var image in members.SelectMany(m => m.IsIndex ? m.Images : [m]))
            Add(chosen, image, reference);
        if (chosen.Count == 0)
        {
            throw new SealerException(
                "NoImages", ErrorKind.InvalidInput, $"The name {reference.ToFamiliarString()} needs at least one image to stand for.", reference.ToString());
        }

        foreach (var image in chosen)
        {
            if (!await store.ExistsAsync(image.Descriptor, cancellationToken).ConfigureAwait(false))
            {
                throw new SealerException(
                    "BlobNotFound",
                    ErrorKind.NotFound,
                    $"The image {image.Name} ({image.Digest}) is not where {reference.ToFamiliarString()} is to be made. Receive or copy it there first.",
                    image.Name);
            }
        }

        var content = OciJson.Write(new ImageIndex
        {
            MediaType = MediaType.OciIndex,
            Manifests = [.. chosen.Select(Entry)],
            Annotations = annotations is { Count: > 0 } ? new SortedDictionary<string, string>(annotations.ToDictionary(), StringComparer.Ordinal) : null,
        });
        var descriptor = Descriptor.Of(MediaType.OciIndex, content);
        await store.PutAsync(
            descriptor,
            (offset, _) => Task.FromResult<Stream>(new MemoryStream(content, (int)offset, content.Length - (int)offset, writable: false)),
            null,
            cancellationToken).ConfigureAwait(false);
        await store.TagAsync(reference, descriptor, cancellationToken).ConfigureAwait(false);
        return await ClusterImages.LoadAsync(store, reference, descriptor, cancellationToken).ConfigureAwait(false);
    }

    private static void Add(List<ClusterImage> chosen, ClusterImage image, ImageReference reference)
    {
        image.RequireClusterImage();
        var platform = image.Platforms[0];
        var same = chosen.Find(c => c.Platforms[0] == platform);
        if (same is not null)
        {
            // The same image given twice, alone and inside an index, is no contradiction.
            if (same.Digest == image.Digest)
                return;
            throw new SealerException(
                "DuplicatePlatform",
                ErrorKind.Conflict,
                $"Two images are for {platform}: {same.Name} ({same.Digest.Short}) and {image.Name} ({image.Digest.Short}). A host could not tell which one {reference.ToFamiliarString()} is; leave one out.",
                image.Name);
        }

        if (chosen.Count > 0 && chosen[0].Type != image.Type)
        {
            throw new SealerException(
                "ImageTypeMismatch",
                ErrorKind.Conflict,
                $"{chosen[0].Name} is a {chosen[0].Type} and {image.Name} a {image.Type}; under one name all platforms must be of one type. Build them from one Kubefile with one -Type.",
                image.Name);
        }

        chosen.Add(image);
    }

    private static Descriptor Entry(ClusterImage image) => new()
    {
        MediaType = image.Manifest!.MediaType ?? image.Descriptor.MediaType,
        Digest = image.Descriptor.Digest,
        Size = image.Descriptor.Size,
        Platform = image.Platforms[0],
    };
}
