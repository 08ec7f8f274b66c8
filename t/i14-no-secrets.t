#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I14: secrets are in no log, no temporary file and no core dump: workers have
# none, and a dump that is forced has no key outside the locked memory.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Memory;
use Pupil::Search;

use MIME::Base64 ();

my $site = pupil_up(own => 1, import => 1, pg => { conf => {
    log_statement => 'all', log_min_duration_statement => 0 } });
my $day = Pupil::Day->up(workers => 1, site => $site);
my $nginx = $day->nginx;
$day->all_here->work;


# ---- a busy day, with everything that may be said about it in a log

my %secret;
sub keep_secrets ($http) {
    my @texts = (values %{ $http->cookies }, $http->csrf // ());
    $secret{$_} = 1 for @texts,
        map { MIME::Base64::decode_base64url($_) } @texts;
}

for my $round (1 .. 2) {
    $day->ask($_) for grep { $_->{name} ne 'take back' } $day->requests;
}
keep_secrets($day->as($_))
    for qw(teacher pupil classmate colleague other);
my $pupil = $day->pupil;
my $answer = 'Ett svar som ingen annan ska se';
my $wrong = 'ett lösenord som är fel';
$pupil->post('/v1/progress', json => $day->answer($day->homework, 0,
                                                  answer => $answer));
$nginx->http->login($day->person('pupil')->{login}, $wrong);
for my $bad ('{"identifier":"OKlein","password":"hemligt hemligt 1"',
             '{"identifier":"OKlein","password":"hemligt hemligt 2","x":1}',
             '{"identifier":{},"password":"hemligt hemligt 3"}')
{
    $nginx->http->post('/v1/login', body => $bad);
}
$pupil->post('/v1/progress', body => '{"answer":"hemligt svar 4"');
$pupil->post('/v1/progress', json => $day->answer($day->homework, 0,
    answer => 'hemligt svar 5', score => { raw => -1, max => 0 }));
$day->db->do('ALTER TABLE data.progress ADD CONSTRAINT no CHECK (false)'
             . ' NOT VALID');
$pupil->post('/v1/progress', json => $day->answer($day->homework, 0,
                                                  answer => $answer));
$day->db->do('ALTER TABLE data.progress DROP CONSTRAINT no');
# Too large for memory that nginx has at hand, and in pieces.
$pupil->post('/v1/progress', chunked => 4096, json => [map {
    $day->answer($day->homework, 0, answer => "$answer " x 200) } 1 .. 20]);
my $out = $nginx->http;
$out->{cookies} = { %{ $pupil->cookies } };
$out->csrf($pupil->csrf);
is $out->logout->status, 204, 'a log-out';
my $again = $nginx->http;
is $again->login(@{ $day->person('pupil') }{qw(login password)})->status, 200,
    'and a log-in';
keep_secrets($again);

my %keys = $day->keys_of;
my @raw = map { pack 'H*', $_ } sort keys %keys;
cmp_ok scalar(grep { $_ eq 'owner' } values %keys), '>', 100,
    'the keys are known';
my @spoken = ($answer, $wrong, 'hemligt hemligt', 'hemligt svar',
    map { $day->person($_)->{password} } qw(teacher pupil classmate));

my $search = Pupil::Search->new(@spoken, sort(keys %secret), @raw);
my @places = ($nginx->dir, $day->pg->log_file);
my @found = $search->files(@places);
s/^.* as /a secret as / for @found;
is_deeply \@found, [], 'no secret is in a log or a temporary file';
cmp_ok scalar(keys %secret), '>', 10, 'tokens are looked for';
like slurp($day->pg->log_file), qr/parameters/, 'logs were talkative';

spew($nginx->dir . '/planted', join ' ', 'GET /?t=' . $again->csrf,
     unpack('H*', $raw[0]), $answer);
cmp_ok scalar(() = $search->files(@places)), '>=', 3, 'planted ones are found';
unlink $nginx->dir . '/planted';


# ---- no core dumps

my ($worker) = $nginx->workers;
like slurp("/proc/$worker/limits"), qr/^Max core file size\s+0\s+0\s/m,
    'the limit of core files is 0';
SKIP: {
    skip 'a plain user starts no worker of another account', 1 if !am_root();
    is((stat "/proc/$worker/environ")[4], 0, 'the worker is not dumpable:'
        . ' its memory is root\'s and not of its own account');
}
sub status_of ($pid, $what) {
    return slurp("/proc/$pid/status") =~ /^$what:\s+(\d+)/m ? $1 : undef;
}
SKIP: {
    skip 'sanitizers make mlock() do nothing', 1 if $ENV{PUPIL_SANITIZE};
    cmp_ok status_of($worker, 'VmLck'), '>', 1000, 'memory is locked, in KiB';
}


# ---- a dump that is forced

SKIP: {
    skip 'sanitizers map more than a disk holds', 7 if $ENV{PUPIL_SANITIZE};
    my $heap = memory_of($worker, 'heap.core');
    skip 'this container forbids to dump a process', 7 if !$heap;
    cmp_ok -s $heap, '>', 5e6, 'a dump of the worker';
    my $keys = Pupil::Search->new(@raw);
    my %in = map { $keys{ unpack 'H*', $_->[0] } => 1 } $keys->hits($heap);
    is_deeply [sort keys %in], [], 'no key is in its heap, stack and data';

    my $all = memory_of($worker, 'all.core', 1);
    %in = map { $keys{ unpack 'H*', $_->[0] } => 1 } $keys->hits($all);
    is_deeply [sort keys %in], [sort qw(kek tenant service owner subkey-seal
        subkey-commit)], 'with the locked memory, all kinds of them are';

    # Every key is in one mapping alone, which is locked and left out.
    my $maps = slurp("/proc/$worker/smaps");
    my @locked = grep { /^VmFlags:.*\blo\b/m }
                 split /^(?=[0-9a-f]+-[0-9a-f]+ )/m, $maps;
    cmp_ok scalar(@locked), '>=', 1, 'a locked mapping';
    is_deeply [grep { !/^VmFlags:.*\bdd\b/m } @locked], [],
        'no locked mapping is in a dump';

    my $master = memory_of($nginx->pid, 'master.core');
    %in = map { $keys{ unpack 'H*', $_->[0] } => 1 } $keys->hits($master);
    is_deeply [sort keys %in], [], 'nor is a key in the master\'s';

    # The detector: a key in plain memory is seen.
    my $plain = tmp_dir() . '/plain.core';
    spew($plain, 'x' x 1000 . $raw[5] . 'y' x 1000);
    is scalar(() = $keys->hits($plain)), 1, 'a planted key is found';
    unlink $heap, $all, $master;
}

# A worker that falls leaves nothing.
SKIP: {
    skip 'sanitizers report the fall, on purpose', 1 if $ENV{PUPIL_SANITIZE};
    $nginx->allow_log(qr/worker process $worker exited on signal/);
    $nginx->kill_worker($worker, 'SEGV');
    wait_until(60, 'a new worker', sub { $nginx->workers == 1 });
    unlike $nginx->log_text, qr/core dumped/, 'a worker that falls dumps no core';
}

done_testing;
