<#
.SYNOPSIS
Rehearses a delivery on four throw-away hosts of this machine, from the Kubefile to "nothing to do".
.DESCRIPTION
Needs Linux, root, PowerShell 7.4 and mmdebstrap. The first run makes the hosts' files, which takes half a minute; a rehearsal
then takes as long. At the end the hosts are gone.
.PARAMETER Path
Folder for the Clusterfile, the plan and what the hosts are asked for.
.PARAMETER Keep
Leaves the hosts; Remove-ClusterLab takes them away.
#>
[CmdletBinding()]
param(
    [string] $Path = [IO.Path]::Combine([IO.Path]::GetTempPath(), 'sealer-delivery'),
    [switch] $Keep
)
$ErrorActionPreference = 'Stop'
if (-not (Get-Module Sealer)) { Import-Module Sealer }
$null = [IO.Directory]::CreateDirectory($Path)
$clusterfile = [IO.Path]::Combine($Path, 'Clusterfile')
$planFile = [IO.Path]::Combine($Path, 'plan.json')
$image = 'registry.example.com/skyline:v1'

$null = Build-ClusterImage -Path "$PSScriptRoot/skyline" -Tag $image
$hosts = New-ClusterLab -Count 4
try {
    '1. Four hosts, and a Clusterfile of them with what this site has of its own'
    $hosts | Out-Host
    $null = $hosts | New-Clusterfile $clusterfile -Name skyline -Image $image -Environment @{ Site = 'rehearsal' } -HostAlias @{ '10.0.0.9' = 'harbor.skyline.example.com' } -Force
    [IO.File]::AppendAllText($clusterfile, "---`n" + [IO.File]::ReadAllText("$PSScriptRoot/settings.yaml"))
    Test-Clusterfile $clusterfile | Out-Host

    '2. Are they fit? What is not passed, with its remedy'
    $checks = Get-Clusterfile $clusterfile | Test-ClusterHost
    $checks.Where{ $_.Status -eq 'Failed' -or $_.Status -eq 'Warning' } | Out-Host
    if ($checks.Where{ $_.Status -eq 'Failed' }) { throw 'The hosts are not fit for it.' }

    '3. What would be done, and why; kept in a file for who has to approve it'
    $plan = Get-Clusterfile $clusterfile | Get-ClusterPlan
    $plan | Invoke-ClusterPlan -WhatIf
    $plan | Export-ClusterPlan -Path $planFile -Force

    ''
    '4. Exactly that is done'
    Import-ClusterPlan $planFile | Invoke-ClusterPlan -Clusterfile $clusterfile -Confirm:$false | Out-Host

    '5. The same again'
    Get-Clusterfile $clusterfile | Get-ClusterPlan | Invoke-ClusterPlan -Confirm:$false

    ''
    '6. Somebody deletes a file on one host: just that is mended'
    $file = '/var/lib/sealer/data/skyline/rootfs/manifests/metallb-pool.yaml'
    Invoke-ClusterCommand "rm $file" -Clusterfile $clusterfile -Address $hosts[2].Address
    Get-Clusterfile $clusterfile | Get-ClusterPlan | Invoke-ClusterPlan -Confirm:$false | Out-Host

    '7. What lies there now'
    Copy-ClusterItem $file -FromHost -Destination $Path -Clusterfile $clusterfile -PassThru | Out-Host
}
finally {
    if (-not $Keep) { $hosts | Remove-ClusterLab }
}
'Done.'
