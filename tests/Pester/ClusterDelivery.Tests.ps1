BeforeDiscovery {
    $canHaveLabs = $IsLinux -and (id -u) -eq '0' -and (Get-Command mmdebstrap -CommandType Application -ErrorAction Ignore)
    if (-not $canHaveLabs) {
        Write-Warning 'THE WALK OF A DELIVERY DID NOT RUN: it needs Linux, root and mmdebstrap.'
    }
}

BeforeAll {
    . (Join-Path $PSScriptRoot 'Common.ps1')
}

Describe 'A delivery as the README tells it' -Skip:(-not $canHaveLabs) {
    BeforeAll {
        # The hosts' files are made once for all tests, not once a home.
        $data = if ($env:XDG_DATA_HOME) { $env:XDG_DATA_HOME } else { Join-Path $HOME '.local/share' }
        $env:SEALER_LAB_CACHE = Join-Path $data 'sealer/labs/.trees'
        # Where nobody else's examples import another Sealer.
        $modules = $env:PSModulePath
        $env:PSModulePath = (Join-Path $Root 'output') + [IO.Path]::PathSeparator + $modules
        Copy-Item (Join-Path $Root 'examples') $TestDrive -Recurse
        Push-Location $TestDrive
        $text = (Get-Content (Join-Path $Root 'README.md') -Raw).ReplaceLineEndings("`n")
        $blocks = [regex]::Matches($text, '(?ms)^```powershell lab\n(.*?)^```$').ForEach{ $_.Groups[1].Value }
    }

    AfterAll {
        Pop-Location
        Get-ClusterLab | Remove-ClusterLab
        Get-ClusterImage registry.example.com/skyline* | Remove-ClusterImage -Confirm:$false
        $env:PSModulePath = $modules
        Remove-Item Env:SEALER_LAB_CACHE
    }

    It 'makes four hosts and a Clusterfile of them, with nothing more to be set' {
        $made = . ([scriptblock]::Create($blocks[0]))
        $made.Spec.Hosts.Count | Should -Be 4
        (Get-Clusterfile ./Clusterfile -WarningVariable warnings).Name | Should -Be 'skyline'
        $warnings | Should -BeNullOrEmpty
        Get-Content ./Clusterfile -Raw | Should -Not -Match ([regex]::Escape((Get-ClusterLab)[0].Password.Reveal()))
    }

    It 'checks the hosts, and finds none unfit' {
        $checks = . ([scriptblock]::Create($blocks[1]))
        $checks.Where{ $_.Status -eq 'Failed' } | Should -BeNullOrEmpty
        foreach ($width in 80, 120) {
            ($checks | Out-String -Width $width) -split "`n" | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual $width }
        }
    }

    It 'plans, and keeps the plan' {
        . ([scriptblock]::Create($blocks[2]))
        $plan.Steps.Count | Should -Be 8
        $plan.Steps[0].Host | Should -Be "$((Get-ClusterLab)[0].Address)"
        './plan.json' | Should -Exist
    }

    It 'carries the plan out, and again there is nothing to do' {
        $results = . ([scriptblock]::Create($blocks[3])) 6> information.txt
        $results.Count | Should -Be 8
        $results.Status | Select-Object -Unique | Should -Be 'Done'
        Get-Content information.txt -Raw | Should -Match 'skyline: nothing to do\.'
    }

    It 'mends just what somebody has deleted' {
        $host2 = "$((Get-ClusterLab)[1].Address)"
        Invoke-ClusterCommand 'rm /var/lib/sealer/data/skyline/rootfs/etc/skyline.conf' -Clusterfile ./Clusterfile -Address $host2
        $results = @(Get-ClusterPlan ./Clusterfile | Invoke-ClusterPlan -Confirm:$false)
        $results.Host | Should -Be $host2
        (Get-ClusterPlan ./Clusterfile).IsSatisfied | Should -BeTrue
    }

    It 'says of a plan without steps that a host could not be asked' {
        (Get-ClusterLab)[3].CutOffAsync().GetAwaiter().GetResult()
        try {
            $plan = Get-ClusterPlan ./Clusterfile -ErrorAction Ignore
            $plan.IsSatisfied | Should -BeFalse
            $plan | Invoke-ClusterPlan -Confirm:$false -ErrorVariable failed -ErrorAction SilentlyContinue 6> information.txt
            $failed[0].FullyQualifiedErrorId | Should -Be 'HostNotPlanned,Sealer.PowerShell.InvokeClusterPlan'
            Get-Content information.txt -Raw | Should -Match '1 host could not'
        }
        finally {
            (Get-ClusterLab)[3].ReconnectAsync().GetAwaiter().GetResult()
        }
    }

    It 'runs in a pipeline in two parts, with an approval between' {
        ./examples/pipeline/deliver.ps1 -Clusterfile ./Clusterfile -PlanPath ./ci.json -JUnitPath ./hosts.xml
        ([xml](Get-Content ./hosts.xml -Raw)).testsuites.testsuite.Count | Should -Be 4
        ./examples/pipeline/deliver.ps1 -Clusterfile ./Clusterfile -PlanPath ./ci.json -CarryOut
    }

    It 'runs commands, fetches files, gives names, and leaves nothing of the lab' {
        . ([scriptblock]::Create($blocks[4]))
        (Get-ChildItem ./collected -Recurse -File).Count | Should -Be 4
        Get-ClusterLab | Should -BeNullOrEmpty
    }

    It 'is rehearsed by one runbook' {
        $said = ./examples/delivery/rehearse.ps1 -Path (Join-Path $TestDrive 'rehearsal') 6>&1 | Out-String
        $said | Should -Match 'skyline: nothing to do\.'
        $said | Should -Match 'Done\.'
        Get-Content (Join-Path $TestDrive 'rehearsal/*/metallb-pool.yaml') -Raw | Should -Match '10\.0\.0\.200-10\.0\.0\.220'
        Get-ClusterLab | Should -BeNullOrEmpty
    }
}

Describe 'The files for CIs' {
    It 'call the runbook with parameters that it has: <_>' -ForEach 'azure-devops/delivery-pipelines.yml', 'jenkins/Delivery.Jenkinsfile' {
        $runbook = Get-Command (Join-Path $Root 'examples/pipeline/deliver.ps1')
        $calls = [regex]::Matches((Get-Content (Join-Path $Root "examples/$_") -Raw), '(?:arguments: |deliver\.ps1 )(-Clusterfile [^''\n]*)')
        $calls.Count | Should -Be 2
        foreach ($name in [regex]::Matches($calls.Value -join ' ', '(?<= )-([A-Z]\w+)').ForEach{ $_.Groups[1].Value }) {
            $runbook.Parameters.Keys | Should -Contain $name
        }
    }

    It 'deliver what a Clusterfile without mistakes says' {
        (Test-Clusterfile (Join-Path $Root 'examples/delivery/Clusterfile')).Passed | Should -BeTrue
    }
}
