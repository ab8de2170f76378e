using System.Text;
using System.Text.Json.Nodes;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Reading;
using Sealer.Clusterfiles.Writing;
using Sealer.Tests.Peers;
using Sealer.Yaml;

namespace Sealer.Tests.Clusterfiles;

/// <summary>YAML as Go reads it: helm's fromYaml is the library that sealer and Kubernetes read their files with.</summary>
[Trait("Tier", "parts")]
public sealed class YamlPeerTests
{
    private static readonly string[] Scalars =
    [
        "true", "True", "TRUE", "yes", "Yes", "no", "NO", "on", "On", "off", "y", "N", "tRue", "yEs", "null", "Null", "~", "", "NULL",
        "0", "1", "-1", "+1", "12", "0644", "0o17", "0x1F", "0X1f", "0b101", "-0x10", "1_000", "1__0", "_1", "08", "09.5", "1.", ".5", "1.10", "1e3", "1E3", "1e+3", "-1.5e-3",
        "1.2.3", "10.0.0.1", "12:30", "190:20:30", "2026-01-01", "2026-01-01T00:00:00Z", "9223372036854775807", "9223372036854775808", "18446744073709551615",
        "-9223372036854775808", "+", ".", "..", "0x", "0b2", "1e", "e3", "1a", "=", "a b", "a#b", "v1.30", "1,000", "0.0", "-0", "00", "0_7", "+0644", "-0644",
    ];

    [Fact]
    public async Task Unquoted_text_is_what_Go_makes_of_it()
    {
        var told = await FromYamlAsync([.. Scalars.Select(text => $"a: {text}\n")]);

        var different = Scalars
            .Select((text, i) => (text, Here: Canonical(YamlJson.Convert(YamlDocuments.Read($"a: {text}\n").Documents[0], (_, message) => Assert.Fail(message))), Go: Canonical(JsonNode.Parse(told[i]))))
            .Where(item => item.Here != item.Go)
            .Select(item => $"{item.text}: here {item.Here}, Go {item.Go}");
        Assert.Equal([], different);
    }

    [Fact]
    public async Task What_is_written_is_read_by_Go_as_it_is_meant()
    {
        string[] texts =
        [
            .. Scalars, "a: b", "a:", ":a", "a #b", "#a", "-", "- ", "- a", "---", "...", "*a", "&a", "!a", "%a", "@a", "`a", "[a", "{a}", "'a'", "\"a\"", "it's \"x\" \\n", " a ",
            "\ta", "a\tb", "a\nb", "a\nb\n", "a\n\n\nb\n\n\n", "\na", "  a\nb", "a\n  \n b", "a\r\nb", "# x\ny", "---\nx", "\u001b[31m", "\u0085\u2028\uFEFF", "\u00e9\U0001F600",
            "\n", "a, b]", "? a", "?a", "|", ">x", "<<", "a\n\tb", "key: |\n  x", new string('x', 300), string.Join(' ', Enumerable.Repeat("word", 60)),
        ];
        var nodes = texts.Select(text => new JsonObject { ["a"] = text, ["b"] = new JsonArray(text, new JsonObject { ["c"] = text }) }).ToArray();
        var told = await FromYamlAsync([.. nodes.Select(node => YamlText.Of(node))]);

        Assert.Equal(nodes.Select(Canonical), told.Select(json => Canonical(JsonNode.Parse(json))));
    }

    [Fact]
    public async Task Every_document_of_a_written_Clusterfile_is_read_by_Go_with_sealers_types()
    {
        var text = Clusterfile.Write(Clusterfile.Read(ClusterfileReadTests.Everything).GetSpec(), new ClusterfileWriteOptions { Secrets = SecretWriting.Reveal });
        var documents = text.Split("---\n");
        var told = await FromYamlAsync(documents);

        Assert.Equal(7, documents.Length);
        Assert.Equal(documents.Select(document => Canonical(YamlJson.Convert(YamlDocuments.Read(document).Documents[0], (_, _) => { }))), told.Select(json => Canonical(JsonNode.Parse(json))));
        Assert.Empty(SealerTypes.Mistakes(string.Join("---\n", told.Select(json => json + "\n"))));
    }

    /// <summary>Each YAML text as JSON, by helm.</summary>
    private static async Task<string[]> FromYamlAsync(string[] documents)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["templates"]);
        File.WriteAllText(folder["Chart.yaml"], "apiVersion: v2\nname: cases\nversion: 1.0.0\n");
        var all = new StringBuilder();
        for (var i = 0; i < documents.Length; i++)
        {
            File.WriteAllText(folder[$"d{i}.txt"], documents[i]);
            all.Append($"d{i}: \"{{{{ .Files.Get \"d{i}.txt\" | fromYaml | toJson | b64enc }}}}\"\n");
        }

        File.WriteAllText(folder["templates/all.yaml"], all.ToString());
        var output = await Peer.RunAsync(await RealHelm.PathAsync(), "template", "x", folder.Path);
        var rendered = (YamlMapping)YamlDocuments.Read(output).Documents[0];
        return [.. documents.Select((_, i) => Encoding.UTF8.GetString(Convert.FromBase64String(rendered.FindScalar($"d{i}")!.Value)))];
    }

    // Numbers are compared as JSON's numbers, of which Go writes some otherwise; helm keeps them as floating point.
    private static string Canonical(JsonNode? node) => node switch
    {
        JsonObject map => "{" + string.Join(',', map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}:{Canonical(pair.Value)}")) + "}",
        JsonArray list => "[" + string.Join(',', list.Select(Canonical)) + "]",
        null => "null",
        JsonValue value when value.GetValueKind() == System.Text.Json.JsonValueKind.Number =>
            double.Parse(value.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture).ToString("R", System.Globalization.CultureInfo.InvariantCulture),
        _ => node.ToJsonString(),
    };
}
