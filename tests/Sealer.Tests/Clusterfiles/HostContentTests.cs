using System.Net;
using System.Text;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Configs;
using Sealer.Clusterfiles.Documents;
using Sealer.Images.Layers;

namespace Sealer.Tests.Clusterfiles;

public sealed class HostContentTests
{
    private const string Password = "hunter2-hunter2";

    private const string Text = """
        apiVersion: sealer.io/v2
        kind: Cluster
        metadata: { name: c }
        spec:
          env: [ Who=cluster, DB_PASSWORD=hunter2-hunter2 ]
          hosts:
            - { ips: [ 10.0.0.2 ], roles: [ master ], env: [ Who=special ] }
            - { ips: [ 10.0.0.3, 10.0.0.4 ], roles: [ node ] }
        """;

    private static ClusterSpec Spec(string more = "") => Clusterfile.Read(Text + more).GetSpec();

    private static string Config(string path, string data, string more = "") => $"""

        ---
        apiVersion: sealer.io/v1
        kind: Config
        metadata: {"{"} name: conf {"}"}
        spec:
          path: {path}
          data: {data}
          {more}
        """;

    private static string Content(HostFiles files, string path) =>
        Encoding.UTF8.GetString(files.Files.Single(file => file.Path == path).Bytes.Span);

    [Fact]
    public async Task A_host_has_its_own_variables_and_address_in_templates()
    {
        var tree = new Tree { ["etc/a.tmpl"] = "{{ .Who }} on {{ .HostIP }}" };
        var spec = Spec();
        var content = await HostContent.LoadAsync(spec, tree, null);

        Assert.Equal(
            ["special on 10.0.0.2", "cluster on 10.0.0.3", "cluster on 10.0.0.4"],
            spec.Hosts.Select(host => Content(content.For(host), "etc/a")));
    }

    [Fact]
    public async Task Hosts_that_get_the_same_share_one_copy_and_the_image_is_read_once()
    {
        var tree = new Tree { ["etc/a.tmpl"] = "{{ .Who }}" };
        var spec = Spec();
        var content = await HostContent.LoadAsync(spec, tree, null);

        var (master, first, second) = (content.For(spec.Hosts[0]), content.For(spec.Hosts[1]), content.For(spec.Hosts[2]));

        Assert.Same(first, second);
        Assert.NotSame(master, first);
        Assert.Equal(1, tree.Reads);
    }

    [Theory]
    [InlineData("{{ if eq .HostIP \"10.0.0.4\" }}last{{ end }}")]
    [InlineData("{{ index . \"HostIP\" }}")]
    [InlineData("{{ range $k, $v := . }}{{ $v }}{{ end }}")]
    [InlineData("{{ . }}")]
    [InlineData("{{ toYaml . }}")]
    [InlineData("{{ with $ }}{{ .HostIP }}{{ end }}")]
    [InlineData("{{ define \"x\" }}{{ .HostIP }}{{ end }}{{ template \"x\" . }}")]
    public async Task Nothing_that_depends_on_the_address_is_shared(string template)
    {
        var spec = Spec();
        var content = await HostContent.LoadAsync(spec, new Tree { ["etc/a.tmpl"] = template }, null);
        var alone = await HostContent.RenderAsync(spec, new Tree { ["etc/a.tmpl"] = template }, null, spec.Hosts[2]);

        content.For(spec.Hosts[1]);

        Assert.Equal(Content(alone, "etc/a"), Content(content.For(spec.Hosts[2]), "etc/a"));
        Assert.NotEqual(Content(content.For(spec.Hosts[1]), "etc/a"), Content(alone, "etc/a"));
    }

