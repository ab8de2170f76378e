using System.Management.Automation;
using System.Runtime.Versioning;
using System.Security;

namespace Sealer.PowerShell.Tests;

/// <summary>Cmdlets that work on hosts, with this machine as several of them: every address of 127.0.0.0/8 is its own.</summary>
[SupportedOSPlatform("linux")]
public sealed class HostCmdletTests : IDisposable
{
    private readonly Session _session = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("sealer-hosts-").FullName;

    public HostCmdletTests()
    {
        File.WriteAllText(Clusterfile, """
            apiVersion: sealer.io/v2
            kind: Cluster
            metadata:
              name: skyline
            spec:
              hosts: # first the masters
                - ips: [127.0.0.11]
                  roles: [master]
                - ips: [127.0.0.12, 127.0.0.13]
                  roles: [node]
            """);
        _session.Run("foreach ($c in Get-Command -Module Sealer -Noun ClusterHost, ClusterCommand, ClusterItem, ClusterHostAlias) { if ($c.Parameters.ContainsKey('UseLocalHost')) { $PSDefaultParameterValues[\"$($c.Name):UseLocalHost\"] = $true } }");
    }

    private string Clusterfile => Path.Combine(_folder, "Clusterfile");

    public void Dispose()
    {
        _session.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Hosts_come_from_a_file_addresses_or_objects_and_tell_of_themselves()
    {
        var hosts = _session.Run("param($f) Get-ClusterHost $f", Clusterfile);
        Assert.Equal(["127.0.0.11", "127.0.0.12", "127.0.0.13"], hosts.Select(h => h.Properties["Address"].Value));
        Assert.Equal(Environment.ProcessorCount, _session.Run("(Get-ClusterHost -Address 127.0.0.1).Cpus")[0].BaseObject);
        Assert.Equal("lab-1 root 7 master", _session.Run(
            "$h = [pscustomobject]@{ Name = 'lab-1'; Address = '127.0.0.9'; User = 'root'; Port = 7; KeyPath = '/k'; Role = 'master' } | Get-ClusterHost; \"$($h.Name) $($h.User) $($h.Port) $($h.Role)\"")[0].BaseObject);
        Assert.Equal("lab-1", _session.Run("[pscustomobject]@{ Name = 'lab-1'; Address = '127.0.0.9' } | Get-ClusterHost | Get-ClusterHost | ForEach-Object Name")[0].BaseObject);
        var shown = _session.Show("Get-ClusterHost -Address 127.0.0.1, ::1");
        Assert.Contains("127.0.0.1", shown, StringComparison.Ordinal);
        Assert.All(shown.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, RecordingHost.Width));
    }

    [Fact]
    public void Those_that_are_meant_are_chosen_by_role_and_address()
    {
        Assert.Equal(["127.0.0.11"], Ran("-Clusterfile $f -Role master"));
        Assert.Equal(["127.0.0.12", "127.0.0.13"], Ran("-Clusterfile $f -Role node"));
        Assert.Equal(["127.0.0.13"], Ran("-Clusterfile $f -Address 127.0.0.13"));
    }

    [Fact]
    public void Secrets_of_a_file_are_not_looked_for_where_others_are_given()
    {
        var text = File.ReadAllText(Clusterfile);
        File.WriteAllText(Clusterfile, text.Replace("  hosts:", "  ssh: { passwdFrom: { env: SEALER_TEST_NOT_SET }, sudoPasswdFrom: { file: ./not-there } }\n  hosts:", StringComparison.Ordinal));
        Assert.StartsWith("InvalidClusterfile,", (string)_session.Run("param($f) try { Get-ClusterHost $f -ErrorAction Stop } catch { $_.FullyQualifiedErrorId }", Clusterfile)[0].BaseObject, StringComparison.Ordinal);
        Assert.Equal(["127.0.0.11"], _session.Run(
            "param($f) $p = [securestring]::new(); 'hunter2222'.ToCharArray() | ForEach-Object { $p.AppendChar($_) }; Get-ClusterHost $f -Role master -Credential ([pscredential]::new('root', $p)) | ForEach-Object Address", Clusterfile).Select(a => a.BaseObject));
    }

