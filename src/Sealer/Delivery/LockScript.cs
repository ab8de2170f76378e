using System.Globalization;
using Sealer.Hosts;

namespace Sealer.Delivery;

/// <summary>
/// What a cluster's lock is made of on the host that keeps it. A claim is a file named by its token, made by linking a finished
/// one to that name, which only one can do; the highest counts. Time is the host's own since it was started, so that no clock that
/// somebody sets makes a claim older or younger: /proc/uptime, less what had passed when the first process began, which is the
/// machine's time and not the host's where the host is a container. A claim of before a restart is as old as the restart.
/// </summary>
internal static class LockScript
{
    public const int Lost = 94;
    public const string LostMark = "sealer-lock";

    // What /proc counts in, a second (USER_HZ): the same on every Linux that clusters run on, and getconf may be missing.
    private const int Ticks = 100;

    // A host keeps some claims that are over: who tries to take a number that was given already must meet it.
    private const int Kept = 16;

    /// <summary>Takes it, and says <c>taken TOKEN</c> or <c>held</c> with what is known of the holder.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="id">The new claim's holder.</param>
    /// <param name="process">As words.</param>
    /// <param name="timeToLive">Seconds.</param>
    /// <param name="above">The token is higher than this.</param>
    /// <param name="over">The claim that may be taken away whatever its age: its token and holder, <c>*</c> for any, empty for none.</param>
    public static string Take(string cluster, string id, string process, long timeToLive, long above, string over) => $$"""
        {{Begin(cluster)}}
        (umask 022; mkdir -p "${d%/*}") && mkdir -p "$d" || exit 1
        i=0
        while [ $i -lt 8 ]; do i=$((i+1))
            look
            if [ "$top" -gt 0 ] && [ "$state" = held ] && [ "$age" -lt "$ttl" ] && [ {{ShellText.Quote(over)}} != '*' ] && [ {{ShellText.Quote(over)}} != "$top-$id" ]; then
                echo "held $top $id $age $ttl $since $process"; exit 0
            fi
            next=$top; [ {{N(above)}} -gt "$next" ] && next={{N(above)}}
            next=$((next+1))
            put "$d/.new-{{id}}" {{id}} {{N(timeToLive)}} held "$(date +%s)" {{ShellText.Quote(process)}} || exit 1
            if ln "$d/.new-{{id}}" "$d/$next" 2>/dev/null; then
                rm -f "$d/.new-{{id}}"
                was="$top $id $age $ttl $since $process $state"
                look
                if [ "$top" = "$next" ]; then
                    {{Sweep("$next")}}
                    echo "taken $next $was"; exit 0
                fi
                rm -f "$d/$next"
            fi
            rm -f "$d/.new-{{id}}"
        done
        echo 'others take it all the time' >&2; exit 1
        """;

    // The timer and the journal may renew at once: each has a file of its own to rename.
    /// <summary>Goes on only where the claim is still the highest and not too old, and renews it.</summary>
    public static string Renew(string cluster, string id, long token, long timeToLive) => $$"""
        {{Begin(cluster)}}
        look
        if [ "$top" != {{N(token)}} ] || [ "$id" != {{id}} ] || [ "$state" != held ]; then echo "{{LostMark}} other $top $id $age $ttl $since $process" >&2; exit {{Lost}}; fi
        if [ "$age" -ge "$ttl" ]; then echo "{{LostMark}} late $top $id $age $ttl $since $process" >&2; exit {{Lost}}; fi
        if [ "$age" -gt 0 ]; then put "$d/.renew-{{id}}.$$" {{id}} {{N(timeToLive)}} held "$since" "$process" && mv -f "$d/.renew-{{id}}.$$" "$d/{{N(token)}}" || exit 1; fi
        """;

