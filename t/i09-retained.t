#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: whole months of the log go when their time is over, and what is left
# proves itself as before: tiles and checkpoints of what is gone stay, a note of
# the log's key says how far it is gone, and whatever else is missing, or was
# done to what is left, is found and located.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Pupil::Later;
use Pupil::Seal;
use JSON::XS ();

my $chaos = Pupil::Chaos->new(pupils => 3);
my ($site, $nginx) = ($chaos->site, $chaos->nginx);
my $seal = Pupil::Seal->new($site);
my @where = $site->ctl_where;
my ($pupil) = $chaos->pupils;
my $DAYS = 430;                 # of which no month is among the last 365

sub db () { $site->db }
sub value ($sql, @values) { db()->selectrow_array($sql, {}, @values) }

sub work () {
    for my $person ($chaos->{teacher}, $chaos->pupils) {
        my $http = $chaos->client($person);
        $http->get($_) for '/v1/session', '/v1/homework', '/v1/data/identity';
    }
}

sub events () {
    return @{ $chaos->client($pupil)->get('/v1/me/audit?limit=100')
                    ->json->{events} };
}

sub verify () {
    my $run = $seal->ctl(qw(audit verify --json));
    my $answer = eval { JSON::XS::decode_json($run->{out}) } // {};
    return { code => $run->{code}, text => "$run->{out}$run->{err}",
             %$answer };
}

sub retention (@args) {
    my $run = $site->ctl('retention', @args, '--json', @where);
    is $run->{code}, 0, "retention @args" or diag $run->{err};
    return eval { JSON::XS::decode_json($run->{out}) } // {};
}

sub whole ($what) {
    my $run = verify();
    is $run->{code}, 0, "$what: what is left verifies"
        or diag substr $run->{text}, 0, 3000;
    return $run;
}

# Does something, looks what is said of it, and takes it back.
sub found ($what, $kind, $where, @sql) {
    my @tables = qw(audit_record seal seal_tile seal_retained audit_subject);
    db()->do("CREATE TABLE public.kept_$_ AS SELECT * FROM pupil.$_")
        for @tables;
    cmp_ok db()->do($_), '>', 0, "$what: done" for @sql;
    my $run = verify();
    is $run->{code}, 1, "$what: is found";
    ok scalar(grep {
        my $finding = $_;
        $finding->{kind} eq $kind
            && !grep { $finding->{$_} ne $where->{$_} } keys %$where;
    } @{ $run->{findings} }), "$what: and located"
        or diag substr $run->{text}, 0, 2000;
    for (@tables) {
        db()->do("DELETE FROM pupil.$_");
        db()->do("INSERT INTO pupil.$_ SELECT * FROM public.kept_$_");
        db()->do("DROP TABLE public.kept_$_");
    }
}


# The audit is held while a run is at work, which waits for $table.
sub held_meanwhile ($table) {
    my $before = value('SELECT count(*) FROM pupil.audit_record');
    my $holder = $site->pg->connect('pupil', AutoCommit => 0);
    $holder->do("LOCK TABLE pupil.$table IN SHARE MODE");
    open my $out, '>', tmp_dir() . '/run' or die "$!\n";
    my $pid = start_process([build_dir() . '/pupilctl', qw(retention run),
        @where], stdout => $out, stderr => $out,
        env => Pupil::Site->ctl_env);
    wait_until(60, "$table: retention to wait", sub {
        value("SELECT count(*) FROM pg_stat_activity WHERE usename ="
              . " 'pupil_operator' AND wait_event_type = 'Lock'") });
    retention(qw(hold audit --reference), 'D 2027-4');
    $holder->rollback;
    $holder->disconnect;
    ok process_ends($pid, 60), "$table: the run ends";
    is $? >> 8, 0, "$table: as it should" or diag slurp(tmp_dir() . '/run');
    cmp_ok value('SELECT count(*) FROM pupil.audit_record'), '>', $before,
        "$table: nothing goes that was held meanwhile";
    retention(qw(confirm audit --reference), 'D 2027-5');
}

# Another tenant in the same databases, whose period is another.
my $there = JSON::XS::decode_json($site->ctl_ok('tenant', 'add',
    'Grannkommunen', '--json', $site->ctl_databases)->{out})->{tenant};
