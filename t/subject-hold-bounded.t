#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A legal hold is bounded: five years after it was said last it ends, or after
# what the tenant has decided, on record; said again, it begins anew, while it ends,
# too; and it is seen before.

use lib 't/lib';
use Pupil::Test;
use JSON::XS ();
use Pupil::Killed;

my $site = pupil_up(import => 1);
my ($db, $keys) = ($site->db, $site->keystore);
my ($old, $renewed, $young) = @{ $db->selectcol_arrayref('SELECT subject FROM'
    . " pupil.role WHERE role = 'pupil' ORDER BY subject LIMIT 3") };

sub ctl (@args) {
    my $run = $site->ctl(@args, $site->ctl_where);
    is $run->{code}, 0, "@args" or diag $run->{err};
    return $run->{out};
}

sub held {
    return join ' ', @{ $keys->selectcol_arrayref('SELECT subject FROM'
        . ' keystore.hold ORDER BY subject') };
}

sub age ($days, @whom) {
    $keys->do("UPDATE keystore.hold SET held_at = now() - interval '$days days'"
        . ' WHERE subject = ?', {}, $_) for @whom;
}

ctl('subject', 'hold', $_, '--reference', 'T 1') for $old, $renewed, $young;
age(1825, $old, $renewed);
ctl('retention', 'run');
is held(), "$old $renewed $young", 'for five years they are held';
my $seen = JSON::XS::decode_json(ctl('retention', 'upcoming', '--json'));
my ($holds) = grep { $_->{category} eq 'holds' } @{ $seen->{upcoming} };
is $holds->{records}, 2, 'which of them end is seen before';

ctl('subject', 'hold', $renewed, '--reference', 'T 2');
age(1827, $old);
like ctl('retention', 'run', '--dry-run'), qr/^\S+ holds +1 would go$/m,
    'what would go';
like ctl('retention', 'run'), qr/^\S+ holds +1$/m, 'then one ends';
is held(), "$renewed $young", 'not what was said again';
like $db->selectrow_array('SELECT note FROM pupil.audit_record WHERE ? = ANY'
    . " (subjects) AND note ~ 'hold' ORDER BY at DESC LIMIT 1", {}, $old) // '',
    qr/hold=over/, 'on record';
ctl('subject', 'erase', $old);

is $site->ctl('retention', 'set', 'legal', 1827, '--reference', 'N 1',
              $site->ctl_where)->{code}, 1, 'no longer than five years';
ctl('retention', 'set', 'legal', 365, '--reference', 'N 1');
like ctl('retention', 'list'), qr/^legal +365 days: N 1$/m, 'a tenant\'s own';
age(366, $young);
ctl('retention', 'run');
is held(), $renewed, 'is what counts';


# ---- killed, and while it is said again

sub ended ($id) {
    return 0 + $db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
        . " WHERE ? = ANY (subjects) AND note LIKE '%hold=over%'", {}, $id);
}

my ($first, $second) = sort { $a cmp $b } @{ $db->selectcol_arrayref('SELECT'
    . ' subject FROM pupil.role WHERE subject <> ALL (?) AND role = ? ORDER BY'
    . ' subject LIMIT 2', {}, [$old, $renewed, $young], 'pupil') };
ctl('subject', 'hold', $_, '--reference', 'T 3') for $first, $second;
ctl('subject', 'release', $renewed);
age(366, $first, $second);

ok killed_at($site, [pupil_keys => 'LOCK TABLE keystore.hold IN SHARE MODE'],
             'retention', 'run', $site->ctl_where), 'killed as it ends one';
is ended($first) . held(), "0$first $second",
    'nothing on record says that it ended, and it did not';

my $holder = $site->pg->connect('pupil_keys', AutoCommit => 0);
$holder->do('SELECT FROM keystore.hold WHERE subject = ? FOR UPDATE', {},
            $first);
open my $null, '>', '/dev/null' or die "$!\n";
my $run = start_process([build_dir() . '/pupilctl', 'retention', 'run',
    $site->ctl_where], env => Pupil::Site->ctl_env, stdout => $null,
    stderr => $null);
wait_until(60, 'it to end the first', sub { $keys->selectrow_array('SELECT'
    . " count(*) FROM pg_stat_activity WHERE usename = 'pupil_operator' AND"
    . " wait_event_type = 'Lock'") });
ctl('subject', 'hold', $second, '--reference', 'T 4');
$holder->rollback;
ok process_ends($run, 60), 'it goes on';
is held(), $second, 'a hold that is said again meanwhile stands';
is ended($first) . ended($second), '10', 'and what ended is on record, once';

done_testing;
