using Sealer.Hosts;

namespace Sealer.Transfer;

/// <summary>
/// What hosts run. Beside the target lies the folder <c>.sealer-NAME</c>: <c>index</c> and <c>stat</c> for good (what was
/// delivered, and what the files looked like when they were verified), and during a delivery <c>stage</c> (what goes to the
/// target), <c>share</c> (what other hosts may fetch; all that the login's user may read, by its group, and not write: root writes there) and <c>run</c> (ours alone).
/// </summary>
internal static class HostScripts
{
    /// <summary>A piece's place on disk is a multiple of this.</summary>
    public const int Block = 512 << 10;

    public const int ExitDamaged = 75;
    public const int ExitRebooted = 76;
    public const int ExitFeeder = 77;
    public const int ExitInTheWay = 78;

    private const string Boot = "/proc/sys/kernel/random/boot_id";

    private const string StopOld = """
        stop() {
            for f in "$S"/run/pid.*; do
                [ -f "$f" ] || continue
                o=${f##*.}
                tr '\000' ' ' < "/proc/$o/cmdline" 2>/dev/null | grep -qF "$S" && kill "$o" 2>/dev/null
                i=0; while [ -d "/proc/$o" ] && [ $i -lt 100 ] && tr '\000' ' ' < "/proc/$o/cmdline" 2>/dev/null | grep -qF "$S"; do sleep 0.05; i=$((i+1)); done
                rm -f "$f"
            done
        }

        """;

    /// <summary>Makes the folders. Its input is a tar of what else lies in them (<c>run/prepare</c>, <c>share/serve</c>, the key).</summary>
    public static string Begin(ContentTarget target) => Script(target, $$"""
        {{InspectScript.Guarding}}
        set -e
        (umask 022; mkdir -p "$P")
        umask 077
        mkdir -p "$S"
        u=$(unsafe); [ -z "$u" ] || { echo "$u is not root's own" >&2; exit 1; }
        {{StopOld}}
        stop
        cd "$S"
        rm -rf run share/spool share/held share/serve stage/sums stage/fin
        mkdir -p run stage/new stage/sums share/parts share/spool share/held
        tar -xpf -
        chown -R "0:${SUDO_GID:-0}" share
        chmod 711 "$S"; chmod 700 run stage stage/new; chmod 2750 share share/*/
        cat {{Boot}} > run/boot 2>/dev/null || :
        cd stage/new
        R() { if [ -d "$1" ] && [ ! -L "$1" ]; then rmdir "$1" 2>/dev/null || :; else rm -f "$1"; fi; }
        O() { ln -s "$T/$2" "../../share/held/$1"; }
        . ../../run/prepare
        """);

