using System.Text.Json;
using System.Text.Json.Nodes;
using Sealer.Clusterfiles.Reading;
using Sealer.Yaml;

namespace Sealer.Tests.Clusterfiles;

/// <summary>
/// The types of sealer 0.11's fields, as its Go structs declare them: decoding fails where a value is of another. Fields that
/// sealer does not know are ignored by it, and here.
/// </summary>
internal static class SealerTypes
{
    private const string Ssh = """{"encrypted":"bool","user":"text","passwd":"text","pk":"text","pkPasswd":"text","port":"text"}""";

    private static readonly Dictionary<string, string> Kinds = new()
    {
        ["Cluster"] = """
            {"metadata":{"name":"text","annotations":{"*":"text"}},"spec":{"image":"text","env":["text"],"cmd_args":["text"],"cmd":["text"],"appNames":["text"],
             "hosts":[{"ips":["ip"],"roles":["text"],"ssh":SSH,"env":["text"],"labels":{"*":"text"},"taints":["text"]}],
             "ssh":SSH,"containerRuntime":{"type":"text"},"hostAliases":[{"ip":"text","hostnames":["text"]}],
             "registry":{"localRegistry":{"domain":"text","port":"int","username":"text","password":"text","ha":"bool","insecure":"bool",
               "cert":{"subjectAltName":{"dnsNames":["text"],"ips":["text"]} } },
              "externalRegistry":{"domain":"text","port":"int","username":"text","password":"text"} },"dataRoot":"text"}}
            """.Replace("SSH", Ssh, StringComparison.Ordinal),
        ["Config"] = """{"metadata":{"name":"text"},"spec":{"strategy":"text","process":"text","data":"text","appName":"text","path":"text"}}""",
        ["Plugin"] = """{"metadata":{"name":"text"},"spec":{"type":"text","data":"text","action":"text","scope":"text"}}""",
        ["Application"] = """
            {"metadata":{"name":"text"},"spec":{"cmds":["text"],"launchApps":["text"],
             "configs":[{"name":"text","env":["text"],"files":[{"path":"text","strategy":"text","data":"text"}],"launch":{"cmds":["text"]}}]}}
            """,
    };

    public static List<string> Mistakes(string text)
    {
        var result = new List<string>();
        foreach (var document in YamlDocuments.Read(text).Documents)
        {
            var json = (JsonObject)YamlJson.Convert(document, (node, message) => result.Add($"{node.Line}: {message}"))!;
            if (Kinds.TryGetValue((string)json["kind"]!, out var type))
                Compare(json, JsonNode.Parse(type)!, (string)json["kind"]!, result);
        }

        return result;
    }

    private static void Compare(JsonNode? value, JsonNode type, string place, List<string> mistakes)
    {
        switch (type)
        {
            case JsonObject fields when value is JsonObject map:
                foreach (var (name, item) in map)
                {
                    if ((fields[name] ?? fields["*"]) is { } field)
                        Compare(item, field, $"{place}.{name}", mistakes);
                }

                break;
            case JsonArray list when value is JsonArray items:
                foreach (var item in items)
                    Compare(item, list[0]!, place + "[]", mistakes);
                break;
            case JsonValue name when IsOf((string)name!, value):
                break;
            default:
                mistakes.Add($"{place} is {value?.ToJsonString() ?? "null"}");
                break;
        }
    }

    private static bool IsOf(string type, JsonNode? value) => (type, value?.GetValueKind()) switch
    {
        ("text", JsonValueKind.String) => true,
        ("ip", JsonValueKind.String) => System.Net.IPAddress.TryParse((string)value!, out _),
        ("int", JsonValueKind.Number) => true,
        ("bool", JsonValueKind.True or JsonValueKind.False) => true,
        _ => false,
    };
}
