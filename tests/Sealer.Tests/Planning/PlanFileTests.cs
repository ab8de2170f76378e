using System.Runtime.Versioning;
using System.Text;
using Sealer.Planning;
using Sealer.Tests.Delivery;

namespace Sealer.Tests.Planning;

public sealed class PlanFileTests
{
    private readonly Plan _plan = Planner.Make(PlannerTests.Request(TestCluster.Plugin("p", "pre-init-host")));

    private string Text => Encoding.UTF8.GetString(PlanFile.Write(_plan));

    [Fact]
    public void A_plan_is_the_same_after_writing_and_reading()
    {
        var read = Read(Text);
        Assert.Equal(_plan.Digest, read.Digest);
        Assert.Equal(_plan, read);
        Assert.Equal(_plan.Steps.Select(step => step.Payload.GetType()), read.Steps.Select(step => step.Payload.GetType()));
        Assert.Equal(_plan.Estimate, read.Estimate);
    }

    [Fact]
    public void Its_layout_and_a_byte_order_mark_say_nothing()
    {
        var compact = System.Text.Json.JsonSerializer.Serialize(System.Text.Json.JsonDocument.Parse(Text));
        Assert.Equal(_plan.Digest, Read(compact).Digest);
        Assert.Equal(_plan.Digest, Read("\uFEFF" + Text.Replace("\n", "\r\n", StringComparison.Ordinal)).Digest);
    }

    [Theory]
    [InlineData("\"folder\": \"/var/lib", "\"folder\": \"/var/log", "content")]
    [InlineData("\"timeoutSeconds\": 1800", "\"timeoutSeconds\": 1801", "Run the plugin p")]
    [InlineData("\"bytes\": 1073741824", "\"bytes\": 1", "Bring 100 files")]
    public void An_edited_step_is_refused_and_named(string before, string after, string named)
    {
        var at = Text.IndexOf(before, StringComparison.Ordinal);
        var error = Assert.Throws<SealerException>(() => Read(Text.Remove(at, before.Length).Insert(at, after)));
        Assert.Equal("PlanEdited", error.Id);
        Assert.Contains(named == "content" ? "Bring 100 files" : named, error.Message, StringComparison.Ordinal);
        Assert.Contains("10.0.0.1", error.Message, StringComparison.Ordinal);
        Assert.Contains("was changed", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"lockHost\": \"10.0.0.1\"", "\"lockHost\": \"10.0.0.2\"", "before its steps")]
    [InlineData("\"digest\": \"sha256:", "\"digest\": \"sha256:0", "")]
    public void Other_edits_are_refused_too(string before, string after, string told)
    {
        var at = Text.IndexOf(before, StringComparison.Ordinal);
        var error = Assert.Throws<SealerException>(() => Read(Text.Remove(at, before.Length).Insert(at, after)));
        Assert.Equal("PlanEdited", error.Id);
        Assert.Contains(told, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_that_was_taken_out_is_missed()
    {
        var node = System.Text.Json.Nodes.JsonNode.Parse(Text)!;
        node["plan"]!["steps"]!.AsArray().RemoveAt(3);
        var error = Assert.Throws<SealerException>(() => Read(node.ToJsonString()));
        Assert.Equal("PlanEdited", error.Id);
        Assert.Contains($"has {_plan.Steps.Count - 1} steps, and had {_plan.Steps.Count}", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "PlanUnreadable")]
    [InlineData("[]", "PlanUnreadable")]
    [InlineData("{}", "PlanUnreadable")]
    [InlineData("{ \"version\": 1 }", "PlanUnreadable")]
    [InlineData("{ \"version\": 2, \"plan\": 7 }", "PlanVersionNotSupported")]
    [InlineData("not a plan", "PlanUnreadable")]
    public void What_is_no_plan_is_refused(string text, string id) =>
        Assert.Equal(id, Assert.Throws<SealerException>(() => Read(text)).Id);

    [Fact]
    public void What_this_version_does_not_know_is_refused()
    {
        Assert.Equal("PlanUnreadable", Assert.Throws<SealerException>(() => Read(Text.Replace("\"cluster\":", "\"more\": 1, \"cluster\":", StringComparison.Ordinal))).Id);
        Assert.Equal("PlanUnreadable", Assert.Throws<SealerException>(() => Read(Text.Replace("\"kind\": \"plugin\"", "\"kind\": \"magic\"", StringComparison.Ordinal))).Id);
    }

    [LinuxFact]
    [SupportedOSPlatform("linux")]
    public void A_file_is_for_its_owner_and_is_not_replaced_unasked()
    {
        using var folder = new TemporaryFolder();
        PlanFile.Save(_plan, folder["plan.json"], overwrite: false);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder["plan.json"]));
        Assert.Equal("PlanExists", Assert.Throws<SealerException>(() => PlanFile.Save(_plan, folder["plan.json"], overwrite: false)).Id);
        PlanFile.Save(_plan, folder["plan.json"], overwrite: true);
        Assert.Equal(_plan, PlanFile.Load(folder["plan.json"]));
        Assert.Single(Directory.GetFiles(folder.Path));
        Assert.Equal("PlanNotFound", Assert.Throws<SealerException>(() => PlanFile.Load(folder["none.json"])).Id);
        Assert.Equal("PlanNotWritten", Assert.Throws<SealerException>(() => PlanFile.Save(_plan, folder["none/plan.json"], overwrite: false)).Id);
    }

    private static Plan Read(string text) => PlanFile.Read(Encoding.UTF8.GetBytes(text), "plan.json");
}
