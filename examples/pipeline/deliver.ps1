<#
.SYNOPSIS
What a pipeline does to deliver: checks the hosts and writes a plan; and, once somebody has approved that, carries it out.
.DESCRIPTION
../azure-devops/delivery-pipelines.yml and ../jenkins/Delivery.Jenkinsfile run it twice, with an approval between. The
Clusterfile names the variables of the CI's secrets (passwdFrom, sudoPasswdFrom, envFrom). A run that broke off is run again:
what is done is not done again. The first error ends it, with exit code 1.
.PARAMETER Clusterfile
The Clusterfile.
.PARAMETER PlanPath
The plan's file: written without -CarryOut, read with it.
.PARAMETER ImageFile
The image's file, where the agent's store does not have the image.
.PARAMETER JUnitPath
Where the checks of the hosts go, for the CI to show.
.PARAMETER CarryOut
Carries the plan out.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Clusterfile,
    [Parameter(Mandatory)] [string] $PlanPath,
    [string] $ImageFile,
    [string] $JUnitPath,
    [switch] $CarryOut
)
$ErrorActionPreference = 'Stop'
Import-Module Sealer

if ($ImageFile) { $null = Import-ClusterImage -Path $ImageFile }

if ($CarryOut) {
    Import-ClusterPlan $PlanPath | Invoke-ClusterPlan -Clusterfile $Clusterfile -Confirm:$false | Out-Host
    return
}

$report = if ($JUnitPath) { @{ JUnitPath = $JUnitPath } } else { @{} }
$failed = @(Get-Clusterfile $Clusterfile | Test-ClusterHost @report).Where{ $_.Status -eq 'Failed' }
$failed | Out-Host
if ($failed) { throw "$($failed.Count) checks of the hosts failed: see above for what to do." }

$plan = Get-Clusterfile $Clusterfile | Get-ClusterPlan
$plan | Invoke-ClusterPlan -WhatIf
$plan | Export-ClusterPlan -Path $PlanPath -Force
