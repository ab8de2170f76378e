using System.Management.Automation;
using System.Xml.Linq;

namespace Sealer.PowerShell.Tests;

/// <summary>Test-ClusterHost on this machine, directly and where nobody answers.</summary>
public sealed class TestClusterHostTests : IDisposable
{
    private readonly Session _session = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("sealer-preflight-").FullName;

    public void Dispose()
    {
        _session.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Each_check_is_a_result_with_what_was_seen()
    {
        var results = _session.Run("Test-ClusterHost -Address 127.0.0.1 -UseLocalHost");
        Assert.Equal(49, results.Count);
        Assert.Equal("Passed", Of(results, "Reachable", "Status"));
        Assert.All(results, r => Assert.NotEqual("", r.Properties["Message"].Value));
    }

    [Fact]
    public void Chosen_and_ignored_checks_are_told_by_name_and_the_results_filtered_by_severity()
    {
        var results = _session.Run("Test-ClusterHost -Address 127.0.0.1 -UseLocalHost -Check cpu, 'Host*', TimeZone");
        Assert.Equal(["HostName", "HostNameUnique", "HostNameResolves", "Cpu", "TimeZone"], results.Select(r => r.Properties["Check"].Value));
        Assert.Equal("HostNameResolves", Assert.Single(_session.Run("Test-ClusterHost -Address 127.0.0.1 -UseLocalHost -Check cpu, 'Host*', TimeZone -Severity Warning")).Properties["Check"].Value);
    }

    [Fact]
    public void What_is_to_be_looked_at_comes_first_of_each_host_and_all_is_counted_in_a_line()
    {
        var statuses = _session.Run("Test-ClusterHost -Address 127.0.0.1, ::1 -UseLocalHost 6>&1 | ForEach-Object { if ($_ -is [Management.Automation.InformationRecord]) { \"$_\" } else { $_.Status } }").Select(s => s.ToString()!).ToList();
        Assert.Matches(@"^2 hosts: (\d+ failed, )?(\d+ warnings?, )?\d+ passed(, \d+ skipped)?\.$", statuses[^1]);
        foreach (var host in statuses[..^1].Chunk(49))
            Assert.Equal(host.Count(s => s is "Failed" or "Warning"), host.TakeWhile(s => s is "Failed" or "Warning").Count());
    }

    [Fact]
    public void A_name_that_is_no_check_ends_it_before_any_host_is_asked()
    {
        Assert.Empty(_session.Try("Test-ClusterHost -Address 127.0.0.1 -UseLocalHost -Ignore Swpa"));
        var error = Assert.Single(_session.Errors);
        Assert.StartsWith("HostCheckUnknown", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("did you mean 'Swap'?", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_that_does_not_answer_is_a_failed_result_and_no_error()
    {
        const string Hosts = "'127.0.0.1', [pscustomobject]@{ Address = '127.0.0.2'; Port = 1; Name = 'gone' }";
        var results = _session.Run($"{Hosts} | Test-ClusterHost -UseLocalHost:$false -SshConfig none -Port 1 -Check Cpu");
        Assert.All(results, r => Assert.Equal(("Reachable", "Failed"), (r.Properties["Check"].Value, r.Properties["Status"].Value.ToString())));
        Assert.Equal(2, results.Count);
        Assert.Equal("Ignored", Of(_session.Run($"{Hosts} | Test-ClusterHost -SshConfig none -Port 1 -Ignore Reachable"), "Reachable", "Status"));
        Assert.Equal(false, Assert.Single(_session.Run($"{Hosts} | Test-ClusterHost -SshConfig none -Port 1 -Quiet")).BaseObject);
        Assert.Equal(true, Assert.Single(_session.Run($"{Hosts} | Test-ClusterHost -SshConfig none -Port 1 -Quiet -Ignore Error")).BaseObject);
    }

    [Fact]
    public void The_report_is_written_where_it_is_asked_for()
    {
        var path = Path.Combine(_folder, "hosts.xml");
        _session.Run($"$null = $ExecutionContext.SessionState.Path.SetLocation('{_folder}'); $null = Test-ClusterHost -Address 127.0.0.1 -UseLocalHost -Check Cpu, Memory -JUnitPath ./hosts.xml");
        Assert.Equal(["Cpu", "Memory"], XDocument.Load(path).Descendants("testcase").Select(c => c.Attribute("name")!.Value));
    }

    [Fact]
    public void A_clusterfile_says_who_is_a_control_plane_and_its_image_what_is_needed()
    {
        var file = Path.Combine(_folder, "Clusterfile");
        File.WriteAllText(file, "apiVersion: sealer.io/v2\nkind: Cluster\nmetadata:\n  name: skyline\nspec:\n  image: not-here:v1\n  hosts:\n  - ips: [127.0.0.11]\n    roles: [master]\n  - ips: [127.0.0.12]\n    roles: [node]\n");
        var results = _session.Run($"Test-ClusterHost '{file}' -UseLocalHost -Check EtcdDisk");
        Assert.Single(_session.Warnings, w => w.Contains("not in the local store", StringComparison.Ordinal));
        Assert.Equal("It will have no etcd.", results[1].Properties["Message"].Value);
        Assert.NotEqual("It will have no etcd.", results[0].Properties["Message"].Value);
        _session.Try($"Test-ClusterHost '{file}' -UseLocalHost -Image not-here:v1");
        Assert.StartsWith("ImageNotFound", Assert.Single(_session.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Test-ClusterHost -Check host", "HostName HostNameResolves HostNameUnique")]
    [InlineData("Test-ClusterHost -Ignore War", "Warning")]
    [InlineData("Test-ClusterHost -Check War", "")]
    [InlineData("Test-ClusterHost -Severity W", "Warning")]
    public void Names_are_completed(string typed, string names)
    {
        using var shell = _session.Create("param($typed) [Management.Automation.CommandCompletion]::CompleteInput($typed, $typed.Length, $null).CompletionMatches.CompletionText", typed);
        Assert.Equal(names, string.Join(' ', shell.Invoke().Select(o => o?.ToString())));
    }

    [Fact]
    public void The_table_is_grouped_by_host()
    {
        var shown = _session.Show("Test-ClusterHost -Address 127.0.0.1 -UseLocalHost -Check Cpu, Reachable");
        Assert.Contains("Host: 127.0.0.1", shown, StringComparison.Ordinal);
        Assert.Contains("It answers.", shown, StringComparison.Ordinal);
    }

    private static string? Of(IEnumerable<PSObject> results, string check, string property) =>
        results.First(r => (string)r.Properties["Check"].Value == check).Properties[property].Value.ToString();
}
