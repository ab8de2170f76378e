namespace Sealer.Tests.Hosts.Checks;

/// <summary>Something that is wrong with a lab host: how it is made so, and how it is mended where no command does it.</summary>
/// <param name="Check">The check that sees it.</param>
/// <param name="Break">Run on the second host as root; <c>FIRST</c> and <c>SECOND</c> are the addresses.</param>
/// <param name="Mend">Run in place of a remedy that is no command; null where the remedy is one, which then is what is run.</param>
/// <param name="Clean">Run at the end: takes away what made it so, where the remedy does not.</param>
/// <param name="Others">Run on the first host as well, when it breaks.</param>
/// <param name="OthersClean">Run on the first host at the end.</param>
internal sealed record BrokenHost(string Check, string Break, string? Mend = null, string? Clean = null, string? Others = null, string? OthersClean = null)
{
    /// <summary>A program of the host's that tells something else than it would: <c>REAL</c> is the real one.</summary>
    public static string Telling(string program, string script) =>
        $$"""
        real=$(PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v {{program}}); cat > /usr/local/bin/{{program}} <<'END'
        #!/bin/sh
        {{script}}
        END
        sed -i "s#REAL#$real#g" /usr/local/bin/{{program}}; chmod 755 /usr/local/bin/{{program}}
        """;

    public static string Silent(string program) => $"rm -f /usr/local/bin/{program}";

    /// <summary>A file of the kernel's that shows something else.</summary>
    public static string Showing(string file, string filter) => $"{filter} {file} > /run/shown && mount --bind /run/shown {file}";

