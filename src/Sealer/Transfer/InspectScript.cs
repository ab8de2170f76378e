using Sealer.Hosts;

namespace Sealer.Transfer;

/// <summary>
/// The look that a host takes at its own folder. What was noted of every file when it was verified (size, times, inode) is
/// compared with what is there; only what differs is hashed and told. A line each; packed, because the first look at a foreign
/// folder is long.
/// </summary>
internal static class InspectScript
{
    // What was changed after it was looked at, and not by us, is not noted: the next look hashes it.
    // Line breaks in names become another character, so that all that works by lines keeps working; see ContentIndex.
    private const string Body = """
        walk() {
            if find / -maxdepth 0 -printf x >/dev/null 2>&1; then
                find . ! -path . \( -type d -printf 'd %m %U %G - - - - %p\0' \
                    -o -type f -printf 'f %m %U %G %s %T@ %C@ %i %p\0' \
                    -o -type l -printf 'l %m %U %G - - - - %p\002%l\0' \
                    -o -printf 'o %m %U %G - - - - %p\0' \) | tr '\n\000' '\001\n'
            else
                find . ! -path . -type d -exec stat -c 'd %a %u %g - - - - %n' {} +
                find . -type f -exec stat -c 'f %a %u %g %s %Y %Z %i %n' {} +
                find . -type l -exec sh -c 'for p; do printf "%s\002%s\n" "$(stat -c "l %a %u %g - - - - %n" "$p")" "$(readlink "$p")"; done' sh {} +
                find . ! -path . ! -type d ! -type f ! -type l -exec stat -c 'o %a %u %g - - - - %n' {} +
            fi
        }
        hashes() { sed -n "s/^$1f [^ ]* [^ ]* [^ ]* [^ ]* [^ ]* [^ ]* [^ ]* //p" | tr '\n\001' '\000\n' | xargs -0 -r sha256sum; }
        note() {
            l=$S/look; [ -f "$l" ] || l=/dev/null
            s=$S/placed; [ -f "$s" ] || s=/dev/null
            (cd "$T" && walk | sort) | awk -v l="$l" -v s="$s" '
                BEGIN { while ((getline x < l) > 0) seen[x] = 1; while ((getline x < s) > 0) placed[x] = 1 }
                $1 != "f" || ($0 in seen) || ($8 in placed)' > "$S/stat.new" &&
                mv -f "$S/stat.new" "$S/stat" && rm -f "$S/look" "$S/placed"
        }
        """;

    // Who may rename or write what lies above a folder may put another in its place, or links into it that root would follow.
    // The login's own user may: who asks for it, has sudo anyway.
    private const string Guard = """
        unsafe() {
            q=$P; while [ ! -e "$q" ] && [ ! -L "$q" ]; do q=${q%/*}; [ -n "$q" ] || q=/; done
            for p in "$q" "$(readlink -f "$q" || echo "$q")"; do
                while :; do
                    set -- $(stat -L -c '%u %g %A' "$p"); [ $# = 3 ] || { echo "$p"; return; }
                    case $1 in 0 | "${SUDO_UID:-0}") ;; *) echo "$p"; return;; esac
                    case $3 in
                    ????????w[!tT]*) echo "$p"; return;;
                    ?????w???[!tT]*) case $2 in 0 | "${SUDO_GID:-0}") ;; *) echo "$p"; return;; esac;;
                    esac
                    [ "$p" != / ] || break
                    p=${p%/*}; [ -n "$p" ] || p=/
                done
            done
            [ -e "$S" ] || [ -L "$S" ] || return 0
            if [ -L "$S" ] || [ ! -d "$S" ] || [ "$(stat -c %u "$S")" != 0 ]; then echo "$S"; fi
        }

        """;

    private const string Look = """
        u=$(unsafe); [ -z "$u" ] || { { echo "@unsafe $u"; echo @end; } | gzip -1c; exit 0; }
        {
        p=$P; while [ ! -d "$p" ]; do p=${p%/*}; [ -n "$p" ] || p=/; done
        echo "@free $(df -Pk "$p" | awk 'END { print $4 }')"
        command -v ssh >/dev/null 2>&1 && command -v mkfifo >/dev/null 2>&1 && echo @ssh
        for c in @TOOLS@; do command -v $c >/dev/null 2>&1 || echo "@lacks $c"; done
        [ "$(printf abcdef | { head -c 3 >/dev/null; cat; })" = def ] || echo '@lacks a head that reads no further than it is told'
        if [ -d "$T" ]; then echo @folder
        elif [ -e "$T" ] || [ -L "$T" ]; then echo @other; fi
        i=; if [ -f "$S/index" ] && [ -f "$S/stat" ]; then
            i=$(sha256sum < "$S/index"); echo "@index ${i%% *}"
        fi
        d=; if [ -d "$T" ]; then
            s=/dev/null; [ -z "$i" ] || s=$S/stat
            k=/dev/null; [ -z "$K" ] || { k=$S/look; mkdir -p -m 700 "$S"; }
            if d=$(cd "$T" && walk | sort | tee "$k" | comm -3 "$s" -); [ -n "$d" ]; then
                echo @differs; printf '%s\n' "$d"
                echo @hashes; printf '%s\n' "$d" | (cd "$T" && hashes '	')
            fi
        fi
        if [ -n "$i" ] && [ "${i%% *}" != "$W" ]; then echo @entries; cat "$S/index"; fi
        if [ -d "$S/stage/new" ]; then
            n=$(cd "$S/stage/new" && walk | sort)
            echo @staged; printf '%s\n' "$n"
            echo @stagedhashes; printf '%s\n' "$n" | (cd "$S/stage/new" && hashes '')
        fi
        if [ -d "$S/share/parts" ]; then
            echo @parts
            for f in "$S"/share/parts/*; do [ ! -f "$f" ] || echo "${f##*/} $(wc -c < "$f")"; done
        fi
        [ -n "$d" ] || [ -z "$i" ] || [ "${i%% *}" != "$W" ] || [ -z "$K" ] || rm -f "$S/look"
        for f in run stage share placed look; do [ ! -e "$S/$f" ] || { echo @left; break; }; done
        echo @end
        } 2>&1 | gzip -1c
        """;

    /// <summary><c>unsafe</c>: says what others than root could put something else in the place of; nothing where all is well.</summary>
    public static string Guarding => Guard.Replace("\r", "", StringComparison.Ordinal);

    /// <summary>Functions of the other scripts too: <c>walk</c>, and <c>note</c>, which notes what the files are now.</summary>
    public static string Functions => Body.Replace("\r", "", StringComparison.Ordinal);

    /// <param name="target">The folder.</param>
    /// <param name="wanted">What its list of content is to hash to.</param>
    /// <param name="keep">Keep what was seen, for <c>note</c>.</param>
    public static string Of(ContentTarget target, string wanted, bool keep) =>
        Variables(target) + $"W={wanted}; K={(keep ? "1" : "")}\n" + Functions + "\n" + Guarding + Look.Replace("\r", "", StringComparison.Ordinal).Replace("@TOOLS@", string.Join(' ', HostTools.OfContent), StringComparison.Ordinal);

    public static string Variables(ContentTarget target) =>
        $"T={ShellText.Quote(target.Folder)}; S={ShellText.Quote(target.State)}; P={ShellText.Quote(target.ParentFolder)}\n";
}
