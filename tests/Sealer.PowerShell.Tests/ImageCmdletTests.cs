using System.Management.Automation;

namespace Sealer.PowerShell.Tests;

/// <summary>Verifying, comparing, mounting and indexing.</summary>
public sealed class ImageCmdletTests : IAsyncLifetime
{
    private readonly Session _session = new();
    private readonly LoopbackRegistry _registry = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("sealer-images-").FullName;

    private string Image => $"{_registry.Domain}/team/skyline";

    public Task InitializeAsync()
    {
        _registry.Add("team/skyline", "v3-amd64");
        _registry.Add("team/skyline", "v3-arm64", "arm64", "hello arm");
        _registry.Add("team/skyline", "v4-amd64", "amd64", "hello again");
        _session.Run(
            $"$null = $ExecutionContext.SessionState.Path.SetLocation('{_folder}'); Find-ClusterImage {Image} -NameOnly -PlainHttp | Receive-ClusterImage -PlainHttp");
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        _session.Try($"Mount-ClusterImage | Dismount-ClusterImage; Get-ClusterImage *{_registry.Domain}* | Remove-ClusterImage");
        _session.Dispose();
        await _registry.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Images_built_apart_become_one_name()
    {
        var index = Assert.Single(_session.Run($"Get-ClusterImage '{Image}:v3-*' | New-ClusterImageIndex -Tag {Image}:v3"));
        Assert.Equal($"{Image}:v3", index.Properties["Name"].Value);
        Assert.Equal(2, _session.Run($"(Get-ClusterImage {Image}:v3).Images").Count);
    }

    [Fact]
    public void Two_images_for_one_platform_are_no_index()
    {
        var error = (ErrorRecord)Assert.Single(_session.Run(
            $"try {{ New-ClusterImageIndex {Image}:v3-amd64, {Image}:v4-amd64 -Tag {Image}:v3 }} catch {{ $_ }}")).BaseObject;
        Assert.StartsWith("DuplicatePlatform,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public void A_whole_image_passes_in_the_store_and_in_an_archive()
    {
        _session.Run($"Export-ClusterImage {Image}:v3-arm64 -Path ./image.tar");
        foreach (var what in new[] { $"{Image}:v3-arm64", "-Path ./image.tar" })
        {
            var result = Assert.Single(_session.Run($"Test-ClusterImage {what}"));
            Assert.Equal($"{Image}:v3-arm64", result.Properties["Name"].Value);
            Assert.Equal(3, result.Properties["Blobs"].Value);
            Assert.Equal(true, result.Properties["Passed"].Value);
            Assert.Equal(true, Assert.Single(_session.Run($"Test-ClusterImage {what} -Quiet")).BaseObject);
        }
    }

    [Fact]
    public void A_damaged_layer_is_found()
    {
        var layer = _session.Run($"(Get-ClusterImage {Image}:v4-amd64).Layers[0].Digest.Hex")[0].ToString();
        var file = Directory.GetFiles(BuiltModule.Home, layer, SearchOption.AllDirectories).Single();
        var content = File.ReadAllBytes(file);
        var damaged = (byte[])content.Clone();
        damaged[content.AsSpan().IndexOf("hello again"u8)] ^= 1;
        File.WriteAllBytes(file, damaged);
        try
        {
            Assert.Equal("DigestMismatch", _session.Run($"(Test-ClusterImage {Image}:v4-amd64).Findings[0].Id")[0].ToString());
            // What is known to be damaged is not offered again, and fetching or importing mends it.
            Assert.Equal(false, Assert.Single(_session.Run($"Test-ClusterImage {Image}:v4-amd64 -Quiet")).BaseObject);
        }
        finally
        {
            File.WriteAllBytes(file, content);
        }
    }

    [Fact]
    public void Differences_are_objects()
    {
        var differences = _session.Run($"Compare-ClusterImage {Image}:v3-amd64 {Image}:v4-amd64");
        var file = Assert.Single(differences);
        Assert.Equal("hello.txt", file.Properties["Name"].Value);
        Assert.Empty(_session.Run($"Compare-ClusterImage {Image}:v3-amd64 {Image}:v4-amd64 -Area Setting, ContainerImage"));
        Assert.Empty(_session.Run($"Get-ClusterImage {Image}:v3-amd64 | Compare-ClusterImage {Image}:v3-amd64"));
    }

    [Fact]
    public void The_files_of_an_image_come_and_go()
    {
        var mount = Assert.Single(_session.Run($"Mount-ClusterImage {Image}:v4-amd64 -Path ./rootfs -Extract"));
        Assert.Equal(Path.Combine(_folder, "rootfs"), mount.Properties["Path"].Value);
        Assert.Equal("hello again", File.ReadAllText(Path.Combine(_folder, "rootfs", "hello.txt")));
        Assert.Single(_session.Run("Mount-ClusterImage"));
        _session.Run("Mount-ClusterImage | Dismount-ClusterImage");
        Assert.False(Directory.Exists(Path.Combine(_folder, "rootfs")));
        _session.Try("Dismount-ClusterImage ./rootfs");
        Assert.StartsWith("NotMounted,", Assert.Single(_session.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Get-ClusterImage IMAGE:v4-amd64 | Mount-ClusterImage -Path ./piped -Extract")]
    [InlineData("Mount-ClusterImage -InputObject (Get-ClusterImage IMAGE:v4-amd64) ./piped -Extract")]
    public void An_image_is_mounted_through_the_pipeline(string script)
    {
        var mount = Assert.Single(_session.Run(script.Replace("IMAGE", Image, StringComparison.Ordinal)));
        Assert.Equal(Path.Combine(_folder, "piped"), mount.Properties["Path"].Value);
        _session.Run("param($m) $m | Dismount-ClusterImage", mount);
    }

    [Theory]
    [InlineData("Compare-ClusterImage IMAGE:v3-amd64 IMAGE:v4-amd64")]
    [InlineData("Test-ClusterImage IMAGE:*")]
    [InlineData("Mount-ClusterImage IMAGE:v3-amd64 -Path ./shown -Extract")]
    [InlineData("Optimize-ClusterImageStore -WhatIf")]
    public void Tables_fit_120_columns(string script)
    {
        var shown = _session.Show(script.Replace("IMAGE", Image, StringComparison.Ordinal));
        Assert.True(shown.Split('\n').Length > 3, shown);
        Assert.All(
            shown.Split('\n').Where(line => !line.StartsWith("What if:", StringComparison.Ordinal)),
            line => Assert.InRange(line.TrimEnd().Length, 0, RecordingHost.Width));
    }
}
