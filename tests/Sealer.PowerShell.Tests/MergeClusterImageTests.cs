using System.Management.Automation;

namespace Sealer.PowerShell.Tests;

public sealed class MergeClusterImageTests : IDisposable
{
    private readonly Session _session = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("sealer-merge-").FullName;

    public MergeClusterImageTests()
    {
        foreach (var name in new[] { "a", "b" })
        {
            Write($"{name}/Kubefile", $"FROM scratch\nCOPY motd etc/motd\nCOPY {name}.txt etc/{name}.txt\nAPP {name} local://{name}.yaml\nLABEL vendor={name}\nLAUNCH {name}\n");
            Write($"{name}/motd", $"welcome to {name}\n");
            Write($"{name}/{name}.txt", name);
            Write($"{name}/{name}.yaml", "kind: ConfigMap\n");
        }

        _session.Run(
            $$"""
            $null = $ExecutionContext.SessionState.Path.SetLocation('{{_folder}}')
            foreach ($name in 'a', 'b') { $null = Build-ClusterImage ./$name -Tag "merge-${name}:v1" -Platform linux/amd64, linux/arm64 -Mode Lite }
            """);
    }

    public void Dispose()
    {
        _session.Try("Get-ClusterImage merge* | Remove-ClusterImage");
        _session.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Two_images_become_one_for_all_platforms_and_what_both_claim_is_told()
    {
        var image = Assert.Single(_session.Run("Merge-ClusterImage merge-a:v1, merge-b:v1 -Tag merged:v1 -InformationVariable told"));
        Assert.Equal(
            ["File etc/motd is in merge-a:v1 and merge-b:v1. It is that of merge-b:v1.", "Label vendor is in merge-a:v1 and merge-b:v1. It is 'b', not 'a'."],
            _session.Warnings);
        Assert.Equal("merged:v1", image.Properties["Name"].Value);
        Assert.Equal(["a", "b"], _session.Run("param($i) $i.ForPlatform('linux/arm64').Launch.AppNames", image).Select(o => o.ToString()));
        // One a platform.
        Assert.Equal(4, _session.Run("$told.MessageData | Where-Object { $_ -is [Sealer.MergeCollision] }").Count);
        Assert.Equal(true, _session.Run("Test-ClusterImage merged:v1 -Quiet")[0].BaseObject);
        _session.Run("Remove-ClusterImage merged:v1");
    }

    [Fact]
    public void The_order_of_the_pipeline_decides()
    {
        _session.Run("$null = 'merge-b:v1', 'merge-a:v1' | Get-ClusterImage | Merge-ClusterImage -Tag merged:v1 -Platform linux/amd64 -WarningAction Ignore");
        Assert.Equal(["b", "a"], _session.Run("(Get-ClusterImage merged:v1).Launch.AppNames").Select(o => o.ToString()));
        Assert.Equal("a", _session.Run("(Get-ClusterImage merged:v1).Labels['vendor']")[0].ToString());
        Assert.Equal("linux/amd64", Assert.Single(_session.Run("(Get-ClusterImage merged:v1).Platforms")).ToString());
        _session.Run("Remove-ClusterImage merged:v1");
    }

    [Fact]
    public void WhatIf_shows_every_collision_and_writes_nothing()
    {
        var blobs = Directory.GetFiles(Path.Combine(BuiltModule.Home, "images", "blobs"), "*", SearchOption.AllDirectories).Length;
        Assert.Empty(_session.Run("Merge-ClusterImage merge-a:v1, merge-b:v1 -Tag merged:v1 -WhatIf"));
        var shown = _session.Host.Screen.ToString();
        Assert.Contains("What if: Merge merge-a:v1, merge-b:v1 into merged:v1", shown, StringComparison.Ordinal);
        Assert.Contains("etc/motd", shown, StringComparison.Ordinal);
        Assert.Contains("It is 'b', not 'a'.", shown, StringComparison.Ordinal);
        Assert.Empty(_session.Warnings);
        Assert.Empty(_session.Run("Get-ClusterImage merged*"));
        Assert.Equal(blobs, Directory.GetFiles(Path.Combine(BuiltModule.Home, "images", "blobs"), "*", SearchOption.AllDirectories).Length);
    }

    [Fact]
    public void Many_files_in_common_are_a_few_warnings()
    {
        foreach (var name in new[] { "a", "b" })
        {
            Write($"{name}/Kubefile", "FROM scratch\nCOPY many many\n");
            for (var i = 0; i < 20; i++)
                Write($"{name}/many/{i}", name);
        }

        _session.Run(
            """
            foreach ($name in 'a', 'b') { $null = Build-ClusterImage ./$name -Tag "merge-${name}:v2" -Platform linux/amd64 -Mode Lite }
            $null = Merge-ClusterImage merge-a:v2, merge-b:v2 -Tag merged:v2
            """);
        Assert.Equal(6, _session.Warnings.Count);
        Assert.StartsWith("File: 15 more", _session.Warnings[^1], StringComparison.Ordinal);
        _session.Run("Remove-ClusterImage merged:v2");
    }

    [Theory]
    [InlineData("Merge-ClusterImage merge-a:v1 -Tag merged:v1", "TooFewImages")]
    [InlineData("Merge-ClusterImage merge-a:v1, merge-nothing:v1, merge-b:v1 -Tag merged:v1 -ErrorAction SilentlyContinue", "ImagesIncomplete")]
    [InlineData("Export-ClusterImage merge-a:v1, merge-nothing:v1 -Path ./x.tar -ErrorAction SilentlyContinue", "ImagesIncomplete")]
    [InlineData("New-ClusterImageIndex merge-a:v1, merge-nothing:v1 -Tag merged:v1 -ErrorAction SilentlyContinue", "ImagesIncomplete")]
    [InlineData("Merge-ClusterImage merge-a:v1, merge-b:v1 -Tag merged:v1 -Platform linux/s390x", "PlatformNotFound")]
    public void What_cannot_be_whole_is_not_made(string script, string id)
    {
        var error = (ErrorRecord)Assert.Single(_session.Try($"try {{ {script} }} catch {{ $_ }}")).BaseObject;
        Assert.StartsWith(id + ",", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Empty(_session.Run("Get-ClusterImage merged*"));
        Assert.False(File.Exists(Path.Combine(_folder, "x.tar")));
    }

    private void Write(string path, string text)
    {
        var full = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
