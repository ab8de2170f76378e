using Sealer.Images.Building;
using Sealer.Images.Layers;
using Sealer.Kubefiles;

namespace Sealer.Tests.Images.Building;

public sealed class CopyLayoutTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly RootfsTree _tree = new();

    public CopyLayoutTests() => _folder.File("f").File("g").File("d/x").File("d/s/y").Folder("d/empty");

    public void Dispose() => _folder.Dispose();

    // Sources, destination, what is in the layer; folders with a slash.
    [Theory]
    [InlineData("f", "a", "a")]
    [InlineData("f", "a/", "a/ a/f")]
    [InlineData("f", ".", "f")]
    [InlineData("f", "/", "f")]
    [InlineData("f", "a/b/c", "a/ a/b/ a/b/c")]
    [InlineData("f", "./a/../b", "b")]
    [InlineData("f", "there", "there/f")]
    [InlineData("f", "there/.", "there/f")]
    [InlineData("f", "there/f2", "there/f2")]
    [InlineData("f g", "a/", "a/ a/f a/g")]
    [InlineData("f g", "there", "there/f there/g")]
    [InlineData("d", "a", "a/ a/empty/ a/s/ a/s/y a/x")]
    [InlineData("d", ".", "empty/ s/ s/y x")]
    [InlineData("d", "there", "there/empty/ there/s/ there/s/y there/x")]
    [InlineData("d/*", "a/", "a/ a/x a/y")]
    [InlineData("f", "manifests", "manifests/ manifests/f")]
    [InlineData("d", "charts", "charts/ charts/empty/ charts/s/ charts/s/y charts/x")]
    [InlineData("f", "link/z", "there/z")]
    [InlineData("f", "link/", "there/f")]
    [InlineData("d", "link", "there/empty/ there/s/ there/s/y there/x")]
    public void Files_lie_where_docker_lays_them(string sources, string destination, string expected)
    {
        Given("there/", "link->there");
        Assert.Equal(expected, string.Join(' ', Copy(sources, destination).Select(e => e.Path + (e.Kind == LayerEntryKind.Folder ? "/" : ""))));
    }

    [Theory]
    [InlineData("f g", "a", "several files are copied, so that the destination must be a folder; write 'a/'")]
    [InlineData("f", "../x", "the destination '../x' leads out of the rootfs")]
    [InlineData("f", "/a/../../x", "the destination '/a/../../x' leads out of the rootfs")]
    [InlineData("d", "file", "'file' is a file in the image, and a folder is copied there")]
    [InlineData("f", "file/x", "'file' is a file in the image, and something is copied below it")]
    public void A_destination_that_cannot_be_is_told(string sources, string destination, string message)
    {
        Given("file");
        var error = Assert.Throws<SealerException>(() => Copy(sources, destination));
        Assert.Equal(("InvalidDestination", message), (error.Id, error.Message));
    }

    [Fact]
    public void A_destination_below_a_link_out_of_the_image_stays_in_the_image()
    {
        Given("link->../../../etc");
        Assert.Equal("etc/ etc/f", string.Join(' ', Copy("f", "link/").Select(e => e.Path + (e.Kind == LayerEntryKind.Folder ? "/" : ""))));
    }

    [Fact]
    public void Folders_have_the_time_of_the_newest_file_in_them()
    {
        File.SetLastWriteTimeUtc(_folder["d/s/y"], TestFolder.Time.AddHours(1));
        Directory.SetLastWriteTimeUtc(_folder["d"], TestFolder.Time.AddHours(2));
        var entries = Copy("d", "a").ToDictionary(e => e.Path, e => (e.Modified.UtcDateTime - TestFolder.Time).TotalHours);
        Assert.Equal((1, 1, 0, 1), (entries["a"], entries["a/s"], entries["a/x"], entries["a/empty"]));
    }

    [Fact]
    public void A_later_source_wins_over_an_earlier_one()
    {
        _folder.File("one/x", "1").File("two/x", "22");
        Assert.Equal(2, Assert.Single(Copy("one two", "./")).Size);
    }

    [Fact]
    public void Owner_and_mode_can_be_given()
    {
        var layout = new CopyLayout(_tree);
        layout.Add(Items("d"), "a", new FileOwner(7, 8), 0b111_000_000);
        var entries = layout.Build();
        Assert.Equal((7, 8, 0b111_101_101), (entries[0].Uid, entries[0].Gid, entries[0].Mode));
        Assert.All(entries.Skip(1), e => Assert.Equal((7, 8, 0b111_000_000), (e.Uid, e.Gid, e.Mode)));
    }

    [Theory]
    [InlineData("1000", 1000, 1000)]
    [InlineData("1000:5", 1000, 5)]
    [InlineData("app", 10, 20)]
    [InlineData("app:web", 10, 30)]
    [InlineData("0:web", 0, 30)]
    public void Owners_are_numbers_or_names_of_the_image(string text, long uid, long gid)
    {
        Passwd();
        Assert.Equal(new FileOwner(uid, gid), FileOwner.Parse(text, _tree));
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("app:nobody")]
    [InlineData("-1")]
    [InlineData("99999999999")]
    public void An_owner_that_the_image_does_not_know_is_told(string text)
    {
        Passwd();
        Assert.Equal("InvalidOwner", Assert.Throws<SealerException>(() => FileOwner.Parse(text, _tree)).Id);
    }

    private void Passwd()
    {
        _folder.File("etc/passwd", "root:x:0:0::/:/bin/sh\napp:x:10:20::/:/bin/sh\n").File("etc/group", "web:x:30:\n");
        _tree.Apply(Copy("etc", "etc"));
    }

    private void Given(params string[] entries) => _tree.Apply(entries.Select(text => text.Split("->") is [var path, var target]
        ? new LayerEntry { Path = path, Kind = LayerEntryKind.SymbolicLink, LinkTarget = target }
        : new LayerEntry { Path = text.TrimEnd('/'), Kind = text.EndsWith('/') ? LayerEntryKind.Folder : LayerEntryKind.File }));

    private IReadOnlyList<LayerEntry> Copy(string sources, string destination)
    {
        var layout = new CopyLayout(_tree);
        layout.Add(Items(sources), destination);
        return layout.Build();
    }

    private List<SourceItem> Items(string sources)
    {
        var context = new BuildContext(_folder.Path, IgnoreFile.None, null);
        return [.. sources.Split(' ').SelectMany(context.Resolve)];
    }
}
