#!/bin/bash
# init-registry.sh [PORT [FOLDER [DOMAIN]]]: serves the container images of FOLDER on this host, as a service of systemd.
# With certs/DOMAIN.crt and .key over TLS; with etc/registry_htpasswd for those only who have a password.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

port=${1:-5000} data=${2:-/var/lib/registry} domain=${3:-sea.hub} root=$PWD
case $port in '' | *[!0-9]*) fail "'$port' is no port." ;; esac
case $data in /*) ;; *) fail "'$data' is no absolute path." ;; esac
need tar gzip systemctl

install_archive cri/registry.tar.gz /var/lib/sealer/registry/bin
mkdir -p "$data" /etc/sealer
umask 077
[ -s /etc/sealer/registry.secret ] || head -c 32 /dev/urandom | sha256sum | cut -d ' ' -f 1 > /etc/sealer/registry.secret
{
    printf 'version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: %s\n  delete:\n    enabled: true\n' "$data"
    printf 'http:\n  addr: :%s\n  secret: %s\n' "$port" "$(cat /etc/sealer/registry.secret)"
    if [ -f "certs/$domain.crt" ]; then
        printf '  tls:\n    certificate: %s\n    key: %s\n    minimumtls: tls1.2\n' "$root/certs/$domain.crt" "$root/certs/$domain.key"
    fi
    if [ -f etc/registry_htpasswd ]; then
        printf 'auth:\n  htpasswd:\n    realm: Registry Realm\n    path: %s\n' "$root/etc/registry_htpasswd"
    fi
} > /etc/sealer/registry.yml.new
replace /etc/sealer/registry.yml.new /etc/sealer/registry.yml
umask 022
install_file 644 etc/sealer-registry.service /etc/systemd/system/sealer-registry.service

systemctl daemon-reload
systemctl enable --quiet sealer-registry
# A certificate that was renewed is read at the start only.
for file in "certs/$domain.crt" etc/registry_htpasswd; do
    [ ! -f "$file" ] || [ ! "$file" -nt /run/sealer-registry.started ] || CHANGED=1
done
if [ "$CHANGED" = 1 ] || ! systemctl is-active --quiet sealer-registry; then
    systemctl restart sealer-registry
    touch /run/sealer-registry.started
fi
listens() { (: < "/dev/tcp/127.0.0.1/$port") && systemctl is-active --quiet sealer-registry; }
wait_for "the registry answers on port $port" 30 listens
