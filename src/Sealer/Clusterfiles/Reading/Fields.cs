using System.Globalization;
using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>
/// A mapping whose fields are known: whoever reads it asks for each of them, and <see cref="Finish"/> tells of those that
/// nobody asked for.
/// </summary>
internal sealed class Fields
{
    private readonly ReadContext _context;
    private readonly Dictionary<string, KeyValuePair<YamlScalar, YamlNode>> _entries = new(StringComparer.Ordinal);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly HashSet<string> _found = new(StringComparer.Ordinal);

    /// <param name="mapping">The mapping.</param>
    /// <param name="place">What messages call it, for example <c>spec.ssh</c>.</param>
    /// <param name="context">The file's.</param>
    public Fields(YamlMapping mapping, string place, ReadContext context)
    {
        _context = context;
        Place = place;
        Node = mapping;
        foreach (var entry in YamlJson.Entries(mapping, context.Error))
            _entries.Add(entry.Key.Value, entry);
    }

    public YamlMapping Node { get; }

    public string Place { get; }

    /// <summary>The names of all fields that are there, for maps whose keys are the user's.</summary>
    public IReadOnlyCollection<string> Names => _entries.Keys;

    /// <summary>The field's value through aliases; null where it is missing or null.</summary>
    public YamlNode? Value(string name)
    {
        var value = Entry(name)?.Value.Target;
        return value is YamlScalar { IsNull: true } ? null : value;
    }

    /// <summary>The place of a field: its key, or the mapping where it is missing.</summary>
    public YamlNode At(string name) => Entry(name)?.Key ?? (YamlNode)Node;

    /// <summary>True where the field is written, even with nothing.</summary>
    public bool Has(string name) => Entry(name) is not null;

    public void Ignore(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            Entry(name);
    }

    /// <summary>Text, or null with a diagnostic where it is something else.</summary>
    public YamlScalar? Scalar(string name, bool isSecret = false)
    {
        if (Value(name) is not { } value)
            return null;
        if (value is YamlScalar scalar)
        {
            WarnOfSurprise(scalar, PlaceOf(name), isSecret);
            return scalar;
        }

        _context.Error(value, $"{PlaceOf(name)} must be text, not a {Word(value)}");
        return null;
    }

    public string? Text(string name) => Scalar(name)?.Value;

    public bool? Bool(string name)
    {
        if (Value(name) is not { } value)
            return null;
        var word = (value as YamlScalar)?.Value.ToLowerInvariant();
        switch (word)
        {
            case "true" or "yes" or "on" or "y":
                return true;
            case "false" or "no" or "off" or "n":
                return false;
            default:
                _context.Error(value, $"{PlaceOf(name)} must be true or false");
                return null;
        }
    }

