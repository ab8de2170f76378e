BeforeAll { . "$PSScriptRoot/Common.ps1" }

Describe 'Test-ClusterHost' -Skip:(-not $IsLinux) {
    It 'tells in a table grouped by host what must be mended and how' {
        $shown = Test-ClusterHost -Address 127.0.0.1 -UseLocalHost -Check Cpu, Memory | Out-String -Width 120
        $shown | Should -Match 'Host: 127\.0\.0\.1'
        $shown | Should -Match 'Status\s+Check\s+Message and remedy'
    }
    It 'has of what passed a line each, whatever there is to say' {
        $shown = Test-ClusterHost -Address 127.0.0.1 -UseLocalHost | Where-Object Status -In Passed, Skipped
        ($shown | Out-String -Width 80).Trim().Split("`n").Count | Should -Be ($shown.Count + 4)
    }
    It 'shows details of a host as a list that a person reads' {
        $shown = Get-ClusterHost -Address 127.0.0.1 -UseLocalHost | Format-List | Out-String -Width 120
        $shown | Should -Match '(?m)^System +: .*kernel'
        $shown | Should -Match '(?m)^Disks +: /.* free'
        $shown | Should -Not -Match 'HostFacts'
        $shown.Trim().Split("`n").Count | Should -BeLessThan 60
    }
    It 'is filtered as any objects are' {
        @(Test-ClusterHost -Address 127.0.0.1 -SshConfig none -Port 1 | Where-Object Status -EQ Failed).Check | Should -Be 'Reachable'
    }
    It 'ignores what it is told to, and says yes or no' {
        Test-ClusterHost -Address 127.0.0.1 -SshConfig none -Port 1 -Quiet | Should -BeFalse
        Test-ClusterHost -Address 127.0.0.1 -SshConfig none -Port 1 -Ignore Reachable -Quiet | Should -BeTrue
    }
    It 'writes what agents show' {
        $null = Test-ClusterHost -Address 127.0.0.1 -UseLocalHost -Check Cpu -JUnitPath TestDrive:/hosts.xml
        ([xml](Get-Content TestDrive:/hosts.xml -Raw)).testsuites.testsuite.testcase.name | Should -Be 'Cpu'
    }
}
