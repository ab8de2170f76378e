<#
.SYNOPSIS
Delivers the platform to a site, from the archive on disk to applications that answer, and tells how long each phase took.
.DESCRIPTION
Asks nothing and needs nothing but the archive and the site's Clusterfile. Run again after whatever stopped it, it goes on where it was.
Its exit code is 0 where the platform is ready, and 1 elsewhere.
.PARAMETER Archive
What Export-ClusterImage wrote.
.PARAMETER Clusterfile
The site's Clusterfile; site.yaml beside this file shows what stands behind the Cluster in it.
.PARAMETER IgnoreCheck
Names of checks of hosts that this site does without, as Test-ClusterHost takes them.
.EXAMPLE
./deliver.ps1 -Archive ./skyline-v3.tar -Clusterfile ./Clusterfile
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Archive,
    [Parameter(Mandatory)] [string] $Clusterfile,
    [string[]] $IgnoreCheck = @()
)
$ErrorActionPreference = 'Stop'
if (-not (Get-Module Sealer)) { Import-Module Sealer }
$all = [Diagnostics.Stopwatch]::StartNew()
$watch = [Diagnostics.Stopwatch]::StartNew()
$phases = [Collections.Generic.List[object]]::new()
function Add-Phase($Name) {
    $phases.Add([pscustomobject]@{ Phase = $Name; Seconds = [Math]::Round($watch.Elapsed.TotalSeconds, 1) })
    $watch.Restart()
}

$image = Import-ClusterImage -Path $Archive
Add-Phase 'archive into the store'
if (-not ($image | Test-ClusterImage -Quiet)) { throw "The image of $Archive is not whole; Test-ClusterImage -Path $Archive says what is wrong with it." }
Add-Phase 'image verified'

$cluster = Get-Clusterfile $Clusterfile
$unfit = @($cluster | Test-ClusterHost -Ignore $IgnoreCheck).Where{ $_.Status -eq 'Failed' }
if ($unfit) { $unfit | Out-Host; throw 'The hosts are not fit for it.' }
Add-Phase 'hosts looked at'

$plan = $cluster | Get-ClusterPlan
Add-Phase 'plan'
$steps = @($plan | Invoke-ClusterPlan -Confirm:$false)
Add-Phase 'delivery'
$failed = $steps.Where{ $_.Status -eq 'Failed' -or $_.Status -eq 'Skipped' }
if ($failed) { $failed | Out-Host; throw 'Not all of it was delivered. Mend what is said above and run this again.' }

# Of the delivery, how long there was a step of each kind on any host; steps of several kinds go on at once.
foreach ($kind in $steps.Where{ $_.Duration -gt [TimeSpan]::Zero } | Group-Object Kind) {
    $busy = [TimeSpan]::Zero
    $until = [DateTimeOffset]::MinValue
    foreach ($step in $kind.Group | Sort-Object Began) {
        $end = $step.Began + $step.Duration
        if ($end -le $until) { continue }
        $busy += $end - $(if ($step.Began -gt $until) { $step.Began } else { $until })
        $until = $end
    }
    $phases.Add([pscustomobject]@{ Phase = "  of it $($kind.Name)"; Seconds = [Math]::Round($busy.TotalSeconds, 1) })
}
$cluster | Get-ClusterNode | Out-Host
$phases.Add([pscustomobject]@{ Phase = 'from archive to applications that answer'; Seconds = [Math]::Round($all.Elapsed.TotalSeconds, 1) })
$phases
