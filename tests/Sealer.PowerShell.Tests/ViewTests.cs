using System.Xml.Linq;

namespace Sealer.PowerShell.Tests;

/// <summary>How objects look on a screen.</summary>
public sealed class ViewTests
{
    public static TheoryData<string> Views => [.. Document.Descendants("View").Select(view => view.Element("Name")!.Value)];

    private static XDocument Document { get; } = XDocument.Load(Path.Combine(BuiltModule.Folder, "Sealer.Format.ps1xml"));

    [Theory]
    [MemberData(nameof(Views))]
    public void A_table_fits_120_columns_whatever_is_in_it(string name)
    {
        var view = Document.Descendants("View").Single(v => v.Element("Name")!.Value == name);
        var columns = view.Descendants("TableColumnHeader").ToList();
        // A column without a width takes what it needs and pushes the others off the screen.
        Assert.All(columns, column => Assert.NotNull(column.Element("Width")));
        Assert.InRange(columns.Sum(column => (int)column.Element("Width")! + 1), 0, RecordingHost.Width);
        Assert.Equal(columns.Count, view.Descendants("TableColumnItem").Count());
    }

    [Theory]
    [MemberData(nameof(Views))]
    public void Sentences_are_broken_where_their_column_ends(string name)
    {
        var view = Document.Descendants("View").Single(v => v.Element("Name")!.Value == name);
        foreach (var (column, item) in view.Descendants("TableColumnHeader").Zip(view.Descendants("TableColumnItem")))
        {
            foreach (System.Text.RegularExpressions.Match broken in System.Text.RegularExpressions.Regex.Matches(item.Value, @", (\d+)\)"))
                Assert.Equal((string)column.Element("Width")!, broken.Groups[1].Value);
        }
    }

    [Fact]
    public void A_sentence_is_broken_between_words()
    {
        using var session = new Session();
        Assert.Equal("a bc\ndefg\nhij\nk", session.Run("[Sealer.PowerShell.ShownText]::Of('a bc defghij k', 4)").Single().ToString());
    }

    [Theory]
    [MemberData(nameof(Views))]
    public void A_view_is_of_a_type_that_a_user_meets(string name)
    {
        var type = Document.Descendants("View").Single(v => v.Element("Name")!.Value == name).Descendants("TypeName").Single().Value;
        var known = File.ReadLines(Path.Combine(BuiltModule.Assemblies, "Sealer.PublicTypes.txt")).Select(line => line.Split('\t')[1]);
        Assert.Contains(type, known);
        var list = Document.Descendants("View").Single(v => v.Element("Name")!.Value == name).Element("ListControl") is not null ? "List" : "";
        Assert.Equal(name, type[(type.LastIndexOf('.') + 1)..] + list);
    }

    [Fact]
    public void Lists_of_small_things_are_read_at_a_glance()
    {
        using var session = new Session();
        Assert.Equal("linux/amd64", session.Show("[Sealer.Platform]::Parse('linux/amd64')").Trim());
        Assert.Equal($"sha256:{new string('a', 64)}", session.Show("[Sealer.Digest]::Parse('sha256:' + 'a' * 64)").Trim());
        Assert.Contains("nginx:1.27", session.Show("[Sealer.ImageReference]::Parse('nginx:1.27')"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_sentence_is_cut_where_it_has_one_line()
    {
        using var session = new Session();
        Assert.Equal(["a bc", "a..."], session.Run("[Sealer.PowerShell.ShownText]::Cut('a bc', 4); [Sealer.PowerShell.ShownText]::Cut('a bcd', 4)").Select(o => o.ToString()));
    }

    [Fact]
    public void A_long_name_takes_a_second_line_and_no_other_column()
    {
        using var session = new Session();
        var shown = session.Show(
            """
            $image = [Sealer.ContainerImage]::new()
            $image.GetType().GetProperty('Image').SetValue($image, 'quay.io/skyline-platform/observability/metrics-collector-with-a-long-name:v2.14.0-rc.1')
            $image.GetType().GetProperty('IsForCluster').SetValue($image, $true)
            $image
            """);
        Assert.Contains("-name:v2.14.0-rc.1", shown, StringComparison.Ordinal);
        Assert.Contains("cluster", shown, StringComparison.Ordinal);
        Assert.All(shown.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, 80));
    }

    [Fact]
    public void What_an_image_says_of_itself_is_shown_without_what_a_terminal_or_an_agent_carries_out()
    {
        using var session = new Session();
        const string prepare =
            """
            $bad = "a$([char]27)]0;x$([char]7)##vso[task.complete]"
            function Made([string] $type, [hashtable] $values) {
                $object = [Runtime.CompilerServices.RuntimeHelpers]::GetUninitializedObject($type -as [type])
                foreach ($name in $values.Keys) { $object.GetType().GetProperty($name).SetValue($object, $values[$name]) }
                $object
            }
            $env = [Collections.Generic.Dictionary[string,string]]::new()
            $env[$bad] = $bad

            """;
        var shown = session.Show(prepare + "Made Sealer.Application @{ Name = $bad; Type = $bad; Files = [string[]] $bad; Cmds = [string[]] $bad; Env = $env }")
            + session.Show(prepare + "Made Sealer.ContainerImage @{ Image = $bad; AppNames = [string[]] $bad }");
        Assert.Contains("# #vso", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("##", shown, StringComparison.Ordinal);
        Assert.DoesNotContain('\u0007', shown);
        Assert.DoesNotContain("\u001b]", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_column_of_text_of_an_image_is_cleaned()
    {
        string[] clean = ["ShownText", "PlanText", "ShownTime", "ByteSize", "Digest.Short", "Digest.ToString", "ToFamiliarString", "ToLocalTime", "$_.ToString()"];
        Assert.All(
            Document.Descendants("ScriptBlock").Select(script => script.Value),
            script => Assert.Contains(clean, part => script.Contains(part, StringComparison.Ordinal)));
        string[] raw =
        [
            "Partials", "Blobs", "DryRun", "Passed", "ContainerImages", "IsOverlay", "IsReady", // Numbers, yes and no.
            "Severity", "Id", "Message", "Area", "Kind", "Name", "Before", "After", "Resolution", // Clean in the objects.
        ];
        Assert.All(Document.Descendants("PropertyName"), property => Assert.Contains(property.Value, raw));
        string[] cleanObjects = ["ImageDifference", "MergeCollision"];
        Assert.All(
            Document.Descendants("View").Where(view => view.Descendants("PropertyName").Any(property => property.Value == "Name")),
            view => Assert.Contains(view.Element("Name")!.Value, cleanObjects));
    }
}
