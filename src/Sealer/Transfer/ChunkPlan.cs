using Sealer.Images;

namespace Sealer.Transfer;

/// <summary>Cuts what hosts lack into chunks that are wanted as a whole by the same hosts, in the order their content is read best.</summary>
internal static class ChunkPlan
{
    private const int SmallestChunk = 512 << 10;
    private const int LargestChunk = 4 << 20;

    /// <param name="needs">What each host lacks; null of a host that takes no part.</param>
    /// <param name="origins">Where contents lie.</param>
    public static IReadOnlyList<Chunk> Of(IReadOnlyList<HostNeed?> needs, ContentOrigins origins)
    {
        var small = new Dictionary<ContentEntry, List<int>>();
        var large = new Dictionary<Digest, (long Size, SortedDictionary<long, List<int>> From)>();
        for (var host = 0; host < needs.Count; host++)
        {
            if (needs[host] is not { } need)
                continue;
            foreach (var entry in need.Small)
                Wanted(small, entry).Add(host);
            foreach (var (digest, (size, from)) in need.Large)
            {
                if (!large.TryGetValue(digest, out var known))
                    large[digest] = known = (size, []);
                if (!known.From.TryGetValue(from, out var hosts))
                    known.From[from] = hosts = [];
                hosts.Add(host);
            }
        }

        var total = small.Keys.Sum(e => e.Size) + large.Values.Sum(l => l.Size);
        var chunk = SizeFor(total, needs.Count(n => n is not null));
        return Number(Packs(small, origins, chunk).Concat(Pieces(large, origins, chunk)));
    }

    /// <summary>
    /// Bytes of a chunk, in whole blocks. One host wants few large ones; in a chain the last host is as many chunks behind the
    /// first as there are hosts, which should be a sixth of the whole at most; smaller ones cost every host more processes.
    /// </summary>
    public static int SizeFor(long total, int hosts) => hosts < 2
        ? LargestChunk
        : (int)Math.Clamp(total / Math.Max(32, 6 * hosts), SmallestChunk, LargestChunk) / SmallestChunk * SmallestChunk;

    private static IEnumerable<Draft> Packs(Dictionary<ContentEntry, List<int>> files, ContentOrigins origins, int size)
    {
        var number = 0;
        foreach (var group in files.GroupBy(f => string.Join(',', f.Value)))
        {
            number++;
            var pack = new List<ContentEntry>();
            var bytes = 0L;
            foreach (var entry in group.Select(f => f.Key).OrderBy(e => origins.PlaceOf(e.Digest!.Value)).ThenBy(e => e.Path, StringComparer.Ordinal))
            {
                pack.Add(entry);
                bytes += entry.Size + 1024;
                if (bytes < size)
                    continue;
                yield return PackOf(pack, group.First().Value);
                (pack, bytes) = ([], 0);
            }

            if (pack.Count > 0)
                yield return PackOf(pack, group.First().Value);
        }

        Draft PackOf(List<ContentEntry> pack, List<int> hosts) =>
            new(pack, null, 0, pack.Sum(e => e.Size), false, hosts, origins.PlaceOf(pack[0].Digest!.Value), number);
    }

    private static IEnumerable<Draft> Pieces(Dictionary<Digest, (long Size, SortedDictionary<long, List<int>> From)> contents, ContentOrigins origins, int size)
    {
        foreach (var (digest, (length, starts)) in contents)
        {
            var place = origins.PlaceOf(digest);
            var hosts = new List<int>();
            foreach (var start in starts.Keys.ToList())
            {
                hosts.AddRange(starts[start]);
                var next = starts.Keys.Where(s => s > start).DefaultIfEmpty(length).First();
                var wanted = hosts.Order().ToList();
                for (var offset = start; offset < next; offset += size)
                {
                    var count = Math.Min(size, next - offset);
                    yield return new Draft([], digest, offset, count, offset + count == length, wanted, (place.Layer, place.Offset + offset));
                }

                // All of it is there and only to be verified.
                if (start == length)
                    yield return new Draft([], digest, length, 0, true, [.. starts[start].Order()], (place.Layer, place.Offset + length));
            }
        }
    }

    private static IReadOnlyList<Chunk> Number(IEnumerable<Draft> drafts) =>
    [
        // Layers that can only be unpacked from their beginning are read once for the packs and once for the pieces.
        .. drafts.OrderBy(d => d.Place.Layer).ThenBy(d => d.Content is null ? d.Group : int.MaxValue).ThenBy(d => d.Place.Offset).ThenBy(d => d.Length)
            .Select((d, i) => new Chunk(i, d.Files, d.Content, d.Offset, d.Length, d.IsLast, d.Hosts)),
    ];

    private static List<int> Wanted(Dictionary<ContentEntry, List<int>> files, ContentEntry entry)
    {
        if (!files.TryGetValue(entry, out var hosts))
            files[entry] = hosts = [];
        return hosts;
    }

    private sealed record Draft(
        IReadOnlyList<ContentEntry> Files, Digest? Content, long Offset, long Length, bool IsLast, IReadOnlyList<int> Hosts, (int Layer, long Offset) Place, int Group = 0);
}
