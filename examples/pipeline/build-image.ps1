<#
.SYNOPSIS
What a pipeline does with a cluster image: builds it, verifies it, publishes it and writes it to a file.
.DESCRIPTION
../azure-devops and ../jenkins run it; any other CI can. The user of the registry comes from the environment, where the CI
puts its secrets: REGISTRY_USER and REGISTRY_PASSWORD, a password or an access token. Without REGISTRY_USER it does not log
on. The first error ends it, with exit code 1.
.PARAMETER Path
The folder with the Kubefile.
.PARAMETER Name
The image's name with registry and tag: registry.example.com/shop:v1.
.PARAMETER Destination
The folder for the image's file and its digest.
.PARAMETER Platform
Platforms, with commas between them: a command line has no lists.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Path,
    [Parameter(Mandatory)] [string] $Name,
    [Parameter(Mandatory)] [string] $Destination,
    [string] $Platform = 'linux/amd64'
)
$ErrorActionPreference = 'Stop'
Import-Module Sealer

$registry = $Name.Split('/')[0]
$user = $env:REGISTRY_USER
$folder = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($Destination)
$null = [IO.Directory]::CreateDirectory($folder)
try {
    # Before the build, which may need it for a base image.
    if ($user) {
        $password = [Net.NetworkCredential]::new($user, $env:REGISTRY_PASSWORD).SecurePassword
        Connect-ClusterRegistry $registry -Credential ([pscredential]::new($user, $password))
    }

    $image = Build-ClusterImage -Path $Path -Tag $Name -Platform ($Platform -split ' *, *')
    $image | Out-Host

    $verified = $image | Test-ClusterImage
    $verified | Out-Host
    if (-not $verified.Passed) { throw "$Name is not published: $($verified.Findings -join '; ')" }

    $null = $image | Publish-ClusterImage
    $image | Export-ClusterImage -Path $folder -Force -PassThru

    # What later stages deliver by: a tag may be moved, a digest stays.
    [IO.File]::WriteAllText([IO.Path]::Combine($folder, 'digest.txt'), $image.Digest)
}
finally {
    # The agent keeps the images for the next run, and no secret.
    if ($user) { Disconnect-ClusterRegistry $registry -ErrorAction Ignore }
}
