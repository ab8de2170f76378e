#!/bin/bash
# Installs containerd with runc, crictl and the CNI plugins, and starts it. Again changes nothing that is right already.
# ContainerDataRoot: where containerd keeps its data.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

data=${ContainerDataRoot:-/var/lib/containerd}
need tar gzip systemctl

install_archive cri/containerd.tar.gz /usr/local
install_archive cri/crictl.tar.gz /usr/local/bin
install_archive cri/cni-plugins.tgz /opt/cni/bin
install_file 755 cri/runc /usr/local/sbin/runc

# A host that may not make processes dearer to the kernel, as one in a container, cannot do so for pods either.
dear=false
(echo -999 > /proc/self/oom_score_adj) 2> /dev/null || dear=true
mkdir -p /etc/containerd/certs.d /etc/cni/net.d "$data"
sed -e "s|@DATA@|$data|" -e "s|@RESTRICT@|$dear|" etc/containerd-config.toml > /etc/containerd/config.toml.new
replace /etc/containerd/config.toml.new /etc/containerd/config.toml
install_file 644 etc/containerd.service /etc/systemd/system/containerd.service
printf 'runtime-endpoint: unix:///run/containerd/containerd.sock\n' > /etc/crictl.yaml

systemctl daemon-reload
systemctl enable --quiet containerd
if [ "$CHANGED" = 1 ]; then systemctl restart containerd; else systemctl start containerd; fi
wait_for 'containerd answers' 60 ctr version
for image in images/*.tar images/*.tar.gz; do
    [ ! -f "$image" ] || ctr --namespace k8s.io images import "$image" > /dev/null
done
