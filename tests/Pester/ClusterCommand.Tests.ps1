BeforeDiscovery {
    # What the engine's tests do as well, over real sshd: this is about how it is for a user.
    $canHaveLabs = $IsLinux -and (id -u) -eq '0' -and (Get-Command mmdebstrap -CommandType Application -ErrorAction Ignore)
}

BeforeAll {
    . (Join-Path $PSScriptRoot 'Common.ps1')
}

Describe 'Commands and files on hosts' -Skip:(-not $canHaveLabs) {
    BeforeAll {
        # The hosts' files are made once for all tests, not once a home.
        $data = if ($env:XDG_DATA_HOME) { $env:XDG_DATA_HOME } else { Join-Path $HOME '.local/share' }
        $env:SEALER_LAB_CACHE = Join-Path $data 'sealer/labs/.trees'
        $hosts = New-ClusterLab -Count 3 -Name "cmd$PID" -User ops
        $names = $hosts.Name
        Push-Location $TestDrive
        function Local:Secret([string] $Text) { $secret = [securestring]::new(); $Text.ToCharArray().ForEach{ $secret.AppendChar($_) }; $secret }
    }

    AfterAll {
        Pop-Location
        Get-ClusterLab "cmd$PID*" | Remove-ClusterLab
        Remove-Item Env:SEALER_LAB_CACHE
    }

    It 'are run on all of them, and each line says whose it is' {
        $lines = $hosts | Invoke-ClusterCommand 'hostname; echo wrong >&2'
        $lines.Count | Should -Be 6
        $lines.Where{ -not $_.IsError }.ForEach{ $_.Host -eq $_.Text } | Should -Not -Contain $false
        $lines.Where{ $_.IsError }.Text | Should -Be 'wrong', 'wrong', 'wrong'
    }

    It 'give results in the order of the hosts, whoever is slow' {
        $results = $hosts | Invoke-ClusterCommand "[ `$(hostname) != $($names[0]) ] || sleep 2; id -un" -PassThru
        $results.Host | Should -Be $names
        $results.Output.Trim() | Should -Be 'ops', 'ops', 'ops'
        ($hosts | Invoke-ClusterCommand 'id -un' -Sudo -PassThru).Output.Trim() | Should -Be 'root', 'root', 'root'
    }

    It 'fail on one host and go on at the others' {
        $results = $hosts | Invoke-ClusterCommand "[ `$(hostname) != $($names[1]) ] || { echo its own words >&2; exit 3; }" -PassThru -ErrorVariable failed -ErrorAction SilentlyContinue
        $results.ExitCode | Should -Be 0, 3, 0
        $failed.Count | Should -Be 1
        $failed[0].TargetObject | Should -Be $names[1]
        $failed[0].FullyQualifiedErrorId | Should -Be 'HostCommandFailed,Sealer.PowerShell.InvokeClusterCommand'
        "$($failed[0])" | Should -Match 'its own words'
    }

    It 'show secrets nowhere: not in output, errors, tables or a verbose log' {
        $said = & {
            $hosts | Invoke-ClusterCommand 'echo "[$TOKEN]"; echo "[$TOKEN]" >&2; echo ${#TOKEN}; exit 4' -SecretVariable @{ TOKEN = Secret 'hunter2hunter2' } -Sudo -Verbose -Debug -ErrorAction Continue
            $hosts | Invoke-ClusterCommand 'echo "[$TOKEN]"; exit 4' -SecretVariable @{ TOKEN = Secret 'hunter2hunter2' } -PassThru -ErrorAction Continue
        } *>&1
        $said.Where{ $_ -is [Management.Automation.ErrorRecord] }.Count | Should -Be 6
        $text = ($said | Out-String -Width 200) + ($said | Format-List * -Force | Out-String -Width 200)
        $text | Should -Match '\[\*\*\*\]'
        $text | Should -Match '14'
        $text | Should -Not -Match 'hunter2'
    }

    It 'are run nowhere with -WhatIf' {
        $hosts | Invoke-ClusterCommand 'touch /tmp/made' -WhatIf
        Set-Content ./sent 'x'
        $hosts | Copy-ClusterItem ./sent /tmp/made -WhatIf
        $hosts | Copy-ClusterItem /etc/hostname ./fetched -FromHost -WhatIf
        ($hosts | Invoke-ClusterCommand 'ls /tmp/made 2>/dev/null || :') | Should -BeNullOrEmpty
        './fetched' | Should -Not -Exist
    }

    It 'are sent and fetched whole, whatever the files are called' {
        $odd = "a b'c`"d", '-rf', '$(reboot)', 'ümlaut', 'back\slash', "tab`tstop", '*.glob', '#hash'
        $null = New-Item -ItemType Directory ./odd/inner, ./odd/empty
        foreach ($name in $odd) {
            [IO.File]::WriteAllText("$($PWD.ProviderPath)/odd/$name", "content of $name")
        }
        [IO.File]::WriteAllBytes((Join-Path $PWD.ProviderPath 'odd/inner/large'), [byte[]]::new(5MB))
        chmod 750 ./odd/inner/large
        $sent = $hosts | Copy-ClusterItem ./odd /srv/in -Sudo -PassThru
        $sent.Host | Should -Be $names
        $sent.Files | Select-Object -Unique | Should -Be 9
        ($hosts | Copy-ClusterItem ./odd /srv/in -Sudo -PassThru).Unchanged | Select-Object -Unique | Should -Be 9

        $null = $hosts | Copy-ClusterItem /srv/in -FromHost -Destination ./back -Sudo
        foreach ($name in $names) {
            diff -r ./odd "./back/$name/in" | Should -BeNullOrEmpty
            (stat -c %a "./back/$name/in/inner/large") | Should -Be 750
        }
    }

    It 'are fetched of those hosts that have them, and the others say what is missing' {
        $hosts[0], $hosts[2] | Invoke-ClusterCommand 'echo here > /tmp/some'
        $fetched = $hosts | Copy-ClusterItem /tmp/some -FromHost -Destination ./some -PassThru -ErrorVariable failed -ErrorAction SilentlyContinue
        $fetched.Host | Should -Be $names[0], $names[2]
        $failed.TargetObject | Should -Be $names[1]
        "$failed" | Should -Match '/tmp/some'
        Get-Content "./some/$($names[2])/some" | Should -Be 'here'
        $null = $hosts[0] | Copy-ClusterItem /tmp/some -FromHost -Destination ./flat -Flat
        Get-Content ./flat/some | Should -Be 'here'
    }

    It 'are told as they go on where a host is gone' {
        $hosts[1].CutOffAsync().GetAwaiter().GetResult()
        try {
            $results = $hosts | Copy-ClusterItem ./sent /tmp/there -PassThru -ConnectTimeoutSec 5 -ErrorVariable failed -ErrorAction SilentlyContinue
            $results.Host | Should -Be $names[0], $names[2]
            $failed[0].FullyQualifiedErrorId | Should -Be 'HostUnreachable,Sealer.PowerShell.CopyClusterItem'
            $failed[0].TargetObject | Should -Be $names[1]
        }
        finally {
            $hosts[1].ReconnectAsync().GetAwaiter().GetResult()
        }
    }
}
