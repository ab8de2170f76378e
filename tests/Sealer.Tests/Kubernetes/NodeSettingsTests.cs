using System.Net;
using System.Text.Json.Nodes;
using Sealer.Clusterfiles.Documents;
using Sealer.Kubernetes;

namespace Sealer.Tests.Kubernetes;

public sealed class NodeSettingsTests
{
    private static HostSpec Host(string[]? roles = null, Dictionary<string, string>? labels = null, params Taint[] taints) => new()
    {
        Address = IPAddress.Parse("10.0.0.1"),
        Roles = roles ?? ["node"],
        Labels = labels ?? [],
        Taints = taints,
    };

    private static JsonObject Node(string labels = "", string taints = "", string annotations = "") => (JsonObject)JsonNode.Parse(
        $$"""{"metadata":{"name":"n","resourceVersion":"7","labels":{ {{labels}} },"annotations":{ {{annotations}} } },"spec":{"taints":[{{taints}}]} }""")!;

    // What the API makes of a merge patch, as far as it matters here.
    private static JsonObject After(JsonObject node, JsonObject patch)
    {
        var result = (JsonObject)node.DeepClone();
        foreach (var part in new[] { "labels", "annotations" })
        {
            foreach (var (name, value) in (JsonObject)patch["metadata"]![part]!)
            {
                if (value is null)
                    ((JsonObject)result["metadata"]![part]!).Remove(name);
                else
                    result["metadata"]![part]![name] = value.DeepClone();
            }
        }

        if (patch["spec"]?["taints"] is { } taints)
            result["spec"]!["taints"] = taints.DeepClone();
        return result;
    }

    [Fact]
    public void A_node_gets_labels_roles_and_taints_once_and_keeps_what_others_gave_it()
    {
        var settings = NodeSettings.Of(Host(["node", "db"], new() { ["zone"] = "a" }, new Taint("gpu", "yes", TaintEffect.NoSchedule)));
        var node = Node("\"kubernetes.io/os\":\"linux\"", """{"key":"node.kubernetes.io/not-ready","effect":"NoExecute","timeAdded":"2026-01-01T00:00:00Z"}""");
        var patch = settings.PatchOf(node)!;
        Assert.Equal("7", $"{patch["metadata"]!["resourceVersion"]}");
        var after = After(node, patch);
        Assert.Equal("""{"kubernetes.io/os":"linux","node-role.kubernetes.io/db":"","zone":"a"}""", after["metadata"]!["labels"]!.ToJsonString());
        Assert.Equal("2026-01-01T00:00:00Z", $"{after["spec"]!["taints"]![0]!["timeAdded"]}");
        Assert.Equal("gpu=yes:NoSchedule", NodeReader.TaintText((JsonObject)after["spec"]!["taints"]![1]!));
        Assert.Null(settings.PatchOf(after));
    }

    [Fact]
    public void What_a_Clusterfile_does_not_give_any_more_goes_and_what_it_never_gave_stays()
    {
        var before = NodeSettings.Of(Host(["node"], new() { ["zone"] = "a" }, new Taint("gpu", "", TaintEffect.NoSchedule)));
        var node = Node("\"theirs\":\"1\"", """{"key":"theirs","effect":"NoSchedule"}""");
        node = After(node, before.PatchOf(node)!);
        var none = NodeSettings.Of(Host());
        node = After(node, none.PatchOf(node)!);
        Assert.Equal("""{"theirs":"1"}""", node["metadata"]!["labels"]!.ToJsonString());
        Assert.Equal("theirs", $"{Assert.Single((JsonArray)node["spec"]!["taints"]!)!["key"]}");
        Assert.Null(none.PatchOf(node));
    }

    [Fact]
    public void A_taint_is_taken_away_by_its_key_and_a_value_is_changed_in_its_place()
    {
        var node = Node("", """{"key":"node-role.kubernetes.io/master","effect":"NoSchedule"},{"key":"gpu","value":"old","effect":"NoExecute"}""");
        var settings = NodeSettings.Of(Host(["master"], null, new Taint("node-role.kubernetes.io/master", "", null, IsRemoval: true), new Taint("gpu", "new", TaintEffect.NoExecute)));
        var after = After(node, settings.PatchOf(node)!);
        Assert.Equal("gpu=new:NoExecute", NodeReader.TaintText((JsonObject)Assert.Single((JsonArray)after["spec"]!["taints"]!)!));
        Assert.Null(settings.PatchOf(after));
    }
}