my @there = ($site->ctl_databases, '--tenant', $there);

sub neighbour (@args) { return $site->ctl(@args, @there) }


# ---- a log of two years, of which nothing has expired

for (1 .. 3) { work(); is $seal->seal->{code}, 0, 'what is there is sealed' }
my ($gone) = events();
is $chaos->client($pupil)->get("/v1/me/audit/$gone->{id}/proof")->status, 200,
    'an access that can be proved';
$nginx->quit;
is $seal->seal->{code}, 0, 'nothing is left unsealed';
is neighbour(qw(audit seal --checkpoints), $seal->dir)->{code}, 0,
    'nor of the other tenant';
my $mine = 'FROM pupil.seal WHERE tenant = ?';
my $old = value("SELECT sum(events) $mine", $site->tenant);
my $month = value(q{SELECT to_char(now(), '"audit_record_"YYYY_MM')});
my $leaves = value("SELECT max(size) $mine", $site->tenant);

my $last = value("SELECT max(batch) $mine", $site->tenant);

later($site, $DAYS);
$nginx->start;
$chaos->{teacher} = $chaos->person($chaos->{teacher}{login});
$chaos->{pupils} = [map { $chaos->person($_->{login}) } $chaos->pupils];
($pupil) = $chaos->pupils;
for (1 .. 3) { work(); is $seal->seal->{code}, 0, 'so is what came later' }
whole('before its time');

is retention('run')->{expired}{audit}, 0, 'five years are not over';
is $site->ctl(qw(retention set audit), $_, '--reference', 'D 1', @where)
    ->{code}, 1, "$_ days are no period" for 364, 1827;
retention(qw(set audit 365 --reference), 'D 2027-4');


# ---- a month that somebody drops is none that retention took

my $bounds = value(<<'SQL', $month);
SELECT pg_get_expr(c.relpartbound, c.oid) FROM pg_class c WHERE relname = ?
SQL
db()->do("ALTER TABLE pupil.audit_record DETACH PARTITION pupil.$month");
my $run = verify();
is $run->{code}, 1, 'a month that somebody drops is found';
is scalar(grep { $_->{kind} eq 'removed' && $_->{event} < $old }
               @{ $run->{findings} }), $old, 'event by event';
db()->do("ALTER TABLE pupil.audit_record ATTACH PARTITION pupil.$month"
         . " $bounds");


# ---- whole months go

my $records = value("SELECT count(*) FROM pupil.$month");
my $theirs = value("SELECT count(*) FROM pupil.$month WHERE tenant = ?",
                   $there);
db()->do("CREATE TABLE public.before AS SELECT * FROM pupil.$month");
my ($upcoming) = grep { $_->{category} eq 'audit' }
                      @{ retention('upcoming')->{upcoming} };
is $upcoming->{records}, $old, 'what will go is seen before';
is retention('run', '--dry-run')->{expired}{audit}, $old, 'how much would';
is value("SELECT count(*) FROM pupil.$month"), $records, 'and nothing did';

held_meanwhile('seal_retained');
retention(qw(hold audit --reference), 'D 2027-5');
is retention('run')->{expired}{audit}, undef, 'what is held stays';
retention(qw(confirm audit --reference), 'D 2027-6');

is retention('run')->{expired}{audit}, $old, 'it goes';
cmp_ok $theirs, '>', 0, 'there are records of the other tenant';
is value("SELECT count(*) FROM pupil.$month"), $theirs, 'which stay, alone';
is neighbour(qw(retention run))->{code}, 0, 'for five years';
is value("SELECT count(*) FROM pupil.$month"), $theirs, 'whoever runs it';
is neighbour(qw(retention set audit 400 --reference N))->{code}, 0,
    'or as long as that tenant decides';
is neighbour(qw(retention run))->{code}, 0, 'then they go, too';
is value('SELECT count(*) FROM pg_class WHERE relname = ?', $_), 0,
    "and the month's table, $_" for $month, $month =~ s/record/subject/r;
is neighbour(qw(audit verify --checkpoints), $seal->dir)->{code}, 0,
    'what is left of theirs verifies';
