using Sealer.Images.Layers;

namespace Sealer.Tests.Images.Layers;

public sealed class FileTreeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_lists_what_is_in_it_in_order()
    {
        Write("tree/b/c", "c");
        Write("tree/b-d", "d");
        Write("tree/.hidden", "h");
        var tree = new FolderFileTree(_folder["tree"]);
        Assert.Equal([".hidden", "b", "b-d", "b/c"], tree.List("").Select(e => e.Path));
        Assert.Equal(["b/c"], tree.List("b").Select(e => e.Path));
        Assert.Empty(tree.List("nowhere"));
        Assert.Empty(new FolderFileTree(_folder["nowhere"]).List(""));
        Assert.Equal(new FileTreeEntry("b/c", FileTreeEntryKind.File, 1), tree.Find("b/c"));
        Assert.Equal("c", Read(tree, "b/c"));
    }

    [Theory]
    [InlineData("../secret")]
    [InlineData("b/../../secret")]
    [InlineData("/etc/passwd")]
    [InlineData("b//c")]
    [InlineData("./b")]
    [InlineData("b\0")]
    public void A_path_does_not_leave_the_folder(string path)
    {
        Write("secret", "s");
        Write("tree/b/c", "c");
        var tree = new FolderFileTree(_folder["tree"]);
        Assert.Null(tree.Find(path));
        Assert.Empty(tree.List(path));
        Assert.Throws<FileNotFoundException>(() => tree.Open(path));
    }

    [LinuxFact]
    public void Links_are_listed_and_not_followed()
    {
        Write("outside/secret", "s");
        Write("tree/real/file", "f");
        File.CreateSymbolicLink(_folder["tree/file"], _folder["outside/secret"]);
        File.CreateSymbolicLink(_folder["tree/dangling"], "nowhere");
        Directory.CreateSymbolicLink(_folder["tree/folder"], _folder["outside"]);
        var tree = new FolderFileTree(_folder["tree"]);
        Assert.Equal(["dangling", "file", "folder", "real", "real/file"], tree.List("").Select(e => e.Path));
        foreach (var link in (string[])["dangling", "file", "folder"])
        {
            Assert.Equal(FileTreeEntryKind.SymbolicLink, tree.Find(link)!.Kind);
            Assert.Throws<FileNotFoundException>(() => tree.Open(link));
        }

        Assert.Null(tree.Find("folder/secret"));
        Assert.Empty(tree.List("folder"));
        Assert.Throws<FileNotFoundException>(() => tree.Open("folder/secret"));
    }

    [Fact]
    public void What_lies_above_hides_what_lies_below()
    {
        Write("upper/a", "upper");
        Write("upper/folder/x", "x");
        Write("upper/closed", "a file");
        Write("lower/a", "lower");
        Write("lower/b", "b");
        Write("lower/folder/y", "y");
        Write("lower/closed/z", "z");
        var tree = new OverlayFileTree(new FolderFileTree(_folder["upper"]), new FolderFileTree(_folder["lower"]));
        Assert.Equal(["a", "b", "closed", "folder", "folder/x", "folder/y"], tree.List("").Select(e => e.Path));
        Assert.Equal(["folder/x", "folder/y"], tree.List("folder").Select(e => e.Path));
        Assert.Empty(tree.List("closed"));
        Assert.Equal("upper", Read(tree, "a"));
        Assert.Equal("y", Read(tree, "folder/y"));
        Assert.Null(tree.Find("closed/z"));
        Assert.Throws<FileNotFoundException>(() => tree.Open("closed/z"));
    }

    private void Write(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[path])!);
        File.WriteAllText(_folder[path], content);
    }

    private static string Read(IFileTree tree, string path)
    {
        using var reader = new StreamReader(tree.Open(path));
        return reader.ReadToEnd();
    }
}
