#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18, I19: what is open as a revocation makes floors rise, which nothing takes
# back.  So the gateway's role opens the end of a session and nothing else, sees
# and closes nothing else, and each floor that pupilctl raises for somebody
# else is on record.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up;
my ($db, $keys, $site) = ($day->db, $day->site->keystore, $day->site);
my %id = map { $_ => $day->person($_)->{id} } qw(pupil classmate);
my $tenant = $site->tenant;

my $gateway = $site->pg->connect('pupil');
$gateway->do('SET SESSION AUTHORIZATION pupil_gateway');
$gateway->do("SELECT set_config('pupil.tenant', ?, false)", {}, $tenant);

# The error, or ''.
sub opened ($dbh, %columns) {
    my @names = sort keys %columns;
    my $sql = sprintf 'INSERT INTO pupil.revocation (tenant, revocation, %s)'
        . ' VALUES (?, gen_random_uuid(), %s)', join(', ', @names),
        join(', ', map { defined $_ && /^now/ ? $_ : '?' } @columns{@names});
    my @values = grep { !defined || !/^now/ } @columns{@names};
    return eval { $dbh->do($sql, {}, $tenant, @values); 1 } ? ''
                                                           : $dbh->errstr;
}

sub open_ { $db->selectrow_array('SELECT count(*) FROM pupil.revocation') }

sub floors ($who) {
    return join ' ', $keys->selectrow_array('SELECT session, credential,'
        . ' authority FROM keystore.floor WHERE subject = ?', {}, $id{$who});
}

sub records ($who) {
    return join ' ', grep { /revocation=/ } map { split ' ', $_ }
        @{ $db->selectcol_arrayref('SELECT note FROM pupil.audit_record WHERE'
        . " role = 'operator' AND outcome = 'allowed' AND ? = ANY (subjects)"
        . ' ORDER BY at, number', {}, $id{$who}) };
}

sub work { $site->ctl('work', $site->ctl_where) }

# What pupilctl has opened and was killed: it had taken the numbers.
sub killed ($who, %to) {
    $day->take_numbers($_ => $id{$who}) for sort keys %to;
    return opened($db, subject => $id{$who}, %to);
}


# ---- the gateway's role

my $error = opened($gateway, subject => $id{pupil}, until => 'now()',
                   token_hash => '\x' . '5a' x 32);
is $error, '', 'it opens the end of a session';
is open_(), 1, 'which is there';
for my $floor (qw(session credential authority)) {
    like opened($gateway, subject => $id{pupil}, $floor => 2), qr/denied|policy/,
        "it opens no rise of a floor: $floor";
    like opened($gateway, subject => $id{pupil}, until => 'now()',
                token_hash => '\x' . '5a' x 32, $floor => 2),
        qr/denied|policy/, "nor with a session: $floor";
}
is work()->{code}, 0, 'work';
is open_(), 0, 'the session is finished';
is floors('pupil'), '1 1 0', 'and no floor has risen';
is records('pupil'), '', 'nor is there a record of one';


# ---- what pupilctl has opened

is killed('classmate', session => 2, authority => 1), '',
    'pupilctl was killed before the key store knew';
is $gateway->do('DELETE FROM pupil.revocation'), '0E0',
    "the gateway's role closes nothing of that";
is work()->{code}, 0, 'work';
is open_(), 0, 'it is finished';
is floors('classmate'), '2 1 1', 'the floors rise';
is records('classmate'), 'revocation=session,authority', 'on record';
is killed('classmate', session => 2, credential => 2), '',
    'one that has risen, and one that has not';
is work()->{code}, 0, 'work';
is floors('classmate'), '2 2 1', 'the other rises';
is records('classmate'), 'revocation=session,authority revocation=credential',
    'and is on record, alone';

$db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_operator');
is killed('classmate', authority => 2), '', 'another one';
is work()->{code}, 1, 'without a record';
is floors('classmate'), '2 2 1', 'no floor rises';
is open_(), 1, 'and it stays open';
$db->do('GRANT INSERT ON pupil.audit_record TO pupil_operator');
is work()->{code}, 0, 'with one';
is floors('classmate'), '2 2 2', 'it does';


# ---- what was made up: of a number that nobody was given nothing comes

is opened($db, subject => $id{pupil}, session => 2, authority => 1), '',
    'somebody writes it';
is work()->{code}, 0, 'work';
is open_(), 0, 'it is closed';
is floors('pupil'), '1 1 0', 'and raises nothing';
is records('pupil'), '', 'without a record';

done_testing;
