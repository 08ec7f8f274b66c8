#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Days of roles and enrolments begin in the tenant's time zone, for pupilctl and
# for workers, and as long as days are when clocks change (I18, I20).

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;
use POSIX qw(strftime);

my $site = pupil_up;
my $keys = $site->keystore;
my $hour = (gmtime)[2];

# Where it is another day than in UTC, for an hour at least.
my ($zone, $ahead) = $hour < 11 ? ('Etc/GMT+12', -12)
                                : ('Pacific/Kiritimati', 14);
my $local = int((time + $ahead * 3600) / 86_400);

sub day ($days) { strftime('%Y-%m-%d', gmtime(($local + $days) * 86_400)) }

sub zone (@words) { $site->ctl('tenant', 'zone', @words, $site->ctl_where) }


# ---- which it is

is zone()->{out}, "UTC\n", 'none is said';
for my $wrong ('Mars/Olympus', '', 'Europe/Copenhagen ', 'europe/copenhagen',
               '+02:00', 'x' x 80)
{
    my $run = zone($wrong);
    is $run->{code}, 1, "\"$wrong\" is refused";
    like $run->{err}, qr/no time zone/, 'by name';
}
is zone()->{out}, "UTC\n", 'and nothing has changed';
is zone($zone)->{code}, 0, 'one is set';
is zone()->{out}, "$zone\n", 'and said';
is_deeply [map { /(zone=.*)/ } @{ $site->db->selectcol_arrayref('SELECT note'
    . " FROM pupil.audit_record WHERE note ~ 'zone='") }], ["zone=$zone"],
    'and on record, once';


# ---- how long days are, in Copenhagen

sub hours ($at) {
    return join ' ', eval { $keys->selectrow_array(<<'SQL', undef, $at) };
SELECT DATE '1970-01-01' + d.day, to_char(d.begins AT TIME ZONE 'UTC', 'HH24'),
       (extract(epoch FROM d.ends - d.begins) / 3600)::integer
  FROM keystore.zone_day('Europe/Copenhagen', ?) AS d
SQL
}

is hours('2027-02-01 22:59:59+00'), '2027-02-01 23 24', 'a day of winter';
is hours('2027-02-01 23:00:00+00'), '2027-02-02 23 24', 'and the next';
is hours('2027-03-28 12:00:00+00'), '2027-03-28 23 23', 'summer time begins';
is hours('2027-06-30 22:00:00+00'), '2027-07-01 22 24', 'a day of summer';
is hours('2027-10-31 22:59:59+00'), '2027-10-31 22 25', 'summer time ends';


# ---- a roster of this day

my $in = slurp(root_dir() . '/t/roster/cases/oneroster/enrollments.csv');
$in =~ s/^e-p[1-4],.*\n//mg;
$in .= "e$_->[0],,,c1,o1,$_->[0],student,false,$_->[1],$_->[2]\n"
    for ['p1', day(0), day(30)], ['p2', day(1), day(30)],
        ['p3', day(-9), day(0)], ['p4', day(-9), day(1)];
my $folder = roster_folder({ name => 'days', format => 'oneroster',
                             asis => 1 }, 1, 'enrollments.csv' => $in,
    'academicSessions.csv' => "sourcedId,status,title,type,startDate,endDate\n"
        . 'y26,,x,schoolYear,' . day(-90) . ',' . day(90) . "\n");
$site->ctl_ok('import', 'oneroster', $folder, $site->ctl_where);

is_deeply $site->db->selectcol_arrayref('SELECT DISTINCT valid_from::text FROM'
    . " pupil.role WHERE source = 'oneroster'"), [day(0)],
    'a role without dates begins with the day there';

my $nginx = $site->nginx->start;
my %who = map { ($_ => $site->person($_)) } 'tina.lar',
    map { "pupil$_" } 1 .. 4;
my %http = map { ($_ => $nginx->http) } keys %who;

sub log_in ($name) { $http{$name}->login(@{ $who{$name} }{qw(login password)}) }

is_status log_in($_), 200, "$_ logs in" for sort keys %who;

my $class = $site->db->selectrow_array('SELECT class FROM pupil.enrolment WHERE'
    . ' subject = ?', undef, $who{pupil1}{id});
is_status $http{'tina.lar'}->post('/v1/homework', json => {
    class_id => $class, title => 'One', description => 'Two',
    due_at => strftime('%Y-%m-%dT00:00:00Z', gmtime(time + 9 * 86_400)),
    exercises => [{ title => 'Three', max_score => 1 }] }), 201, 'homework';

# Who of the four has it.
sub has {
    return join ' ', grep {
        my $res = $http{"pupil$_"}->get('/v1/homework');
        $res->status == 200 && @{ $res->json->{homework} };
    } 1 .. 4;
}

is has(), '1 4', 'who is in the class this day has it';


# ---- another zone, and workers know

my $utc = int(time / 86_400) - $local;      # 1: there it is a day later
my $then = $utc == 1 ? '1 2' : '3 4';
is zone('UTC')->{code}, 0, 'another zone';
wait_until(60, 'whose day it is then', sub { has() eq $then });
is has(), $then, 'has it then';

is zone($zone)->{code}, 0, 'the first zone';
wait_until(60, 'as it was', sub { has() eq '1 4' });
is_status log_in("pupil$_"), 200, "pupil$_ logs in then" for 1 .. 4;

done_testing;
