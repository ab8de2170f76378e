BeforeDiscovery {
    # Made for the tiers that need hosts, and too much to be made for this alone.
    $cache = if ($env:XDG_CACHE_HOME) { $env:XDG_CACHE_HOME } else { Join-Path $HOME '.cache' }
    $made = Get-ChildItem (Join-Path $cache 'sealer-tests') -Directory -Filter 'kubernetes-v1.20.2-*' -ErrorAction Ignore |
        Sort-Object LastWriteTime | Select-Object -Last 1
    $folders = @($made | ForEach-Object { @{ Folder = $_.FullName } })
}

BeforeAll {
    . (Join-Path $PSScriptRoot 'Common.ps1')
}

Describe 'A base image of <Folder>' -ForEach $folders {
    BeforeAll {
        $parameters = Get-Content (Join-Path $Folder 'base-image.json') -Raw | ConvertFrom-Json -AsHashtable
        $image = New-ClusterBaseImage @parameters
    }

    AfterAll {
        $image | Remove-ClusterImage -Confirm:$false
    }

    It 'is named after its Kubernetes' {
        $image.Name | Should -Be 'kubernetes:v1.20.2'
        $image.RuntimeVersion | Should -Be 'v1.20.2'
        $image.ContainerRuntimeVersion | Should -Be "v$($parameters.ContainerdVersion)"
    }

    It 'has the container images that kubeadm asks for, of no registry' {
        foreach ($name in 'kube-apiserver:v1.20.2', 'kube-controller-manager:v1.20.2', 'kube-scheduler:v1.20.2', 'kube-proxy:v1.20.2', 'pause:3.2', 'etcd:3.4.13-0', 'coredns:1.7.0') {
            $image.ContainerImages.Image | Should -Contain "k8s.gcr.io/$name"
        }
    }

    It 'launches its network' {
        $image.Launch.AppNames | Should -Be 'flannel'
    }
}
