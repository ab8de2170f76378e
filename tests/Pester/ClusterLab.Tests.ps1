BeforeDiscovery {
    # What the lab tier tests as well, and fails without: this is about how it looks to a user.
    $canHaveLabs = $IsLinux -and (id -u) -eq '0' -and (Get-Command mmdebstrap -CommandType Application -ErrorAction Ignore)
}

BeforeAll {
    . (Join-Path $PSScriptRoot 'Common.ps1')
}

Describe 'A lab' {
    It 'is made only where -WhatIf does not hold it back' {
        New-ClusterLab -Count 4 -Name pester-none -WhatIf | Should -BeNullOrEmpty
        Get-ClusterLab | Should -BeNullOrEmpty
    }

    It 'is not found by a name that none has' {
        { Get-ClusterLab pester-none -ErrorAction Stop } | Should -Throw -ErrorId 'LabNotFound,Sealer.PowerShell.GetClusterLab'
        { Remove-ClusterLab pester-none -ErrorAction Stop } | Should -Throw -ErrorId 'LabNotFound,Sealer.PowerShell.RemoveClusterLab'
    }

    It 'refuses a rate that is none' {
        { New-ClusterLab -Rate often -WhatIf } | Should -Throw '*20mbit*'
    }
}

Describe 'Hosts of a lab' -Skip:(-not $canHaveLabs) {
    BeforeAll {
        # The hosts' files are made once for all tests, not once a home.
        $data = if ($env:XDG_DATA_HOME) { $env:XDG_DATA_HOME } else { Join-Path $HOME '.local/share' }
        $env:SEALER_LAB_CACHE = Join-Path $data 'sealer/labs/.trees'
        $name = "pester$PID"
        $hosts = New-ClusterLab -Count 2 -Name $name
    }

    AfterAll {
        Get-ClusterLab $name* | Remove-ClusterLab
        Remove-Item Env:SEALER_LAB_CACHE
    }

    It 'are objects with all that it takes to log in' {
        $hosts.Name | Should -Be "$name-1", "$name-2"
        foreach ($each in $hosts) {
            ssh -q -F none -i $each.KeyPath -o BatchMode=yes -o "UserKnownHostsFile=$($each.KnownHostsPath)" -p $each.Port "$($each.User)@$($each.Address)" hostname |
                Should -Be $each.Name
        }
    }

    It 'never print their password' {
        $hosts[0] | Format-List * | Out-String | Should -Match 'Password\s+: \*\*\*'
        $hosts[0] | ConvertTo-Json -Depth 3 -WarningAction Ignore | Should -Not -Match ([regex]::Escape($hosts[0].Password.Reveal()))
    }

    It 'are listed with their state' {
        (Get-ClusterLab $name).State | Should -Be 'Running', 'Running'
    }

    It 'are removed together, and only where nothing holds it back' {
        $hosts | Remove-ClusterLab -WhatIf
        (Get-ClusterLab $name).Count | Should -Be 2
        @($hosts | Remove-ClusterLab -PassThru).Count | Should -Be 2
        Get-ClusterLab | Should -BeNullOrEmpty
    }
}
