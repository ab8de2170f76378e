using Sealer.Images.Building;
using Sealer.Kubefiles;

namespace Sealer.Tests.Images.Building;

public sealed class AppLayoutTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public AppLayoutTests() => _folder
        .File("kube/a.yaml").File("kube/sub/b.YML")
        .File("shell/b.sh").File("shell/a.sh")
        .File("mixed/a.sh").File("mixed/a.yaml")
        .File("chart/Chart.yaml").File("chart/values.yaml").File("chart/templates/x.yaml")
        .File("bare/Chart.yaml").File("bare/templates/x.yaml")
        .File("deep/chart/Chart.yaml").File("deep/chart/values.yaml").File("deep/chart/templates/x.tpl")
        .File("one.yaml").File("two.yml").File("text.txt");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("kube", "kube", "a.yaml sub/b.YML")]
    [InlineData("one.yaml two.yml", "kube", "one.yaml two.yml")]
    [InlineData("one.yaml kube", "kube", "one.yaml a.yaml sub/b.YML")]
    [InlineData("shell", "shell", "a.sh b.sh")]
    [InlineData("shell/b.sh shell/a.sh", "shell", "b.sh")]
    [InlineData("mixed", null, "")]
    [InlineData("text.txt", null, "")]
    [InlineData("one.yaml shell", null, "")]
    [InlineData("chart", "helm", "app")]
    [InlineData("bare", "helm", "app")]
    [InlineData("one.yaml chart", "helm", "app")]
    [InlineData("chart/Chart.yaml chart/values.yaml chart/templates", "helm", "app")]
    [InlineData("deep", null, "")]
    public void The_type_of_an_application_is_told_by_its_files(string sources, string? type, string files)
    {
        var layout = AppLayout.Of("app", Items(sources));
        Assert.Equal((type, files), (layout.Type, string.Join(' ', layout.Files)));
    }

    [Fact]
    public void The_parts_of_a_chart_given_one_by_one_are_a_chart_again() =>
        Assert.Equal(["", "", "templates"], AppLayout.Of("app", Items("chart/Chart.yaml chart/values.yaml chart/templates")).Placed.Select(p => p.Folder));

    [Fact]
    public void Two_charts_are_no_application() =>
        Assert.Contains("make an APP of each", Assert.Throws<SealerException>(() => AppLayout.Of("app", Items("chart bare"))).Message, StringComparison.Ordinal);

    private List<SourceItem> Items(string sources)
    {
        var context = new BuildContext(_folder.Path, IgnoreFile.None, null);
        return [.. sources.Split(' ').SelectMany(context.Resolve)];
    }
}
