package Pupil::App;

# An application behind nginx: it answers with what it was sent.
#
#     my $app = Pupil::App->new;
#     my $nginx = $site->nginx(server => "location /app/ { proxy_pass @{[
#         $app->url]}; }")->start;
#     my $seen = Pupil::App::seen($http->get('/app/'));
#
# What a request asks for: ?status=404, ?accel=/path, Upgrade: anything, of
# which what is sent comes back.

use v5.36;

use IO::Socket::INET;
use JSON::XS ();
use POSIX ();
use Pupil::Util;
use Time::HiRes qw(time);

sub new ($class) {
    my $port = free_port();
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $port, Listen => 128, ReuseAddr => 1)
        or die "listen: $!\n";
    my $log = tmp_dir() . "/app.$port";
    spew($log, '');
    my $pid = fork // die "fork: $!\n";
    serve($listen, $log) if !$pid;
    close $listen;
    return bless { port => $port, pid => $pid, owner => $$, log => $log },
                 $class;
}

sub DESTROY ($self) {
    local ($?, $@);
    kill KILL => $self->{pid} if $self->{owner} == $$;
    process_ends($self->{pid}, 60) if $self->{owner} == $$;
}

sub port ($self) { $self->{port} }
sub url ($self) { "http://127.0.0.1:$self->{port}" }

# How many requests have come.
sub count ($self) { -s $self->{log} }

# What an answer says that was sent: { line, size, head => { name => [values] }
# }; of an answer that is none of the application's nothing.
sub seen ($res) {
    return eval { JSON::XS::decode_json($res->body) } // {};
}

# Begins what it echoes, with more behind the request; the head of its answer.
sub upgraded ($http, $path, $head, $more) {
    $http->connect;
    $http->send_raw($http->request_bytes('GET', $path, header => $head)
                    . $more);
    wait_until(60, 'the upgrade', sub {
        $http->fill(time + 10) if $http->{in} !~ /\r\n\r\n/;
        $http->{in} =~ /\r\n\r\n/ });
    return $http->{in};
}

# Waits until this has come back, at the end.
sub echoed ($http, $text) {
    return wait_until(60, 'what was sent', sub {
        $http->fill(time + 1) if $http->{in} !~ /\Q$text\E$/;
        $http->{in} =~ /\Q$text\E$/ });
}


# ---- the process

sub serve ($listen, $log) {
    local $SIG{CHLD} = 'IGNORE';
    local $SIG{PIPE} = 'IGNORE';
    while (my $client = $listen->accept) {
        next if fork;
        close $listen;
        eval { answer($client, $log) };
        POSIX::_exit(0);
    }
    POSIX::_exit(0);
}

sub answer ($client, $log) {
    my $in = '';
    while ($in !~ /\r\n\r\n/) {
        sysread $client, $in, 65536, length $in or return;
    }
    open my $out, '>>', $log or die "$log: $!\n";
    syswrite $out, '.';

    my ($text, $body) = split /\r\n\r\n/, $in, 2;
    my ($line, @lines) = split /\r\n/, $text;
    my %head;
    for my $field (@lines) {
        my ($name, $value) = $field =~ /^([^:]+):\s*(.*)$/ or next;
        push @{ $head{$name} }, $value;
    }
    my %lower = map { lc($_) => $head{$_}[0] } keys %head;
    return echo($client, $body) if $lower{upgrade};

    my $size = length $body;
    while ($size < ($lower{'content-length'} // 0)) {
        $size += sysread($client, my $bytes, 1 << 20) || return;
    }
    reply($client, $line, \%lower, JSON::XS->new->canonical->encode(
        { line => $line, head => \%head, size => $size }));
}

sub reply ($client, $line, $head, $json) {
    my ($status) = $line =~ /[?&]status=(\d+)/;
    my ($accel) = $line =~ /[?&]accel=([^ &]+)/;
    print $client 'HTTP/1.1 ' . ($status // 200) . " OK\r\n"
        . "Content-Type: application/json\r\nConnection: close\r\n"
        . 'Content-Length: ' . length($json) . "\r\n"
        . ($head->{'x-request-id'} ? "X-Request-Id: $head->{'x-request-id'}\r\n"
                                   : '')
        . ($accel ? "X-Accel-Redirect: $accel\r\n" : '') . "\r\n$json";
}

sub echo ($client, $bytes) {
    syswrite $client, "HTTP/1.1 101 Switching Protocols\r\n"
        . "Upgrade: echo\r\nConnection: Upgrade\r\n\r\n$bytes";
    while (sysread $client, my $more, 65536) {
        syswrite $client, $more;
    }
}

1;
