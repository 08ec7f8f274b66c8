#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I1: what is written is what was shown.  Of whom nothing could be opened,
# because processing is restricted, the record says so, by name, and does not
# count among those whose data was shown.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 1, conf => { pupil_key_cache => 'off' })
                    ->all_here->work;
my ($db, $keys) = ($day->db, $day->site->keystore);
my $homework = $day->homework->{id};
my %id = map { $_ => $day->person($_)->{id} } qw(pupil classmate teacher);

# Records of a request: outcome => sorted subjects.
sub records ($res) {
    my %by;
    push @{ $by{ $_->[0] } }, @{ $_->[1] }
        for @{ $db->selectall_arrayref('SELECT outcome, subjects::text[] FROM'
            . ' pupil.audit_record WHERE request = ?', {},
            $res->request_id) };
    return { map { $_ => join ' ', sort @{ $by{$_} } } keys %by };
}

sub set_state ($who, $state) {
    $_->[0]->do("UPDATE $_->[1] SET state = ? WHERE owner = ?", {}, $state,
                $id{$who})
        for [$db, 'pupil.owner'], [$keys, 'keystore.owner_key'];
}

sub names ($who) { $day->teacher->get("/v1/data/identity/$id{$who}") }


my $res = names('classmate');
like $res->body, qr/McMillan/, 'a name is shown';
is_deeply records($res), { allowed => $id{classmate} }, 'and recorded so';
$res = $day->teacher->get("/v1/homework/$homework/progress");
like $res->body, qr/McMillan/, 'in an overview as well';
my %all = %{ records($res) };
like $all{allowed}, qr/$id{classmate}/, 'and recorded so';
is_deeply [keys %all], ['allowed'], 'nothing is withheld';

set_state(classmate => 'restricted');

$res = names('classmate');
is_problem $res, 403, 'restricted', name => 'a restricted name is not shown';
is_deeply records($res), { restricted => $id{classmate} },
    'and the record says that it was not';

$res = $day->teacher->get("/v1/homework/$homework/progress");
is_status $res, 200;
unlike $res->body, qr/McMillan|Beulah/, 'nor in an overview';
my %split = %{ records($res) };
is $split{restricted}, $id{classmate}, 'who is restricted has a record apart';
is join(' ', sort split(/ /, $split{allowed}), $id{classmate}),
    $all{allowed}, 'the others are those who were shown';

# A record of the class, read by somebody of whom nothing opens.
set_state(teacher => 'restricted');
$res = $day->pupil->get("/v1/homework/$homework");
like $res->body, qr/Blåb|Bl\\u00e5b|Ny titel|Kapitel/, 'homework is shown';
unlike $res->body, qr/Craig/, 'its teacher is not';
is_deeply [sort keys %{ records($res) }], [qw(allowed restricted)],
    'a record of each';
is records($res)->{restricted}, $id{teacher}, 'who was withheld';


# ---- what a write answers

# Fields by the outcome of the record that names them, of a request.
sub fields ($res) {
    my %by;
    push @{ $by{ $_->[0] } }, $_->[1] for @{ $db->selectall_arrayref(<<'SQL',
SELECT DISTINCT e.outcome, f FROM pupil.audit_event AS e, unnest(e.fields) AS f
 WHERE e.request = ? ORDER BY 1, 2
SQL
        {}, $res->request_id) };
    return { map { $_ => join ' ', @{ $by{$_} } } keys %by };
}

sub switch_role () {
    my $at = $day->teacher->get('/v1/session')->json->{institutions}[0]{id};
    return $day->teacher->post('/v1/session/institution',
                               json => { institution_id => $at });
}

$res = switch_role();
is_status $res, 200;
unlike $res->body, qr/Craig/, 'another role, and no name';
my %told = %{ fields($res) };
unlike $told{allowed}, qr/name/, 'the record of the switch says no more';
like $told{allowed}, qr/role.*school_id.*school_title/, 'nor less';
like $told{restricted}, qr/family_name given_name/, 'what was withheld is told';

set_state(teacher => 'active');
$res = switch_role();
like $res->body, qr/Craig/, 'a name that is shown';
like fields($res)->{allowed}, qr/family_name given_name.*school_title/,
    'is on record';
is_deeply [keys %{ fields($res) }], ['allowed'], 'and nothing is withheld';

done_testing;
