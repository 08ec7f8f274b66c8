#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Real courses, once they are over: 7,716 results of OULAD, imported, each
# region's students as a class of their own, as large and as small as they were.
# A year behind the end of all courses they go, and what is left of each exercise
# is what the CSV files say, as computed here apart from the program: nothing of
# fewer than ten, nothing that gives anybody away, and no id of a person.

use lib 't/lib';
use Pupil::Test;
use Pupil::Oulad;

use JSON::XS ();

my $site = pupil_up(pg => { conf => { autovacuum => 'off' } });
my $db = $site->db;
my $dir = tmp_dir() . '/oulad';

# Points of a final result, as quarters.
my %quarter = (Withdrawn => '0-24%', Fail => '25-49%', Pass => '50-74%',
               Distinction => '75-100%');


# ---- before: of each course and region how many had which result

my %rows = map { $_ => [oulad_rows($_, qw(AAA CCC GGG))] }
           qw(courses studentRegistration studentInfo);
shift @$_ for values %rows;     # names of columns

my (%before, %region_of, %regions);
for my $row (@{ $rows{studentInfo} }) {
    my ($module, $presentation, $student, $region, $final) = @$row;
    my $n = $regions{$region} //= keys %regions;
    my $course = "$module$n,$presentation";
    $region_of{"$module,$presentation,$student"} = $course;
    $before{$course}{ $quarter{$final} }++;
}
is scalar @{ $rows{studentInfo} }, 7716, 'results of OULAD';

# A length for each, by which its homework is known: it is due at its end.
my ($days, %length) = (200);
$length{$_} = $days++ for sort keys %before;

mkdir $dir or die "$dir: $!\n";
sub write_csv ($name, @lines) { spew("$dir/$name.csv", join "\n", @lines, '') }
write_csv(courses => 'code_module,code_presentation,module_presentation_length',
    map { "$_,$length{$_}" } sort keys %before);
# the dates of some are behind such an end: all stay until it
write_csv(studentRegistration => 'code_module,code_presentation,id_student,'
    . 'date_registration,date_unregistration',
    map { my $course = $region_of{ join ',', @$_[0 .. 2] };
          "$course,$_->[2],$_->[3],?" } @{ $rows{studentRegistration} });
write_csv(studentInfo => 'code_module,code_presentation,id_student,region,'
    . 'final_result',
    map { $region_of{ join ',', @$_[0 .. 2] } . ",$_->[2],$_->[3],$_->[4]" }
    @{ $rows{studentInfo} });

my @where = $site->ctl_where;
my @import = ('import', 'oulad', $dir, '--json', @where);

sub imported (@more) {
    return JSON::XS::decode_json($site->ctl_ok(@import, @more)->{out});
}

sub expired (@more) {
    my $run = $site->ctl_ok('retention', 'run', '--json', @more, @where);
    return JSON::XS::decode_json($run->{out})->{expired}{progress};
}

is imported('--dates', 'open')->{results}{taken}, 7716, 'are imported';
is expired('--dry-run'), 0, 'of courses that go on none would expire';
is imported()->{results}{unchanged}, 7716, 'the courses are over';

my $ids = $db->selectcol_arrayref('SELECT subject FROM pupil.subject');
my %course_of = do {
    my %due;
    for my $course (keys %length) {
        my ($year, $month) = $course =~ /,(\d+)([BJ])/;
        $due{ $db->selectrow_array('SELECT (?::date + ?::integer)::text', {},
            "$year-" . ($month eq 'B' ? '02' : 10) . '-01',
            $length{$course}) } = $course;
    }
    map { $_->[0] => $due{ $_->[1] } } @{ $db->selectall_arrayref('SELECT'
        . " record, (due_at AT TIME ZONE 'UTC')::date FROM data.homework") };
};
is scalar keys %course_of, keys %before, 'each course has its final result';

sub size {
    $db->do('CHECKPOINT');
    return $db->selectrow_array("SELECT pg_relation_size('data.progress')");
}
my $full = size();
cmp_ok $full, '>', 7716 * 100, 'they are on the disk';


# ---- after

is expired(), 7716, 'a year behind the end all of them go';
is $db->selectrow_array('SELECT count(*) FROM data.progress'), 0,
    'none is left';
my (%after, %strange);
for my $said (@{ JSON::XS::decode_json($site->ctl_ok('retention', 'statistics',
    'progress', '--json', @where)->{out})->{groups} })
{
    my ($homework) = split / /, $said->{group};
    my $course = $course_of{$homework} // '';
    $strange{ $said->{group} }++ if $course eq '';
    $after{$course}{ $said->{value} // 'all' } = $said->{persons};
}
is_deeply \%strange, {}, 'what is left is of these courses';

my (%large, %shown, @wrong);
for my $course (sort keys %before) {
    my $of = $before{$course};
    my $all = 0;
    $all += $_ for values %$of;
    $large{$course} = $all if $all >= 10;

    my %said = %{ $after{$course} // {} };
    my $rest = delete $said{all} // 0;
    $rest == ($all >= 10 ? $all : 0) or push @wrong, "$course: $rest of $all";
    for my $value (keys %said) {
        $said{$value} == ($of->{$value} // 0) && $said{$value} >= 10
            && keys %$of > 1 or push @wrong, "$course, $value";
        $rest -= $said{$value};
        $shown{$course}++;
    }
    my @small = grep { $_ < 10 } values %$of;
    push @wrong, "$course: $rest are left" if $rest > 0 && $rest < 10;
    push @wrong, "$course: nothing has to be hidden"
        if keys %$of > 1 && !@small && $all >= 10 && $rest != 0;
}
is_deeply \@wrong, [], 'what is said is as it was, and gives nobody away';
is_deeply [sort keys %after], [sort keys %large],
    'of each course that is large enough';
cmp_ok scalar keys %large, '<', keys %before, 'some are not';
cmp_ok scalar keys %shown, '>', 0.8 * keys %large,
    'and of most others it is said which results there were';
diag sprintf '%d courses, %d large enough, %d with results',
    scalar keys %before, scalar keys %large, scalar keys %shown;


# ---- nobody is left

my $left = join ' ', map { $db->selectrow_array("SELECT coalesce(string_agg("
    . "a::text, ' '), '') FROM $_ AS a") } qw(pupil.aggregate data.progress);
is_deeply [grep { index($left, $_) >= 0 } @$ids], [], 'no id of a person';
$db->do('VACUUM data.progress');
is size(), 0, 'VACUUM frees what there was';

my $persons = 0;
$persons += $_ for values %large;
my $again = imported()->{results};
is_deeply [@$again{qw(refused taken)}], [$persons, 7716 - $persons],
    'what was counted is not imported again, to be counted with others';
is $site->ctl('audit', 'verify', @where)->{code}, 0, 'the audit verifies';

done_testing;
