# tree-prep.sh ROOT: makes a Debian tree, or what a tar gave, fit to be a host of a lab. Runs in it: the tree is the root.
set -e
rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id
: > /etc/machine-id
# What has no meaning in a namespace, or would take minutes to find that out.
mkdir -p /etc/systemd/system
for unit in systemd-timesyncd.service systemd-resolved.service systemd-networkd.service systemd-networkd.socket \
    systemd-networkd-wait-online.service NetworkManager.service systemd-logind.service getty@tty1.service getty.target \
    console-getty.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
    fstrim.timer systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-udev-trigger.service \
    systemd-modules-load.service sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount \
    dev-hugepages.mount dev-mqueue.mount systemd-firstboot.service systemd-machine-id-commit.service systemd-update-utmp.service \
    systemd-update-utmp-runlevel.service systemd-random-seed.service systemd-remount-fs.service systemd-pstore.service modprobe@.service \
    ipvsadm.service ssh.socket; do
    ln -sf /dev/null "/etc/systemd/system/$unit"
done
ln -sf /lib/systemd/system/multi-user.target /etc/systemd/system/default.target
mkdir -p /etc/systemd/system.conf.d /etc/systemd/journald.conf.d /etc/systemd/system/sysinit.target.wants \
    /etc/systemd/system/multi-user.target.wants
printf '[Manager]\nDefaultTimeoutStopSec=10s\nLogLevel=notice\n' > /etc/systemd/system.conf.d/sealer-lab.conf
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=64M\nRateLimitBurst=0\n' > /etc/systemd/journald.conf.d/sealer-lab.conf

# systemd mounts the control groups read-only in a container; kubelet and container runtimes write there.
cat > /etc/systemd/system/sealer-lab-prepare.service <<'U'
[Unit]
Description=Control groups of a lab host can be written
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'mount -o remount,bind,rw /sys/fs/cgroup; for group in /sys/fs/cgroup/*; do [ ! -d "$group" ] || mount -o remount,bind,rw "$group" 2>/dev/null || :; done; mount --make-rshared /'
[Install]
WantedBy=sysinit.target
U
ln -sf ../sealer-lab-prepare.service /etc/systemd/system/sysinit.target.wants/

# Logins are refused until systemd-user-sessions has run, though sshd listens before.
cat > /etc/systemd/system/sealer-lab-ready.service <<'U'
[Unit]
Description=A lab host is up
After=ssh.service sshd.service systemd-user-sessions.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'cp /run/sealer-lab/boot_id /run/sealer-lab/ready.new && mv /run/sealer-lab/ready.new /run/sealer-lab/ready'
[Install]
WantedBy=multi-user.target
U
ln -sf ../sealer-lab-ready.service /etc/systemd/system/multi-user.target.wants/