    [Fact]
    public async Task Of_a_host_only_what_speaks_of_its_address_is_made_anew()
    {
        var spec = Spec();
        var content = await HostContent.LoadAsync(spec, new Tree { ["etc/a.tmpl"] = "{{ .HostIP }}", ["etc/b.tmpl"] = "{{ .Who }} {{ .Missing }}" }, null);
        var (first, second) = (content.For(spec.Hosts[1]), content.For(spec.Hosts[2]));

        Assert.NotEqual(Content(first, "etc/a"), Content(second, "etc/a"));
        Assert.Same(first.Files.Single(file => file.Path == "etc/b"), second.Files.Single(file => file.Path == "etc/b"));
        Assert.Equal(["cluster <no value>", "special <no value>"], new[] { second, content.For(spec.Hosts[0]) }.Select(files => Content(files, "etc/b")));
        Assert.All([first, second], files => Assert.Single(files.Warnings));
    }

    [Fact]
    public async Task A_text_is_gone_through_once_however_many_hosts_have_a_password_of_their_own()
    {
        var text = new StringBuilder("kind: Cluster\nmetadata: { name: big }\nspec:\n  hosts:\n  - { ips: [ 10.0.0.1 ], roles: [ master ] }\n");
        for (var i = 0; i < 10_000; i++)
            text.Append($"  - ips: [ 10.1.{i / 256}.{i % 256} ]\n    roles: [ node ]\n    ssh: {{ user: u{i}, passwd: password{i} }}\n");
        var spec = Clusterfile.Read(text.ToString()).GetSpec();
        var content = await HostContent.LoadAsync(spec, new Tree { ["etc/a.tmpl"] = new string('x', 5_000) + "{{ .HostIP }}", ["etc/b.tmpl"] = "{{ .HostIP }} password1234", ["etc/c.tmpl"] = "passwor" }, null);

        foreach (var host in spec.Hosts)
            Assert.Equal(["etc/b"], content.For(host).Files.Where(file => file.IsSecret).Select(file => file.Path));
    }

    [Fact]
    public async Task A_file_keeps_the_mode_that_the_image_gives_it_or_its_template()
    {
        var tree = new Tree { ["etc/run.sh.tmpl"] = "x", ["etc/old.tmpl"] = "x", ["etc/old"] = "y" };
        tree.Modes["etc/run.sh.tmpl"] = 0b111_101_101;
        tree.Modes["etc/old"] = 0b110_100_000;
        var spec = Spec(Config("etc/new", "x"));

        var files = await HostContent.RenderAsync(spec, tree, null, spec.Hosts[0]);

        Assert.Equal(
            [("etc/new", 0b110_100_100), ("etc/old", 0b110_100_000), ("etc/run.sh", 0b111_101_101)],
            files.Files.Select(file => (file.Path, file.Mode)));
        Assert.Equal(["the Config 'conf'", "the template etc/old.tmpl", "the template etc/run.sh.tmpl"], files.Files.Select(file => file.Reason));
    }

