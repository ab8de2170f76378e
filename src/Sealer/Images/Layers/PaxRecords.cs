using System.Diagnostics.CodeAnalysis;

namespace Sealer.Images.Layers;

/// <summary>
/// What the extended headers of a tar say: of the next entry, and of all that follow. What holds for all is kept once and
/// looked up behind what holds for the one, so that an entry costs what its own headers have, not what all headers had.
/// </summary>
internal sealed class PaxRecords
{
    // A handful is usual; each attribute that holds for all has to be looked at for entries that have their own.
    private const int MaxRecords = 256;
    private const string AttributePrefix = "SCHILY.xattr.";
    private const string SparsePrefix = "GNU.sparse.";

    // Null: removed, so that what holds for all does not hold here.
    private readonly Dictionary<string, byte[]?> _own = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _global = new(StringComparer.Ordinal);
    private Dictionary<string, byte[]>? _globalAttributes;
    private bool _globalIsSparse;

    /// <summary>The attributes of the entry; where it has none of its own, the same object as of others.</summary>
    public IReadOnlyDictionary<string, byte[]>? Attributes
    {
        get
        {
            Dictionary<string, byte[]>? attributes = null;
            foreach (var (key, value) in _own)
            {
                if (!key.StartsWith(AttributePrefix, StringComparison.Ordinal))
                    continue;
                attributes ??= _globalAttributes is null ? new(StringComparer.Ordinal) : new(_globalAttributes, StringComparer.Ordinal);
                if (value is null)
                    attributes.Remove(key[AttributePrefix.Length..]);
                else
                    attributes[key[AttributePrefix.Length..]] = value;
            }

            return attributes is null ? _globalAttributes : attributes.Count > 0 ? attributes : null;
        }
    }

    /// <summary>Whether the entry is a sparse file.</summary>
    public bool IsSparse => _globalIsSparse || _own.Keys.Any(k => k.StartsWith(SparsePrefix, StringComparison.Ordinal));

    /// <summary>Forgets what holds for one entry.</summary>
    public void NextEntry() => _own.Clear();

    /// <summary>The value that holds for the entry.</summary>
    public bool TryGetValue(string key, [NotNullWhen(true)] out byte[]? value) =>
        _own.TryGetValue(key, out value) ? value is not null : _global.TryGetValue(key, out value);

    /// <summary>Sets a value of the entry; null where it shall have none. Called for the records of 'x', 'L' and 'K'.</summary>
    public void Set(string key, byte[]? value)
    {
        _own[key] = value;
        CheckCount(_own.Count);
    }

    /// <summary>Sets a value of all entries that follow; null where they shall have none. Called for the records of 'g'.</summary>
    public void SetGlobal(string key, byte[]? value)
    {
        if (value is null)
            _global.Remove(key);
        else
            _global[key] = value;
        CheckCount(_global.Count);
        if (key.StartsWith(AttributePrefix, StringComparison.Ordinal))
        {
            // A new one: entries hold the one before.
            var attributes = _global.Where(r => r.Key.StartsWith(AttributePrefix, StringComparison.Ordinal))
                .ToDictionary(r => r.Key[AttributePrefix.Length..], r => r.Value, StringComparer.Ordinal);
            _globalAttributes = attributes.Count > 0 ? attributes : null;
        }

        _globalIsSparse = _globalIsSparse || key.StartsWith(SparsePrefix, StringComparison.Ordinal);
    }

    private static void CheckCount(int count)
    {
        if (count > MaxRecords)
            throw LayerErrors.Limit("LayerHeaderTooLarge", $"its headers have more than {MaxRecords} records for an entry");
    }
}
