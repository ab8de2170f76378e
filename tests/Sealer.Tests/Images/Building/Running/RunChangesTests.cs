using Sealer.Images.Building.Running;
using Sealer.Images.Layers;

namespace Sealer.Tests.Images.Building.Running;

public sealed class RunChangesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public void Nothing_done_is_nothing_changed()
    {
        Write("a/b", "x");
        Assert.Empty(Changes(() => { }));
    }

    [LinuxFact]
    public void New_changed_and_removed_files_are_told_in_the_order_of_their_paths()
    {
        Write("keep", "x");
        Write("change", "x");
        Write("gone", "x");
        var changes = Changes(() =>
        {
            Write("change", "yy");
            File.Delete(At("gone"));
            Write("new/file", "z");
        });
        Assert.Equal(["File change", "Whiteout gone", "Folder new", "File new/file"], changes.Select(c => $"{c.Kind} {c.Path}"));
        Assert.Equal(2, changes[0].Size);
        Assert.Equal("z", File.ReadAllText(changes[3].LocalFile!));
    }

    [LinuxFact]
    public void A_file_rewritten_with_its_old_time_and_size_is_told()
    {
        Write("a", "one");
        var time = File.GetLastWriteTimeUtc(At("a"));
        var changes = Changes(() =>
        {
            Write("a", "two");
            File.SetLastWriteTimeUtc(At("a"), time);
        });
        Assert.Equal("a", Assert.Single(changes).Path);
    }

    [LinuxFact]
    public void A_folder_in_which_something_changed_is_not_changed_itself()
    {
        Write("a/b", "x");
        Assert.Equal("a/c", Assert.Single(Changes(() => Write("a/c", "x"))).Path);
    }

    [LinuxFact]
    public void A_change_of_mode_alone_is_told()
    {
        Write("a/b", "x");
        var changes = Changes(() =>
        {
            Chmod("a", 0b111_000_000);
            Chmod("a/b", 0b111_101_101);
        });
        Assert.Equal([0b111_000_000, 0b111_101_101], changes.Select(c => c.Mode));
    }

    [LinuxFact]
    public void Of_a_removed_folder_there_is_one_whiteout()
    {
        Write("a/b/c", "x");
        Write("a/b/d", "x");
        var change = Assert.Single(Changes(() => Directory.Delete(At("a"), recursive: true)));
        Assert.Equal((LayerEntryKind.Whiteout, "a"), (change.Kind, change.Path));
    }

    [LinuxFact]
    public void A_folder_that_became_a_link_is_a_link_without_whiteouts_below()
    {
        Write("a/b", "x");
        Write("target/b", "x");
        var change = Assert.Single(Changes(() =>
        {
            Directory.Delete(At("a"), recursive: true);
            File.CreateSymbolicLink(At("a"), "target");
        }));
        Assert.Equal((LayerEntryKind.SymbolicLink, "target"), (change.Kind, change.LinkTarget));
    }

    [LinuxFact]
    public void A_folder_made_anew_loses_what_was_in_it()
    {
        Write("a/b", "x");
        var changes = Changes(() =>
        {
            Directory.Delete(At("a"), recursive: true);
            Write("a/c", "x");
        });
        Assert.Equal(["Whiteout a/b", "File a/c"], changes.Select(c => $"{c.Kind} {c.Path}"));
    }

    [LinuxFact]
    public void Links_that_lead_out_are_told_and_not_followed()
    {
        Write("x", "x");
        var change = Assert.Single(Changes(() => File.CreateSymbolicLink(At("etc"), "/etc")));
        Assert.Equal("/etc", change.LinkTarget);
    }

    [LinuxFact]
    public void Two_names_of_one_file_are_one_file_and_a_hard_link()
    {
        Write("a", "x");
        var changes = Changes(() => Shell("ln a b"));
        Assert.Equal([(LayerEntryKind.File, (string?)null), (LayerEntryKind.HardLink, "a")], changes.Select(c => (c.Kind, c.LinkTarget)));
    }

    [LinuxFact]
    public void A_name_that_is_not_utf8_is_refused()
    {
        Write("a", "x");
        var e = Assert.Throws<SealerException>(() => Changes(() => Shell("touch \"$(printf '\\377')\"")));
        Assert.Equal("InvalidFileName", e.Id);
        // .NET cannot delete it either.
        Shell("rm -f ./*");
    }

    private List<LayerEntry> Changes(Action act)
    {
        var before = RootSnapshot.Take(_folder.Path, CancellationToken.None);
        act();
        return [.. RootChanges.Between(before, RootSnapshot.Take(_folder.Path, CancellationToken.None), IdMap.Same)];
    }

    private void Shell(string command)
    {
        using var shell = System.Diagnostics.Process.Start("sh", ["-c", $"cd '{_folder.Path}' && {command}"]);
        shell.WaitForExit();
    }

    private string At(string path) => Path.Combine(_folder.Path, path);

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllText(At(path), text);
    }

    private void Chmod(string path, int mode)
    {
        if (OperatingSystem.IsLinux())
            File.SetUnixFileMode(At(path), (UnixFileMode)mode);
    }
}
