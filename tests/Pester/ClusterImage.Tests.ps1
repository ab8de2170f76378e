BeforeAll {
    . (Join-Path $PSScriptRoot 'Common.ps1')
    $context = New-Item -ItemType Directory (Join-Path $TestDrive 'skyline')
    $null = New-Item -ItemType Directory (Join-Path $context 'manifests')
    Set-Content (Join-Path $context 'Kubefile') @'
FROM scratch
ARG WHO=world
COPY manifests manifests
LABEL who=$WHO
CMDS ["kubectl apply -f manifests"]
'@
    Set-Content (Join-Path $context 'manifests' 'web.yaml') @'
kind: Pod
spec:
  containers:
    - image: registry.example.com/web:v1
'@
    Push-Location $TestDrive
}

AfterAll {
    Pop-Location
    Get-ClusterImage pester* | Remove-ClusterImage
}

Describe 'An image without a network' {
    It 'is built, exported in parts, removed, imported and verified' {
        $image = Build-ClusterImage ./skyline -Tag pester:v1 -Mode Lite -Platform linux/amd64, linux/arm64 -Label 'a=b=c'
        $image.Name | Should -Be 'pester:v1'
        $image.Labels['a'] | Should -Be 'b=c'
        $image.Platforms | Should -Be 'linux/amd64', 'linux/arm64'

        $image | Export-ClusterImage -Path ./pester.tar -PassThru | Should -BeOfType System.IO.FileInfo
        $image | Remove-ClusterImage
        Get-ClusterImage pester* | Should -BeNullOrEmpty

        $again = Get-ChildItem ./pester.tar | Import-ClusterImage
        $again.Digest.ToString() | Should -Be $image.Digest.ToString()
        ($again | Test-ClusterImage).Passed | Should -BeTrue
        Test-ClusterImage -Path ./pester.tar -Quiet | Should -BeTrue
    }

    It 'is the same image when it is built again' {
        $first = Build-ClusterImage ./skyline -Tag pester:v1 -Mode Lite -Platform linux/amd64
        $second = Build-ClusterImage ./skyline -Tag pester:v2 -Mode Lite -Platform linux/amd64 -NoCache
        $second.Digest.ToString() | Should -Be $first.Digest.ToString()
        Compare-ClusterImage pester:v1 pester:v2 | Should -BeNullOrEmpty
    }

    It 'differs where its Kubefile was told otherwise' {
        $null = Build-ClusterImage ./skyline -Tag pester:v1 -Mode Lite -Platform linux/amd64
        $null = Build-ClusterImage ./skyline -Tag pester:v2 -Mode Lite -Platform linux/amd64 -BuildArgument @{ WHO = 'pester' }
        $difference = Compare-ClusterImage pester:v1 pester:v2
        $difference.Name | Should -Be 'who'
        $difference.Before | Should -Be 'world'
        $difference.After | Should -Be 'pester'
    }

    It 'is merged with another one, and what both claim is told' {
        foreach ($who in 'a', 'b') {
            $null = Build-ClusterImage ./skyline -Tag "pester/${who}:v1" -Mode Lite -Platform linux/amd64 -BuildArgument WHO=$who
        }
        $image = 'pester/a:v1', 'pester/b:v1' | Get-ClusterImage | Merge-ClusterImage -Tag pester:merged -WarningVariable told -WarningAction SilentlyContinue
        $image.Labels['who'] | Should -Be 'b'
        "$told" | Should -Match "Label who is in pester/a:v1 and pester/b:v1. It is 'b', not 'a'."
        Test-ClusterImage pester:merged -Quiet | Should -BeTrue
    }

    It 'has a table that fits the screen' {
        $null = Build-ClusterImage ./skyline -Tag pester:v1 -Mode Lite
        $lines = Get-ClusterImage pester:v1 | Out-String -Stream -Width 120
        $lines | Where-Object Length -gt 120 | Should -BeNullOrEmpty
        "$lines" | Should -Match 'Name\s+Platform\s+Type\s+Size\s+Created\s+Digest'
    }
}

Describe '-WhatIf' {
    It 'shows who asks for which container image, and builds nothing' {
        $told = Build-ClusterImage ./skyline -Tag pester:whatif -WhatIf 6>&1
        "$told" | Should -Match 'manifests/web.yaml:4'
        Get-ClusterImage pester:wh* | Should -BeNullOrEmpty
    }

    It 'removes nothing' {
        $null = Build-ClusterImage ./skyline -Tag pester:v1 -Mode Lite
        Remove-ClusterImage pester:v1 -WhatIf
        Get-ClusterImage pester:v1 | Should -Not -BeNullOrEmpty
    }
}

