using System.Text.Json;

namespace Sealer.Images;

/// <summary>Reads the small JSON documents of an image whole, and trusts none before its digest and size are right.</summary>
internal static class ImageDocument
{
    /// <summary>Reads a manifest, index or config.</summary>
    /// <exception cref="SealerException"><c>ManifestTooLarge</c>, <c>SizeMismatch</c>, <c>DigestMismatch</c>, <c>BlobNotFound</c>.</exception>
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

        var content = new byte[descriptor.Size];
        var stream = await source.OpenAsync(descriptor, 0, cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            var read = await stream.ReadAtLeastAsync(content, content.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            var more = read == content.Length
                && await stream.ReadAsync(new byte[1], cancellationToken).ConfigureAwait(false) > 0;
            if (read != content.Length || more)
            {
                throw new SealerException(
                    "SizeMismatch",
                    ErrorKind.InvalidContent,
                    $"The document {descriptor.Digest} should have {descriptor.Size} bytes and has {(more ? "more" : read)}. Get the image again from where it came from.",
                    descriptor.Digest);
            }
        }

        using var hash = descriptor.Digest.CreateHash();
        hash.AppendData(content);
        if (!descriptor.Digest.Matches(hash.GetHashAndReset()))
        {
            throw new SealerException(
                "DigestMismatch",
                ErrorKind.InvalidContent,
                $"The content of {descriptor.Digest} is {Digest.Of(content)}: it has been changed or broken. Get the image again from where it came from.",
                descriptor.Digest);
        }

        return content;
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
}