    public int? Port(string name)
    {
        if (Value(name) is not { } value)
            return null;
        if (value is YamlScalar scalar
            && int.TryParse(scalar.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536)
        {
            return port;
        }

        // sealer reads 0 as "not given".
        if (value is YamlScalar { Value: "0" or "" })
            return null;
        _context.Error(value, $"{PlaceOf(name)} must be a port, a number from 1 to 65535");
        return null;
    }

    /// <summary>The items of a list; null where it is missing.</summary>
    public IReadOnlyList<YamlNode>? List(string name)
    {
        if (Value(name) is not { } value)
            return null;
        if (value is YamlSequence list)
            return list.Items;
        _context.Error(value, $"{PlaceOf(name)} must be a list: write '- ' in front of each item");
        return null;
    }

    /// <summary>The texts of a list; null where it is missing.</summary>
    public IReadOnlyList<YamlScalar>? Texts(string name)
    {
        if (List(name) is not { } items)
            return null;
        var texts = new List<YamlScalar>(items.Count);
        foreach (var item in items)
        {
            if (item.Target is YamlScalar scalar)
            {
                WarnOfSurprise(scalar, $"an item of {PlaceOf(name)}", isSecret: false);
                texts.Add(scalar);
            }
            else
            {
                _context.Error(item, $"the items of {PlaceOf(name)} must be text, not a {Word(item.Target)}");
            }
        }

        return texts;
    }

    /// <summary>A mapping; null where it is missing or something else.</summary>
    public Fields? Map(string name)
    {
        if (Value(name) is not { } value)
            return null;
        if (value is YamlMapping mapping)
            return new Fields(mapping, Place.Length == 0 ? name : $"{Place}.{name}", _context);
        _context.Error(value, $"{PlaceOf(name)} must be a map of fields, not a {Word(value)}");
        return null;
    }

    /// <summary>The entries of a map from text to text, in order.</summary>
    /// <param name="name">The field.</param>
    /// <param name="isSecret">Told a key: whether no message may quote its value; null: none is.</param>
    public IReadOnlyList<(YamlScalar Key, YamlScalar Value)> TextMap(string name, Func<string, bool>? isSecret = null)
    {
        if (Value(name) is not { } value)
            return [];
        if (value is not YamlMapping mapping)
        {
            _context.Error(value, $"{PlaceOf(name)} must be a map: write key: value");
            return [];
        }

        var result = new List<(YamlScalar, YamlScalar)>();
        foreach (var (key, item) in YamlJson.Entries(mapping, _context.Error))
        {
            if (item.Target is YamlScalar scalar)
            {
                WarnOfSurprise(scalar, $"{PlaceOf(name)}.{key.Value}", isSecret?.Invoke(key.Value) ?? false);
                result.Add((key, scalar.IsNull ? new YamlScalar("", false, false, scalar.Line, scalar.Column) : scalar));
            }
            else
            {
                _context.Error(item, $"the values of {PlaceOf(name)} must be text, not a {Word(item.Target)}");
            }
        }

        return result;
    }

    /// <summary>Tells of the fields that nobody asked for.</summary>
    public void Finish()
    {
        foreach (var (name, entry) in _entries)
        {
            if (_found.Contains(name))
                continue;
            var owner = Place.Length == 0 ? "the document" : Place;
            _context.Unknown(entry.Key, $"{owner} has no field {Quoting.Quote(name)}{Quoting.DidYouMean(name, _asked)}");
        }
    }

    private string PlaceOf(string name) => Place.Length == 0 ? name : $"{Place}.{name}";

    // sealer decodes with Go's JSON, for which Image and IMAGE are image.
    private KeyValuePair<YamlScalar, YamlNode>? Entry(string name)
    {
        var isNew = _asked.Add(name);
        if (_entries.TryGetValue(name, out var entry))
        {
            _found.Add(name);
            return entry;
        }

        foreach (var (other, candidate) in _entries)
        {
            if (!other.Equals(name, StringComparison.OrdinalIgnoreCase) || (_found.Contains(other) && isNew))
                continue;
            if (isNew)
                _context.Warning(candidate.Key, $"{Quoting.Quote(other)} is written '{name}'");
            _found.Add(other);
            return candidate;
        }

        return null;
    }

    private void WarnOfSurprise(YamlScalar scalar, string place, bool isSecret)
    {
        if (!scalar.IsPlain || scalar.IsNull || !scalar.IsNotString && !MayBeNumber(scalar.Value))
            return;
        var read = YamlScalars.AsSealerReads(scalar);
        if (read == scalar.Value)
            return;
        _context.Warning(scalar, isSecret
            ? $"{place} is a number or a truth value to YAML, and sealer would read another text; put it in quotes"
            : $"{place} is a number or a truth value to YAML, and sealer would read '{read}'; put it in quotes: \"{Quoting.Quote(scalar.Value)[1..^1]}\"");
    }

    private static bool MayBeNumber(string text) =>
        text.Length > 0 && (char.IsAsciiDigit(text[0]) || text[0] is '+' or '-' or '.' or 'y' or 'Y' or 'n' or 'N');

    private static string Word(YamlNode? node) => node switch
    {
        YamlMapping => "map",
        YamlSequence => "list",
        _ => "text",
    };
}
