#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The next school year: every class is another one, who was in it goes on in the
# next, some leave and others come, and all of it is one plan.  Its undo leaves
# everybody as they were; what the database has is compared from outside of
# pupilctl, numbers and MACs aside, and the roster of before is no change then.
# A presentation of OULAD is a class, here of one module; of all, 32,593
# enrolments, with PUPIL_ROLLOVER=all, as by make rollover.

use lib 't/lib', 't/bench/lib';
use Bench::Roster qw(name_of presentations teacher_of);
use Pupil::Test;
use JSON::XS ();
use POSIX qw(strftime);

my $whole = ($ENV{PUPIL_ROLLOVER} // '') eq 'all';
my $site = pupil_up;
my $db = $site->db;
my $of = presentations();
delete @$of{grep { !/^AAA/ } keys %$of} if !$whole;

# One in ten leaves behind the first year, and as many come.
sub leaves ($number) { $number % 10 == 3 }

sub roster ($year) {
    my $dir = tmp_dir() . "/year$year";
    mkdir $dir or die "$dir: $!\n";
    my (%users, @classes, @in);
    for my $name (sort keys %$of) {
        my ($id, $teacher) = ("$year " . $name, teacher_of($name));
        push @classes, "$id,school,$name,homeroom,y$year";
        push @in, "$id,$teacher,teacher";
        $users{$teacher} = 'teacher';
        for my $number (@{ $of->{$name} }) {
            my $who = "s$number";
            $who = "new$number" if $year && leaves($number);
            $users{$who} = 'student';
            push @in, "$id,$who,student";
        }
    }
    my @users = map { join ',', $_, $_, name_of($_), '', $users{$_}, 'school' }
                sort keys %users;
    utf8::encode($_) for @users;
    my $day = sub ($days) { strftime('%Y-%m-%d',
                                     gmtime(time + 86_400 * $days)) };
    my @term = map { $day->($_) } $year ? (-1, 365) : (-366, 140);
    my $write = sub ($file, @lines) {
        spew("$dir/$file.csv", join "\n", @lines, '') };
    $write->(orgs => 'sourcedId,name,type', 'school,The Open School,school');
    $write->(academicSessions => 'sourcedId,title,type,startDate,endDate',
             "y$year,Year,schoolYear,$term[0],$term[1]");
    $write->(classes => 'sourcedId,orgSourcedId,title,classType,'
             . 'sessionSourcedIds', @classes);
    $write->(users => 'sourcedId,username,givenName,familyName,email,role,'
             . 'orgSourcedIds', @users);
    $write->(enrollments => 'classSourcedId,userSourcedId,role', @in);
    return { dir => $dir, users => scalar keys %users,
             enrolments => scalar @in };
}

sub import_of ($name, @words) {
    my $run = $site->ctl('import', @words, '--json', $site->ctl_where,
                         { timeout => 900 });
    is $run->{code}, 0, $name or diag substr($run->{out}, -2000), $run->{err};
    return eval { JSON::XS::decode_json($run->{out}) } // {};
}

# Those who have something, and what: rows of another number are the same.
sub state_of {
    my $gone = "(SELECT subject FROM pupil.subject WHERE status = 'closed')";
    my $now = 'coalesce(valid_to, current_date) >= current_date';
    return { map { my ($name, $sql) = @$_;
                   ($name => [map { join ' ', map { $_ // 'none' } @$_ }
                              $db->selectall_array($sql)]) }
        [accounts => 'SELECT s.subject, o.state FROM pupil.subject AS s JOIN'
            . ' pupil.owner AS o ON o.owner = s.subject WHERE s.status ='
            . " 'active' ORDER BY 1"],
        [roles => 'SELECT subject, institution, role, valid_from, valid_to,'
            . " source FROM pupil.role WHERE $now ORDER BY 1, 2, 3"],
        [enrolments => 'SELECT enrolment, subject, class, institution, role,'
            . " valid_from, valid_to, source FROM pupil.enrolment WHERE $now"
            . ' ORDER BY 1'],
        [values => "SELECT owner, category, encode(fingerprint, 'hex') FROM"
            . " pupil.imported WHERE category <> 'left' AND owner NOT IN"
            . " $gone AND owner IN (SELECT subject FROM pupil.subject)"
            . ' ORDER BY 1, 2'],
        [names => "SELECT owner, category, field, encode(term, 'hex') FROM"
            . " pupil.blind_index WHERE category <> 'source' AND owner NOT IN"
            . " $gone ORDER BY 1, 2, 3, 4"] };
}

# Of what, and how many of them: all would be a long way to say.
sub same ($got, $want, $name) {
    for my $what (sort keys %$want) {
        my %there = map { $_ => 1 } @{ $want->{$what} };
        my @other = grep { !delete $there{$_} } @{ $got->{$what} };
        push @other, sort keys %there;
        is scalar(@other), 0, "$name: $what" or diag join "\n", @other[0 .. 1];
    }
}

my @year = map { roster($_) } 0, 1;
my $first = import_of('a school year', 'oneroster', $year[0]{dir},
                      '--close-absent');
is $first->{enrolments}{taken}, $year[0]{enrolments}, 'with all enrolments';
my $before = state_of();
is scalar @{ $before->{accounts} }, $year[0]{users}, 'of all';
is scalar @{ $before->{enrolments} }, $year[0]{enrolments}, 'that are stored';

# held first: all classes of before end, and somebody has to see that
my $held = $site->ctl('import', 'oneroster', $year[1]{dir}, '--close-absent',
                      '--plan', '--json', $site->ctl_where,
                      { timeout => 900 });
is $held->{code}, 3, 'the next one is held';
my $plan = JSON::XS::decode_json($held->{out});
like $plan->{held}[0]{reason}, qr/^\d+ of \d+ enrolments are not in the roster/,
    'as all enrolments end';
same(state_of(), $before, 'a plan changes nothing');
my $run = import_of('it is accepted', 'apply', $plan->{plan});
is $run->{enrolments}{taken}, $year[1]{enrolments}, 'everybody goes on';
is $run->{ended}{enrolments}, $year[0]{enrolments}, 'nobody stays';
my $after = state_of();
is scalar @{ $after->{enrolments} }, $year[1]{enrolments},
    'in as many classes as there are';
my %is = map { ($_ => 1) } @{ $before->{enrolments} };
is scalar(grep { $is{$_} } @{ $after->{enrolments} }), 0, 'all of them new';

my $undone = import_of('it is undone', 'undo', $run->{run});
same(state_of(), $before, 'as it was');
is $undone->{changes}{returns}, $undone->{changes}{leaves},
    'as many came back as had come';
my $again = import_of('the roster of before', 'oneroster', $year[0]{dir},
                      '--close-absent');
is $again->{run}, undef, 'is no change';

done_testing;
