BeforeDiscovery {
    # What the lab tier tests as well, and fails without: this is about how it looks to a user.
    $canHaveLabs = $IsLinux -and (id -u) -eq '0' -and (Get-Command mmdebstrap -CommandType Application -ErrorAction Ignore)
}

BeforeAll {
    . (Join-Path $PSScriptRoot 'Common.ps1')
}

Describe 'A plan in a file' {
    It 'that is none is refused with the next step' {
        Set-Content (Join-Path $TestDrive 'none.json') '{ "version": 1 }'
        { Import-ClusterPlan (Join-Path $TestDrive 'none.json') -ErrorAction Stop } | Should -Throw -ErrorId 'PlanUnreadable,Sealer.PowerShell.ImportClusterPlan'
        { Import-ClusterPlan (Join-Path $TestDrive 'missing.json') -ErrorAction Stop } | Should -Throw '*Export-ClusterPlan*'
    }
}

Describe 'A delivery to four hosts' -Skip:(-not $canHaveLabs) {
    BeforeAll {
        # The hosts' files are made once for all tests, not once a home.
        $data = if ($env:XDG_DATA_HOME) { $env:XDG_DATA_HOME } else { Join-Path $HOME '.local/share' }
        $env:SEALER_LAB_CACHE = Join-Path $data 'sealer/labs/.trees'
        $lab = New-ClusterLab -Count 4 -Name "plan$PID"
        $context = New-Item -ItemType Directory (Join-Path $TestDrive 'skyline')
        $null = New-Item -ItemType Directory (Join-Path $context 'rootfs/etc'), (Join-Path $context 'rootfs/plugins')
        Set-Content (Join-Path $context 'Kubefile') "FROM scratch`nCOPY rootfs ."
        Set-Content (Join-Path $context 'rootfs/etc/skyline.conf.tmpl') 'answer = {{ .Answer }}'
        Set-Content (Join-Path $context 'rootfs/etc/skyline.service') "[Unit]`nDescription=Skyline"
        Set-Content (Join-Path $context 'rootfs/plugins/prepare.yaml') @'
apiVersion: sealer.io/v1
kind: Plugin
metadata: { name: prepare }
spec:
  type: SHELL
  action: pre-init-host
  scope: master|node
  data: echo run >> /root/runs
'@
        $null = Build-ClusterImage $context -Tag pester-plan:v1
        $addresses = $lab.ForEach{ "$($_.Address)" }
        Set-Content (Join-Path $TestDrive 'Clusterfile') @"
apiVersion: sealer.io/v2
kind: Cluster
metadata: { name: skyline }
spec:
  image: pester-plan:v1
  env: [Answer=42]
  hostAliases:
  - ip: 10.9.9.9
    hostnames: [registry.example.com]
  ssh:
    user: root
    pk: $($lab[0].KeyPath)
    hostKeys: [$($lab.ForEach{ "'$($_.HostKeyFingerprint)'" } -join ', ')]
  hosts:
  - ips: [$($addresses[0])]
    roles: [master]
  - ips: [$($addresses[1..3] -join ', ')]
    roles: [node]
"@
        Push-Location $TestDrive
    }

    AfterAll {
        Pop-Location
        Get-ClusterLab "plan$PID*" | Remove-ClusterLab
        Get-ClusterImage pester-plan* | Remove-ClusterImage
        Remove-Item Env:SEALER_LAB_CACHE
    }

    It 'is shown by -WhatIf and done by nobody' {
        $plan = Get-Clusterfile ./Clusterfile | Get-ClusterPlan
        $plan.Steps.Count | Should -Be 12
        ($plan.Steps | Out-String -Width 120) -split "`n" | ForEach-Object Length | Measure-Object -Maximum | ForEach-Object Maximum | Should -BeLessOrEqual 120
        $shown = $plan | Format-List | Out-String -Width 80
        $shown | Should -Match '(?m)^LockHost +: '
        $shown | Should -Match 'Run the plugin prepare'
        $shown -split "`n" | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 80 }
        ($plan | Out-String -Width 80).Trim().Split("`n").Count | Should -Be 3
        $plan | Invoke-ClusterPlan -WhatIf | Should -BeNullOrEmpty
        (Get-Clusterfile ./Clusterfile | Get-ClusterPlan).Steps.Count | Should -Be 12
    }

    It 'is done as it was reviewed, and again there is nothing to do' {
        Get-Clusterfile ./Clusterfile | Get-ClusterPlan | Export-ClusterPlan ./plan.json
        { Import-ClusterPlan ./plan.json | Invoke-ClusterPlan -Confirm:$false -ErrorAction Stop } | Should -Throw '*-Clusterfile*' -ErrorId 'NoCluster,*'
        $results = Import-ClusterPlan ./plan.json | Invoke-ClusterPlan -Clusterfile ./Clusterfile -Confirm:$false
        $results.Status | Select-Object -Unique | Should -Be 'Done'
        Get-Clusterfile ./Clusterfile | Get-ClusterPlan | Invoke-ClusterPlan -Confirm:$false | Should -BeNullOrEmpty
        (Get-ClusterPlan ./Clusterfile).IsSatisfied | Should -BeTrue
    }

    It 'takes variables over those of the Clusterfile, with which a kept plan is carried out too' {
        Get-ClusterPlan ./Clusterfile -Environment @{ Answer = '44' } | Export-ClusterPlan ./other.json
        { Import-ClusterPlan ./other.json | Invoke-ClusterPlan -Clusterfile ./Clusterfile -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'ClusterfileChanged,*'
        $results = Import-ClusterPlan ./other.json | Invoke-ClusterPlan -Clusterfile ./Clusterfile -Environment Answer=44 -Confirm:$false
        $results.Count | Should -Be 8
        Invoke-ClusterCommand 'cat /var/lib/sealer/data/skyline/rootfs/etc/skyline.conf' -Clusterfile ./Clusterfile | ForEach-Object Text | Select-Object -Unique | Should -Be 'answer = 44'
        (Get-Clusterfile ./Clusterfile -Environment Answer=44 | Get-ClusterPlan).IsSatisfied | Should -BeTrue
        { Get-Clusterfile ./Clusterfile | Get-ClusterPlan -Environment Answer=44 -ErrorAction Stop } | Should -Throw -ErrorId 'EnvironmentOfCluster,*'
    }

    It 'hands on the result of each step as soon as it has ended' {
        Set-Content ./waiting ((Get-Content ./Clusterfile -Raw) + @"

---
apiVersion: sealer.io/v1
kind: Plugin
metadata: { name: waits }
spec:
  type: SHELL
  action: pre-init-host
  scope: node
  data: while [ ! -e /root/seen ]; do sleep 0.2; done
"@)
        # The others wait until the first result was seen here.
        $results = Get-ClusterPlan ./waiting -PluginTimeout 60 | Invoke-ClusterPlan -Confirm:$false | ForEach-Object {
            if (-not $seen) { $seen = $true; Invoke-ClusterCommand 'touch /root/seen' -Clusterfile ./waiting }
            $_
        }
        $results.Where{ $_.What -match 'waits' }.Status | Should -Be 'Done', 'Done', 'Done'
    }

    It 'that was edited, or whose hosts moved on, is refused' {
        Set-Content ./edited.json ((Get-Content ./plan.json -Raw) -replace '"risk": "None"', '"risk": "Low"')
        { Import-ClusterPlan ./edited.json -ErrorAction Stop } | Should -Throw -ErrorId 'PlanEdited,Sealer.PowerShell.ImportClusterPlan'
        Set-Content ./Clusterfile ((Get-Content ./Clusterfile -Raw) -replace 'Answer=42', 'Answer=43')
        { Import-ClusterPlan ./plan.json | Invoke-ClusterPlan -Clusterfile ./Clusterfile -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'ClusterfileChanged,Sealer.PowerShell.InvokeClusterPlan'
    }

    It 'tells in errors of their hosts what failed, and the same again converges' {
        Set-Content ./Unhappy ((Get-Content ./Clusterfile -Raw) -replace 'name: skyline', 'name: unhappy')
        $plan = Get-ClusterPlan ./Unhappy
        # A plugin fails on one host, and another is cut off between plan and act.
        $null = $lab[1].RunAsync('mv /root/runs /root/ran; mkdir /root/runs').GetAwaiter().GetResult()
        $lab[3].CutOffAsync().GetAwaiter().GetResult()
        try {
            $results = $plan | Invoke-ClusterPlan -Confirm:$false -ErrorVariable failed -ErrorAction SilentlyContinue
        }
        finally {
            $lab[3].ReconnectAsync().GetAwaiter().GetResult()
            $null = $lab[1].RunAsync('rmdir /root/runs; mv /root/ran /root/runs').GetAwaiter().GetResult()
        }

        $results.Where{ $_.Host -in $addresses[0, 2] }.Status | Select-Object -Unique | Should -Be 'Done'
        $plugin = @($failed).Where{ $_.TargetObject -eq $addresses[1] }
        $plugin.Count | Should -Be 1
        $plugin[0].FullyQualifiedErrorId | Should -Be 'PluginFailed,Sealer.PowerShell.InvokeClusterPlan'
        "$($plugin[0])" | Should -Match 'Is a directory'
        $cut = @($failed).Where{ $_.TargetObject -eq $addresses[3] }
        $cut[0].FullyQualifiedErrorId | Should -Be 'HostUnreachable,Sealer.PowerShell.InvokeClusterPlan'
        $cut[0].CategoryInfo.Category | Should -Be 'ConnectionError'
        Get-ClusterPlan ./Unhappy | Invoke-ClusterPlan -Confirm:$false | ForEach-Object Status | Select-Object -Unique | Should -Be 'Done'
        (Get-ClusterPlan ./Unhappy).IsSatisfied | Should -BeTrue
    }
}

Describe 'Two who deliver to the same hosts' -Skip:(-not $canHaveLabs) {
    BeforeAll {
        $data = if ($env:XDG_DATA_HOME) { $env:XDG_DATA_HOME } else { Join-Path $HOME '.local/share' }
        $env:SEALER_LAB_CACHE = Join-Path $data 'sealer/labs/.trees'
        $context = New-Item -ItemType Directory (Join-Path $TestDrive 'two')
        Set-Content (Join-Path $context 'Kubefile') "FROM scratch`nCOPY two.conf etc/two.conf"
        Set-Content (Join-Path $context 'two.conf') 'two = one after the other'
        $null = Build-ClusterImage $context -Tag pester-two:v1
        Push-Location $TestDrive
        $lab = New-ClusterLab -Count 2 -Name "two$PID"
        $lab | New-Clusterfile ./Clusterfile -Name two -Image pester-two:v1
        # Goes on once it is told to, so that nothing here depends on how fast it is.
        Add-Content ./Clusterfile @"

---
apiVersion: sealer.io/v1
kind: Plugin
metadata: { name: holds }
spec:
  type: SHELL
  action: pre-init-host
  scope: master
  data: touch /root/holds; while [ ! -e /root/go ]; do sleep 0.1; done; echo run >> /root/runs
"@
        # With this session's homes, store and keys, and its own process.
        $delivery = "Import-Module '$Manifest'; Get-ClusterPlan ./Clusterfile | Invoke-ClusterPlan -Confirm:`$false"
        function Start-Other {
            $other = Start-Process pwsh -PassThru -RedirectStandardOutput ./other.out -RedirectStandardError ./other.err -ArgumentList '-NoProfile', '-NonInteractive', '-Command', "`"$delivery`""
            # What it holds the lock in is running now.
            $seen = Invoke-ClusterCommand 'for i in $(seq 600); do [ -e /root/holds ] && exec echo holds; sleep 0.1; done' -Clusterfile ./Clusterfile -Role master
            if ($seen.Text -ne 'holds') { throw "The other controller has not begun: $(Get-Content ./other.out, ./other.err -Raw)" }
            $other
        }
    }

    AfterEach {
        if ($other -and -not $other.HasExited) { $other.Kill($true) }
        Invoke-ClusterCommand 'touch /root/go; sleep 1; rm -f /root/holds /root/go' -Clusterfile ./Clusterfile -Role master
    }

    AfterAll {
        Pop-Location
        Get-ClusterLab "two$PID*" | Remove-ClusterLab
        Get-ClusterImage pester-two* | Remove-ClusterImage
        Remove-Item Env:SEALER_LAB_CACHE
    }

    It 'wait for each other: the second is told who works there' {
        $plan = Get-ClusterPlan ./Clusterfile
        $other = Start-Other
        $plan | Invoke-ClusterPlan -Confirm:$false -ErrorVariable refused -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $refused[0].FullyQualifiedErrorId | Should -Be 'ClusterLocked,Sealer.PowerShell.InvokeClusterPlan'
        "$($refused[0])" | Should -Match "\(process $($other.Id), since .*\) works on the cluster two"
        Invoke-ClusterCommand 'touch /root/go' -Clusterfile ./Clusterfile -Role master
        $other.WaitForExit()
        $other.ExitCode | Should -Be 0
        (Get-ClusterPlan ./Clusterfile).IsSatisfied | Should -BeTrue
        (Invoke-ClusterCommand 'cat /root/runs' -Clusterfile ./Clusterfile -Role master).Text | Should -Be 'run'
    }

    It 'take over at once where the other was killed, and what it had begun is not done twice' {
        Invoke-ClusterCommand 'rm -rf /root/runs /var/lib/sealer/*' -Clusterfile ./Clusterfile
        $other = Start-Other
        $other.Kill()
        $other.WaitForExit()
        # Nobody waits for its lock, while its plugin goes on on its host.
        $plan = Get-ClusterPlan ./Clusterfile
        $plan.Steps.What | Should -Contain 'Run the plugin holds (pre-init-host)'
        $null = Invoke-ClusterCommand '(sleep 2; touch /root/go) > /dev/null 2>&1 &' -Clusterfile ./Clusterfile -Role master
        $plan | Invoke-ClusterPlan -Confirm:$false -ErrorAction Stop | ForEach-Object Status | Should -BeIn 'Done', 'Unchanged'
        (Get-ClusterPlan ./Clusterfile).IsSatisfied | Should -BeTrue
        (Invoke-ClusterCommand 'cat /root/runs' -Clusterfile ./Clusterfile -Role master).Text | Should -Be 'run'
    }

    It 'are refused where the hosts changed after the plan, until there is a new one' {
        Invoke-ClusterCommand 'rm -f /var/lib/sealer/data/two/rootfs/etc/two.conf' -Clusterfile ./Clusterfile
        $changed = Get-ClusterPlan ./Clusterfile
        Invoke-ClusterCommand 'echo 10.1.1.1 elsewhere.example.com >> /etc/hosts' -Clusterfile ./Clusterfile -Role node
        $changed | Invoke-ClusterPlan -Confirm:$false -ErrorVariable refused -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $refused[0].FullyQualifiedErrorId | Should -Be 'HostsMovedOn,Sealer.PowerShell.InvokeClusterPlan'
        "$($refused[0])" | Should -Match "$($lab[1].Address): /etc/hosts is not as it was"
        Get-ClusterPlan ./Clusterfile | Invoke-ClusterPlan -Confirm:$false | ForEach-Object Status | Select-Object -Unique | Should -Be 'Done'
        (Get-ClusterPlan ./Clusterfile).IsSatisfied | Should -BeTrue
        (Invoke-ClusterCommand 'tail -n 1 /etc/hosts' -Clusterfile ./Clusterfile -Role node).Text | Should -Match 'elsewhere'
    }
}

Describe 'A delivery through a jump host' -Skip:(-not $canHaveLabs) {
    BeforeAll {
        $data = if ($env:XDG_DATA_HOME) { $env:XDG_DATA_HOME } else { Join-Path $HOME '.local/share' }
        $env:SEALER_LAB_CACHE = Join-Path $data 'sealer/labs/.trees'
        $context = New-Item -ItemType Directory (Join-Path $TestDrive 'far')
        Set-Content (Join-Path $context 'Kubefile') "FROM scratch`nCOPY far.conf etc/far.conf"
        Set-Content (Join-Path $context 'far.conf') 'far = away'
        $null = Build-ClusterImage $context -Tag pester-far:v1
        Push-Location $TestDrive
    }

    AfterAll {
        Pop-Location
        Get-ClusterLab "far$PID*" | Remove-ClusterLab
        Get-ClusterImage pester-far* | Remove-ClusterImage
        Remove-Item Env:SEALER_LAB_CACHE
    }

    It 'takes nothing but the lab and the Clusterfile that is made of it' {
        $null = New-ClusterLab -Count 2 -Name "far$PID" -User ops -JumpHost | New-Clusterfile ./Clusterfile -Name far -Image pester-far:v1
        # Not even a known_hosts.
        $access = @{ SshConfig = 'none' }
        (Test-ClusterHost ./Clusterfile -Check Reachable, Sudo @access).Status | Select-Object -Unique | Should -Be 'Passed'
        Get-ClusterPlan ./Clusterfile @access | Invoke-ClusterPlan -Confirm:$false | ForEach-Object Status | Select-Object -Unique | Should -Be 'Done'
        Invoke-ClusterCommand 'cat /var/lib/sealer/data/far/rootfs/etc/far.conf' -Clusterfile ./Clusterfile -Sudo @access | ForEach-Object Text | Should -Be 'far = away', 'far = away'
        (Get-ClusterPlan ./Clusterfile @access).IsSatisfied | Should -BeTrue
    }
}
