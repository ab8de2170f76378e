using System.Management.Automation;

namespace Sealer.PowerShell.Tests;

public sealed class ClusterfileCmdletTests : IDisposable
{
    private const string Small = """
        apiVersion: sealer.io/v2
        kind: Cluster
        metadata: { name: small }
        spec:
          image: skyline:v3
          env: [ Who=file, DB_PASSWORD=geheimgeheim ]
          hosts:
          - { ips: [ 10.0.0.11 ], roles: [ master ] }
          - { ips: [ 10.0.0.21, 10.0.0.22 ], roles: [ node ] }
        """;

    private readonly Session _session = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("sealer-clusterfile-").FullName;

    public ClusterfileCmdletTests()
    {
        Write("Clusterfile", Small);
        _session.Run("param($folder) $null = $ExecutionContext.SessionState.Path.SetLocation($folder); $global:password = [securestring]::new(); 'hunter2-hunter2'.ToCharArray().ForEach({ $password.AppendChar($_) })", _folder);
    }

    public void Dispose()
    {
        _session.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_clusterfile_is_read_from_the_current_folder_a_path_a_file_object_and_text()
    {
        foreach (var script in new[]
        {
            "Get-Clusterfile",
            "Get-Clusterfile ./Clusterfile",
            "Get-Clusterfile *file",
            $"[System.IO.FileInfo]::new('{_folder}/Clusterfile') | Get-Clusterfile",
            $"[System.IO.File]::ReadAllText('{_folder}/Clusterfile') | Get-Clusterfile",
            $"[System.IO.File]::ReadAllLines('{_folder}/Clusterfile') | Get-Clusterfile",
            "Get-Clusterfile | Get-Clusterfile",
        })
        {
            var cluster = Assert.Single(_session.Run(script));
            Assert.Equal("small", cluster.Properties["Name"].Value);
            Assert.Null(cluster.Properties["Status"].Value);
            Assert.Equal(3, _session.Run("param($c) $c.Spec.Hosts", cluster).Count);
        }

        Assert.Equal(Path.Combine(_folder, "Clusterfile"), _session.Run("(Get-Clusterfile).Path")[0].ToString());
        Assert.Null(_session.Run($"([System.IO.File]::ReadAllText('{_folder}/Clusterfile') | Get-Clusterfile).Path")[0]);
    }

    [Fact]
    public void The_types_have_their_names()
    {
        Assert.Equal(true, _session.Run("(Get-Clusterfile) -is [Sealer.Cluster]")[0].BaseObject);
        Assert.Equal(true, _session.Run("(Get-Clusterfile).ClusterfileDigest -is [Sealer.Digest]")[0].BaseObject);
        Assert.Equal(true, _session.Run("(Get-Clusterfile).Spec.Hosts[0] -is [Sealer.HostSpec]")[0].BaseObject);
    }

    [Fact]
    public void All_mistakes_are_one_error_with_places_and_the_nearest_words()
    {
        Write("wrong", Small.Replace("image:", "imgae:", StringComparison.Ordinal).Replace("10.0.0.22", "10.0.0.21", StringComparison.Ordinal).Replace("[ node ]", "[ nod ]", StringComparison.Ordinal));

        Assert.Empty(_session.Try("Get-Clusterfile ./wrong"));

        var error = Assert.Single(_session.Errors);
        Assert.StartsWith("InvalidClusterfile,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(ErrorCategory.InvalidArgument, error.CategoryInfo.Category);
        var lines = error.Exception.Message.Split(Environment.NewLine);
        Assert.Equal("./wrong:5:3 spec has no field 'imgae'; did you mean 'image'?", lines[0]);
        Assert.StartsWith("./wrong:9:25 10.0.0.21 is here twice", lines[1], StringComparison.Ordinal);
        Assert.Equal("./wrong:9:47 'nod' is taken as a role of your own; did you mean 'node'?", Assert.Single(_session.Warnings));
    }

    [Fact]
    public void One_wrong_file_does_not_keep_the_others_from_being_read()
    {
        Write("a.wrong", "kind: Clustre");
        Write("b.right", Small);

        Assert.Single(_session.Try("Get-Clusterfile ./a.wrong, ./missing, ./b.right"));
        Assert.Equal(["InvalidClusterfile", "ClusterfileNotFound"], _session.Errors.Select(e => e.FullyQualifiedErrorId.Split(',')[0]));
    }

    [Fact]
    public void Text_that_is_the_path_of_a_file_is_told()
    {
        _session.Try("'./Clusterfile' | Get-Clusterfile");
        Assert.Contains("Give it as -Path", Assert.Single(_session.Errors).Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_given_wins_over_the_file_and_is_checked_like_it()
    {
        var cluster = _session.Run("Get-Clusterfile -Environment @{ Who = 'given'; New = 'x' } -Value @{ image = 'skyline:v4'; 'registry.localRegistry.port' = 5001; 'spec.hosts[1].ssh.user' = 'ops' }")[0];

        Assert.Equal(["DB_PASSWORD=***", "New=x", "Who=given"], _session.Run("param($c) $c.Spec.Environment", cluster).Select(v => v.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal("skyline:v4", _session.Run("param($c) $c.Spec.Image", cluster)[0].ToString());
        Assert.Equal("sea.hub:5001", _session.Run("param($c) $c.Spec.Registry.Endpoint", cluster)[0].ToString());
        Assert.Equal(["root", "ops", "ops"], _session.Run("param($c) $c.Spec.Hosts.Ssh.User", cluster).Select(v => v.ToString()));

        _session.Try("Get-Clusterfile -Value @{ 'spec.imgae' = 'x' }");
        Assert.Equal("-Value spec.imgae:1:1 spec has no field 'imgae'; did you mean 'image'?", Assert.Single(_session.Errors).Exception.Message);
    }

    [Fact]
    public void A_credential_is_for_all_hosts_and_the_files_own_is_not_looked_for()
    {
        Write("elsewhere", Small.Replace("  hosts:", "  ssh: { passwdFrom: { env: SEALER_TEST_NOT_SET } }\n  hosts:", StringComparison.Ordinal));

        _session.Try("Get-Clusterfile ./elsewhere");
        Assert.Contains("the variable 'SEALER_TEST_NOT_SET', which", Assert.Single(_session.Errors).Exception.Message, StringComparison.Ordinal);
        Assert.Single(_session.Run("Get-Clusterfile ./elsewhere -SkipSecret"));
        var cluster = _session.Run("Get-Clusterfile ./elsewhere -Credential ([pscredential]::new('ops', $password))")[0];
        Assert.Equal("ops", _session.Run("param($c) $c.Spec.Hosts[2].Ssh.User", cluster)[0].ToString());
        Assert.Equal("hunter2-hunter2", _session.Run("param($c) $c.Spec.Hosts[2].Ssh.Password.Reveal()", cluster)[0].ToString());
    }

    [Fact]
    public void No_secret_is_on_the_screen()
    {
        foreach (var script in new[]
        {
            "$c", "$c.Spec", "$c.Spec.Hosts", "$c.Spec.Environment", "$c.Spec.Ssh", "$c.Spec.Registry.Local", "\"$($c.Spec.Environment)\"",
            "$c.Spec.Environment | ForEach-Object { $_.PSObject.Properties.Value }",
        })
        {
            var shown = _session.Show("$c = Get-Clusterfile -Credential ([pscredential]::new('ops', $password)) -Environment @{ X = $password }; " + script);
            Assert.DoesNotContain("hunter2", shown, StringComparison.Ordinal);
            Assert.DoesNotContain("geheim", shown, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Tables_say_what_matters()
    {
        var cluster = _session.Show("Get-Clusterfile");
        foreach (var word in new[] { "small", "skyline:v3", "10.0.0.11", "2", "Clusterfile" })
            Assert.Contains(word, cluster, StringComparison.Ordinal);
        Assert.Contains("node", _session.Show("(Get-Clusterfile).Spec.Hosts"), StringComparison.Ordinal);
        Assert.Contains("DB_PASSWORD", _session.Show("(Get-Clusterfile).Spec.Environment"), StringComparison.Ordinal);
        Assert.Contains("none", _session.Show("Test-Clusterfile"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_test_throws_nothing_and_has_every_mistake_as_an_object()
    {
        Write("wrong", Small.Replace("image:", "imgae:", StringComparison.Ordinal).Replace("[ node ]", "[ nod ]", StringComparison.Ordinal));
        File.WriteAllBytes(Path.Combine(_folder, "binary"), [0x80, 0x81, 0xff]);

        var results = _session.Run("Test-Clusterfile ./wrong, ./Clusterfile, ./binary");
        Assert.Equal([false, true, false], results.Select(r => r.Properties["Passed"].Value));
        Assert.Equal([1, 0, 1], results.Select(r => r.Properties["Errors"].Value));
        Assert.Equal(["Error", "Warning"], _session.Run("param($r) $r.Diagnostics.Severity", results[0]).Select(v => v.ToString()));
        Assert.Equal([5], _session.Run("param($r) $r.Diagnostics[0].Location.Line", results[0]).Select(v => v.BaseObject));
        Assert.Equal([false], _session.Run("Test-Clusterfile ./wrong -Quiet").Select(v => v.BaseObject));
        Assert.Equal("small", results[1].Properties["Name"].Value);
        _session.Try("Test-Clusterfile ./missing");
        Assert.StartsWith("ClusterfileNotFound,", Assert.Single(_session.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public void A_test_needs_no_secrets_unless_told_to_look_for_them()
    {
        Write("elsewhere", Small.Replace("  hosts:", "  envFrom: { TOKEN: { env: SEALER_TEST_NOT_SET } }\n  hosts:", StringComparison.Ordinal));

        Assert.Equal([true], _session.Run("Test-Clusterfile ./elsewhere -Quiet").Select(v => v.BaseObject));
        Assert.Equal([false], _session.Run("Test-Clusterfile ./elsewhere -Quiet -IncludeSecret").Select(v => v.BaseObject));
    }

    [Fact]
    public void A_new_clusterfile_is_read_again_as_it_was_meant()
    {
        var cluster = _session.Run(
            """
            New-Clusterfile ./new/Clusterfile -Name sky -Image registry.example.com/skyline:v3 -Master 10.0.0.11-10.0.0.13 -Node '10.0.0.21, 10.0.0.22', 10.0.0.30 `
                -User ops -KeyPath ~/.ssh/k -Port 2222 -Environment @{ PodCIDR = '100.64.0.0/10' }, 'A=b=c' -HostAlias @{ '10.0.0.9' = 'db', 'db.example.com' } `
                -LocalRegistry hub.example.com:5001 -ContainerRuntime containerd -AppName web, db -DataRoot /data -ProxyJump jump@10.0.0.1
            """)[0];
        var again = _session.Run("Get-Clusterfile ./new/Clusterfile")[0];

        Assert.Empty(_session.Warnings);
        Assert.Equal(cluster.Properties["ClusterfileDigest"].Value, again.Properties["ClusterfileDigest"].Value);
        Assert.Equal(cluster.Properties["Path"].Value, again.Properties["Path"].Value);
        Assert.Equal(
            ["10.0.0.11 master", "10.0.0.12 master", "10.0.0.13 master", "10.0.0.21 node", "10.0.0.22 node", "10.0.0.30 node"],
            _session.Run("param($c) $c.Spec.Hosts | ForEach-Object { \"$($_.Address) $($_.Roles)\" }", again).Select(v => v.ToString()));
        Assert.Equal(
            "sky registry.example.com/skyline:v3 ops 2222 ~/.ssh/k jump@10.0.0.1 hub.example.com:5001 containerd web db /data 10.0.0.9 db db.example.com",
            _session.Run("param($c) $s = $c.Spec; \"$($s.Name) $($s.Image) $($s.Ssh.User) $($s.Ssh.Port) $($s.Ssh.PrivateKeyPath) $($s.Ssh.ProxyJump) $($s.Registry) $($s.ContainerRuntime) $($s.ApplicationNames) $($s.DataRoot) $($s.HostAliases)\"", again)[0].ToString());
    }

    [Fact]
    public void No_secret_is_written_unless_asked_for()
    {
        var script = "New-Clusterfile ./new -ControlPlane 10.0.0.11 -Credential ([pscredential]::new('ops', $password)) -RegistryCredential ([pscredential]::new('hub', $password)) -Environment @{ DB_PASSWORD = 'geheim'; X = $password } -Force";

        var cluster = _session.Run(script)[0];
        var text = File.ReadAllText(Path.Combine(_folder, "new"));
        Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", text, StringComparison.Ordinal);
        Assert.Equal(
            "No secret is written. Set $env:SEALER_SSH_PASSWORD, $env:SEALER_REGISTRY_PASSWORD, $env:DB_PASSWORD, $env:X wherever './new' is read, or give -IncludeSecret to have them in the file.",
            Assert.Single(_session.Warnings));
        Assert.Equal("hunter2-hunter2", _session.Run("param($c) $c.Spec.Ssh.Password.Reveal()", cluster)[0].ToString());

        _session.Run(script + " -IncludeSecret");
        Assert.Empty(_session.Warnings);
        text = File.ReadAllText(Path.Combine(_folder, "new"));
        Assert.Contains("passwd: hunter2-hunter2", text, StringComparison.Ordinal);
        Assert.Contains("DB_PASSWORD=geheim", text, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "new")));
    }

    [Fact]
    public void Hosts_are_piped_in_with_what_is_known_of_them()
    {
        var cluster = _session.Run(
            """
            [pscustomobject] @{ Address = '10.0.0.5'; User = 'ann'; Port = 2222; KeyPath = '/k'; HostKeyFingerprint = 'SHA256:' + 'A' * 43 },
            [pscustomobject] @{ Address = '10.0.0.6'; Credential = [pscredential]::new('bob', $password) },
            '10.0.0.7' | New-Clusterfile ./piped -ControlPlaneCount 1
            """)[0];

        Assert.Equal(
            ["10.0.0.5 master ann 2222 /k", "10.0.0.6 node bob 22 ", "10.0.0.7 node root 22 "],
            _session.Run("param($c) $c.Spec.Hosts | ForEach-Object { \"$($_.Address) $($_.Roles) $($_.Ssh.User) $($_.Ssh.Port) $($_.Ssh.PrivateKeyPath)\" }", cluster).Select(v => v.ToString()));
        Assert.DoesNotContain("hunter2", File.ReadAllText(Path.Combine(_folder, "piped")), StringComparison.Ordinal);
        Assert.Equal([true], _session.Run("Test-Clusterfile ./piped -Quiet").Select(v => v.BaseObject));
    }

    [Theory]
    [InlineData("New-Clusterfile ./n -ControlPlane 10.0.0.300", "InvalidClusterfile")]
    [InlineData("New-Clusterfile ./n -ControlPlane 10.0.0.1 -Name ../up", "InvalidClusterfile")]
    [InlineData("New-Clusterfile ./n -Worker 10.0.0.1", "InvalidClusterfile")]
    [InlineData("New-Clusterfile ./n", "NoHosts")]
    [InlineData("New-Clusterfile ./n -ControlPlane 10.0.0.1 -Registry a:b:c:99999999", "InvalidClusterfile")]
    [InlineData("New-Clusterfile ./n -ControlPlane 10.0.0.1 -Registry hub:0", "InvalidRegistry")]
    [InlineData("'lab-1' | New-Clusterfile ./n", "NotAnAddress")]
    [InlineData("New-Clusterfile ./Clusterfile -ControlPlane 10.0.0.1", "FileExists")]
    [InlineData("New-Clusterfile ./n -ControlPlane 10.0.0.1 -HostAlias @{ x = 'y' }", "NotAnAddress")]
    [InlineData("New-Clusterfile ./n -ControlPlane 10.0.0.1 -HostAlias @{ '010.0.0.5' = 'db' }", "NotAnAddress")]
    [InlineData("'10.5' | New-Clusterfile ./n", "NotAnAddress")]
    public void What_cannot_be_a_clusterfile_is_refused_and_nothing_is_written(string script, string id)
    {
        Assert.Empty(_session.Try(script));
        Assert.Equal(id, Assert.Single(_session.Errors).FullyQualifiedErrorId.Split(',')[0]);
        Assert.Equal(["Clusterfile"], Directory.GetFiles(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public void WhatIf_writes_nothing()
    {
        _session.Run("New-Clusterfile ./new/Clusterfile -ControlPlane 10.0.0.1 -WhatIf");
        Assert.Equal(["Clusterfile"], Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public void Runtimes_and_images_are_completed()
    {
        Assert.Equal(["containerd"], _session.Run("[System.Management.Automation.CommandCompletion]::CompleteInput('New-Clusterfile -ContainerRuntime c', 35, $null).CompletionMatches.CompletionText").Select(v => v.ToString()));
    }

    // What the compiler makes of [.. items] has no indexer that PowerShell sees: $hosts[1] would be nothing.
    [Fact]
    public void Every_list_can_be_looked_into()
    {
        Write("full", """
            kind: Cluster
            metadata: { name: full }
            spec:
              ssh: { user: ops }
              env: [ A=b ]
              hostAliases: [ { ip: 10.0.0.9, hostnames: [ db ] } ]
              appNames: [ web ]
              cmd: [ x ]
              registry: { localRegistry: { cert: { subjectAltName: { dnsNames: [ a.example ], ips: [ 10.0.0.1 ] } } } }
              hosts:
              - ips: [ 10.0.0.11 ]
                roles: [ master ]
                labels: { a: b }
                taints: [ "x=y:NoSchedule" ]
                ssh: { hostKeys: [ "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" ] }
                env: [ H=1 ]
            ---
            kind: Config
            metadata: { name: conf }
            spec: { path: etc/a, data: "a: b", process: value|toJson }
            ---
            kind: Plugin
            metadata: { name: plug }
            spec: { type: SHELL, action: pre-install|post-init-host, scope: master, data: date }
            ---
            kind: Application
            metadata: { name: app }
            spec: { cmds: [ x ], launchApps: [ web ], configs: [ { name: web, env: [ A=b ], files: [ { path: v, data: x } ], launch: { cmds: [ y ] } } ] }
            ---
            kind: ClusterConfiguration
            apiVersion: kubeadm.k8s.io/v1beta3
            """);
        var hidden = new List<string>();
        Walk(_session.Run("Get-Clusterfile ./full -Value @{ image = 'x:v1' } -Credential ([pscredential]::new('ops', $password))")[0].BaseObject, "cluster", []);
        Walk(_session.Run("Test-Clusterfile ./full")[0].BaseObject, "verification", []);
        Assert.Empty(hidden);

        void Walk(object? value, string place, HashSet<object> seen)
        {
            if (value is System.Collections.IEnumerable items and not string)
            {
                var type = value.GetType();
                if (type.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IReadOnlyList<>)) && !type.IsArray && type.GetDefaultMembers().Length == 0)
                    hidden.Add($"{place}: {type.Name}");
                foreach (var item in items)
                    Walk(item, place + "[]", seen);
            }
            else if (value?.GetType().Namespace?.StartsWith("Sealer", StringComparison.Ordinal) == true && !value.GetType().IsEnum && seen.Add(value))
            {
                foreach (var property in value.GetType().GetProperties().Where(p => p.GetIndexParameters().Length == 0))
                    Walk(property.GetValue(value), $"{place}.{property.Name}", seen);
            }
        }
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);
}
