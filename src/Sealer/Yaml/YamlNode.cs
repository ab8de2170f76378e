namespace Sealer.Yaml;

/// <summary>
/// A node of a YAML or JSON document that remembers its place. Aliases stay references, so that a document is never larger
/// in memory than its text gives cause for, whatever its anchors say.
/// </summary>
internal abstract class YamlNode(int line, int column)
{
    /// <summary>Counted from 1 in the whole file.</summary>
    public int Line { get; } = line;

    /// <summary>Counted from 1.</summary>
    public int Column { get; } = column;

    /// <summary>The node that an alias stands for, or the node itself; null where the alias has no anchor.</summary>
    public virtual YamlNode? Target => this;
}

/// <summary>Text. A JSON literal (true, 12, null) is a plain scalar.</summary>
internal sealed class YamlScalar(string value, bool isPlain, bool isBlock, int line, int column) : YamlNode(line, column)
{
    public string Value { get; } = value;

    /// <summary>Without quotes, so that it may be a number or a truth value.</summary>
    public bool IsPlain { get; } = isPlain;

    /// <summary>A literal or folded block; its text begins on the next line.</summary>
    public bool IsBlock { get; } = isBlock;

    /// <summary>True where YAML 1.1 (Kubernetes) reads something else than a string.</summary>
    public bool IsNotString => IsPlain
        && (IsNull || Value.ToLowerInvariant() is "true" or "false" or "yes" or "no" or "on" or "off"
            || double.TryParse(Value, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out _));

    public bool IsNull => IsPlain && Value is "" or "~" or "null" or "Null" or "NULL";
}

/// <summary>Keys and values in the order of the text; a key may be there twice.</summary>
internal sealed class YamlMapping(int line, int column) : YamlNode(line, column)
{
    private const int MaxMerges = 8;
    private const int IndexedFrom = 16;

    private Dictionary<string, YamlNode>? _index;

    public List<KeyValuePair<YamlScalar, YamlNode>> Entries { get; } = [];

    /// <summary>The scalar of a key, through aliases and merge keys; null where there is none.</summary>
    public YamlScalar? FindScalar(string key) => Find(key, MaxMerges) as YamlScalar;

    /// <summary>The value of a key, through aliases and merge keys; null where there is none.</summary>
    public YamlNode? Find(string key) => Find(key, MaxMerges);

    // YAML allows one merge key a mapping. Following every one of a hostile mapping, level after level, would never end.
    private YamlNode? Find(string key, int depth)
    {
        if (Own(key) is { } value)
            return value.Target;
        return depth > 0 && Own("<<")?.Target is YamlMapping merged ? merged.Find(key, depth - 1) : null;
    }

    /// <summary>Of a key that is there twice the last one counts, as in Kubernetes' own reading.</summary>
    private YamlNode? Own(string key)
    {
        if (Entries.Count < IndexedFrom)
            return Entries.FindLast(entry => entry.Key.Value == key).Value;
        if (_index is null)
        {
            _index = new Dictionary<string, YamlNode>(Entries.Count, StringComparer.Ordinal);
            foreach (var (name, value) in Entries)
                _index[name.Value] = value;
        }

        return _index.GetValueOrDefault(key);
    }
}

/// <summary>A list.</summary>
internal sealed class YamlSequence(int line, int column) : YamlNode(line, column)
{
    public List<YamlNode> Items { get; } = [];
}

/// <summary>A reference to an anchored node of the same document.</summary>
internal sealed class YamlAlias(YamlNode? target, int line, int column) : YamlNode(line, column)
{
    public override YamlNode? Target => target;
}
