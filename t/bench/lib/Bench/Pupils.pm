package Bench::Pupils;

# Rosters of a made-up municipality for two school years, in OneRoster's
# layout, the same each time.  Each school has ten grades of so many classes of
# 25; each pupil is in ten groups, the class and nine that are taught; each
# group has a teacher, some have two.  In the second year everybody is in the
# classes of the next grade, whose ids are new: the last grade has left, and a
# first one has come.
#
#     my $made = Bench::Pupils->new(users => 200_000);
#     my $counts = $made->write($folder, $year);     # { users, enrolments, ... }

use v5.36;

use Bench::Roster qw(name_of);
use POSIX qw(strftime);

use constant { GRADES => 10, SEATS => 25, GROUPS => 10, CLASSES => 8 };

# One in twenty is a teacher.  A school has eight classes a grade, fewer where
# there is one alone.
sub new ($class, %opt) {
    my $pupils = int($opt{users} * 0.95);
    my $classes = int($pupils / GRADES / SEATS) || 1;
    $classes = CLASSES if $classes > CLASSES;
    my $schools = int($pupils / GRADES / SEATS / $classes) || 1;
    my $teachers = int($schools * $classes * GRADES * SEATS / 19);
    return bless {
        schools => $schools, classes => $classes, teachers => $teachers,
        second => int(2.4 * $teachers),         # groups with another
    }, $class;
}

sub teacher ($self, $n) { 't' . ($n % $self->{teachers}) }

# A year is from yesterday on, or ended then: what day it is makes no other
# roster of it.
sub term ($year) {
    my $from = time - 86_400 * ($year == 0 ? 366 : 1);
    return map { strftime('%Y-%m-%d', gmtime($_)) } $from,
        $from + 86_400 * ($year == 0 ? 500 : 366);
}

sub write ($self, $dir, $year) {
    my %file;
    my %lines = map { $_ => 0 } qw(orgs academicSessions users classes
                                   enrollments);
    for my $name (keys %lines) {
        open $file{$name}, '>:encoding(UTF-8)', "$dir/$name.csv"
            or die "$dir/$name.csv: $!\n";
    }
    my $add = sub ($name, @cells) {
        print { $file{$name} } join(',', @cells), "\n";
        $lines{$name}++;
    };
    my %head = (orgs => 'sourcedId,name,type',
        academicSessions => 'sourcedId,title,type,startDate,endDate',
        users => 'sourcedId,username,givenName,familyName,email,role,'
            . 'orgSourcedIds',
        classes => 'sourcedId,orgSourcedId,title,classType,sessionSourcedIds',
        enrollments => 'classSourcedId,userSourcedId,role');
    $add->($_, $head{$_}) for keys %head;
    $add->(academicSessions => "y$year", "Year $year", 'schoolYear',
           term($year));
    $add->(orgs => "s$_", "School $_", 'school')
        for 0 .. $self->{schools} - 1;
    for my $n (0 .. $self->{teachers} - 1) {
        my $id = $self->teacher($n);
        $add->(users => $id, $id, name_of($id), "$id\@example.org", 'teacher',
               's' . $n % $self->{schools});
    }
    $self->class_write($add, $year, $_) for 0 .. $self->{schools} * GRADES
                                                * $self->{classes} - 1;
    for (values %file) { close $_ or die "$dir: $!\n" }
    $_-- for values %lines;
    return { users => $lines{users}, classes => $lines{classes},
             enrolments => $lines{enrollments}, schools => $lines{orgs} };
}

# The pupils of a class, and the groups that they are in.
sub class_write ($self, $add, $year, $n) {
    my $of = $self->{classes};
    my $school = int($n / (GRADES * $of));
    my $cohort = $year - int($n / $of) % GRADES;        # the year they began
    my $letter = $n % $of;
    my @pupils = map { "p$school." . ($cohort + GRADES) . ".$letter.$_" }
                 1 .. SEATS;
    $add->(users => $_, $_, name_of($_), '', 'student', "s$school")
        for @pupils;
    for my $group (0 .. GROUPS - 1) {
        my $id = "c$year.$n.$group";
        my $nth = $n * GROUPS + $group;
        # of the school: its teachers are each so many apart
        my $t = $school + $self->{schools} * ($nth % int($self->{teachers}
                                                         / $self->{schools}));
        $add->(classes => $id, "s$school", "$school $letter $group",
               $group ? 'scheduled' : 'homeroom', "y$year");
        $add->(enrollments => $id, $_, 'student') for @pupils;
        $add->(enrollments => $id, $self->teacher($t), 'teacher');
        $add->(enrollments => $id,
               $self->teacher($t + $self->{schools} < $self->{teachers}
                              ? $t + $self->{schools} : $school), 'teacher')
            if $nth < $self->{second};
    }
}

1;