Describe 'Bad values' {
    BeforeAll {
        $null = Build-ClusterImage ./skyline -Tag pester:bad-days -Mode Lite
        $robot = [pscredential]::new('robot', (ConvertTo-SecureString 'secret' -AsPlainText -Force))
    }

    It '<Script> is refused: <Id>' -ForEach @(
        @{ Script = 'Get-ClusterImage nothing:here'; Id = 'ImageNotFound,*' }
        @{ Script = 'Get-ClusterImage Upper/Case'; Id = 'InvalidImageReference,*' }
        @{ Script = 'Get-ClusterImage -Platform amd64'; Id = 'CannotConvertArgumentNoMessage,*' }
        @{ Script = 'Build-ClusterImage ./nowhere -Tag pester:bad'; Id = '*NotFound,*' }
        @{ Script = 'Build-ClusterImage ./skyline -Tag Bad:Name:v1'; Id = 'CannotConvertArgumentNoMessage,*' }
        @{ Script = 'Build-ClusterImage ./skyline -Tag pester:bad -Type whatever'; Id = 'ParameterArgumentValidationError,*' }
        @{ Script = 'Build-ClusterImage ./skyline -Tag pester:bad -BuildArgument novalue'; Id = 'ParameterArgumentTransformationError,*' }
        @{ Script = 'Build-ClusterImage ./skyline/Kubefile -Tag pester:bad'; Id = 'ContextIsAFile,*' }
        @{ Script = 'Build-ClusterImage ./skyline -Tag pester:bad -Platform lunix/amd64'; Id = 'CannotConvertArgumentNoMessage,*' }
        @{ Script = 'Build-ClusterImage ./skyline -Tag pester:bad -ImageArchive ./web.tar'; Id = 'InvalidImageArchive,*' }
        @{ Script = 'Build-ClusterImage ./skyline -Tag pester:bad -ImageList ./nolist'; Id = 'ContainerImageScanFailed,*' }
        @{ Script = 'Build-ClusterImage ./skyline -Tag pester:bad -IgnoredImageList ./nolist'; Id = 'IgnoredImageListNotFound,*' }
        @{ Script = 'Import-ClusterImage ./nothing.tar'; Id = 'ArchiveNotFound,*' }
        @{ Script = 'Import-ClusterImage ./skyline/Kubefile'; Id = 'ArchiveTruncated,*' }
        @{ Script = 'Import-ClusterImage ./skyline'; Id = 'NotAnImageArchive,*' }
        @{ Script = 'Test-ClusterImage -Path ./nothing.tar'; Id = 'ArchiveNotFound,*' }
        @{ Script = 'Export-ClusterImage pester:bad-days -Path ./no/such/folder.tar'; Id = 'FolderNotFound,*' }
        @{ Script = 'Export-ClusterImage pester:bad-days -Path ./skyline -Format OciFolder'; Id = 'FolderNotEmpty,*' }
        @{ Script = 'Export-ClusterImage pester:bad-days -Path ./x.tar -SplitSize 10'; Id = 'InvalidPartSize,*' }
        @{ Script = 'Mount-ClusterImage pester:bad-days* ./skyline'; Id = 'FolderNotEmpty,*' }
        @{ Script = 'Mount-ClusterImage pester:nothing* ./mount'; Id = 'NotOneImage,*' }
        @{ Script = 'Compare-ClusterImage pester:bad-days pester:nothing'; Id = 'ImageNotFound,*' }
        @{ Script = 'Merge-ClusterImage pester:bad-days -Tag pester:bad'; Id = 'TooFewImages,*' }
        @{ Script = 'Receive-ClusterImage 127.0.0.1:1/web:v1'; Id = 'ConnectionRefused,*' }
        @{ Script = 'Receive-ClusterImage registry.nowhere.invalid/web:v1'; Id = 'HostNotFound,*' }
        @{ Script = 'Publish-ClusterImage pester:bad-days -Destination 127.0.0.1:1/web:v1'; Id = 'ConnectionRefused,*' }
        @{ Script = 'Receive-ClusterImage 127.0.0.1:1/web:v1 -ClientCertificate x.pem'; Id = 'ClientCertificateIncomplete,*' }
        @{ Script = 'Connect-ClusterRegistry https://registry.example.com -Credential $robot'; Id = 'InvalidRegistry,*' }
        @{ Script = 'Import-ClusterImage Env:PATH'; Id = 'NotAFilePath,*' }
        @{ Script = 'Disconnect-ClusterRegistry registry.example.com'; Id = 'NotConnected,*' }
    ) {
        { Invoke-Expression "$Script -ErrorAction Stop" } | Should -Throw -ErrorId $Id
    }

    It 'names the archive that is broken' {
        { Import-ClusterImage ./skyline/Kubefile -ErrorAction Stop } | Should -Throw '*skyline*Kubefile: The archive ends too early*'
    }

    It 'says that a pattern matches nothing' {
        Import-ClusterImage *.nothing 3>&1 | Should -BeLike "Nothing matches '*.nothing'*"
    }

    It 'knows what was meant' {
        { Get-ClusterImage pester:bad-day -ErrorAction Stop } | Should -Throw '*There is pester:bad-days*'
        { Build-ClusterImage ./skyline -Tag pester:bad -Platform linxu/amd64 } | Should -Throw "*did you mean 'linux'*"
    }
}

Describe 'The Tab key' {
    BeforeAll {
        $null = Build-ClusterImage ./skyline -Tag pester/registry.io:v1 -Mode Lite
        function Complete([string] $Text) { (TabExpansion2 $Text $Text.Length).CompletionMatches.CompletionText }
    }

    It 'completes names of images' { Complete 'Export-ClusterImage pest' | Should -Contain 'pester/registry.io:v1' }

    It 'completes platforms' { Complete 'Build-ClusterImage . -Platform linux/arm' | Should -Contain 'linux/arm64' }

    It 'completes values' {
        Complete 'Build-ClusterImage . -Mode L' | Should -Contain 'Lite'
        Complete 'Export-ClusterImage x -Format Oci' | Should -Contain 'OciFolder'
    }
}
