using System.Management.Automation;
using System.Security;

namespace Sealer.PowerShell.Tests;

public sealed class RegistryCmdletTests : IAsyncLifetime
{
    private readonly Session _session = new();
    private readonly LoopbackRegistry _registry = new();

    private string Image => $"{_registry.Domain}/team/skyline:v3";

    public Task InitializeAsync()
    {
        var amd64 = _registry.Add("team/skyline", "amd64");
        var arm64 = _registry.Add("team/skyline", "arm64", "arm64", "hello arm");
        _registry.AddIndex("team/skyline", "v3", (amd64, "amd64"), (arm64, "arm64"));
        _registry.Add("team/other", "v1");
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        _session.Try($"Get-ClusterImage *{_registry.Domain}* | Remove-ClusterImage");
        _session.Dispose();
        await _registry.DisposeAsync();
    }

    [Fact]
    public void An_image_is_received_with_all_platforms_and_listed()
    {
        var image = Assert.Single(_session.Run($"Receive-ClusterImage {Image} -PlainHttp"));
        Assert.Equal("Sealer.Images.ClusterImage", image.TypeNames[0]);
        Assert.Equal(Image, image.Properties["Name"].Value);
        Assert.Equal(["linux/amd64", "linux/arm64"], _session.Run($"(Get-ClusterImage {Image}).Platforms").Select(p => p.ToString()));
        Assert.Equal("linux/arm64", _session.Run($"(Get-ClusterImage {Image} -Platform linux/arm64).Platforms")[0].ToString());
    }

    [Fact]
    public void One_platform_is_received_alone()
    {
        var image = Assert.Single(_session.Run($"Receive-ClusterImage {Image} -PlainHttp -Platform linux/arm64"));
        Assert.Equal("linux/arm64", Assert.Single(_session.Run("param($i) $i.Platforms", image)).ToString());
    }

    [Fact]
    public void Images_go_from_cmdlet_to_cmdlet()
    {
        var copy = $"{_registry.Domain}/new/skyline:v4";
        _session.Run($"Receive-ClusterImage {Image} -PlainHttp | Copy-ClusterImage -Destination {copy} | Publish-ClusterImage -PlainHttp");
        Assert.True(_registry.HasManifest("new/skyline", "v4"));
        Assert.Equal(0, _registry.Received);
        Assert.Equal(2, _session.Run($"Get-ClusterImage '{_registry.Domain}/*'").Count);
        _session.Run($"Get-ClusterImage '{_registry.Domain}/*' | Remove-ClusterImage");
        Assert.Empty(_session.Run($"Get-ClusterImage '{_registry.Domain}/*'"));
    }

    [Fact]
    public void Names_are_taken_from_text_and_from_a_property()
    {
        _session.Run($"Receive-ClusterImage {Image} -PlainHttp");
        Assert.Single(_session.Run($"'{Image}' | Copy-ClusterImage -Destination {_registry.Domain}/a/b:1"));
        Assert.Single(_session.Run($"[pscustomobject] @{{ Name = '{Image}' }} | Copy-ClusterImage -Destination {_registry.Domain}/a/b:2"));
        var one = _session.Run($"Get-ClusterImage {Image} -Platform linux/arm64 | Copy-ClusterImage -Destination {_registry.Domain}/a/b:3");
        Assert.Equal("linux/arm64", Assert.Single(_session.Run("param($i) $i.Platforms", one[0])).ToString());
    }

    [Fact]
    public void A_table_of_a_runbook_is_worked_through_line_by_line()
    {
        _session.Run($"Receive-ClusterImage {Image} -PlainHttp");
        var copies = _session.Run(
            $$"""
            [pscustomobject] @{ Name = '{{Image}}'; Destination = '{{_registry.Domain}}/a/b:1'; Platform = 'linux/arm64' },
            [pscustomobject] @{ Name = '{{Image}}'; Destination = '{{_registry.Domain}}/a/b:2' } | Copy-ClusterImage
            """);
        Assert.Equal([$"{_registry.Domain}/a/b:1", $"{_registry.Domain}/a/b:2"], copies.Select(c => c.Properties["Name"].Value));
        Assert.Equal(1, _session.Run("param($i) $i.Platforms.Count", copies[0])[0].BaseObject);
        Assert.Equal(2, _session.Run("param($i) $i.Platforms.Count", copies[1])[0].BaseObject);
    }

