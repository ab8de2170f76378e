namespace Sealer.Images.Layers;

/// <summary>
/// Puts the entries of a layer in order and cuts the tar they make into <see cref="LayerChunk"/>s. A chunk ends at the
/// border of a file: early where the file's name says so (one in four, once there is a mebibyte), so that after an
/// insertion the borders fall into step again, and at the latest when it is full. A file that does not fit in one chunk
/// has its own, cut at fixed offsets.
/// </summary>
internal static class LayerPlan
{
    /// <summary>The most a chunk holds, headers aside.</summary>
    public const int PieceSize = 2 * 1024 * 1024;

    /// <summary>What buffers hold: a chunk with an ordinary header before it.</summary>
    public const int BufferSize = PieceSize + 8 * TarHeader.BlockSize;

    private const int SmallestChunk = 1024 * 1024;

    /// <summary>Sorts entries as they are written, resolves hard links whose file would come after them, and refuses what makes no layer.</summary>
    /// <exception cref="SealerException"><c>InvalidLayerPath</c>, <c>DuplicateLayerEntry</c>, <c>InvalidHardLink</c>.</exception>
    public static LayerEntry[] Order(IEnumerable<LayerEntry> entries)
    {
        var ordered = entries.ToArray();
        var names = new string[ordered.Length];
        for (var i = 0; i < ordered.Length; i++)
        {
            Check(ordered[i]);
            names[i] = TarHeader.NameInTar(ordered[i]);
        }

        Array.Sort(names, ordered, StringComparer.Ordinal);
        for (var i = 1; i < ordered.Length; i++)
        {
            if (ordered[i].Path == ordered[i - 1].Path && ordered[i].Kind == ordered[i - 1].Kind)
            {
                throw new SealerException(
                    "DuplicateLayerEntry",
                    ErrorKind.InvalidInput,
                    $"The path '{ordered[i].Path}' was given twice for one layer.",
                    ordered[i].Path);
            }
        }

        OrderHardLinks(ordered);
        return ordered;
    }

    /// <summary>The chunks that the entries make, without the end of the tar.</summary>
    public static IEnumerable<LayerChunk> Cut(IReadOnlyList<LayerEntry> ordered, Func<LayerEntry, LayerInput> input)
    {
        var chunk = new LayerChunk();
        foreach (var entry in ordered)
        {
            var header = TarHeader.Of(entry);
            if (entry.Kind != LayerEntryKind.File || entry.Size == 0)
            {
                if (chunk.Length + header.Length > PieceSize && chunk.Length > 0)
                {
                    yield return chunk;
                    chunk = new LayerChunk();
                }

                Add(chunk, new LayerChunkPart(header, entry.Kind == LayerEntryKind.File ? input(entry) : null, 0, 0, 0));
                continue;
            }

            var padded = TarHeader.Padded(entry.Size);
            if (chunk.Length > 0 && chunk.Length + header.Length + padded > PieceSize)
            {
                yield return chunk;
                chunk = new LayerChunk();
            }

            if (padded <= PieceSize)
            {
                Add(chunk, new LayerChunkPart(header, input(entry), 0, (int)entry.Size, (int)(padded - entry.Size)));
                if (chunk.Length >= SmallestChunk && EndsChunk(entry.Path))
                {
                    yield return chunk;
                    chunk = new LayerChunk();
                }

                continue;
            }

            var file = input(entry);
            for (long offset = 0; offset < entry.Size; offset += PieceSize)
            {
                var count = (int)Math.Min(PieceSize, entry.Size - offset);
                var padding = offset + count == entry.Size ? (int)(padded - entry.Size) : 0;
                Add(chunk, new LayerChunkPart(offset == 0 ? header : null, file, offset, count, padding));
                yield return chunk;
                chunk = new LayerChunk();
            }
        }

        Add(chunk, new LayerChunkPart(new byte[TarHeader.EndSize], null, 0, 0, 0));
        yield return chunk;
    }

    private static void Add(LayerChunk chunk, LayerChunkPart part)
    {
        chunk.Parts.Add(part);
        chunk.Length += (part.Header?.Length ?? 0) + part.Count + part.Padding;
    }

    // FNV-1a over the name: the same on every machine and run, which string.GetHashCode is not.
    private static bool EndsChunk(string path)
    {
        var hash = 2166136261u;
        foreach (var c in path)
            hash = (hash ^ c) * 16777619u;
        return ((hash ^ (hash >> 15)) & 3) == 0;
    }

    private static void Check(LayerEntry entry)
    {
        var path = entry.Path;
        var rootAllowed = entry.Kind is LayerEntryKind.Folder or LayerEntryKind.OpaqueFolder;
        var wrong = path.Contains('\0', StringComparison.Ordinal) || (path.Length == 0 && !rootAllowed);
        foreach (var part in path.Length == 0 ? [] : path.Split('/'))
        {
            wrong |= part is "" or "." or "..";
            if (part.StartsWith(Whiteouts.Prefix, StringComparison.Ordinal))
            {
                throw new SealerException(
                    "InvalidLayerPath",
                    ErrorKind.InvalidInput,
                    $"'{path}' cannot be in an image: a name that begins with '.wh.' would remove a file. Rename it.",
                    path);
            }
        }

        if (wrong)
        {
            throw new SealerException(
                "InvalidLayerPath",
                ErrorKind.InvalidInput,
                $"'{path}' is not a path of a layer. It must be relative, its parts separated by single slashes, without '.' or '..'.",
                path);
        }
    }

    /// <summary>The first of a file's names carries the content: a reader cannot link to what it has not seen.</summary>
    private static void OrderHardLinks(LayerEntry[] ordered)
    {
        if (!Array.Exists(ordered, e => e.Kind == LayerEntryKind.HardLink))
            return;
        var byPath = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < ordered.Length; i++)
        {
            if (ordered[i].Kind is LayerEntryKind.File or LayerEntryKind.HardLink)
                byPath[ordered[i].Path] = i;
        }

        var carriers = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < ordered.Length; i++)
        {
            if (ordered[i].Kind != LayerEntryKind.HardLink)
                continue;
            var target = ordered[i].LinkTarget ?? "";
            if (carriers.TryGetValue(target, out var carrier))
            {
                ordered[i] = ordered[i] with { LinkTarget = carrier };
                continue;
            }

            if (!byPath.TryGetValue(target, out var at) || ordered[at].Kind != LayerEntryKind.File)
            {
                throw new SealerException(
                    "InvalidHardLink",
                    ErrorKind.InvalidInput,
                    $"'{ordered[i].Path}' is a hard link to '{target}', which is no file of the same layer.",
                    ordered[i].Path);
            }

            carriers[target] = at < i ? target : ordered[i].Path;
            if (at > i)
            {
                var (file, link) = (ordered[at], ordered[i]);
                ordered[i] = file with { Path = link.Path };
                ordered[at] = link with { Path = file.Path, LinkTarget = link.Path };
            }
        }
    }
}
