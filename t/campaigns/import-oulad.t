#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl import oulad: courses with their results.  Of the real dataset two
# modules' presentations, five of 22, are imported, killed and imported again,
# read through nginx, which shows only what is authentic (I18), and broken; the
# file of single assessments' scores is made up here, as there is none in t/data.

use lib 't/lib';
use Pupil::Test;
use Pupil::Killed;
use Pupil::Oulad;

use Digest::SHA ();
use JSON::XS ();
use POSIX qw(strftime);
use Time::Local qw(timegm);

my $site = pupil_up();
my ($db, $dir) = ($site->db, tmp_dir());
my @modules = qw(AAA GGG);
my $oulad = oulad_write("$dir/oulad", \@modules);

sub import_oulad ($from, @more) {
    my $run = $site->ctl('import', 'oulad', $from, '--json', @more,
                         $site->ctl_where);
    $run->{json} = $run->{code} ? {} : JSON::XS::decode_json($run->{out});
    return $run;
}

sub counts ($run, $what) {
    join ' ', @{ $run->{json}{$what} // {} }{qw(taken changed unchanged
                                               refused)};
}

sub count ($sql, @values) { 0 + $db->selectrow_array("SELECT count(*) $sql", {},
                                                    @values) }

# The day that is so many days behind the start of a presentation.
sub day_of ($presentation, $days) {
    my ($year, $month) = $presentation =~ /^(\d+)([BJ])/;
    return strftime('%Y-%m-%d', gmtime(timegm(0, 0, 0, 1, $month eq 'B' ? 1 : 9,
                                              $year) + 86400 * $days));
}


# ---- what there is, computed here

my %all = map { my (undef, @rows) = oulad_rows($_, @modules); $_ => \@rows }
          Pupil::Oulad::FILES;
my %students = map { $_->[2] => 1 } @{ $all{studentRegistration} };
my %want = (institutions => 1, classes => scalar @{ $all{courses} },
    users => @{ $all{courses} } + keys %students,
    enrolments => @{ $all{courses} } + @{ $all{studentRegistration} },
    homework => @{ $all{courses} } + @{ $all{assessments} },
    results => scalar @{ $all{studentInfo} });
is $want{results}, 3282, 'results of these modules';


# ---- killed, and run again

my @words = ('import', 'oulad', $oulad, '--dates', 'open', $site->ctl_where);
ok killed_at($site, [pupil => "LOCK TABLE data.$_ IN SHARE MODE"], @words),
    "killed at $_" for qw(homework progress);
is count('FROM data.homework'), $want{homework}, 'homework is there';
is count('FROM data.progress'), 0, 'but no result';

# in the middle of them
$db->do('CREATE FUNCTION public.dies() RETURNS trigger LANGUAGE plpgsql AS'
    . ' $$ BEGIN IF (SELECT count(*) FROM data.progress) >= 1000 THEN PERFORM'
    . ' pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END $$');
$db->do('CREATE TRIGGER dies BEFORE INSERT ON data.progress FOR EACH STATEMENT'
    . ' EXECUTE FUNCTION public.dies()');
is $site->ctl(@words)->{code}, 1, 'ended in the middle';
$db->do('DROP TRIGGER dies ON data.progress');
my $half = count('FROM data.progress');
is $half, 1000, 'some results are there';

my $run = import_oulad($oulad, '--dates', 'open');
is $run->{code}, 0, 'run again' or diag $run->{err};
is counts($run, 'results'), join(' ', $want{results} - $half, 0, $half, 0),
    'it goes on where it was';
is counts($run, $_), "0 0 $want{$_} 0", "$_ are there already"
    for grep { $_ ne 'results' } sort keys %want;
is count('FROM data.progress'), $want{results}, 'all are there, once';
is count('FROM data.progress WHERE source = ?', 'oulad'), $want{results},
    'and say where they are from';