    [Fact]
    public void A_digest_or_its_beginning_is_a_name()
    {
        var image = _session.Run($"Receive-ClusterImage {Image} -PlainHttp")[0];
        var digest = image.Properties["Digest"].Value.ToString()!;
        Assert.Equal(Image, _session.Run($"(Get-ClusterImage {digest}).Name")[0].ToString());
        Assert.Equal(Image, _session.Run($"(Get-ClusterImage {digest[7..19]}).Name")[0].ToString());
    }

    [Theory]
    [InlineData("Receive-ClusterImage IMAGE -PlainHttp -WhatIf", "Pull image")]
    [InlineData("Connect-ClusterRegistry REGISTRY -Credential robot -PlainHttp -WhatIf", "Try user name and password")]
    [InlineData("Copy-ClusterImage IMAGE -Destination REGISTRY/x:v1 -Remote -PlainHttp -WhatIf", "/x:v1")]
    public void WhatIf_changes_nothing(string script, string said)
    {
        Assert.Empty(_session.Run(script.Replace("IMAGE", Image, StringComparison.Ordinal).Replace("REGISTRY", _registry.Domain, StringComparison.Ordinal)));
        Assert.Contains(said, _session.Host.Screen.ToString(), StringComparison.Ordinal);
        Assert.Empty(_session.Run($"Get-ClusterImage '{_registry.Domain}/*'"));
    }

    [Fact]
    public void A_copy_within_a_registry_needs_no_store()
    {
        _session.Run($"Copy-ClusterImage {Image} -Destination {_registry.Domain}/prod/skyline:v3 -Remote -PlainHttp");
        Assert.True(_registry.HasManifest("prod/skyline", "v3"));
        Assert.Empty(_session.Run($"Get-ClusterImage '{_registry.Domain}/*'"));
    }

    [Fact]
    public void A_registry_is_searched_by_name_tag_and_pattern()
    {
        Assert.Equal(["amd64", "arm64", "v3"], Tags($"{_registry.Domain}/team/skyline"));
        Assert.Equal(["amd64", "arm64"], Tags($"{_registry.Domain}/team/skyline:a*"));
        Assert.Equal(["v1"], Tags($"{_registry.Domain}/team/o*"));
        Assert.Equal(4, Tags(_registry.Domain).Length);
        Assert.All(
            _session.Run($"Find-ClusterImage {_registry.Domain}/team/skyline -PlainHttp"),
            image => Assert.Equal("kube-installer", image.Properties["Type"].Value));

        string[] Tags(string name) => [.. _session.Run($"Find-ClusterImage '{name}' -NameOnly -PlainHttp").Select(o => o.Properties["Tag"].Value.ToString()!)];
    }

    [Fact]
    public void A_registry_is_talked_to_over_tls_unless_it_is_said_otherwise()
    {
        _session.Try($"Receive-ClusterImage {Image}");
        Assert.Single(_session.Errors);
        Assert.Empty(_session.Run($"Get-ClusterImage '{_registry.Domain}/*'"));
    }

    [Fact]
    public void A_password_is_tried_kept_used_and_forgotten()
    {
        _registry.Login = "robot:secret";
        _session.Try($"Receive-ClusterImage {Image} -PlainHttp");
        Assert.Equal(ErrorCategory.AuthenticationError, Assert.Single(_session.Errors).CategoryInfo.Category);

        _session.Try("param($c) Connect-ClusterRegistry " + _registry.Domain + " -PlainHttp -Credential $c", Robot("wrong"));
        Assert.Equal(ErrorCategory.AuthenticationError, Assert.Single(_session.Errors).CategoryInfo.Category);

        var login = _session.Run("param($c) Connect-ClusterRegistry " + _registry.Domain + " -PlainHttp -PassThru -Credential $c", Robot("secret"));
        Assert.Equal(true, Assert.Single(login).Properties["IsVerified"].Value);
        _session.Run($"Receive-ClusterImage {Image} -PlainHttp");

        Assert.Equal(_registry.Domain, Assert.Single(_session.Run($"Disconnect-ClusterRegistry {_registry.Domain} -PassThru")).ToString());
        _session.Try($"Receive-ClusterImage {Image} -PlainHttp");
        Assert.Single(_session.Errors);
        _session.Run($"param($c) Receive-ClusterImage {Image} -PlainHttp -Credential $c", Robot("secret"));
    }

