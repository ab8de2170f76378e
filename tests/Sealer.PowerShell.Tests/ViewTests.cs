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
    public void A_view_is_of_a_type_that_a_user_meets(string name)
    {
        var type = Document.Descendants("View").Single(v => v.Element("Name")!.Value == name).Descendants("TypeName").Single().Value;
        var known = File.ReadLines(Path.Combine(BuiltModule.Assemblies, "Sealer.PublicTypes.txt")).Select(line => line.Split('\t')[1]);
        Assert.Contains(type, known);
        Assert.Equal(name, type[(type.LastIndexOf('.') + 1)..]);
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
}
