# What the scripts beside this one share. Read with ".", in the image's root folder.

# 1 where something was installed that was not there.
CHANGED=0

fail() { echo "$*" >&2; exit 1; }

need() { for tool; do command -v "$tool" > /dev/null || fail "$(hostname) lacks $tool. Install it, then run this again."; done; }

# replace NEW OLD: NEW takes OLD's place, at once.
replace() {
    if cmp -s "$1" "$2"; then rm -f "$1"; return 0; fi
    mv -f "$1" "$2"
    CHANGED=1
}

# install_file MODE FILE TARGET: a running program keeps the file that it was started from.
install_file() {
    [ -f "$2" ] || fail "The image has no $2: build it again with New-ClusterBaseImage."
    mkdir -p "$(dirname "$3")"
    if cmp -s "$2" "$3"; then chmod "$1" "$3"; return 0; fi
    cp "$2" "$3.sealer-new"
    chmod "$1" "$3.sealer-new"
    replace "$3.sealer-new" "$3"
}

# install_archive FILE FOLDER: unpacked where its digest is not the one that was unpacked last.
install_archive() {
    local sum mark
    [ -f "$1" ] || fail "The image has no $1: build it again with New-ClusterBaseImage."
    sum=$(sha256sum < "$1")
    mark=/var/lib/sealer/installed/$(basename "$1")
    if [ -f "$mark" ] && [ "$(head -n 1 "$mark")" = "$sum $2" ] && holds "$mark"; then return 0; fi
    mkdir -p "$2" /var/lib/sealer/installed
    tar -xzf "$1" -C "$2" --no-same-owner --unlink-first
    { echo "$sum $2"; tar -tzf "$1" | grep -v '/$'; } > "$mark.new"
    mv -f "$mark.new" "$mark"
    CHANGED=1
}

# holds MARK: all that it lists is there.
holds() {
    local folder file
    read -r _ _ folder < "$1"
    while IFS= read -r file; do [ -e "$folder/$file" ] || return 1; done < <(tail -n +2 "$1")
}

# uninstall_archive NAME: takes away what install_archive unpacked.
uninstall_archive() {
    local folder file mark=/var/lib/sealer/installed/$1
    [ -f "$mark" ] || return 0
    read -r _ _ folder < "$mark"
    while IFS= read -r file; do rm -f "$folder/$file"; done < <(tail -n +2 "$mark")
    rm -f "$mark"
    rmdir /var/lib/sealer/installed 2> /dev/null || :
}

# remove_folder FOLDER: one that is a disk of its own stays, empty.
remove_folder() {
    rm -rf "$1" 2> /dev/null || [ -z "$(ls -A "$1")" ] || fail "$(hostname): $1 cannot be removed: $(ls -A "$1" | head -n 3)"
}

# wait_for WHAT SECONDS COMMAND...
wait_for() {
    local what=$1 end=$((SECONDS + $2)) said
    shift 2
    until said=$("$@" 2>&1); do
        [ $SECONDS -lt "$end" ] || fail "$(hostname): not so: $what. It says: $said"
        sleep 0.2
    done
}
