using Sealer.Images.Storage;
using Sealer.Tests.Peers;

namespace Sealer.Tests;

public sealed class SealerHomeTests : IDisposable
{
    private const string LocalData = "/local-data";
    private readonly TemporaryFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void The_variable_names_the_folder_before_all_else()
    {
        var home = Home((SealerHome.Variable, _temp["a/../home"]), ("XDG_DATA_HOME", "/xdg"));
        Assert.Equal(_temp["home"], home.Folder);
        Assert.Equal(_temp["home/images"], home.ImageStore);
        Assert.False(Directory.Exists(home.Folder));
    }

    [Theory]
    [InlineData("/xdg", "/xdg/sealer")]
    [InlineData("", "/local-data/sealer")]
    [InlineData("not/absolute", "/local-data/sealer")]
    public void Without_it_the_folder_lies_under_the_data_home(string xdg, string expected)
    {
        // Windows knows no XDG, and its LocalAppData is what the base library gives.
        if (OperatingSystem.IsWindows())
            expected = "/local-data/sealer";
        Assert.Equal(Path.GetFullPath(expected), Home(("XDG_DATA_HOME", xdg)).Folder);
        Assert.Equal(Path.GetFullPath(expected), Home((SealerHome.Variable, " "), ("XDG_DATA_HOME", xdg)).Folder);
    }

    [Fact]
    public void Where_no_variable_tells_the_error_names_the_one_to_set()
    {
        var error = Assert.Throws<SealerException>(() => SealerHome.From(_ => null, ""));
        Assert.Equal("NoHome", error.Id);
        Assert.Contains(SealerHome.Variable, error.Message, StringComparison.Ordinal);
    }

    [LinuxFact]
    public void What_is_made_is_for_its_owner_only()
    {
        ImageStore.Open(Home((SealerHome.Variable, _temp["new/home"])).ImageStore);
        foreach (var folder in new[] { "new", "new/home", "new/home/images" })
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, Mode(_temp[folder]));
    }

    [Fact]
    public void A_home_that_cannot_be_made_is_told()
    {
        File.WriteAllText(_temp["file"], "");
        var error = Assert.Throws<SealerException>(() => SealerHome.CreatePrivateFolder(_temp["file"]));
        Assert.Equal("HomeUnusable", error.Id);
        Assert.Contains(_temp["file"], error.Message, StringComparison.Ordinal);
        Assert.Equal("StoreUnusable", Assert.Throws<SealerException>(() => ImageStore.Open(Path.Combine(_temp["file"], "images"))).Id);
    }

    [LinuxFact]
    public async Task A_store_of_another_user_is_refused()
    {
        var store = Directory.CreateDirectory(_temp["store"]).FullName;
        ImageStore.Open(store);
        // Only root can give a folder away; for others there is one of root's.
        if (Environment.IsPrivilegedProcess)
            await Peer.RunAsync("chown", "4711", store);
        else
            store = "/usr";
        var error = Assert.Throws<SealerException>(() => ImageStore.Open(store));
        Assert.Equal("HomeNotOwned", error.Id);
        Assert.Contains("belongs to another user", error.Message, StringComparison.Ordinal);
        Assert.Contains(SealerHome.Variable, error.Message, StringComparison.Ordinal);
        Assert.Equal("HomeNotOwned", Assert.Throws<SealerException>(() => SealerHome.CreatePrivateFolder(store)).Id);
    }

    private static UnixFileMode Mode(string path) => OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(path);

    private static SealerHome Home(params (string Name, string Value)[] variables) =>
        SealerHome.From(name => variables.FirstOrDefault(v => v.Name == name).Value, LocalData);
}
