# host-init.sh FOLDER groups|boot: becomes the first process of a host of a lab.
# Runs in namespaces of its own, so that no mount below is seen outside of them and all go with the host's last process.
set -e
folder=$1
. "$folder/host.env"

if [ "$2" = groups ]; then
    # Before the cgroup namespace is made: what the process is in then is its root. The process list in /proc is still the
    # machine's, which is how this number is one that the machine knows.
    while read -r _ _ _ group; do echo 0 > "$group/cgroup.procs"; done < "$folder/cgroups"
    read -r pid _ < /proc/self/stat
    echo "$pid" > "$folder/pid.new"
    mv "$folder/pid.new" "$folder/pid"
    exec unshare --cgroup sh "$0" "$folder" boot
fi

root=$folder/root
hostname "$NAME" 2>/dev/null || echo "$NAME" > /proc/sys/kernel/hostname
mount --make-rprivate /
mount -t overlay -o "lowerdir=$TREE,upperdir=$folder/upper,workdir=$folder/work" overlay "$root"
for name in containerd kubelet etcd sealer; do
    # No overlay can lie on an overlay, and these hold some.
    mkdir -p "$root/var/lib/$name"
    mount --bind "$folder/data/$name" "$root/var/lib/$name"
done

mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/tmp"
umask 000
while read -r name mode major minor; do
    mkdir -p "$root/dev/${name%/*}" 2>/dev/null || :
    mknod -m "$mode" "$root/dev/$name" c "$major" "$minor"
done <<D
./null 666 1 3
./zero 666 1 5
./full 666 1 7
./random 666 1 8
./urandom 666 1 9
./tty 666 5 0
./kmsg 644 1 11
./fuse 666 10 229
net/tun 666 10 200
D
umask 022
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"
mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/mqueue"
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5,nosuid,noexec devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/dev/shm"
: > "$root/dev/console"
mount --bind "$root/dev/null" "$root/dev/console"

read -r first _ < "$folder/cgroups"
[ "$first" = . ] || mount -t tmpfs -o mode=755,nosuid,nodev,noexec tmpfs "$root/sys/fs/cgroup"
while read -r name type options _; do
    mkdir -p "$root/sys/fs/cgroup/$name"
    if [ "$options" = - ]; then
        mount -t "$type" -o nosuid,nodev,noexec "$type" "$root/sys/fs/cgroup/$name"
    else
        mount -t "$type" -o "nosuid,nodev,noexec,$options" "$type" "$root/sys/fs/cgroup/$name"
    fi
    # systemd looks for the controllers of a joint hierarchy by their single names.
    case $name in
    *,*) for one in $(echo "$name" | tr , ' '); do ln -s "$name" "$root/sys/fs/cgroup/$one"; done ;;
    esac
done < "$folder/cgroups"

# The kernel's switches are the machine's: the host gets copies to turn, and only those that its namespaces have are real.
own=$root/run/sealer-lab
mkdir -p "$own/sys"
cp -R /proc/sys/vm /proc/sys/fs /proc/sys/kernel "$own/sys/" 2>/dev/null || :
for area in vm fs kernel; do
    # What can be written only is not there to be copied.
    for file in /proc/sys/$area/*; do
        [ -e "$own/sys/$area/${file##*/}" ] || : > "$own/sys/$area/${file##*/}"
    done
done
cat /proc/sys/kernel/random/uuid > "$own/boot_id"
cp "$own/boot_id" "$folder/boot_id"
real='kernel/hostname kernel/domainname kernel/shmall kernel/shmmax kernel/shmmni kernel/shm_rmid_forced
    kernel/msgmax kernel/msgmnb kernel/msgmni kernel/sem kernel/random fs/mqueue fs/nr_open'
for file in $real; do
    [ ! -e "$root/proc/sys/$file" ] || mount --bind "$root/proc/sys/$file" "$own/sys/$file"
done
mount -o remount,bind,ro "$own/sys/fs/nr_open"
mount --bind "$own/boot_id" "$own/sys/kernel/random/boot_id"
for area in "$root"/proc/sys/*; do
    case ${area##*/} in
    vm | fs | kernel) mount --rbind "$own/sys/${area##*/}" "$area" ;;
    net) ;;
    *) mount --bind "$area" "$area" && mount -o remount,bind,ro "$area" ;;
    esac