    public static IReadOnlyList<BrokenHost> All { get; } =
    [
        new("SshServer", "echo MaxSessions 2 > /etc/ssh/sshd_config.d/00-first.conf", "rm /etc/ssh/sshd_config.d/00-first.conf"),
        new("HostName", "cp /etc/hosts /run/hosts; cat /etc/hostname > /run/hostname; echo SECOND Bad_Name bad-name >> /etc/hosts; echo Bad_Name > /proc/sys/kernel/hostname",
            Clean: "hostname $(cat /run/hostname); cat /run/hostname > /etc/hostname; cat /run/hosts > /etc/hosts"),
        new("HostNameUnique", "cat /etc/hostname > /run/hostname; hostname $(awk '$1 == \"FIRST\" { print $2; exit }' /etc/hosts)", "hostname $(cat /run/hostname)"),
        new("HostNameResolves", "echo '127.0.0.1 localhost' > /run/hosts; mount --bind /run/hosts /etc/hosts", Clean: "umount /etc/hosts"),
        new("ProductUuid", Uuid("1"), "echo 2 > /sys/class/dmi/id/product_uuid", "umount /sys/class", Uuid("1"), "umount /sys/class"),
        new("MachineId", "cp /etc/machine-id /run/machine-id; echo 0123456789abcdef0123456789abcdef > /etc/machine-id", Clean: "rm -f /etc/machine-id; cat /run/machine-id > /etc/machine-id",
            Others: "cp /etc/machine-id /run/machine-id; echo 0123456789abcdef0123456789abcdef > /etc/machine-id", OthersClean: "cat /run/machine-id > /etc/machine-id"),
        new("MacAddress", Telling("ip", "REAL \"$@\" | sed 's#link/ether [0-9a-f:]*#link/ether 02:00:00:00:00:01#'"), Silent("ip"),
            Others: Telling("ip", "REAL \"$@\" | sed 's#link/ether [0-9a-f:]*#link/ether 02:00:00:00:00:01#'"), OthersClean: Silent("ip")),
        new("Architecture", Telling("uname", "[ \"$1\" = -m ] && echo s390x || REAL \"$@\""), Silent("uname")),
        new("Kernel", Telling("uname", "[ \"$1\" = -r ] && echo 2.6.32-754.el6 || REAL \"$@\""), Silent("uname")),
        new("Systemd", "mv /run/systemd/system /run/systemd/away", "mv /run/systemd/away /run/systemd/system"),
        new("Cpu", Telling("getconf", "echo 1"), Silent("getconf")),
        new("Memory", Showing("/proc/meminfo", "sed 's/^MemTotal:.*/MemTotal: 1000000 kB/'"), "umount /proc/meminfo"),
        new("DiskSpace", Telling("df", "REAL \"$@\" | awk '$1 != \"Filesystem\" && w != \"i\" { $4 = w } { print }' w=$(case $1 in *i) echo i;; *) echo 1000;; esac) | sed 's/ i / 9999999 /'"), Silent("df")),
        new("Inodes", Telling("df", "REAL \"$@\" | awk '$1 != \"Filesystem\" && i { $4 = 10; $2 = 1000 } { print }' i=$(case $1 in *i) echo 1;; esac)"), Silent("df")),
        new("MountOptions", Overlay("noexec"), Clean: "umount /var/lib/kubelet"),
        new("MountOptions", Overlay("ro"), Clean: "umount /var/lib/kubelet"),
        new("FileSystem", "mount -t tmpfs -o size=200g tmpfs /var/lib/etcd", "umount /var/lib/etcd"),
        new("EtcdDisk", Writing("2.5"), Writing("0.01")),
        new("ClockSkew", Telling("date", "[ \"$1\" = +%s ] && echo $(($(REAL +%s) + 3600)) || REAL \"$@\""), Silent("date")),
        new("TimeService", "systemctl stop chronyd", "systemctl enable --now chronyd"),
        new("TimeZone", "cp /etc/environment /run/environment; echo TZ=JST-9 >> /etc/environment", "cat /run/environment > /etc/environment"),
        new("Swap", $"{Showing("/proc/swaps", "(cat; echo '/swap.img file 1048572 0 -2') <")}; {Telling("swapoff", "umount /proc/swaps")}; cp /etc/fstab /run/fstab; echo '/swap.img none swap sw 0 0' >> /etc/fstab",
            Clean: $"{Silent("swapoff")}; ! grep -q '^/swap' /etc/fstab && cat /run/fstab > /etc/fstab"),
        new("SeLinux",
            $"mkdir -p /run/groups; mount --rbind /sys/fs/cgroup /run/groups; mount -t tmpfs tmpfs /sys/fs; mkdir /sys/fs/cgroup /sys/fs/selinux; mount --rbind /run/groups /sys/fs/cgroup; echo 1 > /sys/fs/selinux/enforce; mkdir -p /etc/selinux; echo SELINUX=enforcing > /etc/selinux/config; {Telling("setenforce", "echo $1 > /sys/fs/selinux/enforce")}",
            Clean: $"{Silent("setenforce")}; umount -l /sys/fs; umount -l /run/groups; grep -q permissive /etc/selinux/config && rm -r /etc/selinux"),
        new("AppArmor", $"{Modules("mkdir -p /sys/module/apparmor/parameters; echo Y > /sys/module/apparmor/parameters/enabled")}", Telling("apparmor_parser", ":"), $"{Silent("apparmor_parser")}; umount /sys/module"),
        new("Cgroups", "f=/proc/cgroups; [ -f /sys/fs/cgroup/cgroup.controllers ] && f=/sys/fs/cgroup/cgroup.controllers; sed 's/^\\(pids.*\\)1$/\\10/; s/ pids\\b//' $f > /run/shown; mount --bind /run/shown $f", "umount /proc/cgroups || umount /sys/fs/cgroup/cgroup.controllers"),
        new("KernelModules", Without("nf_conntrack"), With),
        new("Ipvs", Without("ip_vs"), With),
        new("IpForward", "sysctl -w net.ipv4.ip_forward=0", Clean: "rm -f /etc/sysctl.d/99-kubernetes.conf"),
        new("BridgeNetfilter", "sysctl -w net.bridge.bridge-nf-call-iptables=0", Clean: "rm -f /etc/sysctl.d/99-kubernetes.conf"),
        new("Inotify", "echo 16 > /proc/sys/fs/inotify/max_user_instances", Clean: "rm -f /etc/sysctl.d/99-kubernetes.conf"),
        new("OpenFiles", "printf '[Manager]\\nDefaultLimitNOFILE=1024\\n' > /etc/systemd/system.conf.d/files.conf; systemctl daemon-reexec", Clean: "rm /etc/systemd/system.conf.d/*files.conf; systemctl daemon-reexec"),
        new("Tools", "mount --bind /dev/null $(command -v gzip)", "umount $(readlink -f /usr/bin/gzip)"),
        new("KubernetesTools", "mount --bind /dev/null $(command -v socat)", "umount /usr/bin/socat"),
        new("Address", Telling("ip", "REAL \"$@\" | case $* in *addr*) sed 's#inet [0-9.]*/#inet 192.168.99.9/#';; *) cat;; esac"), Silent("ip")),
        new("DefaultRoute", "ip route show default > /run/route; ip route del default", Clean: "ip route del default; ip route add $(cat /run/route)"),
        new("NetworkOverlap", "ip route add 10.244.7.0/24 dev eth0", "ip route del 10.244.7.0/24"),
        new("Ports", Service("taken", "/usr/bin/systemd-socket-activate -l 10257 /bin/cat"), "systemctl stop taken", "rm /etc/systemd/system/taken.service; systemctl daemon-reload"),
        new("Ports", Service("taken", "/usr/bin/systemd-socket-activate -l 30123 /bin/cat"), "systemctl stop taken", "rm /etc/systemd/system/taken.service; systemctl daemon-reload"),
        new("Firewall", "iptables -A INPUT -m mark ! --mark 0x9 -j ACCEPT; iptables -P INPUT DROP", Clean: "iptables -P INPUT ACCEPT; iptables -F INPUT"),
        new("Firewall", "nft add table inet guard; nft add chain inet guard in '{ type filter hook input priority 0; policy drop; }'; nft add rule inet guard in meta mark != 0x9 accept", Clean: "nft delete table inet guard"),
        new("PacketForwarding", "iptables -P FORWARD DROP"),
        new("Dns", "echo nameserver 127.0.0.1 > /run/resolv.conf; mount --bind /run/resolv.conf /etc/resolv.conf", "umount /etc/resolv.conf"),
        new("Dns", "echo nameserver FIRST > /run/resolv.conf; mount --bind /run/resolv.conf /etc/resolv.conf", "umount /etc/resolv.conf"),
        new("Proxy", "cp /etc/environment /run/environment; echo https_proxy=http://10.1.1.1:3128 >> /etc/environment", "echo NO_PROXY=10.77.0.0/16,10.244.0.0/16,10.96.0.0/12 >> /etc/environment", "cat /run/environment > /etc/environment"),
        new("Reachability", "iptables -A INPUT -p tcp --dport 10250 -j DROP", Clean: "iptables -F INPUT"),
        new("Reachability", "iptables -A INPUT -p tcp --dport 2379:2380 -j REJECT --reject-with tcp-reset", Clean: "iptables -F INPUT"),
        new("Reachability", "ip route add blackhole FIRST; ip route add blackhole THIRD", "ip route del blackhole FIRST; ip route del blackhole THIRD"),
        new("Mtu", "ip link set dev eth0 mtu 1400"),
        new("Mtu", "iptables -A OUTPUT -p tcp --sport 10250 -m length --length 500:65535 -j DROP", "iptables -F OUTPUT"),
        new("ExistingKubernetes", "mkdir -p /etc/kubernetes/manifests; echo kind: Pod > /etc/kubernetes/manifests/etcd.yaml"),
        new("ExistingKubernetes", Service("kubelet", "/bin/sleep infinity"), Clean: "rm /etc/systemd/system/kubelet.service; systemctl daemon-reload"),
        new("ExistingEtcd", "mkdir -p /var/lib/etcd/member/wal"),
        new("ExistingRuntime", Service("docker", "/bin/sleep infinity"), Clean: "rm /etc/systemd/system/docker.service; systemctl daemon-reload"),
        new("ExistingCni", "mkdir -p /etc/cni/net.d; echo '{}' > '/etc/cni/net.d/10-old.conflist'"),
        new("ExistingCni", "ip link add cni0 type bridge"),
        new("ExistingCluster", "mkdir -p /var/lib/sealer/data/old/rootfs"),
    ];

