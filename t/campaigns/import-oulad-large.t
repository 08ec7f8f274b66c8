#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl import oulad: how many results there are costs no memory.  They are
# read once to be checked, and once more to be written; what an import of many
# has needed is measured where it waits to write the first of them.

use lib 't/lib';
use Pupil::Test;

use JSON::XS ();

my $site = pupil_up();
my ($db, $dir) = ($site->db, tmp_dir());
my ($students, $assessments) = (300, 1000);

# A course with so many results.
sub course ($name, $results) {
    my $to = "$dir/$name";
    mkdir $to or die "$to: $!\n";
    spew("$to/courses.csv", "code_module,code_presentation,"
        . "module_presentation_length\nAAA,2013J,268\n");
    spew("$to/assessments.csv", join '', "code_module,code_presentation,"
        . "id_assessment,assessment_type,date,weight\n",
        map { "AAA,2013J,$_,TMA,19,0\n" } 1 .. $assessments);
    spew("$to/studentRegistration.csv", join '', "code_module,"
        . "code_presentation,id_student,date_registration,"
        . "date_unregistration\n",
        map { "AAA,2013J,$_,0,?\n" } 1 .. $students);
    my $n = 0;
    open my $out, '>', "$to/studentAssessment.csv" or die "$to: $!\n";
    print $out "id_assessment,id_student,date_submitted,is_banked,score\n";
    LINE: for my $task (1 .. $assessments) {
        for my $who (1 .. $students) {
            last LINE if $n++ == $results;
            print $out "$task,$who,18,0,70\n";
        }
    }
    close $out or die "$to: $!\n";
    return $to;
}

# What it has needed at most, in KiB, when it writes the first results.
sub needed ($from) {
    my $holder = $site->pg->connect('pupil', AutoCommit => 0);
    $holder->do('LOCK TABLE data.progress IN SHARE MODE');
    open my $null, '>', '/dev/null' or die "$!\n";
    my $pid = start_process([build_dir() . '/pupilctl', 'import', 'oulad', $from,
        '--dates', 'open', $site->ctl_where], env => Pupil::Site->ctl_env,
        stdout => $null, stderr => $null);
    wait_until(60, 'it to write', sub { $db->selectrow_array('SELECT count(*)'
        . " FROM pg_stat_activity WHERE usename = 'pupil_operator' AND"
        . " wait_event_type = 'Lock' AND query ~ 'INSERT INTO data.progress'") });
    my ($most) = slurp("/proc/$pid/status") =~ /^VmHWM:\s+(\d+)/m;
    kill KILL => $pid;
    process_ends($pid, 60);
    $holder->rollback;
    $holder->disconnect;
    return $most;
}

# the first makes the people and the homework, for all
needed(course('first', 10));
my $few = needed(course('few', 1_000));
my $many = needed(course('many', $students * $assessments));
cmp_ok $many - $few, '<', 4096, 'of 300 times as many it needs as much'
    or diag "$few and $many KiB";
is 0 + $db->selectrow_array('SELECT count(*) FROM data.progress'), 0,
    'before anything of them is stored';


# ---- and all of them are there

my $run = $site->ctl('import', 'oulad', "$dir/few", '--dates', 'open', '--json',
                     $site->ctl_where);
is $run->{code}, 0, 'an import' or diag $run->{err};
my $counts = JSON::XS::decode_json($run->{out})->{results};
is "@$counts{qw(taken unchanged refused)}", '1000 0 0', 'takes each, once';

# again in the file, beside what is refused where it is read first
spew("$dir/few/studentAssessment.csv", slurp("$dir/few/studentAssessment.csv")
    . "1,1,18,0,70\n1001,1,18,0,70\n1,301,18,0,70\n1,1,18,0,71\n");
$run = $site->ctl('import', 'oulad', "$dir/few", '--dates', 'open', '--json',
                  $site->ctl_where);
my $json = JSON::XS::decode_json($run->{out});
is "@{ $json->{results} }{qw(taken unchanged refused)}", '0 1001 3',
    'and nothing twice';
is_deeply [map { "$_->{line} $_->{reason}" } @{ $json->{refused} }],
    ['1003 its assessment is not in assessments.csv',
     '1004 its student is not registered',
     '1005 is there already'], 'with what is refused, once';

done_testing;
