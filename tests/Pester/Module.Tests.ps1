BeforeAll {
    . (Join-Path $PSScriptRoot 'Common.ps1')
}

Describe 'The module' {
    It 'exports what its manifest lists' {
        $listed = (Import-PowerShellDataFile $Manifest).CmdletsToExport | Sort-Object
        (Get-Command -Module Sealer).Name | Sort-Object | Should -Be $listed
    }

    It 'has a valid manifest' {
        Test-ModuleManifest $Manifest -ErrorAction Stop | Select-Object -ExpandProperty Name | Should -Be 'Sealer'
    }

    It 'uses approved verbs only' {
        Get-Command -Module Sealer | Where-Object Verb -notin (Get-Verb).Verb | Should -BeNullOrEmpty
    }

    It 'is loaded on demand by name' {
        $path = Split-Path (Split-Path (Split-Path $Manifest))
        $out = pwsh -NoProfile -NonInteractive -Command "`$env:PSModulePath = '$path'; Get-ClusterImage; (Get-Module Sealer).Name"
        $out | Select-Object -Last 1 | Should -Be 'Sealer'
    }

    It 'imports again by force, with a prefix, and after it was removed' {
        $out = pwsh -NoProfile -NonInteractive -Command @"
Import-Module '$Manifest'
Import-Module '$Manifest' -Force
Get-ClusterImage
Remove-Module Sealer
Import-Module '$Manifest' -Prefix Our
Get-OurClusterImage
'done'
"@
        $out | Should -Be 'done'
    }

    It 'says which command of another module it hides' {
        $out = pwsh -NoProfile -NonInteractive -Command @"
New-Module FailoverClusters { function Get-ClusterImage { 'theirs' } } | Import-Module
Import-Module '$Manifest' 3>&1
"@
        "$out" | Should -Match 'FailoverClusters\\Get-ClusterImage'
    }

    It 'is published to a gallery and installed from it' -Skip:(-not (Get-Command Publish-PSResource -ErrorAction Ignore)) {
        $gallery = New-Item -ItemType Directory (Join-Path $TestDrive 'gallery')
        $installed = New-Item -ItemType Directory (Join-Path $TestDrive 'installed')
        Register-PSResourceRepository -Name SealerPester -Uri $gallery.FullName -Trusted -Force
        try {
            Publish-PSResource -Path (Split-Path $Manifest) -Repository SealerPester
            Save-PSResource -Name Sealer -Repository SealerPester -Path $installed -TrustRepository
            $out = pwsh -NoProfile -NonInteractive -Command "`$env:PSModulePath = '$installed'; Import-Module Sealer; Get-ClusterImage; 'imported'"
            $out | Should -Be 'imported'
        }
        finally {
            Unregister-PSResourceRepository -Name SealerPester
        }
    }

    It 'is installed for a user, imported by name, and removed again' -Skip:($IsWindows -or -not (Get-Command Install-PSResource -ErrorAction Ignore)) {
        # A home of its own: what is installed here is not to stay on this machine.
        $gallery = New-Item -ItemType Directory (Join-Path $TestDrive 'user-gallery')
        $userHome = New-Item -ItemType Directory (Join-Path $TestDrive 'home')
        # Of a folder that is not there PSResourceGet makes a relative one.
        $null = New-Item -ItemType Directory "$userHome/.local/share", "$userHome/.config", "$userHome/.cache"
        $out = pwsh -NoProfile -NonInteractive -Command @"
`$env:HOME = '$userHome'; `$env:XDG_DATA_HOME = '$userHome/.local/share'; `$env:XDG_CONFIG_HOME = '$userHome/.config'; `$env:XDG_CACHE_HOME = '$userHome/.cache'
pwsh -NoProfile -NonInteractive -Command {
    `$ErrorActionPreference = 'Stop'
    Register-PSResourceRepository -Name SealerUser -Uri '$gallery' -Trusted
    Publish-PSResource -Path '$(Split-Path $Manifest)' -Repository SealerUser
    Install-PSResource Sealer -Repository SealerUser -Scope CurrentUser
    Import-Module Sealer
    Get-ClusterImage
    (Get-Module Sealer).Path
    Remove-Module Sealer
    Uninstall-PSResource Sealer -Scope CurrentUser
    @(Get-Module Sealer -ListAvailable).Count
}
"@
        $out[0] | Should -BeLike "$userHome*Sealer.psm1"
        $out[1] | Should -Be 0
    }

    It 'is installed from the package that dotnet pack writes' -Skip:(-not (Get-Command Save-PSResource -ErrorAction Ignore)) {
        $gallery = New-Item -ItemType Directory (Join-Path $TestDrive 'packed')
        $installed = New-Item -ItemType Directory (Join-Path $TestDrive 'from-packed')
        dotnet pack (Join-Path $Root 'src' 'Sealer.PowerShell') --nologo -v q -o $gallery.FullName | Out-Null
        Register-PSResourceRepository -Name SealerPacked -Uri $gallery.FullName -Trusted -Force
        try {
            Save-PSResource -Name Sealer -Repository SealerPacked -Path $installed -TrustRepository
            $out = pwsh -NoProfile -NonInteractive -Command "`$env:PSModulePath = '$installed'; Import-Module Sealer; Get-ClusterImage; 'imported'"
            $out | Should -Be 'imported'
        }
        finally {
            Unregister-PSResourceRepository -Name SealerPacked
        }
    }
}

Describe 'The types' {
    It 'have names for parameters, -is and ::new()' {
        function Test-Type([Sealer.Platform] $Platform) { $Platform.Architecture }
        Test-Type 'linux/arm64' | Should -Be 'arm64'
        [Sealer.Images.ImageReference]::Parse('nginx') -is [Sealer.ImageReference] | Should -BeTrue
        { throw [Sealer.SealerException]::new('Id', 'NotFound', 'text', $null, $null) } | Should -Throw 'text'
    }
}
