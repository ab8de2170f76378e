using Sealer.Images.Copying;

namespace Sealer.Images;

/// <summary>Reads the small JSON documents of an image whole, and trusts none before its digest and size are right.</summary>
internal static class ImageDocument
{
    /// <summary>Reads a manifest, index or config.</summary>
    /// <exception cref="SealerException">
    /// <c>ManifestTooLarge</c>, <c>Truncated</c>, <c>SizeMismatch</c>, <c>DigestMismatch</c>, <c>BlobNotFound</c>.
    /// </exception>
    public static async Task<byte[]> ReadAsync(IImageSource source, Descriptor descriptor, CancellationToken cancellationToken)
    {
        if (descriptor.Size is < 0 or > OciJson.MaxManifestSize)
        {
            throw new SealerException(
                "ManifestTooLarge",
                ErrorKind.InvalidContent,
                $"The document {descriptor.Digest} is said to have {descriptor.Size} bytes; more than {OciJson.MaxManifestSize} is refused. The image is broken or hostile.",
                descriptor.Digest);
        }

        return await DamagedContent.ReadAsync(
            source, descriptor.Digest, () => ReadVerifiedAsync(source, descriptor, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private static async Task<byte[]> ReadVerifiedAsync(IImageSource source, Descriptor descriptor, CancellationToken cancellationToken)
    {
        // Room for a byte more than there should be, so that it is noticed.
        var content = new byte[descriptor.Size + 1];
        var stream = new VerifyingStream(await source.OpenAsync(descriptor, 0, cancellationToken).ConfigureAwait(false), descriptor);
        await using (stream.ConfigureAwait(false))
            await stream.ReadAtLeastAsync(content, content.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        return content[..^1];
    }
}