    [Fact]
    public async Task A_file_with_a_secret_is_told_and_is_for_its_owner_only()
    {
        var tree = new Tree
        {
            ["etc/plain.tmpl"] = "{{ .Who }}",
            ["etc/clear.tmpl"] = "password={{ .DB_PASSWORD }}",
            ["etc/encoded.tmpl"] = "{{ b64enc .DB_PASSWORD }}",
        };
        var spec = Spec(Config("etc/secret.yaml", "\"kind: Secret\\ndata: {}\\n\"") + Config("etc/in-config", Password));

        var files = (await HostContent.RenderAsync(spec, tree, null, spec.Hosts[1])).Files;

        Assert.Equal(["etc/clear", "etc/encoded", "etc/in-config", "etc/secret.yaml"], files.Where(file => file.IsSecret).Select(file => file.Path));
        Assert.All(files.Where(file => file.IsSecret), file => Assert.Equal(0b110_000_000, file.Mode));
        Assert.DoesNotContain(files, file => file.ToString().Contains(Password, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nothing_is_written_outside_of_the_rootfs()
    {
        var spec = Spec(Config("etc/new", "x"));
        foreach (var path in new[] { "../up", "/etc/passwd", "a/../../b", "a//b", "a\nb", "" })
        {
            // A Clusterfile is refused when it is read; a spec may have been made by a program.
            var changed = spec with { Configs = [spec.Configs[0] with { Path = path }] };
            var e = await Assert.ThrowsAsync<SealerException>(() => HostContent.LoadAsync(changed, new Tree(), null));
            Assert.Equal("InvalidContentPath", e.Id);
        }
    }

    [Fact]
    public async Task Nothing_is_written_through_a_link_of_the_image()
    {
        var tree = new Tree { ["etc/x/a.tmpl"] = "x" };
        tree.Links.Add("conf");
        tree.Links.Add("etc/link");
        tree.Links.Add("etc/x/a");

        var folder = await Assert.ThrowsAsync<SealerException>(() => HostContent.LoadAsync(Spec(Config("conf/new", "x")), tree, null));
        var file = await Assert.ThrowsAsync<SealerException>(() => HostContent.LoadAsync(Spec(Config("etc/link", "x")), tree, null));
        var template = await Assert.ThrowsAsync<SealerException>(() => HostContent.LoadAsync(Spec(), tree, null));

        Assert.Equal("the Config 'conf': 'conf/new' goes through 'conf', which is a link in the image; name the file by its real path.", folder.Message);
        Assert.Equal("the Config 'conf': 'etc/link' is a link in the image; name the file that it leads to.", file.Message);
        Assert.Contains("the template etc/x/a.tmpl: 'etc/x/a' is a link", template.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_and_folders_are_not_exchanged()
    {
        var tree = new Tree { ["etc/file"] = "x", ["etc/folder/inner"] = "x" };

        foreach (var path in new[] { "etc/file/below", "etc/folder" })
            Assert.Equal("InvalidContentPath", (await Assert.ThrowsAsync<SealerException>(() => HostContent.LoadAsync(Spec(Config(path, "x")), tree, null))).Id);
        var both = await Assert.ThrowsAsync<SealerException>(() => HostContent.LoadAsync(Spec(Config("new", "x") + Config("new/below", "y")), tree, null));
        Assert.Contains("which the Config 'conf' makes a file", both.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Five_hundred_hosts_are_rendered_by_several_at_once_and_hold_little_memory()
    {
        var tree = new Tree();
        for (var i = 0; i < 50; i++)
            tree[$"etc/f{i}.tmpl"] = "{{ .Who }}\n" + new string('x', 10_000);
        var spec = Spec();
        spec = spec with { Hosts = [.. Enumerable.Range(0, 500).Select(i => spec.Hosts[1] with { Address = new IPAddress([10, 0, (byte)(i / 250), (byte)(i % 250)]) })] };
        var content = await HostContent.LoadAsync(spec, tree, null);

        var rendered = new HostFiles[500];
        Parallel.For(0, 500, i => rendered[i] = content.For(spec.Hosts[i]));

        Assert.Single(rendered.Distinct(ReferenceEqualityComparer.Instance));
        Assert.All(rendered, files => Assert.Equal(50, files.Files.Count));
    }

    internal sealed class Tree : IFileTree
    {
        private readonly SortedDictionary<string, string> _files = new(StringComparer.Ordinal);

        public Dictionary<string, int> Modes { get; } = [];

        public HashSet<string> Links { get; } = [];

        public int Reads { get; private set; }

        public string this[string path]
        {
            set => _files[path] = value;
        }

        public IEnumerable<FileTreeEntry> List(string folder) =>
            _files.Keys.Where(path => path.StartsWith(folder + "/", StringComparison.Ordinal)).Select(path => Find(path)!);

        public FileTreeEntry? Find(string path)
        {
            if (Links.Contains(path))
                return new FileTreeEntry(path, FileTreeEntryKind.SymbolicLink, 0);
            if (_files.TryGetValue(path, out var text))
                return new FileTreeEntry(path, FileTreeEntryKind.File, text.Length, Modes.TryGetValue(path, out var mode) ? mode : null);
            return _files.Keys.Any(file => file.StartsWith(path + "/", StringComparison.Ordinal)) ? new FileTreeEntry(path, FileTreeEntryKind.Folder, 0) : null;
        }

        public Stream Open(string path)
        {
            Reads++;
            return new MemoryStream(Encoding.UTF8.GetBytes(_files[path]), writable: false);
        }
    }
}
