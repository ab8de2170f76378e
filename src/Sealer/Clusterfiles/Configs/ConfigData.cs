using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sealer.Clusterfiles.Documents;
using Sealer.Clusterfiles.Reading;
using Sealer.Clusterfiles.Writing;

namespace Sealer.Clusterfiles.Configs;

/// <summary>
/// What a Config document makes of a file: its processors are run over the data, then the file is replaced or merged.
/// </summary>
/// <remarks>
/// As sealer, apart from these: documents are told apart by YAML's rules and not by the text <c>---</c> and a line break, so
/// that a file that begins with <c>---</c> does not gain a document; the order of keys, and numbers and words that are not
/// touched, stay as they are written; nothing is merged into a file that is no map. Comments are lost.
/// </remarks>
public static class ConfigData
{
    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 1_000 };

    /// <summary>The content that the file of a Config gets.</summary>
    /// <param name="config">The document.</param>
    /// <param name="existing">What the file holds; null where there is none, and the data is written as it is.</param>
    /// <exception cref="SealerException"><c>InvalidConfig</c>: the data or the file is not what a processor or the merge needs.</exception>
    public static string Apply(ConfigSpec config, string? existing)
    {
        ArgumentNullException.ThrowIfNull(config);
        var data = Process(config);
        if (existing is null)
            return data;
        if (config.Processors.Contains(ConfigProcessor.ToSecret))
            data = IntoSecret(config, existing, data);
        return config.Strategy == WriteStrategy.Merge ? YamlMerge.Merge(existing, data, Describe(config), config.RootfsPath) : data;
    }

    /// <summary>What is wrong with the data, as far as it can be seen without the file; null where nothing is.</summary>
    internal static string? WhyNot(ConfigSpec config)
    {
        try
        {
            var data = Process(config);
            if (config.Strategy == WriteStrategy.Merge)
                Map(config, Parse(config, data));
            return null;
        }
        catch (SealerException e)
        {
            // Whoever asks knows the place.
            return e.Message[(Describe(config).Length + 2)..];
        }
    }

    private static string Process(ConfigSpec config)
    {
        var data = config.Data;
        var ofValues = false;
        foreach (var processor in config.Processors)
        {
            switch (processor)
            {
                case ConfigProcessor.Value:
                    ofValues = true;
                    break;
                case ConfigProcessor.ToJson when ofValues:
                    data = OfValues(config, data, value => Json(value));
                    break;
                case ConfigProcessor.ToJson:
                    data = Json(Parse(config, data));
                    break;
                case ConfigProcessor.ToBase64 when ofValues:
                    data = OfValues(config, data, value => Base64(Text(config, value)));
                    break;
                case ConfigProcessor.ToBase64:
                    data = Base64(data);
                    break;
                default:
                    break;
            }
        }

        return data;
    }

    private static string OfValues(ConfigSpec config, string data, Func<JsonNode?, string> change)
    {
        var map = Map(config, Parse(config, data));
        return YamlText.Of(new JsonObject(map.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(change(pair.Value))))));
    }

    private static string IntoSecret(ConfigSpec config, string existing, string data)
    {
        var documents = YamlMerge.Documents(existing, message => Error(config, $"the file '{config.RootfsPath}': {message}"));
        if (documents is not [JsonObject secret])
            throw Error(config, $"toSecret needs one Secret in the file '{config.RootfsPath}'");
        if (secret["data"] is not JsonObject entries)
            secret["data"] = entries = [];
        foreach (var (key, value) in Map(config, Parse(config, data)))
            entries[key] = Base64(Text(config, value));
        return YamlText.Of(secret);
    }

    private static JsonNode? Parse(ConfigSpec config, string data)
    {
        var documents = YamlMerge.Documents(data, message => Error(config, "the data: " + message), keepsText: false);
        return documents.Count <= 1 ? documents.FirstOrDefault() : throw Error(config, "the data holds more than one YAML document");
    }

    private static JsonObject Map(ConfigSpec config, JsonNode? node) => node as JsonObject ?? throw Error(config, "the data must be a map: key: value");

    private static string Text(ConfigSpec config, JsonNode? value) => value switch
    {
        null => "",
        JsonValue scalar => scalar.GetValueKind() == JsonValueKind.String ? scalar.GetValue<string>() : Json(scalar),
        _ => throw Error(config, "a value that is a map or a list has no text; put toJson in front: value|toJson|toBase64"),
    };

    // Sorted, as Go does, so that the same data gives the same text however it was written.
    private static string Json(JsonNode? node) => Sorted(node)?.ToJsonString(Compact) ?? "null";

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, Sorted(pair.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => node?.DeepClone(),
    };

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Describe(ConfigSpec config) => $"{config.Location?.ToString() ?? "Config"} the Config {Quoting.Quote(config.Name)}";

    private static SealerException Error(ConfigSpec config, string message) =>
        new("InvalidConfig", ErrorKind.InvalidInput, $"{Describe(config)}: {message}.", config.Name);
}
