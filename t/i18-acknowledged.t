#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: what pupilctl says is revoked stays revoked, whatever the data database
# made of it meanwhile: an old row that says it is done already, and a trigger
# that keeps nothing of what says that floors are to rise.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(conf => { pupil_session_zone => undef });
my ($db, $nginx, $site) = ($day->db, $day->nginx, $day->site);
$nginx->allow_log(qr/./);
$day->all_here;
my $school = $day->school;
my %person = map { $_ => $day->person($_) }
    qw(pupil classmate teacher colleague);

sub done ($name, @command) {
    my $run = $site->ctl(@command, $site->ctl_where);
    is $run->{code}, 0, "$name: said to be done" or diag $run->{err};
}

# A client that is logged in, or was refused.
sub client ($who, $status = 200) {
    my $http = $nginx->http;
    my $res = $http->login(@{ $person{$who} }{qw(login password)});
    is $res->status, $status, "$who logs in: $status";
    return $http;
}

# The rows of somebody that authorise them, to be put back.
my @tables = qw(pupil.subject pupil.session pupil.role pupil.enrolment
                data.credential);
sub rows ($who, @names) {
    return map { $day->rows_of($_, $person{$who}{id}) } @names ? @names
                                                               : @tables;
}

sub is_out ($http, $name) {
    is $http->get('/v1/session')->status, 401, "$name: no session of before";
}


# ---- a row of before says that it is done

done('lock', 'subject', 'lock', $person{classmate}{id});
my ($locked) = rows('classmate', 'pupil.subject');
done('unlock', 'subject', 'unlock', $person{classmate}{id});
my $http = client('classmate');
my @old = rows('classmate');
$day->put_back($locked);
done('lock again', 'subject', 'lock', $person{classmate}{id});
$day->put_back($_) for @old;
is_out($http, 'locked');
client('classmate', 401);


# ---- what says that floors are to rise is not kept

my %client = map { $_ => client($_) } qw(pupil teacher colleague);
done('role add', qw(user role add), $person{teacher}{login}, 'school_admin',
     '--institution', $school);
my %old = map { $_ => [rows($_)] } keys %client;

$db->do('CREATE FUNCTION public.quiet() RETURNS trigger LANGUAGE plpgsql'
    . ' AS $$ BEGIN RETURN NULL; END $$');
$db->do('CREATE TRIGGER quiet BEFORE INSERT ON pupil.revocation'
    . ' FOR EACH ROW EXECUTE FUNCTION public.quiet()');

done('close', 'subject', 'close', $person{pupil}{id});
$day->put_back($_) for @{ $old{pupil} };
is_out($client{pupil}, 'closed');
client('pupil', 401);

my $run = $site->ctl(qw(user password), $person{colleague}{login},
    $site->ctl_where, { stdin => "Ett helt annat lösenord 1\n" });
is $run->{code}, 0, 'password: said to be done' or diag $run->{err};
$day->put_back($_) for @{ $old{colleague} };
is_out($client{colleague}, 'another password');
client('colleague', 401);

done('role remove', qw(user role remove), $person{teacher}{login},
     'school_admin', '--institution', $school);
$day->put_back($_) for @{ $old{teacher} };
$http = client('teacher', 401);
is $client{teacher}->post('/v1/session/institution', json => {
    institution_id => $school, role => 'school_admin' })->status, 401,
    'nothing that a row of before gives is taken';

done_testing;
