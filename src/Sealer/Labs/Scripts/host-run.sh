# host-run.sh FOLDER: runs one host of a lab, and runs it again when it reboots. Ends when it is switched off.
folder=$1
. "$folder/host.env"
echo 0 > "$SUPERVISOR/cgroup.procs" || exit 1
while :; do
    unshare --mount --uts --ipc --pid --fork --kill-child sh "$SCRIPTS/host-init.sh" "$folder" groups
    # The kernel ends the first process of a PID namespace with SIGHUP when a reboot is asked for there.
    [ $? -eq 129 ] || exit 0
done
