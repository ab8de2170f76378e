BeforeDiscovery {
    # What the lab tier tests as well, and fails without: this is about the whole of it, as examples/skyline delivers it.
    $canHaveLabs = $IsLinux -and (id -u) -eq '0' -and (Get-Command mmdebstrap -CommandType Application -ErrorAction Ignore)
}

BeforeAll {
    . (Join-Path $PSScriptRoot 'Common.ps1')

    # Container images of the platform's names that answer on the port that theirs do: of busybox, in a folder as New-ClusterBaseImage
    # and Build-ClusterImage take one.
    function Write-StandIn([string] $Busybox, [string] $Path, [hashtable] $Ports) {
        Copy-Item $Busybox $Path -Recurse
        $index = Get-Content (Join-Path $Path 'index.json') -Raw | ConvertFrom-Json -AsHashtable
        $blobs = Join-Path $Path 'blobs/sha256'
        function Write-Blob($Value) {
            $bytes = [Text.Encoding]::UTF8.GetBytes(($Value | ConvertTo-Json -Depth 20 -Compress))
            $hex = [Convert]::ToHexString([Security.Cryptography.SHA256]::HashData($bytes)).ToLowerInvariant()
            [IO.File]::WriteAllBytes((Join-Path $blobs $hex), $bytes)
            @{ Digest = "sha256:$hex"; Size = $bytes.Length }
        }
        $one = $index.manifests[0]
        $manifest = Get-Content (Join-Path $blobs $one.digest.Substring(7)) -Raw | ConvertFrom-Json -AsHashtable
        $config = Get-Content (Join-Path $blobs $manifest.config.digest.Substring(7)) -Raw | ConvertFrom-Json -AsHashtable
        $index.manifests = @(
            foreach ($name in $Ports.Keys) {
                if (-not $config.config) { $config.config = @{} }
                $config.config.Entrypoint = @('/bin/sh', '-c', "mkdir -p /www && echo $name > /www/index.html && exec httpd -f -h /www -p $($Ports[$name])")
                $config.config.Remove('Cmd')
                $blob = Write-Blob $config
                $manifest.config.digest, $manifest.config.size = $blob.Digest, $blob.Size
                $blob = Write-Blob $manifest
                @{ mediaType = $one.mediaType; digest = $blob.Digest; size = $blob.Size; platform = $one.platform; annotations = @{ 'org.opencontainers.image.ref.name' = $name } }
            }
        )
        $index | ConvertTo-Json -Depth 20 -Compress | Set-Content (Join-Path $Path 'index.json') -NoNewline
    }
}

