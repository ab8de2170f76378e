using System.Text;
using System.Text.Json.Nodes;
using Sealer.Clusterfiles.Reading;
using Sealer.Clusterfiles.Writing;
using Sealer.Yaml;

namespace Sealer.Clusterfiles.Configs;

/// <summary>Merges one map into every document of a YAML file: maps deeply, everything else is replaced.</summary>
internal static class YamlMerge
{
    /// <param name="existing">The file's text.</param>
    /// <param name="data">The map.</param>
    /// <param name="owner">Whose data it is, for messages.</param>
    /// <param name="file">The file's path, for messages.</param>
    /// <exception cref="SealerException"><c>InvalidConfig</c>.</exception>
    public static string Merge(string existing, string data, string owner, string file)
    {
        SealerException Error(string message) => new("InvalidConfig", ErrorKind.InvalidInput, $"{owner}: {message}.", file);
        var source = Documents(data, message => Error("the data: " + message));
        if (source is not [JsonObject change])
            throw Error("data that is merged must be one YAML map");
        var documents = Documents(existing, message => Error($"the file '{file}': {message}"));
        if (documents.Count == 0)
            return YamlText.Of(change);
        var result = new StringBuilder();
        foreach (var document in documents)
        {
            if (document is not JsonObject target)
                throw Error($"the file '{file}' holds a document that is no map, so nothing can be merged into it");
            Into(target, change);
            result.Append(result.Length > 0 ? "---\n" : "").Append(YamlText.Of(target));
        }

        return result.ToString();
    }

    /// <summary>Lays one map over another.</summary>
    public static void Into(JsonObject target, JsonObject change)
    {
        foreach (var (key, value) in change)
        {
            if (value is JsonObject map && target[key] is JsonObject inner)
                Into(inner, map);
            else
                target[key] = Clone(value);
        }
    }

    // DeepClone goes through JSON, of which a scalar that keeps its text is none.
    private static JsonNode? Clone(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map.Select(pair => KeyValuePair.Create(pair.Key, Clone(pair.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Clone)]),
        JsonValue value when value.TryGetValue<PlainScalar>(out var plain) => JsonValue.Create(plain),
        _ => node?.DeepClone(),
    };

    /// <summary>The documents of a YAML text that hold something.</summary>
    public static List<JsonNode?> Documents(string text, Func<string, SealerException> error, bool keepsText = true)
    {
        var parsed = YamlDocuments.Read(text.TrimStart('\uFEFF'));
        if (parsed.Broken is [var broken, ..])
        {
            var (line, _, message) = ClusterfileDocuments.Explain(broken);
            throw error($"line {line}: {message}");
        }

        var context = new ReadContext("", new SourceLines(text), new ClusterfileReadOptions());
        var result = new List<JsonNode?>();
        foreach (var document in parsed.Documents)
        {
            if (document is YamlScalar { IsNull: true })
                continue;
            if (new AliasCheck(context).IsSafe(document))
                result.Add(YamlJson.Convert(document, context.Error, keepsText));
        }

        return context.Diagnostics.HasErrors
            ? throw error($"line {context.Diagnostics.InOrder()[0].Location.Line}: {context.Diagnostics.InOrder()[0].Message}")
            : result;
    }
}
