namespace Sealer.Hosts.Checks;

/// <summary>
/// Runs on a host while the others connect to it, and connects to them when told. It listens with whatever the host has, says
/// <c>ready</c>, reads a line with targets from its input, tells what came of each, and ends, with all it started, at the end
/// of its input: also where the connection to the controller is lost.
/// </summary>
internal static class PairScript
{
    /// <summary>Name of the variable with the ports to listen on, with blanks between.</summary>
    public const string Listen = "SEALER_LISTEN";

    /// <summary>Name of the variable with the tools that may be used, with blanks between and around.</summary>
    public const string Tools = "SEALER_TOOLS";

    /// <summary>Bytes that a listener sends: enough that they take several full packets.</summary>
    public const int Payload = 20_000;

    /// <summary>All tools, the best first.</summary>
    public const string AllTools = " systemd-socket-activate python3 perl bash ";

    public const string Text = """
        PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/libexec
        has() { case $SEALER_TOOLS in *" $1 "*) command -v "$1" >/dev/null 2>&1;; *) return 1;; esac; }
        python=
        if has python3; then python=python3
        else case $SEALER_TOOLS in *' python3 '*) [ -x /usr/libexec/platform-python ] && python=/usr/libexec/platform-python;; esac; fi
        server=; work=; limited=
        # Where the controller is gone without a word, the end of the input comes late or never.
        command -v timeout >/dev/null 2>&1 && limited='timeout 900'
        end() { [ -z "$server" ] || kill "$server" 2>/dev/null; [ -z "$work" ] || kill "$work" 2>/dev/null; }
        trap end EXIT; trap 'exit 1' HUP INT TERM PIPE
        if [ -n "$SEALER_LISTEN" ]; then
            if has systemd-socket-activate; then
                l=; for p in $SEALER_LISTEN; do l="$l -l $p"; done
                $limited systemd-socket-activate --accept --inetd $l /bin/sh -c 'head -c 20000 /dev/zero' </dev/null >/dev/null 2>&1 & server=$!
            elif [ -n "$python" ]; then
                $limited "$python" -c '
        import selectors, socket, sys, threading
        def serve(c):
            try:
                c.settimeout(10); c.sendall(b"\0" * 20000); c.shutdown(socket.SHUT_WR); c.recv(1)
            except OSError: pass
            finally: c.close()
        s = selectors.DefaultSelector()
        for p in sys.argv[1:]:
            try:
                l = socket.socket(socket.AF_INET6); l.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0); a = "::"
            except OSError:
                l = socket.socket(); a = "0.0.0.0"
            l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); l.bind((a, int(p))); l.listen(64); s.register(l, selectors.EVENT_READ)
        while True:
            for k, _ in s.select():
                try: c = k.fileobj.accept()[0]
                except OSError: continue
                threading.Thread(target=serve, args=(c,), daemon=True).start()
        ' $SEALER_LISTEN </dev/null >/dev/null 2>&1 & server=$!
            elif has perl; then
                $limited perl -e '
        use Socket qw(:all); $SIG{CHLD} = "IGNORE"; my $r = ""; my @s;
        for my $p (@ARGV) {
            my $l;
            if (socket($l, AF_INET6, SOCK_STREAM, 0)) {
                setsockopt($l, SOL_SOCKET, SO_REUSEADDR, 1); setsockopt($l, IPPROTO_IPV6, IPV6_V6ONLY, 0); bind($l, pack_sockaddr_in6($p, IN6ADDR_ANY)) or exit 1;
            } else {
                socket($l, AF_INET, SOCK_STREAM, 0); setsockopt($l, SOL_SOCKET, SO_REUSEADDR, 1); bind($l, pack_sockaddr_in($p, INADDR_ANY)) or exit 1;
            }
            listen($l, 64) or exit 1; vec($r, fileno($l), 1) = 1; push @s, $l;
        }
        while (1) {
            my $w = $r; next if select($w, undef, undef, undef) < 1;
            for my $l (@s) {
                next unless vec($w, fileno($l), 1); accept(my $c, $l) or next;
                if (!fork) { alarm 10; syswrite($c, "\0" x 20000); shutdown($c, 1); sysread($c, my $x, 1); exit 0 }
                close $c;
            }
        }
        ' $SEALER_LISTEN </dev/null >/dev/null 2>&1 & server=$!
            fi
        fi
        open=
        if [ -n "$server" ]; then
            n=0
            while [ $n -lt 100 ] && kill -0 "$server" 2>/dev/null; do
                n=$((n+1)); open=1
                for p in $SEALER_LISTEN; do
                    h=$(printf '%04X' "$p"); grep -q ":$h 0[0:]*:0000 0A" /proc/net/tcp /proc/net/tcp6 2>/dev/null || open=
                done
                [ -n "$open" ] && break
                sleep 0.1 2>/dev/null || sleep 1
            done
            kill -0 "$server" 2>/dev/null || open=
        fi
        client=
        if [ -n "$python" ]; then client=python; elif has perl; then client=perl; elif has bash && command -v timeout >/dev/null 2>&1; then client=bash; fi
        printf 'ready %s %s\n' "${open:-0}" "${client:-none}"
        IFS= read -r targets || exit 0
        case $client in
        python) "$python" -c '
        import socket, sys, threading, errno
        gate = threading.Semaphore(32); said = threading.Lock()
        def probe(t):
            a, p, d = t.split(","); o = "reached"
            with gate:
                try:
                    c = socket.create_connection((a, int(p)), 3)
                    try:
                        n = 0; c.settimeout(5)
                        while d == "1" and n < 20000:
                            b = c.recv(65536)
                            if not b: break
                            n += len(b)
                    except (socket.timeout, OSError): o = "stalled"
                    finally: c.close()
                except socket.timeout: o = "silent"
                except OSError as e: o = "refused" if e.errno == errno.ECONNREFUSED else "silent" if e.errno == errno.ETIMEDOUT else "unreachable"
            with said:
                print("pair " + t + " " + o); sys.stdout.flush()
        w = [threading.Thread(target=probe, args=(t,)) for t in sys.argv[1:]]
        for x in w: x.start()
        for x in w: x.join()
        ' $targets </dev/null 2>/dev/null & work=$!; wait $work; work=;;
        perl) perl -e '
        use Socket qw(:DEFAULT getaddrinfo); use Errno; $| = 1; my $n = 0;
        for my $t (@ARGV) {
            if ($n >= 32) { wait; $n-- }
            $n++; next if fork;
            my ($a, $p, $d) = split /,/, $t; my $o = "reached"; my $c; my $in = 0;
            eval {
                local $SIG{ALRM} = sub { die "alarm\n" };
                my ($e, $i) = getaddrinfo($a, $p, {socktype => SOCK_STREAM}); die "no\n" unless $i;
                socket($c, $i->{family}, SOCK_STREAM, 0) or die "no\n";
                alarm 3; connect($c, $i->{addr}) or die $!{ECONNREFUSED} ? "refused\n" : $!{ETIMEDOUT} ? "alarm\n" : "no\n"; $in = 1;
                alarm 5; my $g = 0;
                while ($d && $g < 20000) { my $r = sysread($c, my $b, 65536); last unless $r; $g += $r }
                alarm 0; 1
            } or $o = $in ? "stalled" : $@ eq "refused\n" ? "refused" : $@ eq "alarm\n" ? "silent" : "unreachable";
            alarm 0; syswrite(STDOUT, "pair $t $o\n"); exit 0;
        }
        1 while wait != -1;
        ' $targets </dev/null 2>/dev/null & work=$!; wait $work; work=;;
        bash) bash -c '
        one() {
            local a=${1%%,*} r=${1#*,} p d e o; p=${r%,*}; d=${r#*,}
            e=$(LC_ALL=C timeout 3 bash -c "exec 3<>/dev/tcp/\$0/\$1" "$a" "$p" 2>&1); c=$?
            if [ $c = 124 ]; then o=silent
            elif [ $c != 0 ]; then case $e in *refused*) o=refused;; *"timed out"*) o=silent;; *) o=unreachable;; esac
            elif [ "$d" = 1 ]; then
                timeout 5 bash -c "exec 3<>/dev/tcp/\$0/\$1; [ \$(head -c 20000 <&3 | wc -c) -ge 20000 ]" "$a" "$p" 2>/dev/null && o=reached || o=stalled
            else o=reached; fi
            echo "pair $1 $o"
        }
        n=0
        for t; do one "$t" & n=$((n+1)); [ $((n % 32)) = 0 ] && wait; done
        wait
        ' bash $targets </dev/null 2>/dev/null & work=$!; wait $work; work=;;
        esac
        echo told
        IFS= read -r rest
        exit 0
        """;
}
