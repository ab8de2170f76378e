using System.Text.Json.Nodes;
using Sealer.Clusterfiles.Reading;
using Sealer.Clusterfiles.Templates;
using Sealer.Tests.Peers;
using Sealer.Yaml;

namespace Sealer.Tests.Clusterfiles;

public sealed class TemplateTests
{
    private static readonly Dictionary<string, string> Variables = new() { ["RegistryURL"] = "hub:5000", ["Empty"] = "", ["Name"] = "web" };

    public static TheoryData<string, string> Cases()
    {
        var data = new TheoryData<string, string>();
        foreach (var (template, expected) in TemplateCases.All)
            data.Add(template, expected);
        return data;
    }

    private static string RenderValues(string template)
    {
        var values = YamlJson.Convert(YamlDocuments.Read(TemplateCases.Values).Documents[0], (_, message) => Assert.Fail(message));
        var data = new JsonObject { ["Values"] = values };
        return Template.Parse(template, "case").Render((IReadOnlyDictionary<string, object?>)GoValues.From(data)!, default).Text;
    }

    private static string Render(string template) => Template.Parse(template, "etc/a.tmpl").Render(Variables, default).Text;

    private static Dictionary<string, object?> OfGo => new()
    {
        ["Name"] = "hello",
        ["L"] = new List<object?> { "a", "b", "c" },
        ["Js"] = "a'b\"c\\d<e>&=\u0001\té\u2028x",
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Templates_are_rendered_as_Go_renders_them(string template, string expected) => Assert.Equal(expected, RenderValues(template));

    [Fact]
    [Trait("Tier", "parts")]
    public async Task A_real_helm_renders_the_same()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["templates"]);
        File.WriteAllText(folder["Chart.yaml"], "apiVersion: v2\nname: cases\nversion: 1.0.0\n");
        File.WriteAllText(folder["values.yaml"], TemplateCases.Values);
        var cases = TemplateCases.All;
        File.WriteAllText(folder["templates/_cases.tpl"], string.Concat(cases.Select((c, i) => $"{{{{ define \"case{i}\" }}}}{c.Template}{{{{ end }}}}")));
        File.WriteAllText(folder["templates/all.yaml"], string.Concat(cases.Select((_, i) => $"case{i}: \"{{{{ include \"case{i}\" . | b64enc }}}}\"\n")));

        var output = await Peer.RunAsync(await RealHelm.PathAsync(), "template", "x", folder.Path);

