#!/bin/bash
# Takes the registry's service away. Its folder of images belongs to the image and goes with that.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

[ -f /etc/systemd/system/sealer-registry.service ] || exit 0
systemctl disable --quiet --now sealer-registry 2> /dev/null || :
rm -f /etc/systemd/system/sealer-registry.service /etc/sealer/registry.yml /etc/sealer/registry.secret /run/sealer-registry.started
uninstall_archive registry.tar.gz
rm -rf /var/lib/sealer/registry
rmdir /etc/sealer 2> /dev/null || :
systemctl daemon-reload
