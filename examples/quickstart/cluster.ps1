<#
.SYNOPSIS
Ends with a real Kubernetes on hosts of this machine, delivered from a cluster image that is built on the way.
.DESCRIPTION
Needs Debian or Ubuntu, and root. The hosts are a lab's: each has an address, files, systemd and sshd of its own, and no way to the
internet. Run again, it finds what is there and goes on, or has nothing to do.

Kubernetes is 1.20.2, built of Debian's source package (some thirteen minutes, once): upstream's own files are a download from the
internet, and -KubernetesVersion takes those.
.PARAMETER KubernetesVersion
A release of upstream's, as v1.31.1, to be downloaded, instead of what Debian's source makes.
.PARAMETER Path
Folder for the Clusterfile and the image's files.
.PARAMETER Name
Name of the lab, the cluster and the image.
.PARAMETER Count
How many hosts.
.PARAMETER Worker
How many of them become workers; the first is a control plane.
.EXAMPLE
dotnet run --project src/Sealer.Runner -- examples/quickstart/cluster.ps1
#>
[CmdletBinding()]
param(
    [string] $KubernetesVersion,
    [string] $Path = [IO.Path]::Combine([IO.Path]::GetTempPath(), 'sealer-cluster'),
    [string] $Name = 'quickstart',
    [ValidateRange(1, 8)] [int] $Count = 2,
    [ValidateRange(0, 7)] [int] $Worker = $Count - 1
)
$ErrorActionPreference = 'Stop'
if (-not (Get-Module Sealer)) { Import-Module Sealer }
if (-not $IsLinux -or (id -u) -ne '0') { throw 'The hosts are made of namespaces of the kernel: run this on Linux, as root.' }

$missing = foreach ($tool in @{ mmdebstrap = 'mmdebstrap'; unzip = 'unzip'; xz = 'xz-utils' }.GetEnumerator()) {
    if (-not (Get-Command $tool.Key -CommandType Application -ErrorAction Ignore)) { $tool.Value }
}
@"
This makes $Count hosts in namespaces of this machine, builds a cluster image with
Kubernetes, its container images and an application, and delivers it to them.
It needs 3 GB of disk and 2 GB of memory$(if ($missing) { ", and installs $($missing -join ', ')" }).

"@
if ($missing) {
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends $missing
    if ($LASTEXITCODE -ne 0) { throw "apt-get could not install $($missing -join ', '): it says above why." }
}
$null = [IO.Directory]::CreateDirectory("$Path/image")
$hello = [IO.File]::ReadAllText("$PSScriptRoot/hello/hello.yaml")
$image = @{}

'1. The base image: Kubernetes, its container runtime, its registry and all of their container images'
if ($KubernetesVersion) {
    $base = @{ KubernetesVersion = $KubernetesVersion }
}
else {
    $made = bash "$PSScriptRoot/../../tests/kubernetes.sh"
    if ($LASTEXITCODE -ne 0) { throw 'Kubernetes could not be built of Debian''s source: it says above why.' }
    $file = [System.Text.Json.Nodes.JsonNode]::Parse([IO.File]::ReadAllText("$made/base-image.json")).AsObject()
    $base = @{}
    foreach ($pair in $file.GetEnumerator()) {
        $base[$pair.Key] = if ($pair.Value -is [System.Text.Json.Nodes.JsonArray]) { $pair.Value.ForEach{ "$_" } } else { "$($pair.Value)" }
    }
    # Debian's busybox has a version of its own.
    $tag = [regex]::Match([IO.File]::ReadAllText("$made/more-images/index.json"), 'busybox:([^"]+)').Groups[1].Value
    $hello = $hello.Replace('busybox:1.36', "busybox:$tag")
    $image.ImageArchive = "oci:$made/more-images"
}
New-ClusterBaseImage @base -Tag "$Name-base:v1" | Out-Host

'2. The image that is delivered: the base image, and an application over it'
[IO.File]::Copy("$PSScriptRoot/hello/Kubefile", "$Path/image/Kubefile", $true)
[IO.File]::WriteAllText("$Path/image/hello.yaml", $hello)
Build-ClusterImage -Path "$Path/image" -Tag "${Name}:v1" -BuildArgument @{ BASE = "$Name-base:v1" } -Pull Never @image | Out-Host

"3. $Count hosts, and a Clusterfile of them"
$hosts = Get-ClusterLab $Name -ErrorAction Ignore
if (-not $hosts) { $hosts = New-ClusterLab -Name $Name -Count $Count }
$hosts | Out-Host
$null = $hosts[0..$Worker] | New-Clusterfile "$Path/Clusterfile" -Name $Name -Image "${Name}:v1" -Force

'4. What would be done'
Invoke-ClusterApply "$Path/Clusterfile" -WhatIf

'5. It is done'
$cluster = Invoke-ClusterApply "$Path/Clusterfile" -Confirm:$false
$cluster | Get-ClusterNode | Out-Host

'6. What the application says, on each node'
Invoke-ClusterCommand 'for i in $(seq 60); do curl -sf http://127.0.0.1:30080 && break; sleep 1; done' -Clusterfile "$Path/Clusterfile" | Out-Host

@"
Done. The Clusterfile is $Path/Clusterfile. Go on with the README, or take it all away:
  Get-ClusterLab $Name | Remove-ClusterLab
  Remove-ClusterImage ${Name}:v1, $Name-base:v1
"@
