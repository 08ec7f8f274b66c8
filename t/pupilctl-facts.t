#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl facts: records from before there were facts get theirs, once.  Who
# takes the facts of a record away later, and changes it, does not get new ones
# for it.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use JSON::XS qw(decode_json);

my $day = Pupil::Day->up(conf => { pupil_session_zone => undef });
my ($db, $site) = ($day->db, $day->site);
my $keys = $site->keystore;
$day->nginx->allow_log(qr/\[crit\].* is not authentic/);
$day->all_here->work;
my $homework = $day->homework->{id};

sub facts (@options) {
    return $site->ctl('facts', @options, $site->ctl_where);
}

sub without {
    return $db->selectrow_array('SELECT (SELECT count(*) FROM data.progress'
        . ' WHERE facts IS NULL) + (SELECT count(*) FROM data.homework WHERE'
        . ' facts IS NULL)');
}

sub is_shown {
    my $res = $day->pupil->get("/v1/homework/$homework");
    return $res->status == 200
           && $res->json->{progress}{status} eq 'in_progress';
}


# ---- a tenant that has had facts from its first day

ok !eval { $db->do('UPDATE data.progress SET facts = NULL'); 1 },
    'nobody stores a record without';

ok is_shown(), 'a homework and an answer';
is_deeply $keys->selectcol_arrayref('SELECT category FROM keystore.bound'
    . ' WHERE tenant = ? ORDER BY category', {}, $site->tenant),
    [qw(assessment credential homework progress)], 'of which all records have facts';
my $run = facts('--json');
is $run->{code}, 0, 'pupilctl facts';
is_deeply decode_json($run->{out}), { assessment => 0, credential => 0,
    homework => 0, progress => 0 },
    'has nothing to do';


# ---- one from before: as the migration finds it

$db->do("ALTER TABLE data.$_ DROP CONSTRAINT has_facts")
    for qw(homework progress);

sub before {
    $keys->do('ALTER TABLE keystore.bound DISABLE TRIGGER never_back');
    $keys->do('DELETE FROM keystore.bound');
    $keys->do('ALTER TABLE keystore.bound ENABLE TRIGGER never_back');
    $db->do("UPDATE data.$_ SET facts = NULL") for qw(homework progress);
}

sub waits () {
    my $check = $site->ctl('check', $day->nginx->conf_file, '--json');
    return [sort map { /^data\.(\w+) of the tenant .*: run pupilctl facts/ ? $1
                       : () } @{ decode_json($check->{out})->{findings} }];
}

is_deeply waits(), [], 'pupilctl check finds nothing that waits';
before();
is_deeply waits(), [qw(assessment credential homework progress)],
    'of a tenant from before it says what waits';
ok !is_shown(), 'without facts nothing is shown';
$run = facts('--json');
is $run->{code}, 0, 'pupilctl facts';
is_deeply decode_json($run->{out}),
    { assessment => 0, credential => 0, homework => 1, progress => 1 },
    'gives each its own';
is without(), 0, 'and leaves none without';
is_deeply waits(), [], 'and none waits';
ok is_shown(), 'what was stored is shown again';
is_deeply $db->selectall_arrayref('SELECT category, operation FROM'
    . " pupil.audit_event WHERE note LIKE 'os=% ticket=% facts'"
    . ' ORDER BY category'), [map { [$_, 'write'] } qw(homework progress)],
    'which is on record';
is facts()->{code}, 0, 'and again';


# ---- an erased owner has no key to bind anything with

before();
$keys->do("UPDATE keystore.owner_key SET state = 'erased', wrapped = NULL"
    . ' WHERE owner = ?', {}, $day->person('pupil')->{id});
$db->do("UPDATE pupil.owner SET state = 'erased' WHERE owner = ?", {},
    $day->person('pupil')->{id});
$run = facts('--json');
is $run->{code}, 0, 'an owner who is erased';
is_deeply decode_json($run->{out}),
    { assessment => 0, credential => 0, homework => 1, progress => 0 },
    'gets none';


# ---- once

$db->do("UPDATE data.homework SET facts = NULL, due_at = due_at + interval"
    . " '1 day'");
my $found = facts();
is $found->{code}, 1, 'facts that were taken away later';
like $found->{err}, qr/homework: 1 record.* without facts/, 'are named';
is $db->selectrow_array('SELECT count(*) FROM data.homework WHERE facts IS'
    . ' NULL'), 1, 'and are not made';
ok !eval { $keys->do('DELETE FROM keystore.bound'); 1 },
    'that all were there does not go';

done_testing;
