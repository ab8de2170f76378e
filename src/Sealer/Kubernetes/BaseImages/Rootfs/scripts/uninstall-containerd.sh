#!/bin/bash
# Takes away what containerd.sh installed, with the containers and their data. A containerd of the distribution comes back.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

data=${ContainerDataRoot:-/var/lib/containerd}
[ -f /etc/systemd/system/containerd.service ] || exit 0
systemctl disable --quiet --now containerd 2> /dev/null || :
pkill -f '^/usr/local/bin/containerd-shim-runc-v2 ' || :
awk '$2 ~ "^/run/containerd/|^'"$data"'/" { print $2 }' /proc/mounts | sort -r | while IFS= read -r mount; do umount -l "$mount" || :; done
remove_folder /run/containerd
remove_folder "$data"
rm -rf /etc/containerd /etc/crictl.yaml /etc/systemd/system/containerd.service /usr/local/sbin/runc
uninstall_archive containerd.tar.gz
uninstall_archive crictl.tar.gz
uninstall_archive cni-plugins.tgz
rmdir /opt/cni/bin /opt/cni 2> /dev/null || :
rm -rf /etc/cni/net.d
rmdir /etc/cni 2> /dev/null || :
systemctl daemon-reload
