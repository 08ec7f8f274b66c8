#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What expires, on which day it is anonymised and which rows pupilctl check finds
# is by the day that it is where the tenant is: on a moment that is of three
# days, west, in the middle and east.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use JSON::XS ();
use Time::HiRes qw(time);
use Time::Local qw(timegm);

my $day = Pupil::Day->up(start => 0, workers => 1);
my $site = $day->site;
my $clock = Pupil::Clock->new->of_all($day->pg);
my ($db, $keys) = ($site->db, $site->keystore);

$clock->forward(timegm(0, 30, 10, 30, 5, 2027) - time - $clock->ahead);
$site->ctl_ok('migrate', '--database', $site->pg->conninfo('pupil'),
              '--keystore', $site->pg->conninfo('pupil_keys'));
my ($west, $east) = ('2027-06-29', '2027-07-01');

sub zone ($name) { $site->ctl_ok('tenant', 'zone', $name, $site->ctl_where) }
sub retention (@args) {
    my $run = $site->ctl('retention', @args, '--json', $site->ctl_where);
    is $run->{code}, 0, "retention @args" or diag $run->{err};
    return JSON::XS::decode_json($run->{out});
}
sub ended ($subject, $day, $before) {
    $db->do('UPDATE pupil.enrolment SET valid_from = ?::date - 900, valid_to ='
        . ' ?::date - ?::integer WHERE subject = ?', {}, $day, $day, $before,
        $subject);
}
sub stragglers () {
    my $check = $site->ctl('check', $day->nginx->conf_file);
    return scalar(() = $check->{out} =~ /below the floor/g);
}

my $pupil = $day->person('pupil')->{id};
my $enrolments = $db->selectrow_array('SELECT count(*) FROM pupil.enrolment'
    . ' WHERE subject = ?', {}, $pupil);
cmp_ok $enrolments, '>', 0, 'somebody has an enrolment';


# ---- what expires

my $ahead = sub {
    my ($of) = grep { $_->{category} eq 'enrolment' }
               @{ retention('upcoming')->{upcoming} };
    return $of->{records} // 0;
};
my $now = sub { retention('run', '--dry-run')->{expired}{enrolment} };

for my $case (['Pacific/Kiritimati', $east, 366, $enrolments],
              ['Pacific/Pago_Pago', $west, 365, 0],
              ['Pacific/Pago_Pago', $west, 366, $enrolments])
{
    my ($zone, $today, $before, $want) = @$case;
    zone($zone);
    ended($pupil, $today, $before);
    is $now->(), $want, "$zone: of $before days before";
    ended($pupil, $today, $before - 30);
    is $ahead->(), $want, 'and seen thirty days ahead';
}


# ---- anonymised

sub released { $db->selectrow_array('SELECT max(released) FROM pupil.release') }

zone('Pacific/Pago_Pago');
retention('run');
is released(), '2027-01-01', 'the half-year is not over in the west';
zone('Pacific/Kiritimati');
retention('run');
is released(), $east, 'as it is in the east';


# ---- found

my $teacher = $day->person('teacher');
my $school = $db->selectrow_array('SELECT institution FROM pupil.role WHERE'
    . ' subject = ? LIMIT 1', {}, $teacher->{id});
my $rows = $day->rows_of('pupil.role', $teacher->{id});
$site->ctl_ok('subject', 'lock', $teacher->{id}, $site->ctl_where);
$site->ctl_ok('subject', 'unlock', $teacher->{id}, $site->ctl_where);
$db->do("DELETE FROM $_ WHERE subject = ?", {}, $teacher->{id})
    for qw(pupil.role pupil.enrolment);
is stragglers(), 0, 'no row is below its floor';
$day->put_back($rows);
for my $case (['Pacific/Kiritimati', $east], ['Pacific/Pago_Pago', $west]) {
    my ($zone, $today) = @$case;
    zone($zone);
    for my $day (['2027-06-30', 0], [$today, 1]) {
        $db->do('UPDATE pupil.role SET valid_from = ?, valid_to = ? WHERE'
            . ' subject = ?', {}, $day->[0], $day->[0], $teacher->{id});
        is stragglers(), $day->[1], "$zone: one that counts on $day->[0]";
    }
}

done_testing;
