using Sealer.Images.Building;
using Sealer.Images.Layers;
using Sealer.Kubefiles;

namespace Sealer.Tests.Images.Building;

public sealed class BuildContextTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly TestFolder _outside = new();

    public void Dispose()
    {
        _folder.Dispose();
        _outside.Dispose();
    }

    [Theory]
    [InlineData("../secret")]
    [InlineData("a/../../secret")]
    [InlineData("/..")]
    [InlineData("..")]
    [InlineData("a/../..")]
    [InlineData("../*")]
    public void A_path_that_leads_out_by_dots_is_refused(string source)
    {
        _folder.File("a/x");
        Assert.Equal("ContextEscape", Assert.Throws<SealerException>(() => Context().Resolve(source)).Id);
    }

    [Fact]
    public void An_absolute_path_begins_at_the_context()
    {
        _folder.File("etc/passwd", "mine");
        var item = Assert.Single(Context().Resolve("/etc/passwd"));
        Assert.Equal(_folder["etc/passwd"], item.Entries[0].LocalFile);
        Assert.Equal("SourceNotFound", Assert.Throws<SealerException>(() => Context().Resolve(_outside.Path)).Id);
    }

    [Theory]
    [InlineData("link")]
    [InlineData("link/secret")]
    [InlineData("link/*")]
    [InlineData("relative/secret")]
    [InlineData("chain/secret")]
    public void A_link_that_leads_out_is_refused(string source)
    {
        _outside.File("secret");
        _folder.Link("link", _outside.Path)
            .Link("relative", "../" + Path.GetFileName(_outside.Path))
            .Link("chain", "link");
        Assert.Equal("ContextEscape", Assert.Throws<SealerException>(() => Context().Resolve(source)).Id);
    }

    [Fact]
    public void A_link_named_by_a_source_is_followed_within_the_context()
    {
        _folder.File("real/x", "content").Link("link", "real").Link("absolute", _folder["real/x"]).Link("deep/up", "../real/x");
        Assert.Equal(_folder["real/x"], Assert.Single(Context().Resolve("link/x")).Entries[0].LocalFile);
        Assert.True(Assert.Single(Context().Resolve("link")).IsFolder);
        Assert.Equal(_folder["real/x"], Assert.Single(Context().Resolve("absolute")).Entries[0].LocalFile);
        Assert.Equal(_folder["real/x"], Assert.Single(Context().Resolve("deep/up")).Entries[0].LocalFile);
    }

    [Fact]
    public void Links_that_go_in_a_circle_are_told()
    {
        _folder.Link("a", "b").Link("b", "a");
        Assert.Contains("circle", Assert.Throws<SealerException>(() => Context().Resolve("a")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_inside_a_folder_stays_a_link_wherever_it_points()
    {
        _folder.File("d/x").Link("d/out", "/etc/passwd").Link("d/gone", "nowhere").Folder("d/sub").Link("d/folder", "sub");
        var links = Assert.Single(Context().Resolve("d")).Entries.Where(e => e.Kind == LayerEntryKind.SymbolicLink);
        Assert.Equal(["folder -> sub", "gone -> nowhere", "out -> /etc/passwd"], links.Select(l => $"{l.RelativePath} -> {l.LinkTarget}"));
    }

    [Fact]
    public void A_missing_source_is_told_with_the_nearest_name()
    {
        _folder.File("apps/nginx.yaml");
        Assert.Equal(
            "there is no 'apps/ngnix.yaml' in the context; did you mean 'nginx.yaml'?",
            Assert.Throws<SealerException>(() => Context().Resolve("apps/ngnix.yaml")).Message);
        Assert.Equal(
            "nothing in the context matches 'apps/*.yml'",
            Assert.Throws<SealerException>(() => Context().Resolve("apps/*.yml")).Message);
    }

    [Theory]
    [InlineData("*.txt", "a.txt b.txt")]
    [InlineData("d/*", "c.txt e")]
    [InlineData("d/?.txt", "c.txt")]
    [InlineData("[ab].txt", "a.txt b.txt")]
    [InlineData("**/*.txt", "a.txt b.txt c.txt f.txt")]
    [InlineData("d/**/f.txt", "f.txt")]
    [InlineData("*/e", "e")]
    [InlineData("d", "d")]
    [InlineData(".", "")]
    public void Wildcards_match_as_in_docker(string source, string names)
    {
        _folder.File("a.txt").File("b.txt").File("d/c.txt").File("d/e/f.txt");
        Assert.Equal(names, string.Join(' ', Context().Resolve(source).Select(item => item.Name)));
    }

    [Theory]
    [InlineData("[[]x].txt", "[x].txt")]
    [InlineData("\\[x].txt", "[x].txt")]
    [InlineData("[^a-z].txt", "")]
    [InlineData("[[a-b]?[].]txt", "")]
    [InlineData("?x?.txt", "[x].txt")]
    [InlineData("[a-z].txt", "a.txt x.txt")]
    public void Brackets_are_patterns_or_themselves_where_they_are_protected(string source, string names)
    {
        _folder.File("a.txt").File("[x].txt").File("x.txt");
        if (names.Length == 0)
            Assert.Throws<SealerException>(() => Context().Resolve(source));
        else
            Assert.Equal(names, string.Join(' ', Context().Resolve(source).Select(item => item.Name)));
    }

    [Fact]
    public void What_is_ignored_is_not_there()
    {
        _folder.File("a/x.md").File("a/keep.md").File("a/y").File("b/z").File("c/d/e");
        var context = Context("**/*.md\n!a/keep.md\nb\nc/d");
        Assert.Equal(["", "keep.md", "y"], Assert.Single(context.Resolve("a")).Entries.Select(e => e.RelativePath));
        Assert.Equal("'b/z' is hidden by .dockerignore; change that file, where a last line '!b/z' takes it back", Assert.Throws<SealerException>(() => context.Resolve("b/z")).Message);
        Assert.Equal("'b' is hidden by .dockerignore; change that file, where a last line '!b' takes it back", Assert.Throws<SealerException>(() => context.Resolve("b")).Message);
        Assert.Equal([""], Assert.Single(context.Resolve("c")).Entries.Select(e => e.RelativePath));
        Assert.Equal("keep.md", Assert.Single(context.Resolve("a/*.md")).Name);
    }

    [Fact]
    public void A_folder_that_is_ignored_is_there_for_what_is_taken_back()
    {
        _folder.File("a/b/keep").File("a/b/drop").File("a/c/drop");
        var entries = Assert.Single(Context("a\n!a/b/keep").Resolve(".")).Entries;
        Assert.Equal(["", "a", "a/b", "a/b/keep"], entries.Select(e => e.RelativePath));
    }

    [Fact]
    public void Times_are_whole_seconds_and_no_later_than_the_source_date()
    {
        _folder.File("x");
        File.SetLastWriteTimeUtc(_folder["x"], TestFolder.Time.AddMilliseconds(700));
        Assert.Equal(TestFolder.Time, Context().Resolve("x")[0].Entries[0].Modified.UtcDateTime);
        var date = DateTimeOffset.FromUnixTimeSeconds(1000);
        Assert.Equal(date, new BuildContext(_folder.Path, IgnoreFile.None, date).Resolve("x")[0].Entries[0].Modified);
    }

    [Theory]
    [InlineData(0b110_110_100, 0b110_100_100)]
    [InlineData(0b111_111_101, 0b111_101_101)]
    [InlineData(0b110_000_000, 0b110_000_000)]
    [InlineData(0b100_111_101_101, 0b100_111_101_101)]
    [InlineData(0b001_111_111_111, 0b001_111_111_111)]
    public void A_mode_does_not_depend_on_the_umask_of_the_checkout(int mode, int expected) =>
        Assert.Equal(expected, FileModes.Normal(mode));

    [LinuxFact]
    public async Task What_is_neither_file_folder_nor_link_is_left_out_and_told()
    {
        _folder.File("d/x");
        await Peers.Peer.RunAsync("mkfifo", _folder["d/pipe"]);
        var told = new List<string>();
        var context = new BuildContext(_folder.Path, IgnoreFile.None, null) { Warn = told.Add };
        Assert.Equal(["", "x"], context.Resolve("d")[0].Entries.Select(e => e.RelativePath));
        Assert.Equal(["'d/pipe' in the context is neither file, folder nor link, and is left out."], told);
        Assert.Equal("InvalidSource", Assert.Throws<SealerException>(() => context.Resolve("d/pipe")).Id);
    }

    [Fact]
    public void A_context_that_is_not_there_is_told() =>
        Assert.Equal("ContextNotFound", Assert.Throws<SealerException>(() => new BuildContext(_folder["no"], IgnoreFile.None, null)).Id);

    private BuildContext Context(string? ignore = null) =>
        new(_folder.Path, ignore is null ? IgnoreFile.None : IgnoreFile.Parse(ignore, ".dockerignore"), null);
}
