namespace Sealer.Images.ContainerImages;

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

    public List<KeyValuePair<YamlScalar, YamlNode>> Entries { get; } = [];

    /// <summary>The scalar of a key, through aliases and merge keys; null where there is none.</summary>
    public YamlScalar? FindScalar(string key) => Find(key, MaxMerges) as YamlScalar;

    /// <summary>The value of a key, through aliases and merge keys; null where there is none.</summary>
    public YamlNode? Find(string key) => Find(key, MaxMerges);

    private YamlNode? Find(string key, int depth)
    {
        // Of a key that is there twice the last one counts, as in Kubernetes' own reading.
        for (var i = Entries.Count - 1; i >= 0; i--)
        {
            if (Entries[i].Key.Value == key)
                return Entries[i].Value.Target;
        }

        if (depth == 0)
            return null;
        foreach (var (name, value) in Entries)
        {
            if (name.Value == "<<" && value.Target is YamlMapping merged && merged.Find(key, depth - 1) is { } found)
                return found;
        }

        return null;
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