    /// <summary>
    /// Takes chunks, a line and the bytes of each: from the controller in one stream, or, where it fetches, the lines from the
    /// controller and the bytes from another host. Says the number of each that is in place. Before the first piece of a file
    /// its place is made; those after it are appended.
    /// </summary>
    /// <param name="target">The folder.</param>
    /// <param name="keep">Others fetch from here.</param>
    /// <param name="feeder">Where to fetch from; null for the controller.</param>
    public static string Receive(ContentTarget target, bool keep, PeerAddress? feeder) => Script(target, $$"""
        cd "$S/run" 2>/dev/null || { echo 'the delivery has been ended' >&2; exit 1; }
        cd "$S"
        [ ! -s run/boot ] || [ "$(cat run/boot)" = "$(cat {{Boot}})" ] || exit {{ExitRebooted}}
        {{StopOld}}
        stop
        : > "run/pid.$$"
        umask 022
        v={{(feeder is null ? "" : "1")}}; k={{(keep ? "1" : "")}}; bg=; at=; rm -f run/bad
        # The processor's own instructions, where there is a program that knows them.
        H=sha256sum; case $(openssl dgst -sha256 -r < /dev/null 2>/dev/null) in e3b0c44298fc1c149afbf4c8996fb924*) H='openssl dgst -sha256 -r';; esac
        # head reads so little at once that it costs more than all else here; and dd says what it wrote.
        if [ "$(printf ab | dd bs=256k count=1 iflag=fullblock,count_bytes status=none 2>&1)" = a ]; then
            bytes() { dd bs=256k count="$size" iflag=fullblock,count_bytes status=none; }
            append() {
                e=$(LC_ALL=C dd bs=256k count="$size" iflag=fullblock,count_bytes 2>&1 >> "$1")
                case $e in *"
        $size byte"*) ;; *) echo "the stream ended in the middle: $e" >&2; exit 1;; esac
            }
        else
            bytes() { head -c "$size"; }
            append() {
                bytes >> "$1" || exit 1
                [ "$(wc -c < "$1")" -eq $((off + size)) ] || { echo 'the stream ended in the middle' >&2; exit 1; }
            }
        fi
        check() { [ -z "$bg" ] || wait "$bg"; "$@" & bg=$!; }
        sums() { (cd stage/new && sha256sum -c "../sums/$1" 2>&1) < /dev/null | grep -v ': OK$' >> run/bad; rm -f "stage/sums/$1"; }
        whole() { h=$($H < "share/parts/$1"); [ "${h%% *}" = "$1" ] || { echo "$1" >> run/bad; rm -f "share/parts/$1"; }; }
        same() { h=$($H < "$1"); [ "${h%% *}" = "$2" ] || exit {{ExitFeeder}}; }
        place() {
            [ "$at" = "$x $off" ] || { e=$(dd if=/dev/null of="share/parts/$x" bs={{Block}} seek=$((off / {{Block}})) 2>&1) || { echo "$e" >&2; exit 1; }; }
            at="$x $((off + size))"
        }
        take() {
            while IFS=' ' read -r t n size sha x off last <&3; do
                f=share/spool/$n
                case $t in
                T)  if [ -n "$v$k" ]; then
                        bytes > "$f.t" || exit 1
                        [ -z "$v" ] || same "$f.t" "$sha"
                        tar -xpf "$f.t" -C stage || exit 1
                        if [ -n "$k" ]; then mv -f "$f.t" "$f" || exit 1; else rm -f "$f.t"; fi
                    else
                        bytes | tar -xpf - -C stage || exit 1
                    fi
                    check sums "$n";;
                P)  p=share/parts/$x
                    if [ -n "$v" ]; then
                        bytes > share/spool/piece || exit 1
                        same share/spool/piece "$sha"
                        place
                        cat share/spool/piece >> "$p" || exit 1
                    else
                        place
                        append "$p"
                    fi
                    [ "$last" != 1 ] || check whole "$x";;
                V)  check whole "$x";;
                Q)  [ -z "$bg" ] || wait "$bg"
                    [ ! -s run/bad ] || { head -n 5 run/bad >&2; exit {{ExitDamaged}}; }
                    echo done; exit 0;;
                *)  exit 64;;
                esac
                echo "$n"
            done
            exit 66
        }
        {{(feeder is null ? "(take) 3<&0; r=$?" : Fetch(feeder))}}
        rm -f "run/pid.$$"
        exit $r
        """);

    /// <summary>What a feeder runs for who has the key: gives chunks that are asked for. The controller has it asked for what is in place.</summary>
    public static string Serve { get; } = $$"""
        cd "${0%/*}" || exit 1
        echo @serve
        while IFS=' ' read -r t n size sha x off last; do
            case $t in T | P) ;; V) continue;; Q) exit 0;; *) exit 64;; esac
            case $n in *[!0-9]* | '') exit 64;; esac
            case $x in -) ;; *[!0-9a-f]* | '') exit 64;; esac
            if [ "$t" = T ]; then cat "spool/$n" || exit 1
            else
                d=parts; [ ! -e "held/$x" ] || d=held
                case $size$off in *[!0-9]*) exit 64;; esac
                dd if="$d/$x" bs={{Block}} skip=$((off / {{Block}})) count=$(((size + {{Block}} - 1) / {{Block}})) 2>/dev/null || exit 1
            fi
        done

        """.Replace("\r", "", StringComparison.Ordinal);

    /// <summary>
    /// Puts everything in place and ends. Its input is a packed tar of folders, links, own files, and of the steps. Nobody fetches
    /// from here any more.
    /// </summary>
    public static string Finish(ContentTarget target) => Script(target, $$"""
        {{InspectScript.Functions}}
        set -e
        cd "$S/run"; cd ../stage
        umask 077
        [ ! -s ../run/boot ] || [ "$(cat ../run/boot)" = "$(cat {{Boot}})" ] || exit {{ExitRebooted}}
        gzip -dc | tar -xpf -
        cd new
        N=$S/stage/new
        P() { rm -f "$2"; ln "$S/share/parts/$1" "$2"; }
        C() { rm -f "$2"; cp "$T/$1" "$2"; }
        D() { cp "$1" "$2"; }
        H() { rm -f "$2"; ln "$1" "$2"; }
        A() { m=$1; o=$2; t=$3; shift 3; chown "$o" "$@"; chmod "$m" "$@"; [ "$t" = - ] || touch -d "@$t" "$@" 2>/dev/null || :; }
        . ../fin/assemble
        b=; [ ! -s ../fin/sums ] || b=$(sha256sum -c ../fin/sums 2>&1 < /dev/null | grep -v ': OK$' || :)
        [ -z "$b" ] || { printf '%s\n' "$b" | head -n 5 >&2; exit {{ExitDamaged}}; }
        sync -f . 2>/dev/null || sync
        walk | awk '$1 == "f" { print $8 }' > "$S/placed"
        M() { mv -fT "$N/$1" "$1"; }
        L() { rm -f "$2"; ln "$1" "$2"; }
        U() { if [ -d "$1" ] && [ ! -L "$1" ]; then rmdir "$1" 2>/dev/null || :; else rm -f "$1"; fi; }
        R() {
            if [ ! -d "$1" ] || [ -L "$1" ]; then rm -f "$1"
            else rmdir "$1" 2>/dev/null || { printf '%s\n' "$T/$1" >&2; exit {{ExitInTheWay}}; }; fi
        }
        W() {
            cd "$P"; chmod 755 "$N"
            if [ -L "$T" ]; then T=$(readlink -f "$T"); fi
            [ ! -d "$T" ] || rmdir "$T"
            mv -T "$N" "$T"
        }
        [ ! -d "$T" ] || cd "$T"
        . "$S/stage/fin/commit"
        mv -f "$S/stage/fin/index" "$S/index"
        sync -f "$S" 2>/dev/null || sync
        set +e

        """) + End(target, complete: true, discard: false);

