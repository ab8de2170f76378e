namespace Sealer.Images.Storage;

/// <summary>Makes recipes of recipes recipes of files, so that reading one opens no other.</summary>
internal sealed class RecipeParts(StoreBlobs blobs)
{
    /// <summary>The same content without recipes among its parts.</summary>
    /// <exception cref="SealerException"><c>BlobNotFound</c>, <c>SizeMismatch</c>: a part is not where it should be.</exception>
    public List<BlobPart> Flatten(IReadOnlyList<BlobPart> parts)
    {
        var flat = new List<BlobPart>(parts.Count);
        foreach (var part in parts)
        {
            if (part.Blob is not { } blob)
            {
                flat.Add(part);
                continue;
            }

            if (!blobs.TryGetSize(blob, out var size))
                throw StoreBlobs.NotFound(blob);
            if (part.Offset < 0 || part.Length < 0 || part.Offset > size - part.Length)
            {
                throw new SealerException(
                    "SizeMismatch",
                    ErrorKind.InvalidContent,
                    $"A part of {part.Length} bytes at {part.Offset} is not in {blob}, which has {size} bytes.",
                    blob);
            }

            if (blobs.TryGetPath(blob) is not null || blobs.ReadRecipe(blob) is not { } inner)
                flat.Add(part);
            else
                flat.AddRange(Cut(inner, part.Offset, part.Length));
        }

        return flat;
    }

    /// <summary>The parts of a recipe's range, so that a recipe is only ever made of files.</summary>
    private List<BlobPart> Cut(RecipeFile recipe, long offset, long length)
    {
        var cut = new List<BlobPart>();
        long start = 0;
        var end = offset + length;
        foreach (var part in recipe.Head.Parts)
        {
            var from = Math.Max(offset, start);
            var to = Math.Min(end, start + part.Length);
            if (from < to && part.Blob is { } blob)
            {
                cut.Add(BlobPart.Of(blob, part.Offset + from - start, to - from));
            }
            else if (from < to)
            {
                using var stream = blobs.OpenRead(recipe);
                stream.Position = from;
                var bytes = new byte[to - from];
                stream.ReadExactly(bytes);
                cut.Add(BlobPart.Of(bytes));
            }

            start += part.Length;
        }

        return cut;
    }
}
