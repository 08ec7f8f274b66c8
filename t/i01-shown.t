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
is_status $res, 200;
unlike $res->body, qr/McMillan|Beulah/, 'a restricted name is not shown';
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

done_testing;