sub state_of_data {
    return map { Digest::SHA::sha256_hex(run_cmd('pg_dump', '--no-comments',
        '-a', '-T', 'pupil.audit_record*', '-T', 'pupil.source',
        $site->pg->conninfo($_))->{out}
        =~ s/^\\(?:un)?restrict.*$//mgr) } qw(pupil pupil_keys);
}
my @before = state_of_data();
$run = import_oulad($oulad, '--dates', 'open');
is counts($run, $_), "0 0 $want{$_} 0", "again: $_ unchanged"
    for sort keys %want;
is_deeply [state_of_data()], \@before, 'again: not a byte has changed';

my %not = map { ("$_->{file} $_->{column}" => $_->{values}) }
          @{ $run->{json}{columns_not_taken} };
is_deeply \%not, { 'studentInfo.csv region' => $want{results},
    'assessments.csv weight' => scalar @{ $all{assessments} } },
    'what is not taken';


# ---- on record (I19)

sub records ($sql) { return count("FROM pupil.audit_event WHERE $sql") }
is records("category = 'progress' AND operation = 'write' AND outcome ="
    . " 'allowed' AND cardinality(subjects) = 0"),
    0, 'no write of results is without its subjects';
is count("FROM data.progress AS p WHERE NOT EXISTS (SELECT FROM"
    . " pupil.audit_event AS a WHERE a.category = 'progress' AND a.operation ="
    . " 'write' AND p.owner = ANY (a.subjects))"), 0,
    'each result is on record under whom it is of';
cmp_ok records("category = 'homework' AND operation = 'write'"), '>', 0,
    'so is homework';


# ---- authentic (I18): nginx shows it, with the names that ids give

my @names = do {
    my ($given, $family) = slurp(root_dir()
        . '/ngx_module/ctl/roster/oulad_name.c')
        =~ /given_names\[\] = \{(.*?)\};.*?family_names\[\] = \{(.*?)\};/s;
    map { [$_ =~ /"([^"]+)"/g] } $given, $family;
};

sub name_of ($id) {
    spew("$dir/id", "pupil oulad 1 $id");
    my ($hash) = run_cmd('b2sum', '-l', '128', "$dir/id")->{out} =~ /^(\w+)/;
    my @n = unpack 'N2', pack 'H*', $hash;
    return join ' ', map { $names[$_][$n[$_] % @{ $names[$_] }] } 0, 1;
}

my $nginx = $site->nginx(workers => 1)->start;
my $http = $nginx->http;
wait_until(60, 'nginx', sub { $http->get('/status/ready')->status == 200 });
is_status $http->login(@{ $site->person('oulad-aaa-2013j') }{qw(login
    password)}), 200, 'a teacher of a course';
my $list = $http->get('/v1/homework?status=all')->json->{homework};
is_deeply [sort map { $_->{title} } @$list], [sort 'Final result',
    map { "$_->[3] $_->[2]" } grep { "@$_[0, 1]" eq 'AAA 2013J' }
    @{ $all{assessments} }], 'has its assessments as homework';
my ($tma) = grep { $_->{title} eq 'TMA 1752' } @$list;
is $tma->{due_at}, day_of('2013J', 19) . 'T23:59:59Z',
    'due so many days behind the start';
is $tma->{exercises}[0]{max_score}, 100, 'an exercise each';

my ($final) = grep { $_->{title} eq 'Final result' } @$list;
my $res = $http->get("/v1/homework/$final->{id}/progress");
my %points = (Withdrawn => 0, Fail => 1, Pass => 2, Distinction => 3);
my %score = map { (name_of($_->[2]), []) } grep { "@$_[0, 1]" eq 'AAA 2013J' }
            @{ $all{studentInfo} };
push @{ $score{ name_of($_->[2]) } }, $points{ $_->[4] }
    for grep { "@$_[0, 1]" eq 'AAA 2013J' } @{ $all{studentInfo} };
my %shown;
push @{ $shown{ $_->{display_name} } }, $_->{score}
    for @{ $res->json->{pupils} };
is_deeply { map { $_ => [sort @{ $shown{$_} }] } keys %shown },
    { map { $_ => [sort @{ $score{$_} }] } keys %score },
    'each student of it, by a made-up name, with the real final result';
is count("FROM pupil.audit_event WHERE outcome = 'tampered'"), 0,
    'nothing is taken for tampered with';
is_status $nginx->http->login(@{ $site->person('oulad11391') }{qw(login
    password)}), 200, 'a student logs in';
$nginx->quit;
is $site->ctl('audit', 'verify', $site->ctl_where)->{code}, 0,
    'the audit verifies';


# ---- with its own dates

$run = import_oulad($oulad);
is $run->{code}, 0, 'with its own dates' or diag $run->{err};
is_deeply [map { join ' ', map { $_ // '-' } @$_ } @{ $db->selectall_arrayref(
    'SELECT e.valid_from, e.valid_to FROM pupil.enrolment AS e WHERE'
    . " e.role = 'teacher' ORDER BY 1, 2") }],
    [sort map { day_of($_->[1], 0) . ' ' . day_of($_->[1], $_->[2]) }
     @{ $all{courses} }], 'a course is from its start until its length is over';
is $db->selectrow_array('SELECT valid_from || \' \' || valid_to FROM'
    . ' pupil.enrolment WHERE subject = ?', {},
    $site->person('oulad30268')->{id}),
    day_of('2013J', -92) . ' ' . day_of('2013J', 12),
    'a student from registration until un-registration';


# ---- single assessments

spew("$oulad/studentAssessment.csv", <<'CSV');
"id_assessment","id_student","date_submitted","is_banked","score"
"1752","11391","18","0","78"
"1753","11391","53","0","?"
"1752","28400","22","0","70"
CSV
$run = import_oulad($oulad);
is counts($run, 'results'), "3 0 $want{results} 0", 'scores of assessments'
    or diag $run->{err};
is_deeply [map { "$_->[0]" } @{ $db->selectall_arrayref('SELECT'
    . " (updated_at AT TIME ZONE 'UTC')::date FROM data.progress WHERE"
    . ' homework_id = ? ORDER BY 1', {}, $tma->{id}) }],
    [day_of('2013J', 18), day_of('2013J', 22)], 'of the day of submission';

spew("$oulad/studentAssessment.csv", slurp("$oulad/studentAssessment.csv")
     =~ s/"70"/"71"/r);
$run = import_oulad($oulad);
is counts($run, 'results'), '0 0 ' . ($want{results} + 2) . ' 1',
    'a result that is another one now is refused';
is_deeply [map { "$_->{file}:$_->{line} $_->{reason}" }
           @{ $run->{json}{refused} }],
    ['studentAssessment.csv:4 another result of it is stored'], 'and why';


# ---- broken: by line, column and rule, and never the value

my @bad = (
    [courses => qr/"268"/, '"2x8"', 2, 'module_presentation_length', 'integer'],
    [courses => qr/"268"/, '"0"', 2, 'module_presentation_length', 'minimum'],
    [courses => qr/"2013J"/, '"2013X"', 2, 'code_presentation', 'pattern'],
    [courses => qr/"AAA"/, '"aaa;"', 2, 'code_module', 'pattern'],
    [assessments => qr/"TMA"/, '"Bogus"', 2, 'assessment_type', 'enum'],
    [assessments => qr/"1752"/, '"bogus"', 2, 'id_assessment', 'pattern'],
    [assessments => qr/"19"/, '"99999"', 2, 'date', 'maximum'],
    [studentRegistration => qr/"11391"/, '"x11391"', 2, 'id_student',
     'pattern'],
    [studentRegistration => qr/"-159","[^"]*"/, '"-159","-160"', 2,
     'date_unregistration', 'minimum'],
    [studentInfo => qr/"Pass"/, '"Passed"', 2, 'final_result', 'enum'],
    [studentInfo => qr/"11391"/, '""', 2, 'id_student', 'required'],
);
my $n = 0;
for my $case (@bad) {
    my ($file, $from, $to, $line, $column, $rule) = @$case;
    my $broken = oulad_write("$dir/broken" . $n++, ['AAA'], $file => sub ($text)
        { $text =~ s/$from/$to/r });
    my $got = import_oulad($broken, '--confirm-removal');
    my ($first) = @{ $got->{json}{refused} // [] };
    is "$first->{file}:$first->{line}: $first->{reason}",
        "$file.csv:$line: $column breaks the rule \"$rule\"",
        "$file: $column, $rule";
    my ($value) = $to =~ /"([^"]{2,})"$/;
    unlike "$got->{out}$got->{err}", qr/\Q$value\E/, 'and not the value'
        if defined $value && $value !~ /^-?\d+$/;
}

my $no = oulad_write("$dir/none", ['AAA'], courses => sub ($text) { undef });
like import_oulad($no)->{err}, qr/no file courses\.csv/, 'a file is missing';
$no = oulad_write("$dir/less", ['AAA'], courses => sub ($text) {
    $text =~ s/"module_presentation_length"/"length"/r });
like import_oulad($no)->{err},
    qr/courses\.csv: its first line has no column "module_presentation_length"/,
    'a column is missing';

done_testing;
