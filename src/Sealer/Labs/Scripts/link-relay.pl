# link-relay.pl FOLDER NAME ONE OTHER: carries frames between two interfaces, late, slowly and not all of them, where the
# kernel has no netem. FOLDER/NAME holds seconds of delay, bits per second (0: any) and percent lost; SIGHUP has it read again.
use strict;
use warnings;
use Socket;
use IO::Handle;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);
use Errno qw(EAGAIN EINTR ENETDOWN ENOBUFS);

use constant {
    AF_PACKET => 17, ETH_P_ALL => 0x0003, SOL_PACKET => 263, PACKET_VNET_HDR => 15, PACKET_IGNORE_OUTGOING => 23,
    SO_RCVBUFFORCE => 33, SO_SNDBUFFORCE => 32, SIOCGIFINDEX => 0x8933, PACKET_ADD_MEMBERSHIP => 1, PACKET_MR_PROMISC => 1,
    LARGEST => 65536 + 64, MOST_BYTES => 128 << 20, AT_ONCE => 64,
};

my ($folder, $name, @interfaces) = @ARGV;
my ($delay, $rate, $loss);

sub settings {
    open(my $file, '<', "$folder/$name") or return;
    ($delay, $rate, $loss) = split ' ', <$file>;
    close $file;
}
settings();
$SIG{HUP} = \&settings;

my @ways = map {
    socket(my $socket, AF_PACKET, SOCK_RAW, unpack('S', pack('n', ETH_P_ALL))) or die "socket: $!";
    my $request = pack('a16 x24', $_);
    ioctl($socket, SIOCGIFINDEX, $request) or die "$_: $!";
    my $index = unpack('x16 i', $request);
    # Frames that the kernel would cut or complete later come as they are, with a note of what is left to be done to them.
    setsockopt($socket, SOL_PACKET, PACKET_VNET_HDR, pack('i', 1)) or die "vnet_hdr: $!";
    setsockopt($socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, pack('i', 1)) or die "ignore_outgoing: $!";
    setsockopt($socket, SOL_PACKET, PACKET_ADD_MEMBERSHIP, pack('i S S a8', $index, PACKET_MR_PROMISC, 0, '')) or die "promiscuous: $!";
    setsockopt($socket, SOL_SOCKET, SO_RCVBUFFORCE, pack('i', 64 << 20));
    setsockopt($socket, SOL_SOCKET, SO_SNDBUFFORCE, pack('i', 64 << 20));
    bind($socket, pack('S n i S C C a8', AF_PACKET, ETH_P_ALL, $index, 0, 0, 0, '')) or die "bind: $!";
    $socket->blocking(0);
    { from => $socket, queue => [], bytes => 0, free => 0 };
} @interfaces;
($ways[0]{to}, $ways[1]{to}) = ($ways[1]{from}, $ways[0]{from});

open(my $pid, '>', "$folder/$name.pid.new") or die "pid: $!";
print $pid "$$\n";
close $pid;
rename "$folder/$name.pid.new", "$folder/$name.pid";

my $all = '';
vec($all, fileno($_->{from}), 1) = 1 for @ways;
my $frame;
while (1) {
    my $now = clock_gettime(CLOCK_MONOTONIC);
    my $next;
    for my $way (@ways) {
        my $queue = $way->{queue};
        while (@$queue && $queue->[0][0] <= $now) {
            my $sent = syswrite($way->{to}, $queue->[0][1]);
            last if !defined $sent && ($! == ENOBUFS || $! == EAGAIN);
            $way->{bytes} -= length((shift @$queue)->[1]);
        }
        if (@$queue) {
            my $due = $queue->[0][0] > $now ? $queue->[0][0] - $now : 0.0005;
            $next = $due if !defined $next || $due < $next;
        }
    }

    my $ready = $all;
    next if select($ready, undef, undef, $next) <= 0;
    for my $way (@ways) {
        next unless vec($ready, fileno($way->{from}), 1);
        for (1 .. AT_ONCE) {
            my $length = sysread($way->{from}, $frame, LARGEST);
            last unless $length;
            my $came = clock_gettime(CLOCK_MONOTONIC);
            next if $loss > 0 && rand(100) < $loss;
            next if $way->{bytes} + $length > MOST_BYTES;
            my $due = $came;
            if ($rate > 0) {
                my $start = $way->{free} > $came ? $way->{free} : $came;
                my $takes = ($length - 10) * 8 / $rate;
                # What a link of this rate holds: a tenth of a second, or a few frames where that is more.
                my $holds = 32 * 1514 * 8 / $rate;
                next if $start - $came > ($holds > 0.1 ? $holds : 0.1);
                $due = $way->{free} = $start + $takes;
            }
            push @{$way->{queue}}, [$due + $delay, $frame];
            $way->{bytes} += $length;
        }
    }
}
