using System.Text;
using Sealer.Images.ContainerImages;
using Sealer.Images.ContainerImages.Scanning;
using Sealer.Yaml;

namespace Sealer.Tests.Images.ContainerImages.Scanning;

public sealed class ManifestScanTests
{
    [Theory]
    [InlineData("a container", "kind: Pod\nspec:\n  containers:\n  - name: a\n    image: nginx\n", "docker.io/library/nginx:latest@5:12")]
    [InlineData("an image first in its item", "spec:\n  initContainers:\n  - image: a/b:1\n", "docker.io/a/b:1@3:12")]
    [InlineData("an ephemeral container", "spec: {ephemeralContainers: [{image: 'r.io/a:1', name: x}]}\n", "r.io/a:1@1:38")]
    [InlineData("a custom resource, deep", "spec:\n  a:\n    b:\n    - c:\n        image: r.io:5000/a/b:v1\n", "r.io:5000/a/b:v1@5:16")]
    [InlineData("a comment after the name", "image: nginx:1.25   # the web server\n", "docker.io/library/nginx:1.25@1:8")]
    [InlineData("a comment instead of a name", "# image: nginx\nimage: a:1\n", "docker.io/library/a:1@2:8")]
    [InlineData("quotes", "a: {image: \"nginx:1\"}\nb: {image: 'nginx:2'}\n", "docker.io/library/nginx:1@1:12 docker.io/library/nginx:2@2:12")]
    [InlineData("a digest", "image: r.io/a@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n", "r.io/a@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855@1:8")]
    [InlineData("a tag and a digest", "image: r.io/a:1@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n", "r.io/a:1@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855@1:8")]
    [InlineData("several documents", "---\nimage: a:1\n---\nimage: b:1\n...\n--- # third\nimage: c:1\n", "docker.io/library/a:1@2:8 docker.io/library/b:1@4:8 docker.io/library/c:1@7:8")]
    [InlineData("a YAML directive", "%YAML 1.2\n---\nimage: a:1\n", "docker.io/library/a:1@3:8")]
    [InlineData("a List", "kind: List\nitems:\n- spec: {containers: [{image: a:1}, {image: b:1}]}\n", "docker.io/library/a:1@3:31 docker.io/library/b:1@3:45")]
    [InlineData("a folded name", "image: >-\n  nginx:1.25\n", "docker.io/library/nginx:1.25@1:8")]
    [InlineData("a key in quotes", "{\"image\": \"a:1\"}\n", "docker.io/library/a:1@1:11")]
    [InlineData("an anchored name used again", "a: {image: &i a:1}\nb: {image: *i}\n", "docker.io/library/a:1@1:12 docker.io/library/a:1@2:12")]
    [InlineData("an anchored mapping used again", "a: &c {image: a:1}\nb: *c\n", "docker.io/library/a:1@1:15")]
    [InlineData("an image in parts", "image:\n  repository: quay.io/a/b\n  tag: 1.10\n", "quay.io/a/b:1.10@2:3")]
    [InlineData("an image in parts with a registry", "image: {registry: quay.io, repository: a/b, tag: v1}\n", "quay.io/a/b:v1@1:8")]
    [InlineData("an image in parts by digest", "image: {repository: a/b, digest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'}\n", "docker.io/a/b@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855@1:8")]
    [InlineData("parts merged from an anchor", "base: &b {repository: a/b, tag: v1}\nimage:\n  <<: *b\n  tag: v2\n", "docker.io/a/b:v2@3:3")]
    [InlineData("an image volume", "volumes:\n- name: v\n  image: {reference: 'quay.io/a:1', pullPolicy: Always}\n", "quay.io/a:1@3:22")]
    [InlineData("a key that ends with image, as sealer", "baseimage: nginx\nsidecar-image: a:1\n", "docker.io/library/nginx:latest@1:12 docker.io/library/a:1@2:16")]
    [InlineData("a fooImage key with a tag", "sidecarImage: a:1\n", "docker.io/library/a:1@1:15")]
    [InlineData("a fooImage key with something else", "backgroundImage: header.png\nuseImage: true\nlogoImage: https://x.io/a.png\n", "")]
    [InlineData("a disk of Ceph", "volumes:\n- rbd: {monitors: ['10.0.0.1:6789'], pool: kube, image: disk-1}\n", "")]
    [InlineData("a schema of a custom resource", "properties:\n  image:\n    description: x\n    type: string\n", "")]
    [InlineData("nothing", "image:\nimage: ''\nimage: ~\nimage: null\nimage: {}\nimage: []\n", "")]
    [InlineData("Windows line ends", "a: 1\r\nimage: a:1\r\n---\r\nimage: b:1\r\n", "docker.io/library/a:1@2:8 docker.io/library/b:1@4:8")]
    [InlineData("a key that is there twice", "image: a:1\nimage: b:1\n", "docker.io/library/a:1@1:8 docker.io/library/b:1@2:8")]
    [InlineData("a byte order mark", "\uFEFFimage: a:1\n", "docker.io/library/a:1@1:8")]
    [InlineData("Argo's own templates", "image: \"{{inputs.parameters.image}}\"\n", "")]
    public void Images_are_found_by_structure(string what, string text, string expected)
    {
        _ = what;
        Assert.Equal(expected, Flat(ManifestScan.Scan("manifests/x.yaml", text.TrimStart('\uFEFF'), null, ImageOrigin.Manifest)));
    }

