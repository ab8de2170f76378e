using System.Formats.Tar;
using System.IO.Compression;
using Sealer.Images.Building.Running;
using Sealer.Images.ContainerImages.Scanning;

namespace Sealer.Tests.Images.ContainerImages.Helm;

/// <summary>How a helm is run that does not behave: scripts in its place.</summary>
public sealed class HelmCommandTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);
    private readonly TemporaryFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [LinuxTheory]
    [InlineData("")]
    [InlineData(" >&2")]
    public async Task A_chart_that_makes_helm_print_for_ever_is_refused(string where)
    {
        var error = await Assert.ThrowsAsync<SealerException>(() => ScanAsync("yes 'image: a:1'" + where).WaitAsync(Long));
        Assert.Equal("HelmFailed", error.Id);
    }

    [LinuxFact]
    public async Task A_helm_that_hangs_is_ended_by_cancellation()
    {
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ScanAsync("sleep 600", cancel.Token).WaitAsync(Long));
    }

    [LinuxFact]
    public async Task What_helm_complains_of_is_told_in_part_and_without_what_a_terminal_obeys()
    {
        var error = await Assert.ThrowsAsync<SealerException>(
            () => ScanAsync("printf 'no \\033[2J' >&2; head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1").WaitAsync(Long));
        Assert.Contains("helm said: no ?[2Jxxx", error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Message.Length, 4000, 5000);
    }

    [LinuxFact]
    public async Task A_packed_chart_whose_name_ends_where_its_version_should_begin_has_no_values_of_another()
    {
        var files = new MemoryFiles { ["charts/web/Chart.yaml"] = "apiVersion: v2\nname: web\nversion: 1.0.0\n" };
        files.Add("charts/web-.tgz", Packed("other"));
        var values = Script("values.yaml", "x: 1\n");
        await ContainerImageScanner.ScanAsync(
            new ContainerImageScanOptions
            {
                Files = files,
                Helm = new HelmOptions { Path = Script("helm", "#!/bin/sh\n"), Values = new Dictionary<string, IReadOnlyList<string>> { ["web"] = [values] } },
            },
            default);
    }

    [LinuxFact]
    public async Task A_helm_that_came_with_the_image_does_not_reach_this_machine()
    {
        var marker = _temp["marker"];
        var error = await Assert.ThrowsAsync<SealerException>(() => ScanWithOwnAsync(
            System.Text.Encoding.UTF8.GetBytes($"#!/bin/sh\ntouch {marker}\n")));

        // What stands in for helm needs a shell, and there is none in its container; or there is no container at all.
        Assert.Contains(error.Id, (string[])["ContainerImageScanFailed", "HelmNotFound"]);
        Assert.False(File.Exists(marker));
    }

    [LinuxX64Fact]
    [Trait("Tier", "parts")]
    public async Task A_hostile_helm_of_the_image_runs_and_writes_only_inside_its_container()
    {
        var marker = _temp["marker"];
        var hostile = TinyProgram.WritingFile(marker, "---\n# Source: web/templates/x.yaml\nkind: Pod\nspec: {containers: [{image: 'r.io/ran:1'}]}\n");
        var scan = await ScanWithOwnAsync(hostile);
        Assert.Equal("r.io/ran:1", Assert.Single(scan.Images).Reference.ToString());
        Assert.False(File.Exists(marker));
    }

    [LinuxFact]
    public async Task Where_nothing_of_the_image_may_run_its_helm_does_not_and_a_warning_tells_of_the_chart()
    {
        var files = new MemoryFiles { ["charts/web/Chart.yaml"] = "apiVersion: v2\nname: web\nversion: 1.0.0\n" };
        files.Add("bin/helm", [0x7F]);
        var scan = await ContainerImageScanner.ScanAsync(
            new ContainerImageScanOptions { Files = files, Helm = new HelmOptions { SearchPath = "" }, RunsHelmOfImage = false }, default);
        Assert.StartsWith("charts/web: The images of this chart are found when the image is built", Assert.Single(scan.Warnings).ToString(), StringComparison.Ordinal);
    }

    [LinuxX64Fact]
    [Trait("Tier", "parts")]
    public async Task A_helm_of_the_image_that_prints_for_ever_is_ended()
    {
        var error = await Assert.ThrowsAsync<SealerException>(
            () => ScanWithOwnAsync(TinyProgram.WritingFile("/x", new string('x', 60_000), forEver: true)).WaitAsync(Long));
        Assert.Equal("HelmFailed", error.Id);
    }

    [LinuxFact]
    public async Task Without_containers_the_helm_of_the_image_is_left_alone_and_the_error_says_what_to_do()
    {
        var error = await Assert.ThrowsAsync<SealerException>(() => ScanWithOwnAsync([0x7F], new RunExecutorOptions { Runtimes = ["no-such-runtime"] }));
        Assert.Equal("HelmNotFound", error.Id);
        Assert.Contains("may only run in a container, which cannot be had here: no-such-runtime is not installed. Install helm", error.Message, StringComparison.Ordinal);
    }

    private static Task<ContainerImageScan> ScanWithOwnAsync(byte[] helm, RunExecutorOptions? container = null)
    {
        var files = new MemoryFiles { ["charts/web/Chart.yaml"] = "apiVersion: v2\nname: web\nversion: 1.0.0\n" };
        files.Add("bin/helm", helm);
        return ContainerImageScanner.ScanAsync(
            new ContainerImageScanOptions { Files = files, Helm = new HelmOptions { SearchPath = "", Container = container } }, default);
    }

    private async Task ScanAsync(string script, CancellationToken cancellationToken = default)
    {
        var files = new MemoryFiles { ["charts/web/Chart.yaml"] = "apiVersion: v2\nname: web\nversion: 1.0.0\n" };
        await ContainerImageScanner.ScanAsync(
            new ContainerImageScanOptions { Files = files, Helm = new HelmOptions { Path = Script("helm", "#!/bin/sh\n" + script + "\n") } },
            cancellationToken);
    }

    private static byte[] Packed(string name)
    {
        var packed = new MemoryStream();
        using (var tar = new TarWriter(new GZipStream(packed, CompressionLevel.Fastest)))
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name + "/Chart.yaml")
            {
                DataStream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes($"apiVersion: v2\nname: {name}\nversion: 1.0.0\n")),
            });
        }

        return packed.ToArray();
    }

    private string Script(string name, string text)
    {
        var path = _temp[name];
        File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
