using Sealer.Images.Archives;
using Sealer.Images.Layers;
using SharpCompress.Compressors;
using SharpCompress.Compressors.BZip2;
using SharpCompress.Compressors.Xz;

namespace Sealer.Images.Building;

/// <summary>
/// Unpacks the archives of ADD and the packed charts of APP: tar, plain or packed with gzip, zstd, bzip2 or xz. Content goes
/// into files with names of ours, so that no path of an archive is ever a path of this machine.
/// </summary>
internal static class ArchiveSource
{
    /// <summary>More than this of one archive is refused, and more than <see cref="MaxRatio"/> times its packed size.</summary>
    private const long MaxSize = 64L << 30;
    private const int MaxRatio = 250;
    private const int MaxEntries = 500_000;
    private const long RatioGrace = 64L << 20;

    private static readonly string[] ArchiveEndings = [".tgz", ".tbz", ".tbz2", ".txz", ".tzst"];

    /// <summary>Unpacks a file.</summary>
    /// <param name="packed">Its content, seekable; disposed at the end.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="scratch">Where the files in it go.</param>
    /// <param name="sourceDate">No file is newer.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>What is in it as a folder; null where the file is no archive.</returns>
    /// <exception cref="SealerException">It is an archive, and broken, hostile or too large.</exception>
    public static async Task<SourceItem?> TryUnpackAsync(
        Stream packed, string name, BuildScratch scratch, DateTimeOffset? sourceDate, CancellationToken cancellationToken)
    {
        var stream = TryOpen(packed);
        if (stream is null)
            return null;
        var reader = new LayerReader(stream, new LayerReadOptions { MaxUncompressedSize = MaxSize, MaxRatio = MaxRatio, MaxEntries = MaxEntries });
        await using (reader.ConfigureAwait(false))
        {
            LayerEntry? entry;
            try
            {
                entry = await reader.NextAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is SealerException { Id: "InvalidLayer" or "LayerTruncated" } or InvalidDataException or EndOfStreamException)
            {
                // Packed, but no tar inside: a file like any other, unless its name promises one.
                return SaysArchive(name) ? throw Broken(name, "it is damaged", e) : null;
            }

            try
            {
                var entries = new SortedDictionary<string, SourceEntry>(StringComparer.Ordinal);
                for (; entry is not null; entry = await reader.NextAsync(cancellationToken).ConfigureAwait(false))
                {
                    if (entry.Path.Length > 0)
                        entries[entry.Path] = await UnpackAsync(reader, entry, entries, name, scratch, sourceDate, cancellationToken).ConfigureAwait(false);
                }

                return new SourceItem(name, IsFolder: true, [.. entries.Values]) { KeepsOwners = true };
            }
            catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
            {
                throw Broken(name, "it is damaged", e);
            }
        }
    }

    private static async Task<SourceEntry> UnpackAsync(
        LayerReader reader,
        LayerEntry entry,
        SortedDictionary<string, SourceEntry> earlier,
        string name,
        BuildScratch scratch,
        DateTimeOffset? sourceDate,
        CancellationToken cancellationToken)
    {
        var source = new SourceEntry
        {
            RelativePath = entry.Path,
            Kind = entry.Kind,
            Mode = entry.Mode,
            Uid = entry.Uid,
            Gid = entry.Gid,
            Modified = SourceDate.Clamp(entry.Modified, sourceDate),
            Size = entry.Size,
            LinkTarget = entry.LinkTarget,
        };
        switch (entry.Kind)
        {
            case LayerEntryKind.File:
                var path = scratch.NewPath();
                var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
                await using (file.ConfigureAwait(false))
                    await reader.CopyToAsync(file, cancellationToken).ConfigureAwait(false);
                return source with { LocalFile = path };
            case LayerEntryKind.HardLink:
                // Another name of the same content; where it goes is not known yet, so it becomes a file of its own.
                if (!earlier.TryGetValue(entry.LinkTarget!, out var target) || target.LocalFile is null)
                    throw Broken(name, $"the hard link '{entry.Path}' names nothing in it", null);
                return source with { Kind = LayerEntryKind.File, LinkTarget = null, LocalFile = target.LocalFile, Size = target.Size };
            case LayerEntryKind.Folder or LayerEntryKind.SymbolicLink:
                return source;
            default:
                throw Broken(name, $"'{entry.Path}' is neither file, folder nor link", null);
        }
    }

    // gzip, zstd and plain tar are known to the reader of layers; the two others are put in front of it.
    private static Stream? TryOpen(Stream stream)
    {
        var magic = new byte[262];
        var count = stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
        stream.Position = 0;
        var start = magic.AsSpan(0, count);
        switch (Compressions.Detect(start))
        {
            case Compression.Bzip2:
                return Limited(stream, () => BZip2Stream.Create(stream, CompressionMode.Decompress, decompressConcatenated: true));
            case Compression.Xz:
                return Limited(stream, () => new XZStream(stream));
            case Compression.Gzip or Compression.Zstd:
            case Compression.None when count == 262 && start[257..262].SequenceEqual("ustar"u8):
                return stream;
            default:
                stream.Dispose();
                return null;
        }
    }

    private static RatioStream Limited(Stream packed, Func<Stream> open) => new(
        new ForeignDecoder(open),
        packed,
        MaxRatio,
        RatioGrace,
        () => new SealerException(
            "ArchiveRatioExceeded",
            ErrorKind.InvalidContent,
            $"an archive unpacks to more than {MaxRatio} times its size; that is refused"));

    private static bool SaysArchive(string name) =>
        name.Contains(".tar", StringComparison.OrdinalIgnoreCase)
        || ArchiveEndings.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase));

    private static SealerException Broken(string name, string why, Exception? inner) => new(
        "InvalidArchive",
        ErrorKind.InvalidContent,
        $"the archive '{name}' cannot be unpacked: {why}",
        name,
        inner);

    /// <summary>One of the two decoders; damaged and hostile input makes them throw all kinds of things, when they are made too.</summary>
    private sealed class ForeignDecoder(Func<Stream> open) : ReadOnlyStream
    {
        private Stream? _plain;

        public override int Read(Span<byte> buffer)
        {
            try
            {
                _plain ??= open();
                return _plain.Read(buffer);
            }
            catch (Exception e) when (e is not (IOException or OperationCanceledException))
            {
                throw new InvalidDataException(e.Message, e);
            }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _plain?.Dispose();
            base.Dispose(disposing);
        }
    }
}
