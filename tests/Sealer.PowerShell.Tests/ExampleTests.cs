
namespace Sealer.PowerShell.Tests;

/// <summary>The examples of the help are run as they stand there, against a store, files and a registry that fit them.</summary>
public sealed class ExampleTests : IAsyncLifetime
{
    private static readonly string[] Domains = ["registry.example.com", "staging.example.com", "backup.example.com"];

    // They ask a cluster that runs: Pester's walk with a real Kubernetes has one.
    private static readonly string[] OfClusters = ["Get-Cluster", "Get-ClusterNode", "Test-Cluster", "Update-ClusterCert"];

    private readonly Session _session = new();
    private readonly LoopbackRegistry _registry = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("sealer-examples-").FullName;

    public static TheoryData<string, int, string> Examples
    {
        get
        {
            var examples = new TheoryData<string, int, string>();
            using var session = new Session();
            foreach (var command in session.Run("Get-Command -Module Sealer | ForEach-Object Name").Select(name => name.ToString()))
            {
                var all = session.Run("param($name) (Get-Help $name -Full).examples.example", command).ToList();
                foreach (var (example, i) in all.Select((example, i) => (example, i)))
                {
                    if (!OfClusters.Contains(command) && !example.Properties["title"].Value.ToString()!.Contains("needs all of PowerShell", StringComparison.Ordinal))
                        examples.Add(command, i + 1, example.Properties["code"].Value.ToString()!);
                }
            }

            return examples;
        }
    }

    public Task InitializeAsync()
    {
        var amd64 = _registry.Add("skyline", "v3-amd64");
        var arm64 = _registry.Add("skyline", "v3-arm64", "arm64", "hello arm");
        _registry.AddIndex("skyline", "v3", (amd64, "amd64"), (arm64, "arm64"));
        _registry.AddIndex("skyline", "v2", (_registry.Add("skyline", "v2-amd64", content: "old"), "amd64"));
        Directory.CreateDirectory(Path.Combine(_folder, "skyline"));
        File.WriteAllText(Path.Combine(_folder, "skyline", "Kubefile"), "FROM scratch\nARG OPTIONS\nARG PORT\nCOPY motd etc/motd\n");
        File.WriteAllText(Path.Combine(_folder, "skyline", "motd"), "hello\n");
        File.WriteAllText(Path.Combine(_folder, "tune.sh"), "#!/bin/sh\necho tuned $1\n");
        File.WriteAllText(Path.Combine(_folder, "Clusterfile"), $"apiVersion: sealer.io/v2\nkind: Cluster\nmetadata:\n  name: skyline\nspec:\n  image: skyline:v3\n  dataRoot: {_folder}/data\n  hosts:\n  - ips: [127.0.0.11]\n    roles: [master]\n  - ips: [127.0.0.12]\n    roles: [node]\n");
        _session.Run(
            """
            param($folder, $registry)
            $null = $ExecutionContext.SessionState.Path.SetLocation($folder)
            foreach ($cmdlet in 'Receive-ClusterImage', 'Publish-ClusterImage', 'Copy-ClusterImage', 'Find-ClusterImage', 'Connect-ClusterRegistry') {
                $PSDefaultParameterValues["${cmdlet}:PlainHttp"] = $true
            }
            foreach ($cmdlet in 'Get-ClusterCert', 'Get-ClusterHost', 'Test-ClusterHost', 'Invoke-ClusterCommand', 'Copy-ClusterItem', 'Add-ClusterHostAlias', 'Remove-ClusterHostAlias', 'Get-ClusterPlan', 'Invoke-ClusterApply', 'New-Cluster', 'Remove-Cluster', 'Add-ClusterNode', 'Remove-ClusterNode') {
                $PSDefaultParameterValues["${cmdlet}:UseLocalHost"] = $true
            }
            # Both hosts are this machine, whose files are nobody's to change.
            $PSDefaultParameterValues['Invoke-ClusterPlan:WhatIf'] = $PSDefaultParameterValues['Invoke-ClusterApply:WhatIf'] = $PSDefaultParameterValues['New-Cluster:WhatIf'] = $PSDefaultParameterValues['Remove-Cluster:WhatIf'] = $PSDefaultParameterValues['Add-ClusterNode:WhatIf'] = $PSDefaultParameterValues['Remove-ClusterNode:WhatIf'] = $true
            $PSDefaultParameterValues['New-ClusterBaseImage:WhatIf'] = $true
            foreach ($cmdlet in 'New-ClusterLab', 'Remove-ClusterLab') {
                $PSDefaultParameterValues["${cmdlet}:WhatIf"] = $true
            }
            foreach ($image in Find-ClusterImage $registry/skyline -NameOnly | Receive-ClusterImage) {
                $null = $image | Copy-ClusterImage -Destination "skyline:$($image.Reference.Tag)"
            }
            """,
            _folder,
            _registry.Domain);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        _session.Try("Mount-ClusterImage | Dismount-ClusterImage; Remove-ClusterImage *");
        _session.Dispose();
        await _registry.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void Every_example_of_the_help_runs(string cmdlet, int number, string code)
    {
        Prepare(cmdlet, code);
        foreach (var domain in Domains)
            code = code.Replace(domain, _registry.Domain, StringComparison.Ordinal);
        // Whatever is done to hosts is done here: each address of this network is this machine's own.
        _session.Run(code.Replace("10.0.0.", "127.0.0.", StringComparison.Ordinal));
        Assert.True(number > 0);
    }

    private void Prepare(string cmdlet, string code)
    {
        _registry.Login = cmdlet.EndsWith("ClusterRegistry", StringComparison.Ordinal) ? "robot:secret" : null;
        _session.Host.Password = "secret";
        if (cmdlet == "Disconnect-ClusterRegistry")
            _session.Run($"Connect-ClusterRegistry {_registry.Domain} -Credential robot");
        if (cmdlet == "Dismount-ClusterImage")
            _session.Run("Mount-ClusterImage skyline:v3-amd64 ./rootfs");
        if (cmdlet.EndsWith("ClusterPlan", StringComparison.Ordinal) && code.Contains("Import-ClusterPlan", StringComparison.Ordinal))
            _session.Run("Get-ClusterPlan ./Clusterfile | Export-ClusterPlan ./plan.json");
        if (code.Contains("parts.json", StringComparison.Ordinal))
            _session.Run("Export-ClusterImage skyline:v3 -Path ./skyline-v3.tar -SplitSize 1MB");
        else if (!code.Contains("Export-ClusterImage", StringComparison.Ordinal))
            _session.Run("Export-ClusterImage skyline:v3 -Path ./skyline-v3.tar");
    }
}