    [Fact]
    public void A_password_is_never_shown()
    {
        _registry.Login = "robot:secret";
        _session.Try($"param($c) $VerbosePreference = $DebugPreference = 'Continue'; Receive-ClusterImage {Image} -PlainHttp -Credential $c", Robot("tOpSeCrEt"));
        var said = string.Join('\n', _session.Errors.Select(e => e + e.Exception.ToString()).Concat(_session.Verbose).Append(_session.Host.Screen.ToString()));
        Assert.DoesNotContain("tOpSeCrEt", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_breaks_off_a_download()
    {
        _registry.HangsOnBlobs = true;
        using var shell = _session.Create($"Receive-ClusterImage {Image} -PlainHttp");
        var running = shell.BeginInvoke();
        await _registry.Hung.Task;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        shell.Stop();
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(4));
        Assert.Throws<PipelineStoppedException>(() => shell.EndInvoke(running));
    }

    [Fact]
    public void The_table_fits_120_columns()
    {
        _session.Run($"Receive-ClusterImage {Image} -PlainHttp; Copy-ClusterImage {Image} -Destination registry.example.com/a/very/long/path/of/a/team/skyline-platform:v3.14.159-rc.1");
        var shown = _session.Show("Get-ClusterImage");
        Assert.All(shown.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, RecordingHost.Width));
        Assert.Contains("Name", shown, StringComparison.Ordinal);
        Assert.Contains("amd64, arm64", shown, StringComparison.Ordinal);
        Assert.Contains("kube-installer", shown, StringComparison.Ordinal);
        _session.Run("Remove-ClusterImage registry.example.com/*");
    }

    [Fact]
    public void Names_and_platforms_complete()
    {
        _session.Run($"Receive-ClusterImage {Image} -PlainHttp");
        Assert.Contains(Image, Complete($"Get-ClusterImage 127"));
        Assert.Contains("linux/arm64", Complete("Get-ClusterImage -Platform linux/ar"));
        Assert.Contains(_registry.Domain, Complete("Disconnect-ClusterRegistry 127"));

        IEnumerable<string> Complete(string text) =>
            _session.Run("param($t) (TabExpansion2 $t $t.Length).CompletionMatches.CompletionText", text).Select(o => o.ToString());
    }

    [Fact]
    public async Task What_is_said_of_one_registry_is_never_used_for_another()
    {
        await using var other = new LoopbackRegistry { Login = "robot:other" };
        other.Add("team/skyline", "v3");
        var name = $"{other.Domain}/team/skyline:v3";

        _session.Try($"param($c) Copy-ClusterImage {name} -Destination {_registry.Domain}/prod/skyline:v3 -Remote -PlainHttp -Credential $c", Robot("secret"));
        Assert.False(other.SawPassword);
        Assert.False(_registry.HasManifest("prod/skyline", "v3"));

        _session.Try($"param($c) '{Image}', '{name}' | Receive-ClusterImage -PlainHttp -Credential $c", Robot("secret"));
        Assert.Contains("Connect-ClusterRegistry", Assert.Single(_session.Errors).ToString(), StringComparison.Ordinal);
        Assert.StartsWith("ParametersOfAnotherRegistry", _session.Errors[0].FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.False(other.SawPassword);
        Assert.Single(_session.Run($"Get-ClusterImage {Image}"));
    }

    private static PSCredential Robot(string password)
    {
        var secure = new SecureString();
        foreach (var character in password)
            secure.AppendChar(character);
        return new PSCredential("robot", secure);
    }
}
