using System.Globalization;
using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>
/// Says before anybody follows an alias how much there is behind it. Aliases stay references in memory, but whoever reads or
/// writes the document meets every copy; nine lines can stand for a billion values, or for nesting without end.
/// </summary>
internal sealed class AliasCheck(ReadContext context)
{
    /// <summary>Values, an alias counted as all it stands for; longer text counts for more.</summary>
    private const long MaxSize = 1_000_000;
    private const int MaxDepth = 200;
    private const int CharactersAValue = 256;

    private readonly Dictionary<YamlNode, (long Size, int Depth)> _measured = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<YamlNode> _open = new(ReferenceEqualityComparer.Instance);
    private bool _isSafe = true;

    /// <summary>False, with a diagnostic, where the document cannot be read.</summary>
    public bool IsSafe(YamlNode document)
    {
        Measure(document);
        return _isSafe;
    }

    // The target of an alias stands before it in the text, so it is measured already, or still open: the recursion is never
    // deeper than the text is nested, which its reader bounds.
    private (long Size, int Depth) Measure(YamlNode node)
    {
        if (node is YamlAlias alias)
            return MeasureAlias(alias);
        long size = 1;
        var depth = 0;
        _open.Add(node);
        switch (node)
        {
            case YamlScalar scalar:
                size += scalar.Value.Length / CharactersAValue;
                break;
            case YamlSequence sequence:
                foreach (var item in sequence.Items)
                    Include(item);
                break;
            case YamlMapping mapping:
                foreach (var (key, value) in mapping.Entries)
                {
                    size += key.Value.Length / CharactersAValue;
                    Include(value);
                }

                break;
        }

        _open.Remove(node);
        var measured = (Math.Min(size, MaxSize + 1), depth + 1);
        if (_isSafe && (measured.Item1 > MaxSize || measured.Item2 > MaxDepth))
            Refuse(node, string.Create(CultureInfo.InvariantCulture, $"this stands for more than {MaxSize:N0} values, or is nested deeper than {MaxDepth} levels, once its aliases are followed; write less with aliases"));
        _measured[node] = measured;
        return measured;

        void Include(YamlNode child)
        {
            var (childSize, childDepth) = Measure(child);
            size = Math.Min(size + childSize, MaxSize + 1);
            depth = Math.Max(depth, childDepth);
        }
    }

    private (long Size, int Depth) MeasureAlias(YamlAlias alias)
    {
        if (alias.Target is not { } target)
        {
            Refuse(alias, "this alias has no anchor above it; text that begins with * needs quotes");
            return (1, 1);
        }

        if (_open.Contains(target))
        {
            Refuse(alias, "this alias stands inside of what it stands for");
            return (1, 1);
        }

        return _measured.GetValueOrDefault(target, (1, 1));
    }

    private void Refuse(YamlNode at, string message)
    {
        context.Error(at, message);
        _isSafe = false;
    }
}
