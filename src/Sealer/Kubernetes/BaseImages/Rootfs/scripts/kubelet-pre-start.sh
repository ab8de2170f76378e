#!/bin/bash
# What the kubelet needs of the kernel, each time before it starts: modules, settings, no swap.
set -uo pipefail

modules='overlay br_netfilter nf_conntrack ip_vs ip_vs_rr ip_vs_wrr ip_vs_sh'
for module in $modules; do
    modprobe "$module" 2> /dev/null || echo "The kernel has no module $module, or has it built in." >&2
done
mkdir -p /etc/modules-load.d /etc/sysctl.d
printf '%s\n' $modules > /etc/modules-load.d/sealer-kubernetes.conf
cat > /etc/sysctl.d/90-sealer-kubernetes.conf <<'END'
net.bridge.bridge-nf-call-iptables = 1
net.bridge.bridge-nf-call-ip6tables = 1
net.ipv4.ip_forward = 1
net.ipv6.conf.all.forwarding = 1
net.ipv4.conf.all.rp_filter = 0
vm.overcommit_memory = 1
kernel.panic = 10
kernel.panic_on_oops = 1
END
while IFS=' =' read -r name value; do
    file=/proc/sys/${name//.//}
    [ ! -e "$file" ] || [ "$(cat "$file")" = "$value" ] || echo "$value" > "$file" || echo "$name stays $(cat "$file"), and $value is wanted." >&2
done < /etc/sysctl.d/90-sealer-kubernetes.conf
[ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ] || { echo 'net.ipv4.ip_forward is not 1: packets of pods are not passed on.' >&2; exit 1; }

if [ "$(wc -l < /proc/swaps)" -gt 1 ]; then swapoff -a || exit 1; fi
if grep -Eq '^[^#].*[[:space:]]swap[[:space:]]' /etc/fstab 2> /dev/null; then
    [ -e /etc/fstab.before-sealer ] || cp -p /etc/fstab /etc/fstab.before-sealer
    sed -i -E 's/^([^#].*[[:space:]]swap[[:space:]])/# taken out by sealer: \1/' /etc/fstab
fi
if command -v getenforce > /dev/null && [ "$(getenforce)" = Enforcing ]; then
    setenforce 0
    sed -i 's/^SELINUX=enforcing/SELINUX=permissive/' /etc/selinux/config
fi
exit 0
