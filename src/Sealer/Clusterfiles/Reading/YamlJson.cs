using System.Text.Json.Nodes;
using Sealer.Clusterfiles.Writing;
using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>
/// Makes JSON's data of a YAML document, as Kubernetes does, in the order of the text. To be used on documents that
/// <see cref="AliasCheck"/> found safe.
/// </summary>
internal static class YamlJson
{
    private const string MergeKey = "<<";

    /// <param name="node">The document or a part of it.</param>
    /// <param name="report">Told of every key that is there twice or is no text, with its place.</param>
    /// <param name="keepsText">
    /// True: numbers, truth values and null stay as they are written (<see cref="PlainScalar"/>), so that a file that is
    /// written again changes nowhere it need not.
    /// </param>
    public static JsonNode? Convert(YamlNode node, Action<YamlNode, string> report, bool keepsText = false)
    {
        switch (node.Target)
        {
            case YamlScalar scalar:
                var value = YamlScalars.ToJson(scalar);
                return keepsText && scalar.IsPlain && value?.GetValueKind() != System.Text.Json.JsonValueKind.String
                    ? JsonValue.Create(new PlainScalar(scalar.Value))
                    : value;
            case YamlSequence sequence:
                return new JsonArray([.. sequence.Items.Select(item => Convert(item, report, keepsText))]);
            case YamlMapping mapping:
                var result = new JsonObject();
                foreach (var (key, item) in Entries(mapping, report))
                    result[key.Value] = Convert(item, report, keepsText);
                return result;
            default:
                return null;
        }
    }

    /// <summary>A mapping's entries, merge keys followed; a key that is there twice counts once.</summary>
    public static IEnumerable<KeyValuePair<YamlScalar, YamlNode>> Entries(YamlMapping mapping, Action<YamlNode, string> report)
    {
        var entries = new Dictionary<string, KeyValuePair<YamlScalar, YamlNode>>(StringComparer.Ordinal);
        var order = new List<string>();
        foreach (var entry in mapping.Entries)
        {
            var key = entry.Key;
            if (key.Value == MergeKey && key.IsPlain)
                continue;
            if (key.Value.Length == 0)
                report(key, "a key must be text");
            else if (!entries.TryAdd(key.Value, entry))
                report(key, $"{Quoting.Quote(key.Value)} is here twice; the first is in line {entries[key.Value].Key.Line}");
            else
                order.Add(key.Value);
        }

        foreach (var (key, value) in mapping.Entries)
        {
            if (key.Value != MergeKey || !key.IsPlain)
                continue;
            IEnumerable<YamlNode> merged = value.Target is YamlSequence list ? list.Items : [value];
            foreach (var part in merged)
            {
                if (part.Target is not YamlMapping map)
                {
                    report(key, "'<<' takes a map, or an alias of one");
                    continue;
                }

                // What stands here wins over what is merged in; the mistakes of the merged map are told at its own place.
                foreach (var entry in Entries(map, static (_, _) => { }))
                {
                    if (entries.TryAdd(entry.Key.Value, entry))
                        order.Add(entry.Key.Value);
                }
            }
        }

        return order.Select(name => entries[name]);
    }
}
