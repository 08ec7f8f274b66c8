#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# HTTP/2, where a connection has many requests: streams that are reset while
# their submissions are under way, and readers that are slow.  What was answered
# is stored once, with its record; what is read slowly is whole; and others, on
# the same connection too, notice nothing.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Pupil::HTTP2;
use JSON::XS ();
use Time::HiRes qw(sleep);

use constant { STREAMS => 12, SECONDS => 6, READERS => 4 };

my $chaos = Pupil::Chaos->new(pupils => 4);
my ($nginx, $db) = ($chaos->nginx, $chaos->site->db);
my ($rude, $talker) = ($chaos->pupils)[2, 3];
my $warm = $chaos->measure;

sub connection (%opt) {
    return Pupil::HTTP2->new(port => $nginx->port, %opt)->hello;
}


# ---- streams that are reset

# Submissions on a connection, of which every other one is reset, sooner or
# later; what was answered with success goes to acked, the rest to open.
sub reset_some ($report, $n) {
    my $http = $chaos->client($rude);
    my $h2 = connection();
    my %item;

    for my $stream (map { 2 * $_ + 1 } 0 .. STREAMS - 1) {
        my $item = $chaos->submission($rude, "$rude->{login} wrote $n.$stream",
                                      $stream);
        $item{$stream} = $item;
        $report->{open}{ $item->{id} } = [$rude->{id}, $item];
        $h2->headers($stream, Pupil::HTTP2::fields($http,
                     POST => '/v1/progress'));
        $h2->data($stream, json_of($item));
    }
    for my $stream (grep { $_ % 4 == 1 } sort { $a <=> $b } keys %item) {
        sleep rand 0.002;
        $h2->reset_stream($stream);
    }

    my %left = map { $_ => 1 } grep { $_ % 4 == 3 } keys %item;
    while (%left) {
        my $frame = $h2->read_frame // last;
        my $status = Pupil::HTTP2::status($frame) // next;
        my $item = $item{ $frame->{stream} };
        delete $left{ $frame->{stream} };
        $report->{statuses}{$status}++;
        $report->{acked}{ $item->{id} } = delete $report->{open}{ $item->{id} }
            if $status == 201;
    }
    $report->{silent} += keys %left;
    $h2->close;
}

my $dir = tmp_dir();
my @pids = map { my $n = $_; $chaos->fork_one(sub {
    my $until = time + SECONDS;
    my $report = { statuses => {}, acked => {}, open => {}, silent => 0 };
    for (my $round = 0; time < $until; $round++) {
        reset_some($report, "$n.$round");
    }
    spew("$dir/resets.$n", JSON::XS->new->utf8->encode($report));
}) } 1 .. 2;

$chaos->{pupils} = [($chaos->pupils)[0, 1]];
my $load = $chaos->start;
is scalar(grep { process_ends($_, 60) && $? == 0 } @pids), 2,
    'those who reset have ended well';
my $report = $chaos->end($load);
is join(' ', grep { !/^20[01]$/ } keys %{ $report->{statuses} }), '',
    'others notice nothing: ' . ($report->{statuses}{201} // 0) . ' stored';

$chaos->{pupils} = [$chaos->pupils, $rude];
my %sum;
for my $n (1, 2) {
    my $one = JSON::XS->new->utf8->decode(slurp("$dir/resets.$n"));
    $sum{$_} += $one->{statuses}{$_} for keys %{ $one->{statuses} };
    $sum{silent} += $one->{silent};
    %{ $report->{$_} } = (%{ $report->{$_} }, %{ $one->{$_} })
        for qw(acked open);
}
is $sum{silent}, 0, 'who is not reset is answered, on the same connection';
is join(' ', grep { !/^(?:201|503|silent)$/ } keys %sum), '',
    'with success, or told to come again: ' . json_of(\%sum);
cmp_ok $sum{201}, '>', 4 * ($sum{503} // 0), 'which is seldom';
$chaos->settled($report, 'resets');
is $chaos->site->ctl('audit', 'verify', $chaos->site->ctl_where)->{code}, 0,
    'resets: the log is whole';


# ---- readers that are slow, and a reload meanwhile

my $big = $chaos->client($talker);
is_status $big->post('/v1/progress', json => [map {
    $chaos->submission($talker, "$talker->{login} wrote " . 'x' x 8000, $_)
} @$_]), 200, 'a history' for [1 .. 20], [21 .. 40];
my $path = '/v1/progress?limit=40';
my $whole = $big->get($path)->body;
cmp_ok length $whole, '>', 300_000, 'which is large';

my @slow = map { connection(window => 2000) } 1 .. READERS;
$_->headers(1, Pupil::HTTP2::fields($big, GET => $path), end => 1) for @slow;

my (@body, @status, %done);
for (my $turn = 0; keys %done < READERS && $turn < 5000; $turn++) {
    my $i = $turn % READERS;
    next if $done{$i};
    my $frame = $slow[$i]->read_frame // last;
    $status[$i] = Pupil::HTTP2::status($frame) if $frame->{type} == 1;
    if ($frame->{type} == 0 && $frame->{stream} == 1) {
        $body[$i] .= $frame->{payload};
        sleep 0.001;
        $slow[$i]->allow($_, length $frame->{payload}) for 0, 1;
        $done{$i} = 1 if $frame->{flags} & 1;
    }
    if ($turn == 20 * READERS) {
        $nginx->reload;
        is_status $chaos->client($rude)->get('/v1/homework'), 200,
            'others are served, by new workers';
    }
}
is join(' ', @status), join(' ', (200) x READERS), 'slow readers are answered';
is scalar(grep { ($_ // '') eq $whole } @body), READERS,
    'and read the whole, from workers that were to end';
$_->close for @slow;

wait_until(60, 'the old workers to end', sub {
    (my @all = $nginx->workers) == $nginx->{workers} });
$chaos->flat($warm, 'HTTP/2');

done_testing;