    /// <summary>Run on every host beforehand: what a lab host lacks of a host in order.</summary>
    public static string Prepare { get; } =
        $"""
        sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1
        touch /etc/environment /etc/fstab
        {Service("chronyd", "/bin/sleep infinity")}
        {Telling("modprobe", "exit 0")}
        {Writing("0.01")}
        : > /etc/resolv.conf
        """;

    private static string With => $"umount /sys/module; [ ! -e /proc/modules ] || umount /proc/modules; {Telling("modprobe", "exit 0")}";

    private static string Service(string name, string command) =>
        $"printf '[Service]\\nExecStart={command}\\n[Install]\\nWantedBy=multi-user.target\\n' > /etc/systemd/system/{name}.service; systemctl daemon-reload; systemctl start {name}";

    // The machine's disk is as fast as whatever else runs there lets it be.
    private static string Writing(string seconds) => Telling("dd", $"REAL \"$@\" 2>/dev/null; echo '115000 bytes (115 kB, 112 KiB) copied, {seconds} s, 1 MB/s' >&2");

    private static string Uuid(string uuid) => $"mount -t tmpfs tmpfs /sys/class; mkdir -p /sys/class/dmi/id; echo {uuid} > /sys/class/dmi/id/product_uuid";

    // The modules that are there, and something else.
    private static string Modules(string change) => $"m=$(ls /sys/module); mount -t tmpfs tmpfs /sys/module; (cd /sys/module && mkdir $m); {change}";

    private static string Without(string module) =>
        $"m=$(ls /sys/module | grep -v '^{module}'); mount -t tmpfs tmpfs /sys/module; (cd /sys/module && mkdir $m); "
        + $"if [ -e /proc/modules ]; then sed '/^{module}/d' /proc/modules > /run/shown; mount --bind /run/shown /proc/modules; fi; "
        + Telling("modprobe", $"case $* in *{module}*) exit 1;; esac");

    private static string Overlay(string option) =>
        $"mkdir -p /run/upper /run/work; mount -t overlay -o {option},lowerdir=/var/lib/kubelet,upperdir=/run/upper,workdir=/run/work overlay /var/lib/kubelet";
}
