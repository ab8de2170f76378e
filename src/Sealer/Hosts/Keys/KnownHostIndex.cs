using System.Collections.Immutable;

namespace Sealer.Hosts.Keys;

/// <summary>
/// Entries of known_hosts, found by name without looking at all of them. What says its name openly is looked up; patterns and hidden
/// names can only be tried. Never changes: with one more entry it is another index, which shares what is the same.
/// </summary>
internal sealed class KnownHostIndex
{
    private readonly ImmutableList<KnownHostEntry> _all;
    private readonly ImmutableDictionary<string, ImmutableList<int>> _plain;
    private readonly ImmutableList<(int Place, KnownHostNames Names)> _others;

    private KnownHostIndex(
        ImmutableList<KnownHostEntry> all, ImmutableDictionary<string, ImmutableList<int>> plain, ImmutableList<(int Place, KnownHostNames Names)> others) =>
        (_all, _plain, _others) = (all, plain, others);

    /// <summary>All of them, in the order they are looked at.</summary>
    public IReadOnlyList<KnownHostEntry> All => _all;

    public static KnownHostIndex Of(IEnumerable<KnownHostEntry> entries)
    {
        var all = ImmutableList.CreateRange(entries);
        var plain = new Dictionary<string, ImmutableList<int>.Builder>(StringComparer.Ordinal);
        var others = ImmutableList.CreateBuilder<(int, KnownHostNames)>();
        var place = 0;
        foreach (var entry in all)
        {
            var names = KnownHostNames.Of(entry.Hosts);
            if (names.Plain is not { } open)
            {
                others.Add((place++, names));
                continue;
            }

            foreach (var name in open)
            {
                if (!plain.TryGetValue(name, out var places))
                    plain.Add(name, places = ImmutableList.CreateBuilder<int>());
                places.Add(place);
            }

            place++;
        }

        return new KnownHostIndex(all, plain.ToImmutableDictionary(pair => pair.Key, pair => pair.Value.ToImmutable(), StringComparer.Ordinal), others.ToImmutable());
    }

    /// <summary>This with one more, which is looked at last.</summary>
    public KnownHostIndex With(KnownHostEntry entry)
    {
        var names = KnownHostNames.Of(entry.Hosts);
        if (names.Plain is not { } open)
            return new KnownHostIndex(_all.Add(entry), _plain, _others.Add((_all.Count, names)));
        var plain = _plain;
        foreach (var name in open)
            plain = plain.SetItem(name, plain.GetValueOrDefault(name, []).Add(_all.Count));
        return new KnownHostIndex(_all.Add(entry), plain, _others);
    }

    /// <summary>Those about a host, named as by <see cref="KnownHostEntry.NameOf"/>, in their order.</summary>
    public IReadOnlyList<KnownHostEntry> Find(string name)
    {
        var places = new SortedSet<int>(_plain.GetValueOrDefault(name, []));
        foreach (var (place, names) in _others)
        {
            if (names.Contain(name))
                places.Add(place);
        }

        return [.. places.Select(place => _all[place])];
    }
}
