namespace Sealer.Hosts.Checks;

/// <summary>
/// Asks a host for what only its checks want to know, after the facts and in the same round trip. Its functions are those of
/// <see cref="Facts.FactsScript"/>. Nothing is changed; what is written to measure the disk is taken away again.
/// </summary>
internal static class ConditionsScript
{
    /// <summary>Name of the variable with the folders that will be written to, one a line.</summary>
    public const string Folders = "SEALER_FOLDERS";

    /// <summary>Name of the variable with the folder whose disk is to be measured; empty for none.</summary>
    public const string Measured = "SEALER_MEASURED";

    // Lines of chains, routes and sockets beyond these tell nothing more.
    public static readonly string Text = """
        there() { a=$1; while [ ! -d "$a" ]; do a=${a%/*}; [ -n "$a" ] || a=/; done; }
        lines() { k=$1; while IFS= read -r l || [ -n "$l" ]; do say "$k" "$l"; done; }
        lasting() { if command -v timeout >/dev/null 2>&1; then timeout "$@"; else shift; "$@"; fi; }
        i=0
        while IFS= read -r p; do
            there "$p"
            say place "$i $(df -Pk "$a" 2>/dev/null | tail -n 1)"
            say inodes "$i $(df -Pi "$a" 2>/dev/null | tail -n 1)"
            [ -w "$a" ] && say writable "$i"
            i=$((i+1))
        done <<END
        $SEALER_FOLDERS
        END
        while IFS= read -r l; do
            case $l in *' nsfs '*|*/kubelet/pods/*|*'/docker/overlay2/'*|*/io.containerd.*|*'/containers/storage/'*) ;; *) say mounts "$l";; esac
        done </proc/mounts
        if command -v xfs_info >/dev/null 2>&1; then
            while read -r d m t r; do [ "$t" = xfs ] && case $(xfs_info "$m" 2>/dev/null) in *ftype=0*) say noftype "$m";; esac; done </proc/mounts
        fi
        say swaps "$(tail -n +2 /proc/swaps 2>/dev/null | while read -r f r; do printf '%s ' "$f"; done)"
        say zone "$(date +%z) $(date +%Z)"
        say resolves "$(lasting 5 getent hosts "$(hostname 2>/dev/null || uname -n)" 2>/dev/null | head -n 1)"
        [ -r /etc/resolv.conf ] && say resolv "" && lines resolv </etc/resolv.conf
        [ -r /run/systemd/resolve/resolv.conf ] && lines resolved </run/systemd/resolve/resolv.conf
        f=/etc/resolv.conf; grep -q '^nameserver[ 	]*127\.0\.0\.53' $f 2>/dev/null && [ -r /run/systemd/resolve/resolv.conf ] && f=/run/systemd/resolve/resolv.conf
        if command -v bash >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1; then
            say dnsprobe 1
            grep '^nameserver' $f 2>/dev/null | head -n 3 | { while read -r n s r; do
                (case $(timeout 2 bash -c 'exec 3<>"/dev/udp/$0/53" && printf "\000\001\001\000\000\001\000\000\000\000\000\000\000\000\002\000\001" >&3 && head -c 1 <&3 | wc -c' "$s" 2>/dev/null) in *1*) say dnsanswer "$s";; esac) &
            done; wait; }
        fi
        ip -o route show 2>/dev/null | head -n 500 | lines routes
        ip -o -6 route show 2>/dev/null | head -n 500 | lines routes
        ip -o link show 2>/dev/null | head -n 300 | lines link
        ss -Hltnp 2>/dev/null | head -n 500 | lines listens
        if command -v systemctl >/dev/null 2>&1; then
            for u in chronyd chrony ntpd ntp ntpsec openntpd systemd-timesyncd firewalld ufw kubelet docker containerd crio k3s k3s-agent rke2-server rke2-agent k0scontroller k0sworker etcd systemd-resolved; do
                [ "$(systemctl is-active $u 2>/dev/null)" = active ] && say active "$u"; done
            say nofile "$(systemctl show -p DefaultLimitNOFILE 2>/dev/null)"
            systemctl show-environment 2>/dev/null | while IFS= read -r l; do case $l in
                http_proxy=?*|https_proxy=?*|HTTP_PROXY=?*|HTTPS_PROXY=?*) say proxy "${l%%=*} in systemd's environment";;
                no_proxy=*|NO_PROXY=*) say noproxy "${l#*=}";; esac; done
        fi
        while IFS= read -r l; do l=${l#export }; l=${l# }; case $l in
            http_proxy=?*|https_proxy=?*|HTTP_PROXY=?*|HTTPS_PROXY=?*) say proxy "${l%%=*} in /etc/environment";;
            no_proxy=*|NO_PROXY=*) say noproxy "${l#*=}";; esac; done 2>/dev/null </etc/environment
        [ -n "$http_proxy$https_proxy$HTTP_PROXY$HTTPS_PROXY" ] && say proxy "the user's environment"
        [ -n "$no_proxy$NO_PROXY" ] && say noproxy "$no_proxy,$NO_PROXY"
        if command -v firewall-cmd >/dev/null 2>&1; then say firewalld "$(firewall-cmd --list-ports 2>/dev/null)"; fi
        if command -v ufw >/dev/null 2>&1; then ufw status 2>/dev/null | head -n 200 | lines ufw; fi
        if command -v iptables >/dev/null 2>&1; then
            iptables -S INPUT 2>/dev/null | head -n 200 | lines iptables
            iptables -S FORWARD 2>/dev/null | head -n 1 | lines iptables
        fi
        if command -v nft >/dev/null 2>&1; then
            t=; c=
            nft list chains 2>/dev/null | while read -r w x y z; do
                case $w in table) t="$x $y";; chain) c=$x;; type) case "$x $y $z" in *'hook input'*'policy drop'*)
                    case "$t $c" in 'ip filter INPUT'|'ip6 filter INPUT') ;; *)
                        say nft "policy $t $c"; nft list chain $t "$c" 2>/dev/null | head -n 100 | lines nft;; esac;; esac;; esac; done
        fi
        if [ -f /sys/fs/cgroup/cgroup.controllers ]; then for c in $(cat /sys/fs/cgroup/cgroup.controllers); do say controller "$c"; done
        else while read -r c h n e; do [ "$e" = 1 ] && say controller "$c"; done </proc/cgroups; fi
        for t in mount umount ip iptables conntrack socat ethtool tc nsenter bash getent sysctl modprobe apparmor_parser systemctl @TOOLS@; do
            command -v $t >/dev/null 2>&1 && say have "$t"; done
        for f in /etc/kubernetes/*.conf /etc/kubernetes/manifests/*.yaml /etc/kubernetes/pki/ca.crt /var/lib/kubelet/config.yaml; do [ -e "$f" ] && say kube "$f"; done
        for f in /etc/cni/net.d/*; do [ -e "$f" ] && say cni "$f"; done
        for f in /var/lib/etcd/member /var/lib/rancher /var/lib/k0s /etc/rancher; do [ -e "$f" ] && say state "$f"; done
        s=$(command -v sshd || echo /usr/sbin/sshd); [ -x "$s" ] && "$s" -T 2>/dev/null | while read -r k v r; do
            case $k in maxsessions|allowtcpforwarding|maxstartups) say sshd "$k $v";; esac; done
        if [ -n "$SEALER_MEASURED" ]; then
            there "$SEALER_MEASURED"; f=$a/.sealer-preflight-$$
            trap 'rm -f "$f"' EXIT; trap 'exit 1' HUP INT TERM
            say fsync "$(LC_ALL=C lasting 10 dd if=/dev/zero of="$f" bs=2300 count=50 oflag=dsync 2>&1 | tail -n 1)"
            rm -f "$f"
        fi
        wait
        say finished 1
        """.Replace("@TOOLS@", string.Join(' ', HostTools.OfContent), StringComparison.Ordinal);
}