    [Theory]
    [InlineData("Invoke-ClusterCommand :", "NoHosts")]
    [InlineData("Invoke-ClusterCommand : -Clusterfile $f -Address 10.9.9.9", "HostNotInCluster")]
    [InlineData("Invoke-ClusterCommand : -Address 'a b;c'", "InvalidHostAddress")]
    [InlineData("42 | Invoke-ClusterCommand :", "NotAHost")]
    [InlineData("[pscustomobject]@{ Address = '127.0.0.1'; Port = 'ssh' } | Invoke-ClusterCommand :", "InvalidHostPort")]
    [InlineData("[pscustomobject]@{ Address = '127.0.0.1'; Port = 70000 } | Invoke-ClusterCommand :", "InvalidHostPort")]
    [InlineData("Invoke-ClusterCommand : -Address 127.0.0.1 -Variable 'a b=c'", "InvalidVariableName")]
    [InlineData("Get-ClusterHost ./no-such-file", "ClusterfileNotFound")]
    [InlineData("Copy-ClusterItem ./no-such-file /tmp/x -Address 127.0.0.1", "ItemNotFound")]
    [InlineData("Copy-ClusterItem /etc/hosts here -FromHost -Flat -Clusterfile $f", "SeveralHosts")]
    public void What_is_said_wrongly_is_told(string script, string id)
    {
        Assert.StartsWith(id + ",", Refused(script), StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_come_as_objects_and_are_harmless()
    {
        var lines = _session.Run("Invoke-ClusterCommand 'echo \"##vso[task.complete]\"; printf \"\\033]0;x\\007\\n\"; echo ::error::x >&2' -Address 127.0.0.1");
        Assert.Equal(3, lines.Count);
        Assert.All(lines, line => Assert.Equal("127.0.0.1", line.Properties["Host"].Value));
        var text = string.Join('\n', lines.Select(l => l.Properties["Text"].Value));
        Assert.DoesNotContain("##", text, StringComparison.Ordinal);
        Assert.DoesNotContain("::error", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', text);
        Assert.Single(lines, l => (bool)l.Properties["IsError"].Value);
    }

    [Fact]
    public void A_command_that_fails_is_an_error_about_its_host_and_the_others_go_on()
    {
        var results = _session.Try("param($f) Invoke-ClusterCommand 'echo out; echo broken >&2; exit 7' -Clusterfile $f -PassThru", Clusterfile);
        Assert.Equal([7, 7, 7], results.Select(r => r.Properties["ExitCode"].Value));
        Assert.Equal(3, _session.Errors.Count);
        Assert.All(_session.Errors, e => Assert.Equal("HostCommandFailed,Sealer.PowerShell.InvokeClusterCommand", e.FullyQualifiedErrorId));
        Assert.Equal(["127.0.0.11", "127.0.0.12", "127.0.0.13"], _session.Errors.Select(e => e.TargetObject));
        Assert.All(_session.Errors, e => Assert.Contains("(exit code 7). Its own words: broken", e.ToString(), StringComparison.Ordinal));
        Assert.Equal("out", _session.Run("(Invoke-ClusterCommand 'echo out' -Address 127.0.0.1 -PassThru).Output.Trim()")[0].BaseObject);
    }

    [Fact]
    public void Secrets_are_given_as_secrets_and_shown_nowhere()
    {
        var secret = new SecureString();
        foreach (var c in "hunter2222")
            secret.AppendChar(c);
        var lines = _session.Run("param($s) Invoke-ClusterCommand 'echo $STAGE $TOKEN ${#TOKEN}' -Address 127.0.0.1 -Variable STAGE=test -SecretVariable @{ TOKEN = $s }", secret);
        Assert.Equal("test *** 10", Assert.Single(lines).Properties["Text"].Value);
        Assert.StartsWith("SecretMissing,", Refused("Invoke-ClusterCommand : -Address 127.0.0.1 -SecretVariable @{ TOKEN = 'hunter2222' }"), StringComparison.Ordinal);
        Assert.StartsWith("ParameterArgumentTransformationError,", Refused("Get-ClusterHost -Address 127.0.0.1 -SudoPassword 'hunter2222'"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_takes_too_long_is_told_and_a_script_gets_its_arguments()
    {
        _session.Try("Invoke-ClusterCommand 'sleep 60' -Address 127.0.0.1 -TimeoutSec 1");
        Assert.StartsWith("HostCommandTimedOut", Assert.Single(_session.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        var script = Path.Combine(_folder, "s.sh");
        File.WriteAllText(script, "#!/bin/sh\r\necho \"$2 $1\"\r\n");
        Assert.Equal("b a", _session.Run("param($p) (Invoke-ClusterCommand -FilePath $p -ArgumentList a, b -Address 127.0.0.1).Text", script)[0].BaseObject);
    }

    [Fact]
    public void WhatIf_changes_nothing()
    {
        var file = Path.Combine(_folder, "made");
        _session.Run("param($m, $f) Invoke-ClusterCommand \"touch $m\" -Clusterfile $f -WhatIf; Copy-ClusterItem $f $m -Address 127.0.0.1 -WhatIf", file, Clusterfile);
        Assert.False(File.Exists(file));
        var before = File.ReadAllText("/etc/hosts");
        _session.Run("param($f) Add-ClusterHostAlias 10.0.0.5 whatif.example.com -Clusterfile $f -UpdateClusterfile -WhatIf", Clusterfile);
        Assert.Equal(before, File.ReadAllText("/etc/hosts"));
        Assert.DoesNotContain("whatif", File.ReadAllText(Clusterfile), StringComparison.Ordinal);
        Assert.Contains("+ 10.0.0.5 whatif.example.com #hostalias-set-by-sealer", _session.Host.Screen.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_go_there_and_come_back_in_a_folder_a_host()
    {
        var there = Path.Combine(_folder, "there");
        var sent = _session.Run("param($f, $t) Copy-ClusterItem $f $t/ -Address 127.0.0.1 -PassThru; Copy-ClusterItem $f $t/ -Address 127.0.0.1 -PassThru", Clusterfile, there);
        Assert.Equal([1, 0], sent.Select(s => s.Properties["Files"].Value));
        Assert.Equal(File.ReadAllText(Clusterfile), File.ReadAllText(Path.Combine(there, "Clusterfile")));
        var back = Path.Combine(_folder, "back");
        _session.Run("param($f, $t, $b) Copy-ClusterItem $t, $t/Clusterfile -FromHost -Destination $b -Clusterfile $f", Clusterfile, there, back);
        foreach (var host in new[] { "127.0.0.11", "127.0.0.12", "127.0.0.13" })
        {
            Assert.True(File.Exists(Path.Combine(back, host, "Clusterfile")));
            Assert.True(File.Exists(Path.Combine(back, host, "there", "Clusterfile")));
        }
    }

    private string Refused(string script)
    {
        try
        {
            _session.Try($"param($f) {script}", Clusterfile);
            var error = Assert.Single(_session.Errors);
            Assert.DoesNotContain("hunter", error.ToString(), StringComparison.Ordinal);
            return error.FullyQualifiedErrorId;
        }
        catch (RuntimeException e)
        {
            return e.ErrorRecord.FullyQualifiedErrorId;
        }
    }

    private List<string> Ran(string parameters) =>
        [.. _session.Run($"param($f) Invoke-ClusterCommand 'echo x' {parameters} | ForEach-Object Host", Clusterfile).Select(o => o.ToString()).Order()];
}