is value('SELECT count(*) FROM pupil.audit_subject WHERE event < ? AND tenant'
         . ' = ?', $old, $site->tenant), 0,
    'and under whom it was listed';
is value('SELECT count(*) FROM pupil.audit_record WHERE note LIKE ?',
         "%retention=audit batch=$last events=$old%"), 1, 'which is on record';
$run = whole('gone');
is $run->{retained}{events}, $old, 'it is said how much is gone';
is $run->{retained}{batch}, $last, 'up to which batch';
is $run->{batches}, $last + 3, 'all batches are gone through';
is $run->{anchors}, $last + 3, 'and all checkpoints';
is retention('run')->{expired}{audit}, 0, 'nothing goes twice';


# ---- a run that was killed, or records that are put back

for my $of (qw(record subject)) {
    my $table = 'pupil.' . $month =~ s/record/$of/r;
    db()->do("CREATE TABLE $table PARTITION OF pupil.audit_$of $bounds");
    db()->do("ALTER TABLE $table OWNER TO pupil_owner");
}
db()->do("INSERT INTO pupil.$month SELECT * FROM public.before WHERE tenant"
         . ' = ?', {}, $site->tenant);
$run = verify();
is $run->{code}, 1, 'records that are there, and should be gone';
is scalar(grep { $_->{kind} eq 'returned' } @{ $run->{findings} }),
    value("SELECT count(*) FROM pupil.$month WHERE role <> 'gateway'"),
    'are said one by one';
held_meanwhile($month);
is retention('run')->{expired}{audit}, 0, 'the next run goes on';
is value('SELECT count(*) FROM pg_class WHERE relname = ?', $month), 0,
    'to the end';
whole('gone again');


# ---- for whom it was about

is scalar(grep { $_->{id} eq $gone->{id} } events()), 0,
    'who looked then is not shown any more';
cmp_ok scalar(events()), '>', 3, 'who has since is';
is $chaos->client($pupil)->get("/v1/me/audit/$gone->{id}/proof")->status, 404,
    'what is gone is proved to nobody';
$run = $site->ctl(qw(audit prove 0), @where);
is $run->{code}, 1, 'by nobody';
like $run->{err}, qr/event 0 is gone by retention/, 'which is said';
is $site->ctl('audit', 'consistency', $leaves, @where)->{code}, 0,
    'what was sealed then goes on to what is sealed now';
is $site->ctl(qw(audit index), @where)->{code}, 0, 'lists are made again';
is $seal->seal->{code}, 0, 'the sealer goes on';
whole('sealed and listed again');


# ---- what is done to what is left

my $kept = db()->selectrow_hashref(<<'SQL', {}, $old, $site->tenant);
SELECT * FROM pupil.audit_subject WHERE event >= ? AND tenant = ?
 ORDER BY event LIMIT 1
SQL
found('the note is taken away', removed => { batch => 1, event => 0 },
      'DELETE FROM pupil.seal_retained');
found('the note says more', retained => { batch => 6 },
      "UPDATE pupil.seal_retained SET batch = 6, note = replace(note,"
      . " 'batch $last', 'batch 6')");
found('a record that is left is removed',
      removed => { event => $kept->{event} },
      "DELETE FROM pupil.audit_record WHERE writer = $kept->{writer} AND"
      . " number = $kept->{number}");
found('a record that is left is changed',
      altered => { event => $kept->{event} },
      "UPDATE pupil.audit_record SET outcome = 'conflict' WHERE writer ="
      . " $kept->{writer} AND number = $kept->{number}");
found('a batch that is gone is taken away', batch => { batch => 2 },
      'DELETE FROM pupil.seal WHERE batch = 2');
found('a hash of what is gone is changed', root => { batch => 1 },
      'UPDATE pupil.seal_tile SET hashes = set_byte(hashes, 0,'
      . ' (get_byte(hashes, 0) + 1) % 256) WHERE level = 0 AND tile = 0');
found('somebody is listed under what is gone', listed => { event => 0 },
      'UPDATE pupil.audit_subject SET event = 0 WHERE event ='
      . " $kept->{event} AND subject = '$kept->{subject}'");

done_testing;
