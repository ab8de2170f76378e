using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Sealer.Clusterfiles.Templates;

/// <summary>Variables of a template that remember which of them were read. For one rendering at a time.</summary>
internal sealed class RecordedVariables(IReadOnlyDictionary<string, object?> variables) : IReadOnlyDictionary<string, object?>
{
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private bool _wasReadWhole;

    public IEnumerable<string> Keys => variables.Keys;

    public IEnumerable<object?> Values => Whole().Values;

    public int Count => variables.Count;

    public object? this[string key] => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException(key);

    /// <summary>True where what came of the template may depend on this variable.</summary>
    public bool WasRead(string name) => _wasReadWhole || _read.Contains(name);

    public bool ContainsKey(string key) => TryGetValue(key, out _);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out object? value)
    {
        _read.Add(key);
        return variables.TryGetValue(key, out value);
    }

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => Whole().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private IReadOnlyDictionary<string, object?> Whole()
    {
        _wasReadWhole = true;
        return variables;
    }
}
