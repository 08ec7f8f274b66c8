package Pupil::HTTP2;

# Just enough of HTTP/2 to be rude with it: frames are sent one by one, and of
# what comes back nothing is understood but frames and their status.
#
#     my $h2 = Pupil::HTTP2->new(port => $port)->hello;
#     $h2->headers(1, [':method' => 'GET', ...], end => 1);
#     $h2->reset_stream(1); $h2->close;

use v5.36;

use IO::Select;
use IO::Socket::INET;
use IO::Socket::SSL;
use Pupil::Util;
use Time::HiRes ();


# Options: port, window (how many bytes the server may send on a stream).
sub new ($class, %opt) {
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $opt{port}, Timeout => 10) or die "connect: $@\n";
    IO::Socket::SSL->start_SSL($socket, SSL_hostname => 'localhost',
        SSL_verifycn_scheme => 'http', SSL_ca_file => test_ca()->{ca},
        SSL_alpn_protocols => ['h2'], Timeout => 10)
        or die "TLS: $IO::Socket::SSL::SSL_ERROR\n";
    $socket->alpn_selected eq 'h2' or die "no HTTP/2\n";
    return bless { %opt, socket => $socket }, $class;
}

sub send_raw ($self, $bytes) {
    local $SIG{PIPE} = 'IGNORE';
    return syswrite $self->{socket}, $bytes;
}

sub frame ($type, $flags, $stream, $payload) {
    return substr(pack('N', length $payload), 1)
        . pack('C C N', $type, $flags, $stream) . $payload;
}

sub hello ($self) {
    my $settings = defined $self->{window} ? pack('n N', 4, $self->{window})
                                           : '';
    $self->send_raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                    . frame(4, 0, 0, $settings));
    return $self;
}

sub number ($n, $bits) {
    my $max = (1 << $bits) - 1;
    return chr $n if $n < $max;
    my $out = chr $max;
    $n -= $max;
    while ($n >= 128) {
        $out .= chr($n % 128 + 128);
        $n >>= 7;
    }
    return $out . chr $n;
}

# Literal fields without an index.
sub block ($fields) {
    my ($out, @left) = ('', @$fields);
    while (my ($name, $value) = splice @left, 0, 2) {
        $out .= "\0" . number(length $name, 7) . $name
              . number(length $value, 7) . $value;
    }
    return $out;
}

# end: no DATA will follow; part: only so many bytes of the block, and no
# CONTINUATION.
sub headers ($self, $stream, $fields, %opt) {
    my $block = block($fields);
    $block = substr $block, 0, $opt{part} if $opt{part};
    return $self->send_raw(frame(1, ($opt{part} ? 0 : 4)
                                    | ($opt{end} ? 1 : 0), $stream, $block));
}

sub data ($self, $stream, $bytes, $end = 1) {
    return $self->send_raw(frame(0, $end ? 1 : 0, $stream, $bytes));
}

# CANCEL
sub reset_stream ($self, $stream) {
    return $self->send_raw(frame(3, 0, $stream, pack 'N', 8));
}

# More that the server may send on a stream; 0: on all of them together.
sub allow ($self, $stream, $bytes) {
    return $self->send_raw(frame(8, 0, $stream, pack 'N', $bytes));
}

# What a pupil's browser would send, for headers().
sub fields ($http, $method, $path) {
    my $cookies = $http->cookies;
    return [':method' => $method, ':scheme' => 'https', ':path' => $path,
        ':authority' => 'localhost', 'content-type' => 'application/json',
        'x-pupil-csrf' => $http->csrf,
        cookie => join '; ', map { "$_=$cookies->{$_}" } sort keys %$cookies];
}

# The next frame: { type, flags, stream, payload }; none within so many seconds
# or before the end: undef.
sub read_frame ($self, $seconds = 10) {
    my $head = $self->take(9, $seconds) // return;
    my ($high, $low, $type, $flags, $stream) = unpack 'C n C C N', $head;
    return { type => $type, flags => $flags, stream => $stream,
             payload => $self->take($high << 16 | $low, $seconds) // return };
}

sub take ($self, $length, $seconds) {
    my $until = Time::HiRes::time() + $seconds;
    while (length($self->{come} //= '') < $length) {
        my $left = $until - Time::HiRes::time();
        return if $left < 0;
        my $socket = $self->{socket};
        next if !$socket->pending
                && !IO::Select->new($socket)->can_read($left);
        sysread $socket, $self->{come}, 65536, length $self->{come} or return;
    }
    return substr $self->{come}, 0, $length, '';
}

# The status of a HEADERS frame, as nginx writes it: 200 by its index, others
# in digits; undef for another frame.
sub status ($frame) {
    return if $frame->{type} != 1;
    return $frame->{payload} =~ /^\x88/ ? 200
         : $frame->{payload} =~ /^.\x03(\d{3})/s ? $1 : 0;
}

# Waits for some bytes.
sub wait ($self, $seconds) {
    my $socket = $self->{socket};
    return if !$socket->pending
              && !IO::Select->new($socket)->can_read($seconds);
    return sysread $socket, my $bytes, 65536;
}

# Goes without a word: rst => 1 by RST.
sub close ($self, $rst = 0) {
    my $socket = delete $self->{socket} or return;
    setsockopt $socket, Socket::SOL_SOCKET(), Socket::SO_LINGER(),
        pack('ii', 1, 0) if $rst;
    $socket->close(SSL_no_shutdown => 1, SSL_fast_shutdown => 1);
}

1;
