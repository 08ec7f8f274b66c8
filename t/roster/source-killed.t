#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A change of ids, or of a source's name, that is killed at any step is finished
# by a plan of what is left; whom a roster had closed comes back by the new
# system's, and nobody who was erased by either.

use lib 't/lib';
use Pupil::Test;
use Pupil::Killed;
use Pupil::Roster;
use JSON::XS ();

my $site = pupil_up;
my ($db, $keys) = ($site->db, $site->keystore);
my %old = (name => '102-change-of-system', format => 'sds');
my $cases = root_dir() . '/t/roster/cases';

sub json ($run) {
    return { %$run, json => eval { JSON::XS::decode_json($run->{out}) } // {} };
}
sub import ($format, $folder, @options) {
    return json($site->ctl('import', $format, $folder, '--json', @options,
                           $site->ctl_where));
}
sub planned (@words) {
    return json($site->ctl('source', @words, '--json', '--plan',
                           $site->ctl_where));
}
sub apply_words (@words) {
    return ('source', @words, '--apply', planned(@words)->{json}{apply}
            // 'none', $site->ctl_where);
}
sub id ($login) { Pupil::Roster::id_of($site, $login) // 'nobody' }
sub rows ($of, $where) {
    return $of->selectrow_array("SELECT count(*) FROM $where");
}

# Whom the old system's last roster does not have is closed.
my $students = slurp("$cases/sds/Student.csv");
my $in = slurp("$cases/sds/StudentEnrollment.csv");
is import(sds => roster_folder(\%old, 1))->{code}, 0, 'the old system';
my %id = map { ($_ => id("pupil$_")) } 1 .. 12;
is import(sds => roster_folder(\%old, 1,
              'Student.csv' => $students =~ s/^112,.*\n//mr,
              'StudentEnrollment.csv' => $in =~ s/^10,112\n//mr),
          '--close-absent')->{json}{closed}, 1, 'a pupil has left';

my $path = tmp_dir() . '/ids.csv';
spew($path, join '', "kind,old,new\n",
     (map { 'user,' . (101 + $_) . ",guid-$_\n" } 0 .. 11),
     "user,900,t1\nclass,10,c1\nschool,1,o1\nschool,2,o2\n");
my @map = ('map', $path, '--source', 'sds', '--to', 'oneroster');


# ---- killed

# Each step, what holds it, and whether the people are the new source's then.
my @steps = (
    ['schools', [pupil_keys => 'LOCK TABLE keystore.moved_source IN SHARE'
         . ' MODE'], 0],
    ['their ids', [pupil => 'LOCK TABLE pupil.blind_index IN SHARE MODE'], 0],
    ["people's roles", [pupil => 'LOCK TABLE pupil.role IN SHARE MODE'], 0],
    ['floors', [pupil_keys => 'SELECT FROM keystore.floor FOR UPDATE'], 0],
);
for my $step (@steps) {
    my ($name, $lock, $done) = @$step;
    ok killed_at($site, $lock, apply_words(@map)), "killed at $name";
    is rows($db, "pupil.subject WHERE source = 'oneroster'"), 13 * $done,
        'so many people are done';
}
is $site->ctl(apply_words(@map))->{code}, 0, 'it is finished';
is rows($keys, 'keystore.moved_source WHERE NOT done'), 0, 'all of it';
is rows($db, "pupil.$_ WHERE source = 'sds'"), 0, "no $_ is left"
    for qw(subject role enrolment institution);
is rows($db, "pupil.class WHERE source = 'sds'"), 1, 'but the class which the'
    . ' file does not have';
is rows($db, 'pupil.revocation'), 0, 'nothing is open';

my $new = roster_folder({ %old, format => 'oneroster' }, 2);
my $run = import(oneroster => $new, '--close-absent');
is $run->{code}, 0, 'the new system' or diag $run->{err};
is_deeply [map { $run->{json}{$_} } qw(returned closed)], [1, 0],
    'brings back who had left, and closes nobody';
is_deeply [map { id("pupil$_") } 1 .. 12], [@id{1 .. 12}],
    'all are who they were';


# ---- who was erased was so by both ids

$site->ctl_ok('subject', 'erase', $id{3}, $site->ctl_where);
is rows($keys, "keystore.moved_source WHERE owner = '$id{3}'"), 0,
    'an old id is nobody\'s any more';
for (['oneroster', $new], ['sds', roster_folder(\%old, 1)]) {
    $run = import(@$_, '--accept', 'none');
    is_deeply [map { $_->{line} } grep { $_->{reason} =~ /was erased/ }
               @{ $run->{json}{refused} }], [$_->[0] eq 'sds' ? 4 : 6],
        "who was erased is known to $_->[0]";
}


# ---- a name

my @rename = ('rename', 'oneroster', 'skola');
for (['schools', [pupil => 'LOCK TABLE pupil.institution IN SHARE MODE']],
     ['people', [pupil => 'LOCK TABLE pupil.subject IN SHARE MODE']],
     ['what is known of it', [pupil => 'LOCK TABLE pupil.source IN SHARE'
         . ' MODE']])
{
    ok killed_at($site, $_->[1], apply_words(@rename)), "killed at $_->[0]";
    for my $name (qw(oneroster skola)) {
        $run = import(oneroster => $new, '--source', $name);
        is $run->{code}, 1, "no roster of $name meanwhile";
        like $run->{err}, qr/source rename oneroster skola was not finished/,
            'as it was not finished';
    }
}
is planned('rename', 'skola', 'third')->{code}, 1, 'nor another name';
is $site->ctl(apply_words(@rename))->{code}, 0, 'it is finished';
is rows($db, "pupil.$_ WHERE source = 'oneroster'"), 0, "no $_ is left"
    for qw(subject role enrolment class institution source);
$run = import(oneroster => $new, '--source', 'skola', '--close-absent');
is_deeply [map { $run->{json}{users}{$_} } qw(taken unchanged)], [0, 13],
    'and everybody is there';

done_testing;