done
# Seen where they are meant to be, and not a second time where they were put together.
for file in kernel/random/boot_id $real; do
    [ ! -e "$root/proc/sys/$file" ] || umount "$own/sys/$file"
done
mount --bind "$root/dev/null" "$root/proc/sysrq-trigger" 2>/dev/null || :
if [ -e "$root/sys/class/dmi/id/product_uuid" ]; then
    cp "$folder/seed/product_uuid" "$own/product_uuid"
    mount --bind "$own/product_uuid" "$(readlink -f "$root/sys/class/dmi/id/product_uuid")"
fi
if [ -d /lib/modules ]; then
    mkdir -p "$root/lib/modules"
    mount --bind /lib/modules "$root/lib/modules"
    mount -o remount,bind,ro "$root/lib/modules"
fi

# Rules and links of what ran before the reboot: on a real host they are gone after it.
nft flush ruleset 2>/dev/null || :
for link in $(ip -o link show | sed 's/^[0-9]*: \([^:@]*\).*/\1/'); do
    case $link in
    lo | eth0 | eth1) ;;
    *) ip link del "$link" 2>/dev/null || : ;;
    esac
done

cd "$root"
mkdir -p .old
pivot_root . .old
cd /
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
if [ ! -e "/.old$folder/seeded" ]; then
    seed=/.old$folder/seed
    rm -f /etc/hostname /etc/hosts /etc/resolv.conf /etc/machine-id /var/lib/dbus/machine-id /etc/ssh/ssh_host_*
    mkdir -p /etc/ssh/sshd_config.d
    cp "$seed/hostname" "$seed/hosts" "$seed/resolv.conf" "$seed/machine-id" /etc/
    cp "$seed/ssh_host_ed25519_key" "$seed/ssh_host_ed25519_key.pub" /etc/ssh/
    cp "$seed/sshd.conf" /etc/ssh/sshd_config.d/00-sealer-lab.conf
    chmod 644 /etc/hostname /etc/hosts /etc/resolv.conf /etc/machine-id /etc/ssh/sshd_config.d/00-sealer-lab.conf
    chmod 600 /etc/ssh/ssh_host_ed25519_key
    grep -qs '^Include /etc/ssh/sshd_config.d/' /etc/ssh/sshd_config || {
        { echo 'Include /etc/ssh/sshd_config.d/*.conf'; cat /etc/ssh/sshd_config 2>/dev/null; } > /etc/ssh/sshd_config.lab
        mv /etc/ssh/sshd_config.lab /etc/ssh/sshd_config
    }
    if [ "$LOGIN" != root ] && ! id "$LOGIN" >/dev/null 2>&1; then
        group=sudo
        grep -q '^sudo:' /etc/group || group=wheel
        useradd --create-home --shell /bin/bash --groups "$group" "$LOGIN"
    fi
    chpasswd < "$seed/password"
    home=$(eval echo "~$LOGIN")
    mkdir -p "$home/.ssh"
    cp "$seed/authorized_keys" "$home/.ssh/authorized_keys"
    chmod 700 "$home/.ssh"
    chmod 600 "$home/.ssh/authorized_keys"
    chown -R "$LOGIN:" "$home/.ssh"
    : > "/.old$folder/seeded"
fi
umount -l /.old
rmdir /.old
mount --make-rshared /
# Without the capability to set it: the clock is the machine's.
exec env -i PATH="$PATH" container=sealer-lab setpriv --bounding-set=-sys_time --inh-caps=-sys_time "$INIT"
