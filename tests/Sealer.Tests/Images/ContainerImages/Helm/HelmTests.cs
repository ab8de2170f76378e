using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using Sealer.Images.ContainerImages.Scanning;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Images.ContainerImages.Helm;

/// <summary>Charts as a real helm renders them.</summary>
[Trait("Tier", "parts")]
public sealed class HelmTests
{
    private static MemoryFiles Charts() => new()
    {
        // Conditions, values, an image in parts, a sub-chart, a definition with an image inside, a test hook.
        ["charts/web/Chart.yaml"] = "apiVersion: v2\nname: webchart\nversion: 1.0.0\nappVersion: '9'\ndependencies:\n- name: db\n  version: 0.1.0\n  condition: db.enabled\n",
        ["charts/web/values.yaml"] = "image: {repository: r.io/web, tag: ''}\ndebug: false\ndb: {enabled: true, image: r.io/db:1}\n",
        ["charts/web/templates/web.yaml"] =
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              template:
                spec:
                  containers:
                  - name: web
                    image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
                  {{- if .Values.debug }}
                  - name: debug
                    image: r.io/debug:1
                  {{- end }}
            """,
        ["charts/web/templates/tests/t.yaml"] =
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: t\n  annotations: {helm.sh/hook: test}\nspec:\n  containers:\n  - {name: t, image: r.io/test:1}\n",
        ["charts/web/templates/_helpers.tpl"] = "{{- define \"x\" }}image: no:1{{ end }}\n",
        ["charts/web/templates/NOTES.txt"] = "image: no:2\n",
        ["charts/web/crds/c.yaml"] =
            "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x}\nspec: {image: r.io/crd:1}\n",
        ["charts/web/charts/db/Chart.yaml"] = "apiVersion: v2\nname: db\nversion: 0.1.0\n",
        ["charts/web/charts/db/values.yaml"] = "image: no:3\n",
        ["charts/web/charts/db/templates/db.yaml"] =
            "apiVersion: v1\nkind: Pod\nmetadata: {name: db}\nspec:\n  containers:\n  - name: db\n    image: {{ .Values.image }}\n",
        ["charts/common/Chart.yaml"] = "apiVersion: v2\nname: common\nversion: 1.0.0\ntype: library\n",
        ["application/apps/shop/Chart.yaml"] = "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
        ["application/apps/shop/values.yaml"] = "tag: v1\n",
        ["application/apps/shop/templates/p.yaml"] =
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: p, image: \"r.io/shop:{{ .Values.tag }}\"}]}\n",
    };

    [Fact]
    public async Task Charts_are_rendered_with_their_own_values()
    {
        var scan = await ScanAsync(Charts(), []);
        Assert.Equal(
            [
                "r.io/crd:1 Chart charts/web/crds/c.yaml:4 ",
                "r.io/db:1 Chart charts/web/charts/db/templates/db.yaml:7 ",
                "r.io/shop:v1 Application application/apps/shop/templates/p.yaml:4 shop",
                "r.io/test:1 Chart charts/web/templates/tests/t.yaml:8 ",
                "r.io/web:9 Chart charts/web/templates/web.yaml ",
            ],
            Flat(scan));
        Assert.Empty(scan.Warnings);
    }

    [Theory]
    [InlineData("webchart")]
    [InlineData("web")]
    public async Task Values_given_win_by_the_name_of_chart_or_folder(string key)
    {
        var values = Path.GetTempFileName();
        await File.WriteAllTextAsync(values, "image: {tag: v2}\ndebug: true\ndb: {enabled: false}\n");
        try
        {
            var scan = await ScanAsync(Charts(), new() { [key] = [values] });
            var found = Flat(scan);
            Assert.Contains("r.io/debug:1 Chart charts/web/templates/web.yaml:12 ", found);
            Assert.Contains("r.io/web:v2 Chart charts/web/templates/web.yaml ", found);
            Assert.DoesNotContain(found, line => line.StartsWith("r.io/db", StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(values);
        }
    }

    [Fact]
    public async Task What_is_found_is_what_helm_template_prints()
    {
        var folder = Directory.CreateTempSubdirectory("sealer-helm-").FullName;
        try
        {
            var charts = Charts();
            foreach (var entry in charts.List("charts"))
            {
                var path = Path.Combine(folder, entry.Path);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                await using var to = File.Create(path);
                await charts.Open(entry.Path).CopyToAsync(to);
            }

            var start = new ProcessStartInfo(await RealHelm.PathAsync(), ["template", "dryrun", "charts/web", "--include-crds"])
            {
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
            };
            using var helm = Process.Start(start)!;
            var expected = (await helm.StandardOutput.ReadToEndAsync()).Split("image: ").Skip(1)
                .Select(rest => rest.Split('\n', ',', '}')[0].Trim('"', ' ')).Order(StringComparer.Ordinal);
            var scan = await ScanAsync(charts, []);
            Assert.Equal(expected, scan.Images.Where(image => image.AppName is null).Select(image => image.Text).Order(StringComparer.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Packed_charts_are_rendered_too()
    {
        var files = new MemoryFiles();
        files.Add("charts/web-1.0.0.tgz", Pack(Charts(), "charts/web", "webchart"));
        files.Add("application/apps/shop/shop-1.0.0.tgz", Pack(Charts(), "application/apps/shop", "shop"));
        var found = Flat(await ScanAsync(files, []));
        Assert.Contains("r.io/web:9 Chart charts/web-1.0.0.tgz/templates/web.yaml ", found);
        Assert.Contains("r.io/db:1 Chart charts/web-1.0.0.tgz/charts/db/templates/db.yaml ", found);
        Assert.Contains("r.io/shop:v1 Application application/apps/shop/shop-1.0.0.tgz/templates/p.yaml shop", found);
    }

    [Fact]
    public async Task Every_chart_that_cannot_be_rendered_is_told_with_the_words_of_helm()
    {
        var files = new MemoryFiles
        {
            ["charts/a/Chart.yaml"] = "apiVersion: v2\nname: a\nversion: 1.0.0\n",
            ["charts/a/templates/x.yaml"] = "image: {{ required \"set me\" .Values.tag }}\n",
            ["charts/b/Chart.yaml"] = "apiVersion: v2\nname: b\nversion: 1.0.0\ndependencies: [{name: gone, version: 1.0.0, repository: 'https://x.invalid'}]\n",
        };
        var error = await Assert.ThrowsAsync<SealerException>(() => ScanAsync(files, []));
        Assert.Contains("charts/a: helm could not render the chart", error.Message, StringComparison.Ordinal);
        Assert.Contains("set me", error.Message, StringComparison.Ordinal);
        Assert.Contains("charts/b: helm could not render the chart. Run 'helm dependency build'", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Path.GetTempPath(), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Helm_in_the_rootfs_renders_the_same_in_a_container_where_the_machine_has_none()
    {
        var values = Path.GetTempFileName();
        await File.WriteAllTextAsync(values, "image: {tag: v2}\n");
        try
        {
            var given = new Dictionary<string, IReadOnlyList<string>> { ["web"] = [values] };
            var expected = Flat(await ScanAsync(Charts(), given));
            var files = Charts();
            files.Add("bin/helm", await File.ReadAllBytesAsync(await RealHelm.PathAsync()));
            var options = new ContainerImageScanOptions { Files = files, Helm = new HelmOptions { SearchPath = "", Values = given } };
            Assert.Equal(expected, Flat(await ContainerImageScanner.ScanAsync(options, CancellationToken.None)));
            Assert.Contains("r.io/web:v2 Chart charts/web/templates/web.yaml ", expected);
        }
        finally
        {
            File.Delete(values);
        }
    }

    [Fact]
    public async Task What_helm_in_the_rootfs_complains_of_is_told_too()
    {
        var files = new MemoryFiles
        {
            ["charts/a/Chart.yaml"] = "apiVersion: v2\nname: a\nversion: 1.0.0\n",
            ["charts/a/templates/x.yaml"] = "image: {{ required \"set me\" .Values.tag }}\n",
        };
        files.Add("bin/helm", await File.ReadAllBytesAsync(await RealHelm.PathAsync()));
        var options = new ContainerImageScanOptions { Files = files, Helm = new HelmOptions { SearchPath = "" } };
        var error = await Assert.ThrowsAsync<SealerException>(() => ContainerImageScanner.ScanAsync(options, CancellationToken.None));
        Assert.Contains("charts/a: helm could not render the chart", error.Message, StringComparison.Ordinal);
        Assert.Contains("set me", error.Message, StringComparison.Ordinal);
    }

    private static string[] Flat(ContainerImageScan scan) =>
        [.. scan.Images.Select(image => $"{image.Reference} {image.Origin} {image.Place} {image.AppName}").Order(StringComparer.Ordinal)];

    private static async Task<ContainerImageScan> ScanAsync(MemoryFiles files, Dictionary<string, IReadOnlyList<string>> values) =>
        await ContainerImageScanner.ScanAsync(
            new ContainerImageScanOptions { Files = files, Helm = new HelmOptions { Path = await RealHelm.PathAsync(), Values = values } },
            CancellationToken.None);

    private static byte[] Pack(MemoryFiles files, string folder, string name)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        using (var tar = new TarWriter(gzip))
        {
            foreach (var entry in files.List(folder))
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name + entry.Path[folder.Length..]) { DataStream = files.Open(entry.Path) });
        }

        return packed.ToArray();
    }
}
