#!/bin/bash
# Takes away what init-kube.sh installed. What kubeadm made is kubeadm's to take away, before.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

[ -f /etc/systemd/system/kubelet.service ] || exit 0
systemctl disable --quiet --now kubelet 2> /dev/null || :
for program in bin/*; do
    ! cmp -s "$program" "/usr/bin/$(basename "$program")" || rm -f "/usr/bin/$(basename "$program")"
done
rm -rf /usr/bin/kubelet-pre-start.sh /etc/systemd/system/kubelet.service /etc/systemd/system/kubelet.service.d
rm -f /etc/sysctl.d/90-sealer-kubernetes.conf /etc/modules-load.d/sealer-kubernetes.conf
rm -rf /etc/kubernetes
remove_folder /var/lib/kubelet
if [ -e /etc/fstab.before-sealer ]; then sed -i 's/^# taken out by sealer: //' /etc/fstab; rm -f /etc/fstab.before-sealer; fi
systemctl daemon-reload
