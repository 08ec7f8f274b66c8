#!/usr/bin/perl

# Clients that leave at every stage, by FIN and by RST, over HTTP/1.1 and
# HTTP/2 with TLS, while others work: nobody else notices, what they sent is
# stored once or not at all, and the workers hold nothing for them.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Pupil::HTTP2;
use Time::HiRes qw(sleep time);

my $chaos = Pupil::Chaos->new(pupils => 5, slow => 10);
my $nginx = $chaos->nginx;
my ($leaver, $talker) = ($chaos->pupils)[3, 4];

# A long history, so that an answer does not fit into the socket's buffers.
my $big = $chaos->client($talker);
for (1 .. 5) {
    my @batch = map { $chaos->submission($talker,
        "$talker->{login} wrote " . 'x' x 7000, $_) } 1 .. 20;
    is_status $big->post('/v1/progress', json => \@batch), 200,
        'a batch of 20';
}
cmp_ok length $big->get('/v1/progress?limit=100')->body, '>', 600_000,
    'a page of 600 kB';


# ---- the stages

my $body = sub { json_of($_[0]) };
my %sent;       # id => item, of submissions that a leaver sent whole

sub post_bytes ($http, $item, %opt) {
    return $http->request_bytes(POST => '/v1/progress', json => $item, %opt);
}

