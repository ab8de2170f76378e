using System.Text;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Configs;
using Sealer.Clusterfiles.Documents;
using Sealer.Tests.Images.ContainerImages;

namespace Sealer.Tests.Clusterfiles;

/// <summary>Files of sealer 0.3 to 0.8, which filled them in with their own env and read variables as lists.</summary>
public sealed class RenderedClusterfileTests
{
    private const string Old = """
        apiVersion: sealer.cloud/v2
        kind: Cluster
        metadata: { name: c }
        spec:
          env:
          - Name=web
          - IPList=10.0.0.2;10.0.0.3
          - San=a.example
          - San=b.example
          hosts:
          - { ips: [ 10.0.0.2 ], roles: [ master ] }
        ---
        apiVersion: sealer.aliyun.com/v1alpha1
        kind: Config
        metadata: { name: conf }
        spec:
          path: etc/conf
          data: |
            name: {{ .Name }}
            {{- range .IPList }}
            - {{ . }}
            {{- end }}
        """;

    [Fact]
    public void An_old_clusterfile_is_filled_in_with_its_env()
    {
        var spec = Clusterfile.Read(Old).GetSpec();

        Assert.Equal("name: web\n- 10.0.0.2\n- 10.0.0.3", Assert.Single(spec.Configs).Data.TrimEnd());
    }

    [Fact]
    public void Variables_of_an_old_clusterfile_are_lists_for_templates_and_arrays_for_scripts()
    {
        var result = Clusterfile.Read(Old);
        var spec = result.GetSpec();

        var variables = ClusterEnvironment.VariablesOfHost(spec, spec.Hosts[0]);
        Assert.Equal("IPList=(10.0.0.2 10.0.0.3)\nSan=(a.example b.example)\n", ClusterEnvironment.ShellArrays(variables));
        Assert.Equal("10.0.0.2;10.0.0.3", ClusterEnvironment.OfHost(spec, spec.Hosts[0])["IPList"]);
        Assert.Contains(result.Diagnostics, d => d.Message.Contains("'IPList' is a list, as sealer up to 0.8 read it", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Templates_of_an_image_see_the_lists()
    {
        var spec = Clusterfile.Read(Old).GetSpec();
        var tree = new MemoryFiles { ["etc/a.tmpl"] = "{{ range .San }}<{{ . }}>{{ end }} {{ index .IPList 1 }} {{ .Name }}" };

        var files = await HostContent.RenderAsync(spec, tree, null, spec.Hosts[0]);

        Assert.Equal("<a.example><b.example> 10.0.0.3 web", Encoding.UTF8.GetString(files.Files.Single(file => file.Path == "etc/a").Bytes.Span));
    }

    [Fact]
    public void Words_of_an_array_cannot_break_out_of_it()
    {
        var spec = Clusterfile.Read(Old.Replace("10.0.0.2;10.0.0.3", "a b;$(date);c'd", StringComparison.Ordinal)).GetSpec();

        Assert.StartsWith("IPList=('a b' '$(date)' 'c'\\''d')\n", ClusterEnvironment.ShellArrays(spec.Environment), StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_clusterfile_keeps_its_braces_and_its_text()
    {
        var spec = Clusterfile.Read(Old.Replace("sealer.cloud/v2", "sealer.io/v2", StringComparison.Ordinal)).GetSpec();

        Assert.Contains("{{ .Name }}", spec.Configs[0].Data, StringComparison.Ordinal);
        Assert.Equal("", ClusterEnvironment.ShellArrays(spec.Environment));
        Assert.Equal("b.example", spec.Environment.Single(variable => variable.Name == "San").Value);
    }

    // sealer 0.9 wrote the same apiVersion and filled nothing in.
    [Theory]
    [InlineData("{{ .Values.image }}", ".Values.image has no value")]
    [InlineData("{{ include \"x\" . }}", "'include' is not a function")]
    public void Braces_that_are_somebody_elses_are_left_and_that_is_told(string braces, string why)
    {
        var result = Clusterfile.Read(Old.Replace("name: {{ .Name }}", $"name: {braces}", StringComparison.Ordinal));

        Assert.Contains(braces, result.GetSpec().Configs[0].Data, StringComparison.Ordinal);
        var told = result.Diagnostics.Single(d => d.Message.Contains(why, StringComparison.Ordinal));
        Assert.Equal(19, told.Location.Line);
    }

    [Fact]
    public void A_mistake_behind_what_was_filled_in_has_the_line_of_the_users_file()
    {
        var result = Clusterfile.Read(Old + "\n---\nkind: Config\nmetadata: { name: x }\nspec: { pth: a, data: b }\n");

        // The loop made two lines of three.
        Assert.Equal(["Clusterfile:26:9 spec has no field 'pth'; did you mean 'path'?"], result.Diagnostics.Where(d => d.Message.Contains("pth", StringComparison.Ordinal)).Select(d => d.ToString()));
    }

    [Fact]
    public void A_document_may_become_yaml_only_once_it_is_filled_in()
    {
        var spec = Clusterfile.Read(Old + "\n---\nkind: Config\nmetadata: { name: x }\nspec:\n  path: etc/b\n  data: {{ .Name }}\n").GetSpec();

        Assert.Equal("web", spec.Configs[1].Data);
    }

    [Fact]
    public void Lists_stay_lists_when_they_are_written_and_read_again()
    {
        var spec = Clusterfile.Read(Old).GetSpec();

        var again = Clusterfile.Read(Clusterfile.Write(spec)).GetSpec();

        Assert.Equal(spec.Environment.Order(Comparer<EnvironmentVariable>.Create((a, b) => string.CompareOrdinal(a.Name, b.Name))), again.Environment.Order(Comparer<EnvironmentVariable>.Create((a, b) => string.CompareOrdinal(a.Name, b.Name))));
        Assert.Equal(new Cluster(spec).ClusterfileDigest, new Cluster(again).ClusterfileDigest);
    }
}
