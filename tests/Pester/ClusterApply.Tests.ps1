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
        # The README's first command, with names of this run and a host that is left for later.
        $name = "sky$PID"
        $text = (Get-Content (Join-Path $Root 'README.md') -Raw).ReplaceLineEndings("`n")
        $command = [regex]::Match($text, '(?m)^dotnet (run .*)$').Groups[1].Value -split ' '
        Push-Location $Root
        $said = dotnet @command -Path $TestDrive -Name $name -Worker 0 | Out-String
        Pop-Location
        if ($LASTEXITCODE -ne 0) { throw $said }
        $lab = Get-ClusterLab $name
        Push-Location $TestDrive
        # Where nobody else's examples import another Sealer.
        $modules = $env:PSModulePath
        $env:PSModulePath = (Join-Path $Root 'output') + [IO.Path]::PathSeparator + $modules
        $readme = [regex]::Match($text, '(?ms)^```powershell kubernetes\n(.*?)^```$').Groups[1].Value
    }

    AfterAll {
        Pop-Location
        Get-ClusterLab $name | Remove-ClusterLab
        Get-ClusterImage "$name*" | Remove-ClusterImage
        $env:PSModulePath = $modules
        Remove-Item Env:SEALER_LAB_CACHE
    }

    It 'is shown first, delivered, and serves what it was delivered for, by the first command of the README' {
        $said | Should -Match "(?s)kubeadm init.*$name-1 +Ready +control-plane, master +v1\.20\.2.*Delivered without internet\."
        $said | Should -Not -Match "$name-2 +Ready"
    }

    It 'is what the README goes on with, its node ready' {
        $shown = . ([scriptblock]::Create($readme))
        $shown[-1].Name | Should -Be $lab[0].Name
        "$($cluster.Status)" | Should -Be '1 of 1 nodes ready'
        $node = $cluster | Get-ClusterNode
        $node.IsReady | Should -BeTrue
        $node.Version | Should -Be 'v1.20.2'
        ($node | Out-String -Width 120) | Should -Match 'Ready +control-plane, master +v1\.20\.2'
        Get-ClusterNode -Clusterfile ./Clusterfile -Name nobody | Should -BeNullOrEmpty
    }

    It 'has certificates for a hundred years, and nothing is wrong with one' {
        $certs = Get-ClusterCert ./Clusterfile
        foreach ($path in '/etc/kubernetes/admin.conf', '/etc/kubernetes/kubelet.conf', '/etc/kubernetes/pki/etcd/server.crt', "/var/lib/sealer/data/$name/rootfs/certs/sea.hub.crt") {
            $certs.Path | Should -Contain $path
        }
        # The kubelet signs its own server's certificate, for a year.
        $certs.Where{ $_.Path -notlike '*/kubelet.crt' }.DaysLeft | Measure-Object -Minimum | ForEach-Object Minimum | Should -BeGreaterThan 36000
        $certs.Problems | Should -BeNullOrEmpty
        foreach ($width in 80, 120) {
            ($certs | Out-String -Width $width) -split "`n" | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual $width }
        }
    }

    It 'is taken over by a machine that has nothing but SSH to one control plane, and found there by its name from then on' {
        $sealerHome = $env:SEALER_HOME
        Copy-Item $lab[0].KeyPath $TestDrive/key
        if ($IsLinux) { chmod 600 $TestDrive/key }
        # What -HostKey vouches for is written there, and the next lab has these addresses again.
        Set-Content $TestDrive/ssh_config "UserKnownHostsFile $TestDrive/known_hosts"
        $env:SEALER_HOME = Join-Path $TestDrive 'another'
        try {
            $access = @{ User = 'root'; KeyPath = "$TestDrive/key"; HostKey = $lab[0].HostKeyFingerprint; SshConfig = "$TestDrive/ssh_config" }
            $cluster = Get-Cluster $name -ControlPlane $lab[0].Address @access -ErrorAction Stop
            "$($cluster.Status)" | Should -Be '1 of 1 nodes ready'
            $cluster.Status.KubernetesVersion | Should -Be 'v1.20.2'
            $cluster.Status.CertificateDaysLeft | Should -BeGreaterThan 36000
            $cluster.Status.Applications.Keys | Should -Contain 'flannel'
            $cluster.Status.Image | Should -Be "${name}:v1"
            foreach ($width in 80, 120) {
                ($cluster | Out-String -Width $width) -split "`n" | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual $width }
            }
            ($cluster | Out-String -Width 120) | Should -Match '1 of 1 nodes ready'
            (Get-Cluster).Name | Should -Be $name
            (TabExpansion2 'Get-Cluster s' -cursorColumn 13).CompletionMatches.CompletionText | Should -Be $name
            (Get-Cluster sk* | Get-ClusterNode).Name | Should -Be $lab[0].Name
            (Get-Cluster $name | Get-ClusterCert).Count | Should -BeGreaterThan 10
            Get-ChildItem $env:SEALER_HOME -Recurse -File | Select-String 'passw' | Should -BeNullOrEmpty
            # Its image it has to have, as every controller.
            { Get-Cluster $name | Get-ClusterPlan -ErrorAction Stop } | Should -Throw -ErrorId 'ImageNotFound,*'
            Remove-Item (Join-Path $env:SEALER_HOME 'images') -Recurse -Force -ErrorAction Ignore
            $null = New-Item -ItemType SymbolicLink (Join-Path $env:SEALER_HOME 'images') -Target ([System.IO.Path]::Combine($(if ($sealerHome) { $sealerHome } else { Join-Path $data 'sealer' }), 'images'))
            (Get-Cluster $name | Get-ClusterPlan).Steps | ForEach-Object { "$_ $($_.Why)" } | Should -BeNullOrEmpty
            $null = Get-Cluster $name | Invoke-ClusterApply -Confirm:$false 6> taken.txt
            Get-Content taken.txt -Raw | Should -Match "${name}: nothing to do\."

            # One that does not answer is told of all the same.
            $known = Join-Path $env:SEALER_HOME "clusters/$name/cluster.json"
            (Get-Content $known -Raw) -replace '"port": 22', '"port": 9' | Set-Content $known
            $silent = Get-Cluster $name -ErrorAction SilentlyContinue -ErrorVariable wrong
            "$($silent.Status)" | Should -Be 'unreachable'
            $wrong[0].FullyQualifiedErrorId | Should -BeLike 'ClusterSilent,*'
            { $silent | Get-ClusterPlan -ErrorAction Stop } | Should -Throw -ErrorId 'ClusterNotWhole,*'
        }
        finally { $env:SEALER_HOME = $sealerHome }
        $clusterfile = Get-Cluster -Path ./Clusterfile -ErrorAction Stop
        "$($clusterfile.Status) $($clusterfile.Status.KubernetesVersion)" | Should -Be '1 of 1 nodes ready v1.20.2'
        $clusterfile.Path | Should -Exist
        { Get-Cluster nowhere -ErrorAction Stop } | Should -Throw -ErrorId 'ClusterNotKnown,*'
    }

    It 'is well, and what is not is told with its remedy and in the report' {
        # What was started a moment ago takes its time to be ready.
        Invoke-ClusterCommand 'kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-system wait --for=condition=Ready pod --all --timeout=180s' -Clusterfile ./Clusterfile -ErrorAction Stop
        $results = Test-Cluster ./Clusterfile
        $results.Where{ $_.Status -ne 'Passed' -and $_.Check -ne 'NodePairs' } | ForEach-Object { "$_ $($_.Message)" } | Should -BeNullOrEmpty
        ($results | Where-Object Check -eq NodePairs).Status | Should -Be 'Skipped'
        $results.Check | Sort-Object -Unique | Should -HaveCount 14
        Test-Cluster ./Clusterfile -Check Etcd, Api* -Quiet | Should -BeTrue
        ($results | Out-String -Width 120) -split "`n" | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 120 }
        { Test-Cluster ./Clusterfile -Check Etdc } | Should -Throw '*Did you mean Etcd*'

        Invoke-ClusterCommand 'mv /etc/containerd/certs.d /root/' -Clusterfile ./Clusterfile -ErrorAction Stop
        try {
            $wrong = Test-Cluster ./Clusterfile -JUnitPath ./cluster.xml | Where-Object Status -eq Failed
            $wrong.Check | Should -Be 'RegistryPull'
            $wrong.Remedy | Should -Match 'certs.d'
            ([xml](Get-Content ./cluster.xml -Raw)).testsuites.failures | Should -Be 1
            Test-Cluster ./Clusterfile -Ignore RegistryPull -Quiet | Should -BeTrue
        }
        finally {
            Invoke-ClusterCommand 'mv /root/certs.d /etc/containerd/' -Clusterfile ./Clusterfile -ErrorAction Stop
        }
    }

    It 'answers to a name that its certificate got, and has all of its certificates new and for as long as is wanted' {
        # The README added the name.
        $given = (Get-ClusterCert ./Clusterfile).Where{ $_.Path -like '*/apiserver.crt' }
        $given.SubjectAlternativeNames | Should -Contain 'api.sky.example.com'
        $given.DaysLeft | Should -BeGreaterThan 36000
        { Update-ClusterCert ./Clusterfile } | Should -Throw '*-Renew*'
        { Update-ClusterCert ./Clusterfile -Renew -ValidFor 0 } | Should -Throw '*365*'
        $said = pwsh -NoProfile -Command "Import-Module '$Manifest'; Update-ClusterCert ./Clusterfile -Renew -WhatIf" | Out-String
        $said | Should -Match 'its renewal was asked for'
        (Get-ClusterCert ./Clusterfile).Where{ $_.Path -like '*/apiserver.crt' }.Info.SerialNumber | Should -Be $given.Info.SerialNumber

        $cluster = Get-Clusterfile ./Clusterfile | Update-ClusterCert -Renew -ValidFor 730 -Confirm:$false
        "$($cluster.Status)" | Should -Be '1 of 1 nodes ready'
        $certs = (Get-ClusterCert ./Clusterfile).Where{ $_.Form -ne 'Authority' -and $_.Path -like '/etc/kubernetes/*' -and $_.Path -notlike '*/kubelet.conf' }
        $certs.Count | Should -BeGreaterThan 9
        ($certs.DaysLeft | Measure-Object -Minimum -Maximum).ForEach{ $_.Minimum, $_.Maximum } | Should -Be 729, 729
        $certs.Where{ $_.Path -like '*/apiserver.crt' }.SubjectAlternativeNames | Should -Contain 'api.sky.example.com'
        $certs.Problems | Should -BeNullOrEmpty
    }

    It 'and the same again does nothing and says so' {
        $cluster = Invoke-ClusterApply ./Clusterfile -Confirm:$false 6> information.txt
        $cluster.Name | Should -Be $name
        Get-Content information.txt -Raw | Should -Match "${name}: nothing to do\."
    }

    It 'gets a worker, whose host brings its own key, and the Clusterfile says so' {
        $before = Get-Content ./Clusterfile -Raw
        $cluster = $lab[1] | Add-ClusterNode -Clusterfile ./Clusterfile -Confirm:$false -WarningVariable warnings -WarningAction SilentlyContinue
        "$($cluster.Status)" | Should -Be '2 of 2 nodes ready'
        (Get-Clusterfile ./Clusterfile).Spec.Hosts.Count | Should -Be 2
        "$warnings" | Should -Match 'kept as'
        Get-Content ./Clusterfile.*.bak -Raw | Should -Be $before
        $lab[1] | Add-ClusterNode -Clusterfile ./Clusterfile -Confirm:$false 6> information.txt | Should -Not -BeNullOrEmpty
        Get-Content information.txt -Raw | Should -Match "${name}: nothing to do\."
    }

    It 'and loses it again, piped from the nodes that there are' {
        { Remove-ClusterNode $lab[0].Address, $lab[1].Address -Clusterfile ./Clusterfile -Confirm:$false -ErrorAction Stop } | Should -Throw '*Remove-Cluster*'
        $cluster = Get-Clusterfile ./Clusterfile | Get-ClusterNode -Name $lab[1].Name | Remove-ClusterNode -UpdateClusterfile -Confirm:$false
        "$($cluster.Status)" | Should -Be '1 of 1 nodes ready'
        (Get-Clusterfile ./Clusterfile).Spec.Hosts.Count | Should -Be 1
        Invoke-ClusterCommand 'test ! -e /etc/kubernetes && test ! -e /usr/bin/kubelet' -InputObject $lab[1] -ErrorAction Stop
    }

    It 'is taken away, and nothing is left to be taken away' {
        Get-Cluster $name | Remove-Cluster -WhatIf
        Get-ClusterNode -Clusterfile ./Clusterfile | Should -Not -BeNullOrEmpty
        Remove-Cluster ./Clusterfile -Confirm:$false | Should -BeNullOrEmpty
        Invoke-ClusterCommand 'test ! -e /etc/kubernetes && test ! -e /usr/bin/kubelet && test -z "$(ls -A /var/lib/sealer)"' -Clusterfile ./Clusterfile -ErrorAction Stop
        Remove-Cluster ./Clusterfile -Confirm:$false 6> information.txt
        Get-Content information.txt -Raw | Should -Match "${name}: nothing to do\."
    }
}