        var rendered = (YamlMapping)YamlDocuments.Read(output).Documents[0];
        var different = cases.Select((c, i) => (c.Template, c.Expected, Helm: System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(rendered.FindScalar($"case{i}")!.Value))))
            .Where(c => c.Expected != c.Helm)
            .Select(c => $"{c.Template}\n  here: {c.Expected}\n  helm: {c.Helm}");
        Assert.Equal([], different);
    }

    [Theory]
    [InlineData("toJson $x")]
    [InlineData("toYaml $x")]
    [InlineData("print $x")]
    [InlineData("$x")]
    public void A_value_that_nests_without_end_is_refused_before_it_is_printed(string action)
    {
        var error = Assert.Throws<SealerException>(() => Render("{{ $x := list }}{{ range 5000 }}{{ $x = list $x }}{{ end }}{{ " + action + " }}"));
        Assert.Contains("nested more than 200 levels deep", error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(Render("{{ $x := list }}{{ range 150 }}{{ $x = list $x }}{{ end }}{{ " + action + " }}"));
    }

    [Fact]
    public void Lines_of_a_long_file_are_told_in_a_time_that_grows_with_their_number()
    {
        var (rendered, lines) = Template.Parse("{{ $x := 1 -}}\n" + new string('\n', 0) + "a\n{{ range 2 }}b\n\n{{ end }}" + string.Concat(Enumerable.Repeat("x\n", 2_000_000)), "t")
            .RenderWithLines(new Dictionary<string, object?>(), default);
        Assert.Equal("a\nb\n\nb\n\nx\nx\n", rendered.Text[..12]);
        Assert.Equal([2, 3, 4, 3, 4, 5, 6], lines.Take(7));
        Assert.Equal((2_000_006, 2_000_005), (lines.Count, lines[^1]));
    }

    // Go's own functions that helm replaces by others of the same name, or has no text for; what Go 1.19 makes of them.
    [Theory]
    [InlineData("{{ slice .Name 1 3 }}", "el")]
    [InlineData("{{ slice .Name 2 }}", "llo")]
    [InlineData("{{ slice .Name }}", "hello")]
    [InlineData("{{ slice .L 1 2 }}", "[b]")]
    [InlineData("{{ slice .L 0 1 2 }}", "[a]")]
    [InlineData("{{ len (slice .L 1) }}", "2")]
    [InlineData("{{ js .Js }}", "a\\'b\\\"c\\\\d\\u003Ce\\u003E\\u0026\\u003D\\u0001\\u0009é\\u2028x")]
    [InlineData("{{ js \"a\" 1 2 }}", "a1 2")]
    [InlineData("{{ .Name | js }}", "hello")]
    public void Gos_own_functions_are_there(string template, string expected) =>
        Assert.Equal(expected, Template.Parse(template, "t").Render(OfGo, default).Text);

    [Theory]
    [InlineData("{{ slice .Name 0 9 }}", "argument 3 must be from 0 to 5")]
    [InlineData("{{ slice .Name 3 1 }}", "3 lies behind 1")]
    [InlineData("{{ slice .Name 1 2 3 }}", "text takes two places at most")]
    [InlineData("{{ slice .L 0 3 2 }}", "3 lies behind 2")]
    [InlineData("{{ slice 5 1 }}", "a whole number has no items")]
    [InlineData("{{ slice . 1 }}", "a map has no items")]
    [InlineData("{{ slice \"é\" 1 }}", "cut a character in two")]
    [InlineData("{{ call .Name }}", "text is no function")]
    [InlineData("{{ include \"x\" . }}", "'include' is not a function")]
    [InlineData("{{ tpl .Name . }}", "'tpl' is not a function")]
    [InlineData("{{ lookup \"v1\" \"Secret\" \"a\" \"b\" }}", "'lookup' is not a function")]
    [InlineData("{{ env \"HOME\" }}", "'env' is not a function")]
    public void What_is_no_function_or_cannot_be_done_is_told_with_its_place(string template, string expected)
    {
        var error = Assert.Throws<SealerException>(() => Template.Parse("\n " + template, "t").Render(OfGo, default));
        Assert.StartsWith("t:2:", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Tier", "parts")]
    [InlineData("{{ .Values.name.x }}")]
    [InlineData("{{ lower 5 }}")]
    [InlineData("{{ lower .Values.missing }}")]
    [InlineData("{{ eq 1 \"1\" }}")]
    [InlineData("{{ lt true false }}")]
    [InlineData("{{ index .Values.ports 9 }}")]
    [InlineData("{{ nil }}")]
    [InlineData("{{ if }}x{{ end }}")]
    [InlineData("{{ if true }}x")]
    [InlineData("{{ end }}")]
    [InlineData("{{ else }}")]
    [InlineData("{{ $x }}")]
    [InlineData("{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}")]
    [InlineData("{{ nosuch }}")]
    [InlineData("{{ \"a\" | 5 }}")]
    [InlineData("{{ .Values.name \"x\" }}")]
    [InlineData("{{ \"x\" | .Values.name }}")]
    [InlineData("{{ \"unclosed }}")]
    [InlineData("{{ .Values.name")]
    [InlineData("{{ (.Values.name }}")]
    [InlineData("{{ .Values.name) }}")]
    [InlineData("{{ break }}")]
    [InlineData("{{ range .Values.name }}{{ end }}")]
    [InlineData("{{ template \"none\" }}")]
    [InlineData("{{ 1x }}")]
    [InlineData("{{ \"\\q\" }}")]
    [InlineData("{{/* open }}")]
    [InlineData("{{ /* spaced */ }}")]
    [InlineData("{{ \"a\".b }}")]
    [InlineData("{{ not }}")]
    [InlineData("{{ required \"needed\" .Values.missing }}")]
    [InlineData("{{ | upper }}")]
    [InlineData("{{ upper | }}")]
    [InlineData("{{ .Values.name | }}")]
    [InlineData("{{ if true }}{{ else }}{{ else }}{{ end }}")]
    [InlineData("{{ define \"x\" }}")]
    [InlineData("{{ a:=1 }}")]
    [InlineData("{{ .Values.name# }}")]
    public async Task What_a_real_helm_refuses_is_refused(string template)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["templates"]);
        File.WriteAllText(folder["Chart.yaml"], "apiVersion: v2\nname: cases\nversion: 1.0.0\n");
        File.WriteAllText(folder["values.yaml"], TemplateCases.Values);
        File.WriteAllText(folder["templates/all.yaml"], template);
        using var helm = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(await RealHelm.PathAsync(), ["template", "x", folder.Path]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        await helm.WaitForExitAsync();

        Assert.NotEqual(0, helm.ExitCode);
        Assert.Contains(Assert.Throws<SealerException>(() => RenderValues(template)).Id, new[] { "InvalidTemplate", "TemplateFailed" });
    }

    [Theory]
    [InlineData("imageRepository: {{or .RegistryURL \"sea.hub:5000\"}}", "imageRepository: hub:5000")]
    [InlineData("{{or .Missing \"sea.hub:5000\"}}", "sea.hub:5000")]
    [InlineData("{{ .Name | b64enc }} {{ b64dec \"d2Vi\" }}", "d2Vi web")]
    [InlineData("{{ define \"t\" }}<{{ . }}>{{ end }}{{ template \"t\" .Name }}", "<web>")]
    [InlineData("{{ block \"b\" .Name }}[{{ . }}]{{ end }}", "[web]")]
    [InlineData("{{ .A.B }}", "<no value>")]
    public void A_template_of_sealer_sees_the_clusters_variables(string template, string expected) => Assert.Equal(expected, Render(template));

    [Fact]
    public void A_variable_without_a_value_is_written_as_Go_does_and_told()
    {
        var rendered = Template.Parse("a: {{ .Name }}\nb: {{ .RegistryUrl }}\n", "etc/a.tmpl").Render(Variables, default);

        Assert.Equal("a: web\nb: <no value>\n", rendered.Text);
        Assert.Equal(
            "etc/a.tmpl:2:4 warning: .RegistryUrl has no value; <no value> is written; did you mean 'RegistryURL'?",
            Assert.Single(rendered.Warnings).ToString());
    }

    [Theory]
    [InlineData("a\n  {{ nosuch .Name }}", "etc/a.tmpl:2:6 'nosuch' is not a function of templates")]
    [InlineData("{{ uper .Name }}", "etc/a.tmpl:1:4 'uper' is not a function of templates; did you mean 'upper'?")]
    [InlineData("{{ include \"x\" . }}", "etc/a.tmpl:1:4 'include' is not a function of templates")]
    [InlineData("{{ if .Name }}\nx", "etc/a.tmpl:1:1 the 'if' has no end; write {{ end }}")]
    [InlineData("x {{ .Name", "etc/a.tmpl:1:3 the action is not closed; end it with }}")]
    [InlineData("{{ $nmae := 1 }}{{ $name }}", "etc/a.tmpl:1:20 the variable '$name' is not declared; did you mean '$nmae'?; write {{ $name := ... }} first")]
    [InlineData("{{ lower 5 }}", "etc/a.tmpl:1:4 lower: argument 1 must be text, not a whole number")]
    [InlineData("{{ .Name.x }}", "etc/a.tmpl:1:4 text has no field 'x'")]
    [InlineData("{{ b64dec .Name }}", "etc/a.tmpl:1:4 b64dec: the argument is not base64 of text")]
    [InlineData("{{ eq .Name 1 }}", "etc/a.tmpl:1:4 eq: text and a whole number cannot be compared")]
    [InlineData("{{ template \"none\" }}", "etc/a.tmpl:1:4 there is no template 'none'")]
    [InlineData("{{ upper .Name .Name }}", "etc/a.tmpl:1:4 upper: takes 1 argument, not 2")]
    [InlineData("a\n\n{{ end }}", "etc/a.tmpl:3:4 there is an 'end' without a beginning")]
    public void Mistakes_are_told_with_their_place(string template, string expected)
    {
        var error = Assert.Throws<SealerException>(() => Render(template));
        Assert.Equal(expected, error.Message);
    }

    [Fact]
    public void A_template_without_an_end_is_stopped() =>
        Assert.Contains("takes more than", Assert.Throws<SealerException>(() => Render("{{ range 1000000000000 }}{{ end }}")).Message);

    [Fact]
    public void A_template_that_calls_itself_is_stopped() =>
        Assert.Contains("call each other", Assert.Throws<SealerException>(() => Render("{{ define \"a\" }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}")).Message);

    [Fact]
    public void A_template_that_writes_without_end_is_stopped() =>
        Assert.Contains("writes more than", Assert.Throws<SealerException>(() => Render("{{ range 1000000 }}" + new string('x', 1_000) + "{{ end }}")).Message);

    [Theory]
    [InlineData("{{ $a := \"xxxxxxxxxx\" }}{{ range 60 }}{{ $a = print $a $a }}{{ end }}")]
    [InlineData("{{ $a := \"\\n\" }}{{ range 60 }}{{ $a = indent 1000 (print $a $a) }}{{ end }}")]
    [InlineData("{{ $a := \"aaaaaaaaaa\" }}{{ range 60 }}{{ $a = replace \"a\" \"aaaaaaaaaa\" $a }}{{ end }}")]
    [InlineData("{{ $a := list 1 1 }}{{ range 60 }}{{ $a = list $a $a }}{{ end }}{{ $a }}")]
    public void A_template_whose_values_grow_without_end_is_stopped(string template) =>
        Assert.Contains("more", Assert.Throws<SealerException>(() => Render(template)).Message);

    [Theory]
    [InlineData("{{ if true }}", "{{ end }}")]
    [InlineData("{{ ((((((((((", "")]
    [InlineData("{{ if true }}{{ else }}", "{{ end }}")]
    public void Nesting_without_end_is_refused(string open, string close)
    {
        var template = string.Concat(Enumerable.Repeat(open, 20_000)) + string.Concat(Enumerable.Repeat(close, 20_000));
        Assert.Equal("InvalidTemplate", Assert.Throws<SealerException>(() => Render(template)).Id);
    }

    [Theory]
    [InlineData("{{ $a := print \"xxxxxxxxxx\" }}{{ range 20 }}{{ $a = print $a $a }}{{ end }}{{ range 1000000 }}{{ $b := upper $a }}{{ end }}")]
    [InlineData("{{ $a := list 1 1 }}{{ range 14 }}{{ $a = list $a $a }}{{ end }}{{ range 1000000 }}{{ $b := len $a }}{{ end }}")]
    public void Work_on_large_values_counts_for_more(string template) =>
        Assert.Contains("takes more than", Assert.Throws<SealerException>(() => Render(template)).Message);

    [Fact]
    public void Variables_are_bounded() =>
        Assert.Contains("more than 1000 variables", Assert.Throws<SealerException>(() => Render(string.Concat(Enumerable.Range(0, 1_100).Select(i => $"{{{{ $v{i} := 1 }}}}")))).Message);

    [Fact]
    public void A_missing_value_that_is_printed_a_million_times_is_told_once() =>
        Assert.Single(Template.Parse("{{ range 1000000 }}{{ $.No }}{{ end }}", "a").Render(Variables, default).Warnings);

    [Fact]
    public void A_width_in_printf_is_bounded() =>
        Assert.Contains("a width may be", Assert.Throws<SealerException>(() => Render("{{ printf \"%999999999d\" 1 }}")).Message);

    [Fact]
    public void Rendering_can_be_cancelled() =>
        Assert.Throws<OperationCanceledException>(() => Template.Parse("{{ range 100000 }}{{ end }}", "a").Render(Variables, new CancellationToken(canceled: true)));

    [Fact]
    public void No_template_of_random_pieces_fails_in_another_way()
    {
        string[] pieces = ["{{", "}}", " ", "-", ".", ".Name", "$x", ":=", "=", "|", "(", ")", "if", "else", "end", "range", "with", "define", "block", "\"a\"", "`b`", "'c'", "1", "1.5", "upper", "eq", "and", "printf", ",", "/*", "*/", "\n", "nil", "true", "break", "template", "list", "index", "toYaml", "$"];
        var random = new Random(11);
        for (var i = 0; i < 20_000; i++)
        {
            var template = "{{ " + string.Join(random.Next(2) == 0 ? " " : "", Enumerable.Range(0, random.Next(14)).Select(_ => pieces[random.Next(pieces.Length)])) + " }}";
            try
            {
                Render(template);
            }
            catch (SealerException)
            {
            }
        }
    }
}