# HTTP/1.1: each gets a fresh client and a fresh submission.
my %http1 = (
    'after connect' => sub ($http, $) {
        IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                              PeerPort => $nginx->port); return },
    'in the TLS handshake' => sub ($http, $) {
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                           PeerPort => $nginx->port);
        syswrite $socket, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abc";
        return },
    'after the handshake' => sub ($http, $) { $http->connect; return },
    'in the request line' => sub ($http, $) {
        $http->send_raw('POST /v1/pro'); return },
    'in the header' => sub ($http, $item) {
        $http->send_raw(substr post_bytes($http, $item), 0, 90); return },
    'before the body' => sub ($http, $item) {
        $http->send_raw(post_bytes($http, $item) =~ s/\r\n\r\n\K.*//sr);
        return },
    'in the body' => sub ($http, $item) {
        $http->send_raw(substr post_bytes($http, $item), 0, -20); return },
    'in a chunk' => sub ($http, $item) {
        $http->send_raw(substr post_bytes($http, $item, chunked => 50),
                        0, -40); return },
    'before the last chunk' => sub ($http, $item) {
        $http->send_raw(post_bytes($http, $item, chunked => 50)
                        =~ s/0\r\n\r\n\z//r); return },
    'after a submission' => sub ($http, $item) {
        $http->send_raw(post_bytes($http, $item)); return $item },
    'a little later' => sub ($http, $item) {
        $http->send_raw(post_bytes($http, $item));
        sleep 0.003; return $item },
    'after a batch' => sub ($http, $item) {
        $http->send_raw(post_bytes($http, [$item])); return $item },
    'after a page is asked for' => sub ($http, $) {
        $http->send_raw($http->request_bytes(GET => '/v1/homework'));
        return },
    'after ten pipelined' => sub ($http, $item) {
        $http->send_raw(post_bytes($http, $item) . join '',
            map { $http->request_bytes(GET => '/v1/session') } 1 .. 9);
        return $item },
    'after a log-in' => sub ($http, $) {
        # with the cookie it would end the session of the others
        $http->send_raw($http->request_bytes(POST => '/v1/login',
            cookies => 0, json => { identifier => $leaver->{login},
                      password => $leaver->{password} })); return },
    'in the answer' => sub ($http, $) {
        $http->send_raw($http->request_bytes(GET =>
            '/v1/progress?limit=100'));
        $http->fill(time + 10); return },
    'in the answer, unread' => sub ($http, $) {
        $http->send_raw($http->request_bytes(GET =>
            '/v1/progress?limit=100'));
        sleep 0.02; return },
);

# HTTP/2: a connection after its preface.
sub fields ($person, $method, $path) {
    return [':method' => $method, ':scheme' => 'https', ':path' => $path,
            ':authority' => 'localhost', 'content-type' =>
            'application/json', 'x-pupil-csrf' => $person->{csrf},
            cookie => join '; ', map { "$_=$person->{cookies}{$_}" }
                                 sort keys %{ $person->{cookies} }];
}

my @post = (POST => '/v1/progress');
my %http2 = (
    'after the preface' => sub ($h2, $) { return },
    'in the header' => sub ($h2, $) {
        $h2->headers(1, fields($leaver, @post), part => 40); return },
    'before the body' => sub ($h2, $) {
        $h2->headers(1, fields($leaver, @post)); return },
    'in the body' => sub ($h2, $item) {
        $h2->headers(1, fields($leaver, @post));
        $h2->data(1, substr($body->($item), 0, 30), 0); return },
    'in the body, by a reset' => sub ($h2, $item) {
        $h2->headers(1, fields($leaver, @post));
        $h2->data(1, substr($body->($item), 0, 30), 0);
        $h2->reset_stream(1); return },
    'after a submission' => sub ($h2, $item) {
        $h2->headers(1, fields($leaver, @post));
        $h2->data(1, $body->($item)); return $item },
    'after a submission, by a reset' => sub ($h2, $item) {
        $h2->headers(1, fields($leaver, @post));
        $h2->data(1, $body->($item));
        $h2->reset_stream(1); sleep 0.002; return $item },
    'after twenty, each reset at once' => sub ($h2, $item) {
        $h2->headers(1, fields($leaver, @post));
        $h2->data(1, $body->($item));
        for my $stream (map { 2 * $_ + 1 } 1 .. 20) {
            $h2->headers($stream, fields($leaver, GET => '/v1/homework'),
                         end => 1);
            $h2->reset_stream($stream);
        }
        return $item },
    'in the answer' => sub ($h2, $) {
        $h2->headers(1, fields($talker, GET => '/v1/progress?limit=100'),
                     end => 1);
        $h2->wait(5); return },
    'in the answer, by a reset' => sub ($h2, $) {
        $h2->headers(1, fields($talker, GET => '/v1/progress?limit=100'),
                     end => 1);
        $h2->wait(5); $h2->reset_stream(1); return },
    'after a log-in' => sub ($h2, $) {
        $h2->headers(1, [@{ fields($leaver, POST => '/v1/login') }[0 .. 9]]);
        $h2->data(1, json_of({ identifier => $leaver->{login},
                               password => $leaver->{password} }));
        return },
);


sub leave_http1 ($stage, $rst) {
    my $item = $chaos->submission($leaver, "$leaver->{login} wrote and left");
    my $http = $chaos->client($stage =~ /answer/ ? $talker : $leaver,
                              timeout => 120);
    my $sent = $http1{$stage}->($http, $item);
    $sent{ $item->{id} } = $item if $sent;
    $rst && $http->socket ? $http->reset : $http->close;
}

sub leave_http2 ($stage, $rst) {
    my $item = $chaos->submission($leaver, "$leaver->{login} wrote and left");
    my $h2 = Pupil::HTTP2->new(port => $nginx->port,
        window => $stage =~ /in the answer$/ ? 1000 : undef)->hello;
    my $sent = $http2{$stage}->($h2, $item);
    $sent{ $item->{id} } = $item if $sent;
    $h2->close($rst);
}

my @failed;     # leavers that did not come as far as they should

sub leave_all () {
    for my $rst (0, 1) {
        for my $stage (sort keys %http1) {
            eval { leave_http1($stage, $rst); 1 }
                or push @failed, "HTTP/1.1 $stage: $@";
        }
        for my $stage (sort keys %http2) {
            eval { leave_http2($stage, $rst); 1 }
                or push @failed, "HTTP/2 $stage: $@";
        }
    }
}


# ---- warm-up: everything once, so that caches and pools have their size

leave_all();
sleep 1;
my $warm = $chaos->measure;
my @workers = $nginx->workers;


# ---- many of them, while the others work

$chaos->{pupils} = [($chaos->pupils)[0 .. 2]];
my $rounds = 0;

sub leave_while_others_work () {
    my $load = $chaos->start;
    for (my $until = time + 12; time < $until || $rounds < 2; $rounds++) {
        leave_all();
    }
    return $load;
}

my $load = leave_while_others_work();
is join('', @failed), '', 2 * $rounds * (keys(%http1) + keys %http2)
    . ' clients have left';
sleep 0.5;
my $report = $chaos->end($load);
is join(' ', grep { !/^20[01]$/ } keys %{ $report->{statuses} }), '',
    'the others noticed nothing: ' . ($report->{statuses}{201} // 0)
    . ' stored';
$chaos->settled($report, 'clients that leave');
is join(' ', $nginx->workers), "@workers", 'the same workers';

# What leavers sent whole: stored or not, the same again is success, once.
my $http = $chaos->client($leaver);
my (%answer, @bad);
my $db = $chaos->site->db;
for my $item (values %sent) {
    my $there = $db->selectrow_array('SELECT count(*) FROM data.progress'
                                     . ' WHERE record = ?', undef,
                                     $item->{id});
    my $res = $http->post('/v1/progress', json => $item);
    $answer{ $res->status }++;
    push @bad, $item->{id} . ': ' . $res->status . " with $there stored"
        if $res->status != ($there ? 200 : 201);
}
is join("\n", @bad), '', keys(%sent) . ' submissions of leavers can be sent'
    . ' again: ' . json_of(\%answer);
is $db->selectrow_array('SELECT count(*) FROM data.progress WHERE record'
    . ' = ANY (?)', undef, [keys %sent]), scalar(keys %sent),
    'each is stored once';
is $chaos->unaudited, 0, 'each with its audit record';

$chaos->flat($warm, 'clients that leave', 6144,
             sub { $chaos->end(leave_while_others_work()) });
my $text = $nginx->log_text;
unlike $text, qr/\[(?:alert|crit|emerg)\]/, 'nothing critical in the log';

done_testing;
