using System.Management.Automation;

namespace Sealer.PowerShell.Tests;

public sealed class ArchiveCmdletTests : IAsyncLifetime
{
    private readonly Session _session = new();
    private readonly LoopbackRegistry _registry = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("sealer-archives-").FullName;

    private string Image => $"{_registry.Domain}/team/skyline:v3";

    public Task InitializeAsync()
    {
        var noise = new string('x', 3 * 1024 * 1024);
        var amd64 = _registry.Add("team/skyline", "amd64", "amd64", noise);
        var arm64 = _registry.Add("team/skyline", "arm64", "arm64", "hello arm");
        _registry.AddIndex("team/skyline", "v3", (amd64, "amd64"), (arm64, "arm64"));
        _session.Run($"Receive-ClusterImage {Image} -PlainHttp; $null = $ExecutionContext.SessionState.Path.SetLocation('{_folder}')");
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        _session.Try($"Get-ClusterImage *{_registry.Domain}* | Remove-ClusterImage");
        _session.Dispose();
        await _registry.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("-Path ./skyline.tar", "./skyline.tar")]
    [InlineData("-Path ./skyline -Format OciFolder", "./skyline")]
    [InlineData("-Path ./skyline.tar -SplitSize '1 MiB'", "./skyline.tar.parts.json")]
    [InlineData("-Path ./skyline.tar -SplitSize 1MB", "*.json")]
    public void What_is_exported_is_imported(string export, string import)
    {
        var digest = _session.Run($"(Get-ClusterImage {Image}).Digest.ToString()")[0].ToString();
        Assert.Empty(_session.Run($"Export-ClusterImage {Image} {export}"));
        _session.Run($"Remove-ClusterImage {Image}");
        var image = Assert.Single(_session.Run($"Import-ClusterImage {import}"));
        Assert.Equal(Image, image.Properties["Name"].Value);
        Assert.Equal(digest, image.Properties["Digest"].Value.ToString());
    }

    [Fact]
    public void A_docker_archive_keeps_what_makes_it_a_cluster_image()
    {
        _session.Run($"Get-ClusterImage {Image} -Platform linux/amd64 | Export-ClusterImage -Path ./docker.tar -Format DockerArchive; Remove-ClusterImage {Image}");
        var image = Assert.Single(_session.Run("Import-ClusterImage ./docker.tar"));
        Assert.Equal("kube-installer", image.Properties["Type"].Value);
    }

    [Fact]
    public void One_platform_is_copied_and_verified_alone()
    {
        _session.Run($"Copy-ClusterImage {Image} -Destination {_registry.Domain}/team/arm:v3 -Platform linux/arm64");
        Assert.Equal("linux/arm64", Assert.Single(_session.Run($"(Get-ClusterImage {_registry.Domain}/team/arm:v3).Platforms")).ToString());
        Assert.Equal(["linux/arm64", "linux/amd64"], _session.Run($"(Test-ClusterImage {Image} -Platform linux/arm64, linux/amd64).Platforms").Select(o => o.ToString()));
        _session.Run($"Export-ClusterImage {Image} -Path ./both.tar");
        Assert.Equal(3, Assert.Single(_session.Run("Test-ClusterImage -Path ./both.tar -Platform linux/arm64")).Properties["Blobs"].Value);
        _session.Try($"Test-ClusterImage {Image} -Platform linux/s390x");
        Assert.StartsWith("PlatformNotFound,", Assert.Single(_session.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public void Images_that_are_piped_together_go_into_one_archive()
    {
        _session.Run($"Copy-ClusterImage {Image} -Destination {_registry.Domain}/team/second:v1");
        var files = _session.Run($"Get-ClusterImage '{_registry.Domain}/*' | Export-ClusterImage -Path . -PassThru");
        Assert.IsType<FileInfo>(Assert.Single(files).BaseObject);
        Assert.Equal(2, _session.Run("Import-ClusterImage *.tar").Count);
    }

    [Fact]
    public void A_file_that_is_there_is_replaced_only_by_force()
    {
        _session.Run($"Export-ClusterImage {Image} -Path ./skyline.tar");
        var error = (ErrorRecord)Assert.Single(_session.Run($"try {{ Export-ClusterImage {Image} -Path ./skyline.tar }} catch {{ $_ }}")).BaseObject;
        Assert.StartsWith("FileExists,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("-Force", error.ToString(), StringComparison.Ordinal);
        _session.Run($"Export-ClusterImage {Image} -Path ./skyline.tar -Force");
    }

    [Theory]
    [InlineData("Export-ClusterImage IMAGE -Path ./skyline.tar -WhatIf", "skyline.tar")]
    [InlineData("Remove-ClusterImage IMAGE -WhatIf", "Remove image")]
    public void WhatIf_changes_nothing(string script, string said)
    {
        Assert.Empty(_session.Run(script.Replace("IMAGE", Image, StringComparison.Ordinal)));
        Assert.Contains(said, _session.Host.Screen.ToString(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
        Assert.Single(_session.Run($"Get-ClusterImage {Image}"));
    }

    [Fact]
    public void A_size_that_is_none_is_refused_with_an_example()
    {
        var error = Assert.Single(_session.Run($"try {{ Export-ClusterImage {Image} -Path x.tar -SplitSize '4 apples' }} catch {{ $_ }}"));
        Assert.Contains("650MB", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_several_files_a_broken_one_is_an_error_and_the_others_are_read()
    {
        _session.Run($"Export-ClusterImage {Image} -Path ./b.tar");
        File.WriteAllText(Path.Combine(_folder, "a.tar"), "no archive");
        Assert.Single(_session.Try("Import-ClusterImage *.tar"));
        Assert.Single(_session.Errors);
    }

    [Fact]
    public void The_space_of_a_removed_image_is_free_at_once()
    {
        var blobs = Path.Combine(BuiltModule.Home, "images", "blobs");
        var before = Size();
        _session.Run($"Remove-ClusterImage {Image}");
        Assert.InRange(before - Size(), 3 * 1024 * 1024, long.MaxValue);

        long Size() => new DirectoryInfo(blobs).GetFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
    }
}
