BeforeDiscovery {
    # What the lab tier tests as well, and fails without: this is about how it looks to a user.
    $canHaveLabs = $IsLinux -and (id -u) -eq '0' -and (Get-Command mmdebstrap -CommandType Application -ErrorAction Ignore)
}

BeforeAll {
    . (Join-Path $PSScriptRoot 'Common.ps1')
}

Describe 'A real Kubernetes on a bare host' -Skip:(-not $canHaveLabs) {
    BeforeAll {
        # The hosts' files are made once for all tests, not once a home.
        $data = if ($env:XDG_DATA_HOME) { $env:XDG_DATA_HOME } else { Join-Path $HOME '.local/share' }
        $env:SEALER_LAB_CACHE = Join-Path $data 'sealer/labs/.trees'
        $made = bash (Join-Path $Root 'tests/kubernetes.sh') 2> $null
        $parameters = Get-Content (Join-Path $made 'base-image.json') -Raw | ConvertFrom-Json -AsHashtable
        $null = New-ClusterBaseImage @parameters -Tag pester-kubernetes:v1.20.2
        $lab = New-ClusterLab -Name "apply$PID" -Count 1
        Set-Content (Join-Path $TestDrive 'Clusterfile') @"
apiVersion: sealer.io/v2
kind: Cluster
metadata: { name: sky }
spec:
  image: pester-kubernetes:v1.20.2
  env: [CgroupDriver=cgroupfs]
  ssh:
    user: root
    pk: $($lab[0].KeyPath)
    hostKeys: ['$($lab[0].HostKeyFingerprint)']
  hosts:
  - ips: [$($lab[0].Address)]
    roles: [master]
    labels: { zone: a }
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failSwapOn: false
evictionHard: { memory.available: 50Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1% }
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
conntrack: { maxPerCore: 0 }
"@
        Push-Location $TestDrive
        # Where nobody else's examples import another Sealer.
        $modules = $env:PSModulePath
        $env:PSModulePath = (Join-Path $Root 'output') + [IO.Path]::PathSeparator + $modules
        $text = (Get-Content (Join-Path $Root 'README.md') -Raw).ReplaceLineEndings("`n")
        $readme = [regex]::Match($text, '(?ms)^```powershell kubernetes\n(.*?)^```$').Groups[1].Value
    }

    AfterAll {
        Pop-Location
        Get-ClusterLab "apply$PID*" | Remove-ClusterLab
        Get-ClusterImage pester-kubernetes* | Remove-ClusterImage
        $env:PSModulePath = $modules
        Remove-Item Env:SEALER_LAB_CACHE
    }

    It 'is shown first, and nothing is done' {
        # What -WhatIf says goes to the host alone.
        $said = pwsh -NoProfile -Command "Import-Module '$Manifest'; Invoke-ClusterApply ./Clusterfile -WhatIf" | Out-String
        $said | Should -Match 'kubeadm init'
        Invoke-ClusterCommand 'test ! -e /etc/kubernetes' -Clusterfile ./Clusterfile -ErrorAction Stop
    }

    It 'is there after what the README tells, with its node ready' {
        $shown = . ([scriptblock]::Create($readme))
        $shown.Name | Should -Be $lab[0].Name
        "$($cluster.Status)" | Should -Be '1 of 1 nodes ready'
        $node = $cluster | Get-ClusterNode
        $node.IsReady | Should -BeTrue
        $node.Labels.zone | Should -Be 'a'
        $node.Version | Should -Be 'v1.20.2'
        ($node | Out-String -Width 120) | Should -Match 'Ready +control-plane, master +v1\.20\.2'
        Get-ClusterNode -Clusterfile ./Clusterfile -Name nobody | Should -BeNullOrEmpty
    }

    It 'has certificates for a hundred years, and nothing is wrong with one' {
        $certs = Get-ClusterCert ./Clusterfile
        foreach ($path in '/etc/kubernetes/admin.conf', '/etc/kubernetes/kubelet.conf', '/etc/kubernetes/pki/etcd/server.crt', '/var/lib/sealer/data/sky/rootfs/certs/sea.hub.crt') {
            $certs.Path | Should -Contain $path
        }
        # The kubelet signs its own server's certificate, for a year.
        $certs.Where{ $_.Path -notlike '*/kubelet.crt' }.DaysLeft | Measure-Object -Minimum | ForEach-Object Minimum | Should -BeGreaterThan 36000
        $certs.Problems | Should -BeNullOrEmpty
        foreach ($width in 80, 120) {
            ($certs | Out-String -Width $width) -split "`n" | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual $width }
        }
    }

    It 'and the same again does nothing and says so' {
        $cluster = Invoke-ClusterApply ./Clusterfile -Confirm:$false 6> information.txt
        $cluster.Name | Should -Be 'sky'
        Get-Content information.txt -Raw | Should -Match 'sky: nothing to do\.'
    }
}
