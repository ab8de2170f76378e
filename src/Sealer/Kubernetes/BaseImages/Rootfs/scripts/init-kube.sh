#!/bin/bash
# Makes a host ready for kubeadm: programs, the kubelet's service, the kernel. Again changes nothing that is right already.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

need systemctl
for wall in firewalld ufw; do
    ! systemctl is-active --quiet "$wall" || systemctl disable --quiet --now "$wall"
done
for program in bin/*; do install_file 755 "$program" "/usr/bin/$(basename "$program")"; done
install_file 755 scripts/kubelet-pre-start.sh /usr/bin/kubelet-pre-start.sh
install_file 644 etc/kubelet.service /etc/systemd/system/kubelet.service
install_file 644 etc/10-kubeadm.conf /etc/systemd/system/kubelet.service.d/10-kubeadm.conf
mkdir -p /etc/kubernetes/manifests
[ ! -f statics/audit-policy.yml ] || install_file 644 statics/audit-policy.yml /etc/kubernetes/audit-policy.yml
/usr/bin/kubelet-pre-start.sh
systemctl daemon-reload
systemctl enable --quiet kubelet
