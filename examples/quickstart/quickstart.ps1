<#
.SYNOPSIS
Builds, inspects, exports, imports and verifies a cluster image, end to end.
.DESCRIPTION
Needs no registry, no Docker and no root. The container images inside come from the internet where there is one; where there
is none, the example makes stand-ins with the same names, so that everything else is as in earnest.
.PARAMETER Path
Folder for the results; it also holds the image store of this example, so that yours is not touched.
.PARAMETER Offline
Do not try the internet.
#>
[CmdletBinding()]
param(
    [string] $Path = [IO.Path]::Combine([IO.Path]::GetTempPath(), 'sealer-quickstart'),
    [switch] $Offline
)
$ErrorActionPreference = 'Stop'
if (-not (Get-Module Sealer)) { Import-Module Sealer }

@"
This installs nothing and needs no registry, no Docker and no root. It makes a
cluster image with three container images inside, and its archive, in
  $Path
With internet it downloads the container images: a minute, 200 MB.
Without, it makes stand-ins for them: seconds, 1 MB.

"@
$null = [IO.Directory]::CreateDirectory($Path)
$env:SEALER_HOME = [IO.Path]::Combine($Path, 'home')
$name = 'registry.example.com/shop:v1'
$archive = [IO.Path]::Combine($Path, 'shop-v1.tar')

$build = @{ Path = "$PSScriptRoot/shop"; Tag = $name; Platform = 'linux/amd64' }

'1. What the build would do, before it does anything'
Build-ClusterImage @build -WhatIf

$online = $false
if (-not $Offline) {
    try { $online = [bool](Find-ClusterImage registry.k8s.io/pause:3.10 -ErrorAction Stop) } catch { $online = $false }
}
''
if ($online) {
    '2. There is internet: the build downloads the container images'
}
else {
    '2. No internet: making stand-ins for the container images'
    $build.ImageArchive = foreach ($wanted in 'registry.k8s.io/pause:3.10', 'docker.io/library/busybox:1.36', 'docker.io/library/nginx:1.27') {
        $file = [IO.Path]::Combine($Path, ($wanted -replace '[^a-z0-9.]', '-') + '.tar')
        $null = Build-ClusterImage -Path "$PSScriptRoot/stand-in" -Tag $wanted -Platform linux/amd64 -BuildArgument @{ NAME = $wanted } |
            Export-ClusterImage -Path $file -Force
        "oci-archive:$file"
    }
}

''
'3. Build'
$image = Build-ClusterImage @build
$image | Out-Host

'4. Inspect: the applications and container images inside'
$image.Applications | Out-Host
$image.ContainerImages | Out-Host

'5. Export to one file, forget the image, import the file, verify every byte'
Export-ClusterImage $name -Path $archive -Force
Remove-ClusterImage $name -Confirm:$false
Import-ClusterImage -Path $archive | Test-ClusterImage | Out-Host

"Done. Carry this file to where there is no internet: $archive"
