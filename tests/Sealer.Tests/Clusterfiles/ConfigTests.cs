using System.Text;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Configs;
using Sealer.Clusterfiles.Documents;
using Sealer.Images;
using Sealer.Tests.Images.ContainerImages;

namespace Sealer.Tests.Clusterfiles;

public sealed class ConfigTests
{
    private static ConfigSpec Config(string data, WriteStrategy strategy, params ConfigProcessor[] processors) =>
        new() { Name = "c", Path = "etc/a.yaml", Data = data, Strategy = strategy, Processors = processors };

    private static ConfigSpec Process(string data, params ConfigProcessor[] processors) => Config(data, WriteStrategy.Overwrite, processors);

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    [Fact]
    public void Processors_work_as_in_sealers_own_test() =>
        Assert.Equal(
            $"config: {Base64("{\"passwd\":\"xxx\",\"username\":\"root\"}")}\n",
            ConfigData.Apply(Process("\nconfig:\n  username: root\n  passwd: xxx\n", ConfigProcessor.Value, ConfigProcessor.ToJson, ConfigProcessor.ToBase64, ConfigProcessor.ToSecret), null));

    [Fact]
    public void A_merge_changes_every_document_as_in_sealers_own_test()
    {
        const string Existing = """
            apiVersion: v1
            data:
              key1: myConfigMap1
            kind: ConfigMap
            metadata:
              name: myConfigMap1
            ---
            apiVersion: v1
            data:
              key2: myConfigMap2
            kind: ConfigMap
            metadata:
              name: myConfigMap2
            """;

        Assert.Equal(
            """
            apiVersion: v1
            data:
              key1: myConfigMap1
              test-key: test-key
            kind: ConfigMap
            metadata:
              name: myConfigMap1
              namespace: test-namespace
            ---
            apiVersion: v1
            data:
              key2: myConfigMap2
              test-key: test-key
            kind: ConfigMap
            metadata:
              name: myConfigMap2
              namespace: test-namespace

            """,
            ConfigData.Apply(Config("data:\n  test-key: test-key\nmetadata:\n  namespace: test-namespace\n", WriteStrategy.Merge), Existing));
    }

    [Fact]
    public void Entries_of_a_secret_are_set_as_in_sealers_own_test() =>
        Assert.Equal(
            """
            apiVersion: v1
            data:
              global: ZTJGaVl6b2dlSGg0ZlFvPQ==
              components: ZTIxNWMzRnNPbnRqY0hVNmUzSmxjWFZsYzNRNklERXdNREJ0ZlgxOUNnPT0=
            kind: Secret
            metadata:
              name: gu-demo-configuration
            type: Opaque

            """,
            ConfigData.Apply(
                Process("global: e2FiYzogeHh4fQo=\ncomponents: e215c3FsOntjcHU6e3JlcXVlc3Q6IDEwMDBtfX19Cg==", ConfigProcessor.ToSecret),
                "apiVersion: v1\ndata:\nkind: Secret\nmetadata:\n  name: gu-demo-configuration\ntype: Opaque"));

    [Theory]
    [InlineData("a: {b: 1, c: 2}", "a: {c: 3, d: 4}", "a:\n  b: 1\n  c: 3\n  d: 4\n")]
    [InlineData("a: [1, 2]", "a: [3]", "a:\n- 3\n")]
    [InlineData("a: true", "a: false", "a: false\n")]
    [InlineData("a: 1", "a: null", "a: null\n")]
    [InlineData("a: {b: 1}", "a: text", "a: text\n")]
    [InlineData("a: text", "a: {b: 1}", "a:\n  b: 1\n")]
    [InlineData("mode: 0644\non: yes\nversion: 1.10\nbig: 12345678901234567890123\nnothing: ~\nquoted: '0644'", "new: on", "mode: 0644\n\"on\": yes\nversion: 1.10\nbig: 12345678901234567890123\nnothing: ~\nquoted: \"0644\"\nnew: on\n")]
    [InlineData("---\na: 1\n---\n---\nb: 2\n", "c: 3", "a: 1\nc: 3\n---\nb: 2\nc: 3\n")]
    [InlineData("a: &x {b: 1}\nc: *x", "c: {b: 2}", "a:\n  b: 1\nc:\n  b: 2\n")]
    [InlineData("a: |\n  one\n  two\nb: |-\n  x\n\n  y\nc: |+\n  z\n\n\nd: 1", "e: 2", "a: |\n  one\n  two\nb: |-\n  x\n\n  y\nc: |+\n  z\n\n\nd: 1\ne: 2\n")]
    [InlineData("", "a: 1", "a: 1\n")]
    public void Maps_are_merged_and_everything_else_is_replaced(string existing, string data, string expected) =>
        Assert.Equal(expected, ConfigData.Apply(Config(data, WriteStrategy.Merge), existing));

    [Theory]
    [InlineData("- x", "a: 1", "no map")]
    [InlineData("a: 1\n---\njust text", "a: 2", "no map")]
    [InlineData("a: [", "a: 2", "the file 'etc/a.yaml': line")]
    [InlineData("a: 1\na: 2", "a: 2", "is here twice")]
    [InlineData("a: 1", "a: 1\n---\nb: 1", "must be one YAML map")]
    [InlineData("a: 1", "- x", "must be one YAML map")]
    public void What_cannot_be_merged_is_refused(string existing, string data, string expected)
    {
        var error = Assert.Throws<SealerException>(() => ConfigData.Apply(Config(data, WriteStrategy.Merge), existing));
        Assert.Equal("InvalidConfig", error.Id);
        Assert.Contains(expected, error.Message);
    }

    [Theory]
    [InlineData("a: {b: 1}")]
    [InlineData("- a")]
    [InlineData("a: [")]
    public void A_processor_that_cannot_work_says_so(string data) =>
        Assert.Equal("InvalidConfig", Assert.Throws<SealerException>(() => ConfigData.Apply(Process(data, ConfigProcessor.Value, ConfigProcessor.ToBase64), null)).Id);

    [Fact]
    public void An_alias_bomb_in_a_file_of_the_image_is_refused()
    {
        var text = new StringBuilder("a0: &a0 [ x, x, x, x, x, x, x, x, x ]\n");
        for (var i = 1; i < 20; i++)
            text.Append($"a{i}: &a{i} [ {string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 9))} ]\n");

        Assert.Contains("stands for more than", Assert.Throws<SealerException>(() => ConfigData.Apply(Config("b: 1", WriteStrategy.Merge), text.ToString())).Message);
    }

    private const string Text = ClusterfileReadTests.Small + "\n" + """
          env: [ Who=cluster ]
        ---
        { kind: Config, metadata: { name: over }, spec: { path: etc/plain.conf, data: new } }
        ---
        { kind: Config, metadata: { name: merged }, spec: { path: etc/settings.yaml, strategy: merge, data: "b: 2" } }
        ---
        { kind: Config, metadata: { name: template }, spec: { path: etc/late.tmpl, data: "late {{ .Who }}" } }
        ---
        { kind: Config, metadata: { name: app }, spec: { path: values.yaml, appName: web, strategy: merge, data: "d: 4" } }
        ---
        kind: Application
        spec:
          configs:
            - name: web
              env: [ Who=web ]
              files:
                - { path: values.yaml, strategy: merge, data: "c: 3" }
                - { path: extra/new.txt, data: hello }
        """;

    private static readonly ImageExtension Image = new()
    {
        Env = new Dictionary<string, string> { ["Image"] = "env" },
        Applications = [new Application { Name = "web", Env = new Dictionary<string, string> { ["Port"] = "80" } }, new Application { Name = "db" }],
    };

    private static MemoryFiles Rootfs() => new()
    {
        ["etc/plain.conf"] = "old",
        ["etc/settings.yaml"] = "a: 1\n",
        ["etc/kubeadm.yml.tmpl"] = "repo: {{ or .RegistryURL \"x\" }} {{ .Image }} {{ .Typo }}",
        ["manifests/deep/m.yaml.tmpl"] = "{{ .Who }}",
        ["scripts/not.sh.tmpl"] = "{{ broken",
        ["application/apps/web/values.yaml.tmpl"] = "port: {{ .Port }}\nwho: {{ .Who }}\n",
        ["application/apps/db/d.tmpl"] = "{{ .Who }} {{ .Image }}",
    };

    [Fact]
    public async Task A_rootfs_is_changed_in_sealers_order()
    {
        var spec = Clusterfile.Read(Text).GetSpec();
        var changes = await HostContent.RenderAsync(spec, Rootfs(), Image, spec.Hosts[0]);

        Assert.Equal(
            [
                ("application/apps/db/d", "cluster env"),
                ("application/apps/web/extra/new.txt", "hello"),
                ("application/apps/web/values.yaml", "port: 80\nwho: web\nc: 3\nd: 4\n"),
                ("etc/kubeadm.yml", "repo: sea.hub:5000 env <no value>"),
                ("etc/late", "late cluster"),
                ("etc/late.tmpl", "late {{ .Who }}"),
                ("etc/plain.conf", "new"),
                ("etc/settings.yaml", "a: 1\nb: 2\n"),
                ("manifests/deep/m.yaml", "cluster"),
            ],
            changes.Files.Select(file => (file.Path, Encoding.UTF8.GetString(file.Bytes.Span))));
        Assert.StartsWith("etc/kubeadm.yml.tmpl:1:", Assert.Single(changes.Warnings).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_application_that_the_image_does_not_have_is_refused()
    {
        var spec = Clusterfile.Read(Text.Replace("name: web\n", "name: wbe\n", StringComparison.Ordinal)).GetSpec();

        var error = await Assert.ThrowsAsync<SealerException>(() => HostContent.LoadAsync(spec, Rootfs(), Image));
        Assert.Equal("ApplicationNotFound", error.Id);
        Assert.Contains("the image has web, db; did you mean 'web'?", error.Message);
    }

    [Fact]
    public async Task A_mistake_in_a_template_names_the_file_of_the_image()
    {
        var files = Rootfs();
        files["etc/bad.tmpl"] = "a\n{{ nosuch }}";

        var error = await Assert.ThrowsAsync<SealerException>(() => HostContent.LoadAsync(Clusterfile.Read(Text).GetSpec(), files, Image));
        Assert.StartsWith("etc/bad.tmpl:2:4 'nosuch' is not a function", error.Message);
    }
}
