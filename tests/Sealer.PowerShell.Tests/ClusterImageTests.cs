using System.Management.Automation;

namespace Sealer.PowerShell.Tests;

/// <summary>The cmdlets of the local store, on images that they make themselves.</summary>
public sealed class ClusterImageTests : IDisposable
{
    private readonly Session _session = new();

    public void Dispose() => _session.Dispose();

    [Fact]
    public void A_missing_image_is_an_error_with_an_id_and_a_next_step()
    {
        _session.Try("Get-ClusterImage nothing/here:v1");
        var error = Assert.Single(_session.Errors);
        Assert.Equal("ImageNotFound,Sealer.PowerShell.GetClusterImage", error.FullyQualifiedErrorId);
        Assert.Equal(ErrorCategory.ObjectNotFound, error.CategoryInfo.Category);
        Assert.Equal("nothing/here:v1", error.TargetObject);
        Assert.Contains("Receive-ClusterImage", error.Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_that_nothing_matches_is_no_error() => Assert.Empty(_session.Run("Get-ClusterImage nothing*"));

    [Fact]
    public void A_bad_platform_is_refused_with_an_example()
    {
        var error = Assert.Single(_session.Run("try { Get-ClusterImage -Platform amd64 } catch { $_ }"));
        Assert.Contains("for example linux/amd64", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Optimizing_with_WhatIf_reports_and_removes_nothing()
    {
        var report = Assert.Single(_session.Run("Optimize-ClusterImageStore -WhatIf"));
        Assert.Equal(true, report.Properties["DryRun"].Value);
        Assert.Contains("What if:", _session.Host.Screen.ToString(), StringComparison.Ordinal);
    }
}
