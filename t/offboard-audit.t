#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The audit of a tenant that has ended: its keys go once all that is on record of
# it is sealed, that it was handed back and that it ended, too.  What is left is
# read, and verified without its keys (invariant I9).

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use DBD::Pg ();

my $stays = pupil_up(import => 1);
my $goes = Pupil::Day::neighbour($stays);
my ($db, $keys) = ($stays->db, $stays->keystore);
my ($tenant, $dir) = ($goes->tenant, tmp_dir());
my @checkpoints = ('--checkpoints', "$dir/checkpoints");
mkdir $checkpoints[1];

sub ctl (@words) { $goes->ctl(@words, $goes->ctl_where) }

sub seal {
    my $run = $stays->ctl('audit', 'seal', @checkpoints, $stays->ctl_databases);
    is $run->{code}, 0, 'the log is sealed' or diag $run->{err};
}

sub held {
    return 0 + $keys->selectrow_array('SELECT count(*) FROM keystore.tenant_key'
        . ' WHERE tenant = ?', {}, $tenant);
}

# Records of the tenant, and those of them that are not sealed.
sub records ($where = 'true') {
    return join ' ', $db->selectrow_array('SELECT count(*), count(*) FILTER'
        . ' (WHERE r.number > coalesce(w.number, 0)) FROM pupil.audit_record AS'
        . ' r LEFT JOIN pupil.seal_writer AS w USING (tenant, writer) WHERE'
        . " r.tenant = ? AND $where", {}, $tenant);
}

run_cmd('age-keygen', '-o', "$dir/identity");
spew("$dir/recipients", (slurp("$dir/identity") =~ /(age1\S+)/)[0] . "\n");
chomp(my $vkey = $goes->ctl_ok('audit', 'key', $goes->ctl_where)->{out});
seal();

# Its own officer's, while there are keys: a proof of an event, and a witness that
# has signed the log as it is by now.
my $proof = $goes->ctl_ok('audit', 'prove', 0, $goes->ctl_where)->{out};
$goes->ctl_ok('audit', 'witness-key', "$dir/witness", 'witness.example');

# What the log asks a witness that has signed so many leaves; and its answer.
sub asked ($size, @more) {
    my $run = ctl('audit', 'consistency', $size, @more);
    spew("$dir/request", $run->{out});
    return $run;
}

sub witnessed {
    return run_cmd(build_dir() . '/pupilctl', 'audit', 'witness',
        "$dir/witness", "$dir/state", "$dir/request", '--vkey', $vkey);
}

sub signed {
    return (slurp("$dir/state") =~ /\A\S+\n(\d+)\n/)[0];
}

asked(0);
is witnessed()->{code}, 0, 'a witness signs the log';

$goes->ctl_ok('tenant', 'export', '--to', "$dir/archive", '--recipients',
              "$dir/recipients", $goes->ctl_where);


sub offboard { ctl('tenant', 'offboard', 'Grannkommunen') }


# ---- nor before it was handed back, as it is today

my $run;

sub refused ($what, $why) {
    $run = offboard();
    is $run->{code} . held(), '11', "$what ends nothing";
    like $run->{err}, $why, "$what: which is said";
}

{
    # pupilctl by a clock that is a day ahead
    my $ahead = spew("$dir/ahead.c", <<'END');
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int
clock_gettime(clockid_t id, struct timespec *ts)
{
    long  rc = syscall(SYS_clock_gettime, id, ts);

    ts->tv_sec += id == CLOCK_REALTIME ? 86400 + 60 : 0;
    return (int) rc;
}
END
    is run_cmd('cc', '-shared', '-fPIC', '-o', "$dir/ahead.so", $ahead)->{code},
        0, 'a clock';
    local @ENV{qw(LD_PRELOAD ASAN_OPTIONS)} = ("$dir/ahead.so",
        'verify_asan_link_order=0:detect_leaks=0');
    refused('an archive of yesterday', qr/over a day ago.*tenant export/s);
}

my $exported = $db->selectrow_hashref('DELETE FROM pupil.exported WHERE tenant ='
    . ' ? RETURNING *', {}, $tenant);

sub stored (%row) {
    $db->do('DELETE FROM pupil.exported WHERE tenant = ?', {}, $tenant);
    my @names = sort keys %row;
    my $sth = $db->prepare('INSERT INTO pupil.exported (' . join(', ', @names)
        . ') VALUES (' . join(', ', ('?') x @names) . ')');
    for my $i (0 .. $#names) {
        $sth->bind_param($i + 1, $row{ $names[$i] }, $names[$i] eq 'mac'
            ? { pg_type => DBD::Pg::PG_BYTEA() } : ());
    }
    $sth->execute;
}

stored(tenant => $tenant, files => 10, records => 100);
refused('a row that somebody inserts', qr/nothing was handed back.*tenant export/s);
stored(%$exported, records => $exported->{records} + 1);
refused('one that somebody changes', qr/nothing was handed back/);
stored(%$exported);


# ---- nor before all is sealed

$run = offboard();
is $run->{code} . held(), '11', 'its keys stay while something is not sealed';
like $run->{err}, qr/not sealed.*pupilctl audit seal --checkpoints/s,
    'with what to do';