    /// <summary>Notes what the files are, where all is in place, and takes away all that is not needed any more.</summary>
    /// <param name="target">The folder.</param>
    /// <param name="complete">All is in place; else what came so far is kept for the next time.</param>
    /// <param name="discard">What came so far is not kept either.</param>
    public static string End(ContentTarget target, bool complete, bool discard) => Script(target, $$"""
        [ -d "$S" ] || exit 0
        umask 077
        {{StopOld}}
        stop
        # Who was fed and is cut off says no goodbye, and what feeds it waits for its words.
        for f in $(printf '%s\n' "$S/share/serve" | grep -slFf - /proc/[0-9]*/cmdline); do
            [ "$(tr '\000' ' ' < "$f" 2>/dev/null)" != "/bin/sh $S/share/serve " ] || { f=${f#/proc/}; kill "${f%%/*}" 2>/dev/null; }
        done
        cd "$S" || exit 1
        rm -rf share/spool share/held share/serve stage/sums stage/fin
        {{(complete || discard ? "rm -rf share stage" : ":")}}
        chmod 700 "$S"
        {{(complete ? InspectScript.Functions + "\n{ [ ! -e look ] && [ ! -e placed ]; } || note || exit 1" : "rm -f look placed")}}
        rm -rf run
        {{(complete ? ":" : "rmdir share/parts share stage/new stage \"$S\" 2>/dev/null || :")}}
        """);

    private static string Script(ContentTarget target, string body) =>
        InspectScript.Variables(target) + body.Replace("\r", "", StringComparison.Ordinal);

    /// <remarks>
    /// The key, and the only host keys that are trusted, lie in <c>run</c>. Nothing of the user's own configuration is used.
    /// When the controller lets go, its stream ends, and with it the client.
    /// </remarks>
    private static string Fetch(PeerAddress feeder) => $$"""
        d=run/f.$$; mkdir -m 700 "$d" && mkfifo "$d/c" "$d/q" "$d/d" "$d/s" || exit 1
        exec 4<&0
        # Who feeds may say much: a little is kept, and then its connection breaks.
        head -c 65536 < "$d/s" > "$d/e" 4<&- &
        h=$!
        ssh -F /dev/null -i run/key -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes -o PreferredAuthentications=publickey \
            -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$S/run/known_hosts" -o GlobalKnownHostsFile=/dev/null -o CheckHostIP=no \
            -o ConnectTimeout=10 -o ServerAliveInterval=5 -o ServerAliveCountMax=3 -o ControlPath=none -o ClearAllForwardings=yes -T \
            -o Ciphers=aes128-gcm@openssh.com,aes128-ctr,chacha20-poly1305@openssh.com \
            -p {{feeder.Port}} -l {{ShellText.Quote(feeder.User)}} -- {{ShellText.Quote(feeder.Address)}} serve < "$d/q" > "$d/d" 2> "$d/s" 4<&- &
        p=$!
        { tee "$d/c" > "$d/q"; kill $p; } <&4 2>/dev/null &
        q=$!
        trap 'kill $p $q $h 2>/dev/null; exit 143' TERM HUP INT
        exec 4<&-
        ( IFS= read -r m; while [ "$m" != @serve ]; do IFS= read -r m || exit {{ExitFeeder}}; done; take ) 3< "$d/c" < "$d/d"
        r=$?
        kill $p $q 2>/dev/null
        wait $p 2>/dev/null
        i=0; while kill -0 $h 2>/dev/null && [ $i -lt 20 ]; do sleep 0.05 2>/dev/null || sleep 1; i=$((i + 1)); done
        kill $h 2>/dev/null
        wait $h 2>/dev/null
        [ $r = 0 ] || tail -n 3 "$d/e" >&2
        rm -rf "$d"
        """;
}
