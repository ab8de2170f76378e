namespace Sealer.Hosts.Facts;

/// <summary>Asks a host for all its facts at once: lines of a key, a tab and a value. Only what a bare POSIX host has is used.</summary>
internal static class FactsScript
{
    public const string Text = """
        PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
        say() { printf '%s\t%s\n' "$1" "$2"; }
        first() { [ -r "$1" ] && IFS= read -r l < "$1" && say "$2" "$l"; }
        say time "$(date +%s)"
        say uid "$(id -u)"
        say hostname "$(hostname 2>/dev/null || uname -n)"
        say kernel "$(uname -r)"
        say machine "$(uname -m)"
        first /sys/class/dmi/id/product_uuid product_uuid
        first /etc/machine-id machine_id
        f=/etc/os-release; [ -r $f ] || f=/usr/lib/os-release
        [ -r $f ] && (. $f; say os_id "$ID"; say os_version "$VERSION_ID"; say os_name "$PRETTY_NAME")
        say cpus "$(getconf _NPROCESSORS_ONLN 2>/dev/null || grep -c ^processor /proc/cpuinfo)"
        while read -r k v u; do case $k in MemTotal:|MemAvailable:|SwapTotal:) say "${k%:}" "$v";; esac; done </proc/meminfo
        df -Pk 2>/dev/null | while IFS= read -r l; do say df "$l"; done
        while IFS= read -r l; do case $l in
            *' overlay '*|*' ext'*|*' xfs '*|*' btrfs '*|*' tmpfs '*|*' zfs '*|*' vfat '*|*' nfs'*) say mount "$l";; esac; done </proc/mounts
        ip -o addr show 2>/dev/null | while IFS= read -r l; do say addr "$l"; done
        ip -o route show default 2>/dev/null | while IFS= read -r l; do say route "$l"; done
        for t in tar gzip zstd sha256sum ssh curl systemctl modprobe iptables nft ipvsadm conntrack socat ethtool crictl ctr containerd docker kubeadm kubectl kubelet firewall-cmd ufw chronyc timedatectl setenforce script base64 python3; do
            p=$(command -v $t 2>/dev/null) && say tool "$t $p"; done
        cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep ' 0A ' | while read -r n a r; do say port "${a##*:}"; done
        for m in overlay br_netfilter nf_conntrack ip_vs ip_vs_rr ip_vs_wrr ip_vs_sh; do
            if [ -d /sys/module/$m ] || grep -q "^$m " /proc/modules 2>/dev/null; then s=Loaded
            elif modprobe -n -q $m 2>/dev/null; then s=Available; else s=Missing; fi
            say module "$m $s"; done
        for k in net/ipv4/ip_forward net/ipv6/conf/all/forwarding net/bridge/bridge-nf-call-iptables net/bridge/bridge-nf-call-ip6tables fs/inotify/max_user_instances fs/inotify/max_user_watches fs/file-max vm/overcommit_memory kernel/panic; do
            [ -r /proc/sys/$k ] && say sysctl "$k $(cat /proc/sys/$k)"; done
        [ -f /sys/fs/cgroup/cgroup.controllers ] && say cgroup 2 || say cgroup 1
        [ -d /run/systemd/system ] && say systemd 1
        first /sys/fs/selinux/enforce selinux
        first /sys/module/apparmor/parameters/enabled apparmor
        command -v kubelet >/dev/null 2>&1 && say kubelet "$(kubelet --version 2>/dev/null)"
        for f in /etc/kubernetes/admin.conf /etc/kubernetes/kubelet.conf /var/lib/etcd/member; do [ -e $f ] && say file $f; done
        for s in /run/containerd/containerd.sock /run/docker.sock /run/crio/crio.sock /run/cri-dockerd.sock; do [ -S $s ] && say socket $s; done
        for d in /var/lib/sealer/data/*/; do [ -d "$d" ] && d=${d%/} && say sealer "${d##*/}"; done
        say end 1
        """;
}