seal();
$run = offboard();
is $run->{code} . held(), '00', 'they go once it is' or diag $run->{err};
like records(), qr/^[1-9]\d* 0$/, 'all that is on record of it is sealed';
is records("r.note LIKE '%offboard=1'"), '1 0', 'that it ended, once';
like records("r.note LIKE '%export=%'"), qr/^[1-9]\d* 0$/,
    'and that it was handed back';


# ---- what verifies without its keys

my @verify = ('audit', 'verify', @checkpoints, '--vkey', $vkey);

sub verified ($name) {
    $run = ctl(@verify);
    is $run->{code}, 0, "$name verifies" or diag "$run->{out}$run->{err}";
}

# Verifies again what was changed and put right.
sub found ($what, $change, $finding) {
    $db->begin_work;
    $db->do('SET LOCAL session_replication_role = replica');
    $db->do("CREATE TABLE public.kept AS SELECT * FROM $change->{of} WHERE"
        . ' tenant = ?', {}, $tenant);
    my $n = $db->do($change->{sql}, {}, $tenant);
    $db->commit;
    cmp_ok $n, '>', 0, "$what: something is changed";
    $run = ctl(@verify);
    is $run->{code}, 1, "$what is found";
    like $run->{out}, $finding, "$what: as that" or diag $run->{err};
    $db->begin_work;
    $db->do('SET LOCAL session_replication_role = replica');
    $db->do("DELETE FROM $change->{of} WHERE tenant = ?", {}, $tenant);
    $db->do("INSERT INTO $change->{of} SELECT * FROM public.kept");
    $db->do('DROP TABLE public.kept');
    $db->commit;
}

verified('the log of an ended tenant');
like $run->{err}, qr/ended at 2\S+Z.*past checking/,
    'and what its keys would tell is said to be past checking';
$run = ctl('audit', 'verify', @checkpoints);
is $run->{code}, 1, 'not without the key that was pinned';
like $run->{err}, qr/ended at .*--vkey/, 'which is said';

found('a record that is gone', { of => 'pupil.audit_record',
    sql => "DELETE FROM pupil.audit_record WHERE tenant = ? AND note LIKE"
           . " '%offboard=1'" }, qr/^removed: /m);
found('a last batch that is gone', { of => 'pupil.seal',
    sql => 'DELETE FROM pupil.seal AS s WHERE s.tenant = ? AND s.batch = (SELECT'
           . ' max(t.batch) FROM pupil.seal AS t WHERE t.tenant = s.tenant)' },
    qr/^truncated: /m);
found('a tile that was changed', { of => 'pupil.seal_tile',
    sql => 'UPDATE pupil.seal_tile SET hashes = set_byte(hashes, 3,'
           . ' get_byte(hashes, 3) # 1) WHERE tenant = ? AND level = 0' },
    qr/^root: /m);
verified('what was put right');


# ---- its witness, and a proof that was handed out

my $before = signed();
$run = asked($before);
is $run->{code}, 1, 'without the pinned key it asks no witness';
like $run->{err}, qr/ended at 2.*--vkey/s, 'with what to do';
$run = asked($before, '--vkey', $vkey);
is $run->{code}, 0, 'with it, it does' or diag $run->{err};
$run = witnessed();
is $run->{code}, 0, 'the witness signs the log of an ended tenant'
    or diag $run->{err};
like $run->{out}, qr/\A\xe2\x80\x94 witness\.example \S+\n\z/, 'with a line';
cmp_ok signed(), '>', $before, 'which goes on from what it has signed';

asked($before, '--vkey', $vkey);
like witnessed()->{err}, qr/goes on from $before leaves/, 'and nothing before';

spew("$dir/proof", $proof);
$run = run_cmd(build_dir() . '/pupilctl', 'audit', 'verify-proof', "$dir/proof",
               '--vkey', $vkey);
is $run->{code}, 0, 'a proof from before proves on' or diag $run->{err};


# ---- what is read without them

$run = ctl('audit', 'list');
is $run->{code}, 0, 'who did what is listed' or diag $run->{err};
like $run->{out}, qr/offboard=1/, 'with the end';
like $run->{err}, qr/ended at .*not on record/, 'and that nothing records it';
$run = ctl('audit', 'export', "$dir/events");
is $run->{code}, 0, 'and exported' or diag $run->{err};
like eval { slurp("$dir/events") } // q(), qr/export=identity/, 'with the export';

for my $words (['audit', 'prove', 0], ['retention', 'upcoming'],
               ['audit', 'key'], ['tenant', 'export', '--to', "$dir/x",
                '--recipients', "$dir/recipients"])
{
    $run = ctl(@$words);
    is $run->{code}, 1, "@$words[0, 1] needs a key";
    like $run->{err}, qr/$tenant ended at 2\S+Z/, 'and says when it went';
    unlike $run->{err}, qr/tenant add/, 'and not to make it again';
}

like ctl('audit', 'prove', 0)->{err}, qr/what salts.*handed out before/s,
    'an event is proved by what was handed out alone, which is said';

done_testing;
