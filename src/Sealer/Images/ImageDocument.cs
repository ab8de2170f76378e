using System.Text.Json;
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

    /// <summary>
    /// True where a document is an index, false where it is a manifest. The content decides, and a document that could be read
    /// as both is refused: two tools would see two images under one digest.
    /// </summary>
    /// <exception cref="SealerException"><c>InvalidManifest</c>.</exception>
    public static bool IsIndex(ReadOnlySpan<byte> json, Descriptor descriptor)
    {
        var (manifests, layers) = (false, false);
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 32 });
            while (reader.Read())
            {
                if (reader.CurrentDepth != 1 || reader.TokenType != JsonTokenType.PropertyName)
                    continue;
                manifests |= reader.ValueTextEquals("manifests");
                layers |= reader.ValueTextEquals("layers") || reader.ValueTextEquals("config");
            }
        }
        catch (JsonException e)
        {
            throw new SealerException("InvalidManifest", ErrorKind.InvalidContent, $"The manifest {descriptor.Digest} cannot be read: {e.Message}", descriptor.Digest, e);
        }

        if (manifests != layers)
        {
            var mediaTypeLies = manifests ? MediaType.IsManifest(descriptor.MediaType) : MediaType.IsIndex(descriptor.MediaType);
            if (!mediaTypeLies)
                return manifests;
        }

        throw new SealerException(
            "InvalidManifest",
            ErrorKind.InvalidContent,
            manifests == layers
                ? $"The document {descriptor.Digest} is neither clearly a manifest nor clearly an index. The image is broken or hostile."
                : $"The document {descriptor.Digest} is {(manifests ? "an index" : "a manifest")}, but is announced as {descriptor.MediaType}. The image is broken or hostile.",
            descriptor.Digest);
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
