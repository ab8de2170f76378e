namespace Sealer.Images.Storage;

/// <summary>
/// A blob that is stored as the parts it is made of, so that content that is in the store already costs no disk again: an
/// uncompressed layer of container images is tar headers between blobs.
/// </summary>
/// <param name="Digest">The digest of the whole.</param>
/// <param name="Size">Bytes of the whole.</param>
/// <param name="Parts">In order; adjacent inline parts are best joined.</param>
public sealed record BlobRecipe(Digest Digest, long Size, IReadOnlyList<BlobPart> Parts);

/// <summary>A part of a <see cref="BlobRecipe"/>: either bytes of its own or a range of another blob.</summary>
public readonly record struct BlobPart
{
    private BlobPart(ReadOnlyMemory<byte> inline, Digest? blob, long offset, long length)
    {
        Inline = inline;
        Blob = blob;
        Offset = offset;
        Length = length;
    }

    /// <summary>The bytes of an inline part, else empty.</summary>
    public ReadOnlyMemory<byte> Inline { get; }

    /// <summary>The blob that the range is of, or null.</summary>
    public Digest? Blob { get; }

    /// <summary>Where the range begins in the blob.</summary>
    public long Offset { get; }

    /// <summary>Bytes of this part.</summary>
    public long Length { get; }

    /// <summary>Bytes that are kept in the recipe itself.</summary>
    public static BlobPart Of(ReadOnlyMemory<byte> inline) => new(inline, null, 0, inline.Length);

    /// <summary>A range of a blob that is in the store.</summary>
    public static BlobPart Of(Digest blob, long offset, long length) => new(default, blob, offset, length);
}
