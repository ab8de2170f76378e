BeforeAll {
    . (Join-Path $PSScriptRoot 'Common.ps1')
    Push-Location $TestDrive
    $password = ConvertTo-SecureString 'hunter2-hunter2' -AsPlainText -Force
}

AfterAll {
    Pop-Location
    Remove-Item Env:SEALER_SSH_PASSWORD -ErrorAction Ignore
}

Describe 'A Clusterfile' {
    It 'is written for hosts that are piped in, read, and checked' {
        $hosts = @'
Address,User,Port,Role
10.0.0.11,ops,2222,master
10.0.0.21,root,22,node
10.0.0.22,root,22,node
'@ | ConvertFrom-Csv
        $cluster = $hosts | New-Clusterfile ./Clusterfile -Name skyline -Image skyline:v3 -Environment PodCIDR=100.64.0.0/10
        $cluster | Should -BeOfType Sealer.Cluster

        $again = Get-Item ./Clusterfile | Get-Clusterfile
        $again.ClusterfileDigest.ToString() | Should -Be $cluster.ClusterfileDigest.ToString()
        $again.Spec.Hosts[0].Ssh.User | Should -Be 'ops'
        ($again.Spec.Workers).Address | Should -Be '10.0.0.21', '10.0.0.22'
        (Test-Clusterfile ./Clusterfile).Passed | Should -BeTrue
    }

    It 'is taken line by line, too' {
        (Get-Content ./Clusterfile | Get-Clusterfile).Name | Should -Be 'skyline'
        (Get-Content ./Clusterfile -Raw | Get-Clusterfile).Name | Should -Be 'skyline'
    }

    It 'has no password in it, and finds it where it is read' {
        $null = New-Clusterfile ./secret -ControlPlane 10.0.0.11 -Credential ([pscredential]::new('ops', $password)) -WarningVariable told -WarningAction SilentlyContinue
        Get-Content ./secret -Raw | Should -Not -Match 'hunter2'
        "$told" | Should -Match 'SEALER_SSH_PASSWORD'
        { Get-Clusterfile ./secret -ErrorAction Stop } | Should -Throw "*'SEALER_SSH_PASSWORD', which holds a secret, is not set here*"
        $env:SEALER_SSH_PASSWORD = 'from-the-environment'
        (Get-Clusterfile ./secret).Spec.Ssh.Password.Reveal() | Should -Be 'from-the-environment'
        (Get-Clusterfile ./secret | Format-List * | Out-String) | Should -Not -Match 'from-the-environment'
    }

    It 'tells every mistake at once, with its place and the nearest word' {
        (Get-Content ./Clusterfile -Raw) -replace 'image:', 'imgae:' -replace '10\.0\.0\.22', '10.0.0.21' | Set-Content ./wrong
        $cluster = Get-Clusterfile ./wrong -ErrorVariable failed -ErrorAction SilentlyContinue
        $cluster | Should -BeNullOrEmpty
        $failed.Count | Should -Be 1
        "$failed" | Should -Match "wrong:6:3 spec has no field 'imgae'; did you mean 'image'\?"
        "$failed" | Should -Match 'is here twice'
        (Test-Clusterfile ./wrong).Diagnostics.Where{ $_.Severity -eq 'Error' }.Count | Should -Be 2
    }

    It 'shows tables of 120 columns' {
        foreach ($shown in { Get-Clusterfile ./Clusterfile }, { (Get-Clusterfile ./Clusterfile).Spec.Hosts }, { Test-Clusterfile ./wrong }, { (Test-Clusterfile ./wrong).Diagnostics }) {
            (& $shown | Out-String -Width 120) -split "`n" | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 120 }
        }
    }
}
