#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: clocks.  The sealer goes by the database's: one on a host whose clock is
# wrong seals as the others do, and waits for what is stored late.  What a
# worker stores whose clock is within the minute that is allowed is sealed within
# half a minute, and whoever asks who looked finds it before.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Pupil::Clock;

my $chaos = Pupil::Chaos->new(pupils => 1);
my ($site, $nginx, $db) = ($chaos->site, $chaos->nginx, $chaos->site->db);
my ($tenant, $dir) = ($site->tenant, tmp_dir());
my $log = "$dir/log";
mkdir "$dir/checkpoints" or die "$dir/checkpoints: $!\n";

sub sealed_until {
    return $db->selectrow_array('SELECT until FROM pupil.sealer') // q();
}

# A sealer, and that it has read all so often.
my $sealer;
sub begin ($beats, %clock) {
    $db->do('DELETE FROM pupil.sealer');
    open my $out, '>', $log or die "$log: $!\n";
    $sealer = start_process([build_dir() . '/pupilctl', qw(audit seal --follow),
        '--checkpoints', "$dir/checkpoints", $site->ctl_databases],
        env => Pupil::Clock->new(%clock)->env, stdout => $out, stderr => $out);
    my $last = '';
    for (1 .. $beats) {
        wait_until(60, 'the sealer', sub { sealed_until() ne $last });
        $last = sealed_until();
    }
}

sub finish { kill TERM => $sealer; process_ends($sealer, 60) }

sub unsealed {
    return 0 + $db->selectrow_array('SELECT count(*) FROM pupil.audit_record AS'
        . ' r LEFT JOIN pupil.seal_writer AS w USING (tenant, writer) WHERE'
        . ' r.tenant = ? AND r.number > coalesce(w.number, 0)', {}, $tenant);
}

sub all_sealed ($seconds = 20) {
    return eval { wait_until($seconds, 'all to be sealed', sub { !unsealed() });
                  1 };
}

sub look ($times) {
    my $teacher = $chaos->client($chaos->{teacher});
    for (1 .. $times) {
        my $status = $teacher->get($chaos->path('overview'))->status;
        die "overview: $status\n" if $status != 200;
    }
}


# ---- a sealer whose clock is wrong

for my $ahead (900, -900) {
    begin(3, ahead => $ahead, speed => 5);
    look(3);
    ok all_sealed(), "by a clock that is $ahead s off all is sealed"
        or diag slurp($log);
    ok $db->selectrow_array('SELECT abs(extract(epoch FROM now() - until)) < 60'
        . ' FROM pupil.sealer'), '... as it says by the clock of the database';
    finish();
}


# ---- which waits for what is stored late

look(3);
my ($late) = $db->selectall_arrayref('SELECT writer, number FROM'
    . " pupil.audit_record WHERE tenant = ? AND role = 'teacher' ORDER BY at"
    . ' DESC, number DESC LIMIT 1 OFFSET 1', {}, $tenant)->@*;
my $where = 'WHERE writer = ? AND number = ?';
$db->do("CREATE TABLE public.late AS SELECT * FROM pupil.audit_record $where",
        {}, @$late);
$db->do("DELETE FROM pupil.audit_record $where", {}, @$late);
begin(1, ahead => 120);
$db->do('INSERT INTO pupil.audit_record SELECT * FROM public.late');
$db->do('DROP TABLE public.late');
ok all_sealed(), 'what is stored late is sealed';
is 0 + $db->selectrow_array('SELECT sum(missing) FROM pupil.seal'), 0,
    '... and was not sealed as missing before, at once';
finish();


# ---- a worker whose clock is behind

$nginx->quit;
$nginx->by(Pupil::Clock->new(ahead => -40))->start;
$chaos->{teacher} = $chaos->person($chaos->{teacher}{login});
my ($pupil) = map { $chaos->person($_->{login}) } $chaos->pupils;
begin(3);
all_sealed(150) or die 'what was there is not sealed';

sub by_teacher ($res) {
    my %events = map { $_->{id} => 1 } grep { $_->{actor}{role} eq 'teacher' }
        @{ $res->json->{events} };
    return scalar keys %events;
}

my $res = $chaos->client($pupil)->get('/v1/me/audit?limit=100');
my $known = by_teacher($res);
look(7);
cmp_ok unsealed(), '>=', 7, 'records of a clock that is behind';
$res = $chaos->client($pupil)->get('/v1/me/audit?limit=100');
is $res->status, 200, 'who looked';
is by_teacher($res), $known + 7,
    '... is told of all of them, before they are sealed';
is $res->json->{unlisted}, undef, '... as it says';
ok all_sealed(45), 'which is within half a minute' or diag unsealed();
finish();

done_testing;