    /// <summary>
    /// Has the claim known on another host, or renews it there: who reaches only that one then hears of it. Says <c>stands</c> with
    /// what stood there before, <c>held</c> with who has one that is not to be taken away, or <c>other</c> with who has a newer one.
    /// </summary>
    public static string Stand(string cluster, string id, string process, long timeToLive, long token, string over) => $$"""
        {{Begin(cluster)}}
        (umask 022; mkdir -p "${d%/*}") && mkdir -p "$d" || exit 1
        look
        if [ "$top" = {{N(token)}} ] && [ "$id" = {{id}} ]; then
            put "$d/.renew-{{id}}.$$" {{id}} {{N(timeToLive)}} held "$since" "$process" && mv -f "$d/.renew-{{id}}.$$" "$d/{{N(token)}}" || exit 1
            echo stands; exit 0
        fi
        was="$top $id $age $ttl $since $process $state"
        if [ "$top" -lt {{N(token)}} ]; then
            if [ "$state" = held ] && [ "$age" -lt "$ttl" ] && [ {{ShellText.Quote(over)}} != '*' ] && [ {{ShellText.Quote(over)}} != "$top-$id" ]; then echo "held $was"; exit 0; fi
            put "$d/.new-{{id}}" {{id}} {{N(timeToLive)}} held "$(date +%s)" {{ShellText.Quote(process)}} || exit 1
            ln "$d/.new-{{id}}" "$d/{{N(token)}}" 2>/dev/null
            rm -f "$d/.new-{{id}}"
            look
        fi
        if [ "$top" != {{N(token)}} ] || [ "$id" != {{id}} ]; then echo "other $top $id $age $ttl $since $process $state"; exit 0; fi
        {{Sweep(N(token))}}
        echo "stands $was"
        """;

    /// <summary>Takes back what <see cref="Stand"/> has made known.</summary>
    public static string Leave(string cluster, string id, long token, long timeToLive) => $$"""
        {{Begin(cluster)}}
        look
        [ "$top" = {{N(token)}} ] && [ "$id" = {{id}} ] || exit 0
        put "$d/.renew-{{id}}.$$" {{id}} {{N(timeToLive)}} released "$since" "$process" && mv -f "$d/.renew-{{id}}.$$" "$d/{{N(token)}}"
        """;

    /// <summary>Gives it back.</summary>
    public static string Release(string cluster, string id, long token, long timeToLive) => $$"""
        {{Renew(cluster, id, token, timeToLive)}}
        put "$d/.renew-{{id}}.$$" {{id}} {{N(timeToLive)}} released "$since" "$process" && mv -f "$d/.renew-{{id}}.$$" "$d/{{N(token)}}"
        """;

    private static string Sweep(string top) => $$"""
        for f in "$d"/*; do f=${f##*/}; case $f in *[!0-9]*) continue;; esac; [ "$f" -le $(({{top}}-{{Kept}})) ] && rm -f "$d/$f"; done
        """;

    private static string N(long number) => number.ToString(CultureInfo.InvariantCulture);

    // A claim that cannot be read, as one of a host that lost power, is as good as none.
    private static string Begin(string cluster) => $$"""
        umask 077
        d={{DeliveryPaths.Lock(cluster)}}
        read up rest < /proc/uptime; up=${up%%.*}
        first() { s=; [ -r /proc/1/stat ] && read -r s < /proc/1/stat; set -- ${s##*) }; [ $# -ge 20 ] || { echo 0; return; }; shift 19; echo $(($1/{{Ticks}})); }
        up=$((up-$(first))); [ "$up" -ge 0 ] || up=0
        read boot < /proc/sys/kernel/random/boot_id
        put() { printf '%s\n' "$2" "$boot" "$up" "$3" "$4" "$5" "$6" > "$1" && { sync "$1" 2>/dev/null || sync; }; }
        look() {
            top=0; for f in "$d"/*; do f=${f##*/}; case $f in ''|*[!0-9]*) continue;; esac; [ "$f" -gt "$top" ] && top=$f; done
            id=-; wasboot=; at=; ttl=0; state=none; since=0; process=-
            [ "$top" -gt 0 ] && { read id; read wasboot; read at; read ttl; read state; read since; read process; } < "$d/$top"
            case $at$ttl$since in ''|*[!0-9]*) id=-; at=0; ttl=0; state=broken; since=0;; esac
            if [ "$wasboot" = "$boot" ]; then age=$((up-at)); else age=$up; fi
        }
        """;
}