Describe 'The whole platform on bare hosts, by examples/skyline' -Skip:(-not $canHaveLabs) {
    BeforeAll {
        # The hosts' files are made once for all tests, not once a home.
        $data = if ($env:XDG_DATA_HOME) { $env:XDG_DATA_HOME } else { Join-Path $HOME '.local/share' }
        $env:SEALER_LAB_CACHE = Join-Path $data 'sealer/labs/.trees'
        $example = Join-Path $Root 'examples/skyline'
        $made = bash (Join-Path $Root 'tests/kubernetes.sh') 2> $null
        $parameters = Get-Content (Join-Path $made 'base-image.json') -Raw | ConvertFrom-Json -AsHashtable
        $null = New-ClusterBaseImage @parameters -Tag kubernetes:v1.20.2
        Write-StandIn (Join-Path $made 'more-images') (Join-Path $TestDrive 'stand-ins') @{
            'quay.io/metallb/controller:v0.12.1'          = 7472
            'quay.io/metallb/speaker:v0.12.1'             = 7472
            'docker.io/library/redis:6.2.14'              = 6379
            'docker.io/library/rabbitmq:3.12.14'          = 5672
            'registry.example.com/skyline/portal:3.0.0'   = 8080
        }
        $archive = Join-Path $TestDrive 'skyline-v3.tar'
        Build-ClusterImage -Path (Join-Path $example 'image') -Tag registry.example.com/skyline:v3 -BuildArgument @{ KUBERNETES = 'v1.20.2' } -ImageArchive "oci:$(Join-Path $TestDrive 'stand-ins')" -Pull Never |
            Export-ClusterImage -Path $archive
        Get-ClusterImage registry.example.com/skyline*, kubernetes* | Remove-ClusterImage

        $lab = New-ClusterLab -Name "skyline$PID" -Count 2
        $clusterfile = Join-Path $TestDrive 'Clusterfile'
        # Its last lines are what hosts that are no machines of their own need to be told.
        Set-Content $clusterfile @"
apiVersion: sealer.io/v2
kind: Cluster
metadata: { name: skyline }
spec:
  image: registry.example.com/skyline:v3
  env: [Site=berlin, CgroupDriver=cgroupfs]
  ssh:
    user: root
    pk: $($lab[0].KeyPath)
    hostKeys: ['$($lab[0].HostKeyFingerprint)', '$($lab[1].HostKeyFingerprint)']
  hosts:
  - { ips: [$($lab[0].Address)], roles: [master] }
  - { ips: [$($lab[1].Address)], roles: [node] }
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
conntrack: { maxPerCore: 0 }
---
$((Get-Content (Join-Path $example 'site.yaml') -Raw).TrimEnd())
failSwapOn: false
evictionHard: { memory.available: 50Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1% }
"@
        # Their way out leads to this machine, which forwards nothing: what wants to leave, of hosts and pods alike, is counted.
        # No router passes link-local addresses on: the kubelet asks one of them for a cloud around it.
        $network = $lab[0].Address -replace '\.\d+$', '.0/24'
        Invoke-ClusterCommand -Clusterfile $clusterfile -ErrorAction Stop (@'
iptables -t mangle -N LEAVES
for own in NETWORK 100.64.0.0/10 10.96.0.0/22 169.254.0.0/16; do iptables -t mangle -A LEAVES -d $own -j RETURN; done
iptables -t mangle -A LEAVES -m comment --comment leaves
iptables -t mangle -I POSTROUTING -o eth0 -j LEAVES
'@ -replace 'NETWORK', $network)
        function Get-Left { (Invoke-ClusterCommand -Clusterfile $clusterfile "iptables -t mangle -nvxL LEAVES | awk '/leaves/ { print `$1 }'" -ErrorAction Stop).Text }
    }

    AfterAll {
        Get-ClusterLab "skyline$PID*" | Remove-ClusterLab
        Get-ClusterImage registry.example.com/skyline*, kubernetes* | Remove-ClusterImage
        Remove-Item Env:SEALER_LAB_CACHE
    }

    It 'is delivered in one run that asks nothing, well within ten minutes' {
        $phases = & (Join-Path $example 'deliver.ps1') -Archive $archive -Clusterfile $clusterfile -IgnoreCheck Error, Warning
        $phases | Out-String -Width 120 | Write-Information -InformationAction Continue
        $phases[-1].Phase | Should -Be 'from archive to applications that answer'
        $phases[-1].Seconds | Should -BeLessThan 600
        $phases.Phase | Should -Contain '  of it kubeadm'
    }

    It 'answers, with its middleware, from every host' {
        $answers = Invoke-ClusterCommand -Clusterfile $clusterfile 'curl -s --retry 20 --retry-all-errors --retry-delay 1 http://$(hostname -i | cut -d" " -f1):30080/'
        $answers.Text | Should -Be (@('registry.example.com/skyline/portal:3.0.0') * 2)
        $ready = Invoke-ClusterCommand -Clusterfile $clusterfile -Address $lab[0].Address 'kubectl --kubeconfig /etc/kubernetes/admin.conf -n skyline get configmap handover -o jsonpath={.data.ready}'
        $ready.Text | Should -Be 'true'
    }

    It 'has what the site says: load balancers, agents, and how many pods a node takes' {
        $kubectl = 'kubectl --kubeconfig /etc/kubernetes/admin.conf'
        $pool = Invoke-ClusterCommand -Clusterfile $clusterfile -Address $lab[0].Address "$kubectl -n metallb-system get configmap config -o jsonpath={.data.config}"
        $pool.Text -join ' ' | Should -Match '10\.0\.0\.200-10\.0\.0\.220'
        $pods = Invoke-ClusterCommand -Clusterfile $clusterfile -Address $lab[0].Address "$kubectl get nodes -o jsonpath='{.items[*].status.capacity.pods}'"
        $pods.Text | Should -Be '200 200'
        $agents = Invoke-ClusterCommand -Clusterfile $clusterfile 'grep -h ^site= /etc/skyline/agent.conf'
        $agents.Text | Should -Be @('site=berlin', 'site=berlin')
    }

    It 'let no packet leave, and one that leaves is counted' {
        Get-Left | Should -Be @('0', '0')
        $null = Invoke-ClusterCommand -Clusterfile $clusterfile 'ping -c 1 -W 1 203.0.113.9; :'
        Get-Left | ForEach-Object { [int] $_ | Should -BeGreaterThan 0 }
    }
}