    [Fact]
    public void A_name_that_is_a_truth_value_is_told_and_not_taken()
    {
        var findings = ManifestScan.Scan("manifests/x.yaml", "a:\n  image: yes\nb: {image: 1.5}\n", null, ImageOrigin.Manifest);
        Assert.Empty(findings.Images);
        Assert.Equal([2, 3], findings.Warnings.Select(warning => warning.Line));
        Assert.Equal("docker.io/library/yes:latest@1:8", Flat(ManifestScan.Scan("x.yaml", "image: 'yes'\n", null, ImageOrigin.Manifest)));
    }

    [Fact]
    public void A_name_that_is_none_is_told_with_its_place()
    {
        var warning = Assert.Single(ManifestScan.Scan("manifests/x.yaml", "spec:\n  image: Nginx:1\n", null, ImageOrigin.Manifest).Warnings);
        Assert.StartsWith("manifests/x.yaml:2:10: 'Nginx:1' is not the name of an image", warning.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Images_in_embedded_text_are_told_and_not_taken()
    {
        var findings = ManifestScan.Scan(
            "manifests/x.yaml", "kind: ConfigMap\ndata:\n  pod.yaml: |\n    spec:\n      image: quay.io/a/b:v1\n", null, ImageOrigin.Manifest);
        Assert.Empty(findings.Images);
        var warning = Assert.Single(findings.Warnings);
        Assert.Equal(5, warning.Line);
        Assert.Contains("quay.io/a/b:v1", warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Images_that_an_operator_is_told_by_environment_are_told()
    {
        var findings = ManifestScan.Scan(
            "manifests/x.yaml", "env:\n- name: RELATED_IMAGE_AGENT\n  value: quay.io/a/agent:v1\n- name: PATH\n  value: a:b\n", null, ImageOrigin.Manifest);
        Assert.Empty(findings.Images);
        Assert.Equal(3, Assert.Single(findings.Warnings).Line);
    }

    [Fact]
    public void A_template_is_read_around_its_actions()
    {
        const string text = """
            {{- /* a comment
            with }} braces and image: no:1 */ -}}
            kind: Pod
            spec:
              {{- if .Values.x }}
              containers:
              - name: a
                image: quay.io/a:1
              {{- else }}
              containers:
              - name: b
                image: "{{ index .Values "registry" }}/b:1"
                args: ["--x={{ .y | quote }}"]
              {{- end }}
              labels: {{ toYaml .Values.labels | nindent 4 }}
              - image: {{ .Image }}
            """;
        // The last line is wrong YAML on purpose: what comes before it must not be lost.
        var good = text[..text.LastIndexOf('\n')];
        var findings = ManifestScan.Scan("manifests/x.yaml.tmpl", good, null, ImageOrigin.Manifest);
        Assert.Equal("quay.io/a:1@8:12", Flat(findings));
        var warning = Assert.Single(findings.Warnings);
        Assert.Equal((12, 12), (warning.Line, warning.Column));
        Assert.Contains("{{ index .Values \"registry\" }}/b:1", warning.Message, StringComparison.Ordinal);

        findings = ManifestScan.Scan("manifests/x.yaml.tmpl", text, null, ImageOrigin.Manifest);
        Assert.Equal("quay.io/a:1@8:12", Flat(findings));
        Assert.Contains(findings.Warnings, found => found.Line == 16);
    }

    [Fact]
    public void Broken_YAML_costs_no_image_and_is_told_with_its_place()
    {
        var findings = ManifestScan.Scan(
            "manifests/x.yaml",
            "image: a:1\n---\nspec:\n  image: b:1\n bad: [\n  - image: 'c:1'\n---\nimage: d:1\n", null, ImageOrigin.Manifest);
        Assert.Equal(
            "docker.io/library/a:1@1:8 docker.io/library/b:1@4:10 docker.io/library/c:1@6:12 docker.io/library/d:1@8:8", Flat(findings));
        var warning = Assert.Single(findings.Warnings);
        Assert.InRange(warning.Line, 3, 6);
        Assert.True(warning.Column > 0);
    }

    [Fact]
    public void Tabs_for_indentation_cost_no_image() =>
        Assert.Equal("docker.io/library/a:1@2:9", Flat(ManifestScan.Scan("x.yaml", "spec:\n\timage: a:1\n", null, ImageOrigin.Manifest)));

    [Fact]
    public void JSON_is_read_where_it_is_an_object_of_Kubernetes()
    {
        const string pod = "{\n\t\"kind\": \"Pod\",\n\t\"spec\": {\"containers\": [{\"image\": \"a:1\"}]}\n}\n";
        Assert.Equal("docker.io/library/a:1@3:36", Flat(ManifestScan.Scan("x.json", pod, null, ImageOrigin.Manifest)));
        Assert.Equal("", Flat(ManifestScan.Scan("x.json", "{\"panels\": [{\"image\": \"a:1\"}]}", null, ImageOrigin.Manifest)));
    }

    [Fact]
    public void An_alias_bomb_costs_nothing()
    {
        var bomb = new StringBuilder("a0: &a0 [{image: 'a:1'}]\n");
        for (var i = 1; i < 64; i++)
            bomb.Append($"a{i}: &a{i} [{string.Join(",", Enumerable.Repeat($"*a{i - 1}", 9))}]\n");
        Assert.Equal("docker.io/library/a:1@1:18", Flat(ManifestScan.Scan("x.yaml", bomb.ToString(), null, ImageOrigin.Manifest)));
    }

    [Fact]
    public async Task A_bomb_of_merge_keys_costs_nothing()
    {
        var bomb = new StringBuilder("a0: &a0 {x: 1}\n");
        for (var i = 1; i < 12; i++)
            bomb.Append($"a{i}: &a{i} {{{string.Join(", ", Enumerable.Repeat($"<<: *a{i - 1}", 50))}}}\n");
        await ScansInTimeAsync(bomb.Append("image: *a11\n").ToString());
    }

    [Fact]
    public Task A_mapping_of_very_many_images_is_searched_once() =>
        ScansInTimeAsync(string.Concat(Enumerable.Repeat("image: a:1\n", 300_000)));

    private static Task ScansInTimeAsync(string text) =>
        Task.Run(() => ManifestScan.Scan("x.yaml", text, null, ImageOrigin.Manifest)).WaitAsync(TimeSpan.FromSeconds(60));

    [Fact]
    public void What_a_manifest_says_is_told_without_what_a_terminal_or_an_agent_obeys()
    {
        var findings = ManifestScan.Scan("x.yaml", "image: \"a b\\e[2J\\n##vso[task.setvariable variable=PATH]x\"\n", null, ImageOrigin.Manifest);
        var message = Assert.Single(findings.Warnings).Message;
        Assert.Contains("a b?[2J", message, StringComparison.Ordinal);
        Assert.DoesNotContain("##vso[", message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_anchor_that_holds_itself_ends() =>
        Assert.Equal(
            "docker.io/library/a:1@2:10",
            Flat(ManifestScan.Scan("x.yaml", "a: &a\n  image: a:1\n  <<: *a\n  b: *a\n  image2image: *a\n", null, ImageOrigin.Manifest)));

    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    public void Deep_nesting_is_refused_and_costs_no_image(string open)
    {
        var text = string.Concat(Enumerable.Repeat(open, 200_000)) + "\n---\nimage: a:1\n";
        var findings = ManifestScan.Scan("x.yaml", text, null, ImageOrigin.Manifest);
        Assert.Equal("docker.io/library/a:1@3:8", Flat(findings));
        Assert.Contains("nested", Assert.Single(findings.Warnings).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_of_a_megabyte_does_not_end_the_scan()
    {
        var text = "a: " + new string('x', 1_000_000) + "\nimage: a:1\nb: \"" + new string('y', 200_000) + "\"\nc: {image: b:1}\n";
        Assert.Equal("docker.io/library/a:1@2:8 docker.io/library/b:1@4:12", Flat(ManifestScan.Scan("x.yaml", text, null, ImageOrigin.Manifest)));
    }

    [Fact]
    public void More_values_than_any_manifest_has_are_refused()
    {
        var documents = YamlDocuments.Read("a: 1\n---\nb: [" + string.Concat(Enumerable.Repeat("1,", 2_000)) + "]\n", maxNodes: 1_000);
        Assert.Single(documents.Documents);
        Assert.Equal("the file has more than 1000 values", Assert.Single(documents.Broken).Reason);
    }

    private static string Flat(ScanFindings findings) =>
        string.Join(' ', findings.Images.Select(image => $"{image.Reference}@{image.Line}:{image.Column}"));
}
