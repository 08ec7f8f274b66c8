package Bench::Roster;

# A roster in OneRoster's layout, made of OULAD (t/bench/data/oulad): one
# school, a class for each course presentation, and beside it a tutor group of
# its first 30 pupils; one teacher for both.  OULAD has no names: they are made
# up here, the same each time, from a person's number.

use v5.36;
use utf8;

use Digest::MD5 qw(md5);
use Exporter qw(import);
use IO::Uncompress::Gunzip qw(gunzip $GunzipError);
use Pupil::Util;

our @EXPORT_OK = qw(presentations assessments roster_write name_of teacher_of);

my @given = qw(Ada Alva Anton Astrid Axel Bertil Bo Cecilia Dag Ebba Edvin
    Elin Elsa Emil Erik Ester Eva Filip Folke Frida Greta Gunnar Hanna Hedda
    Hugo Ida Ines Ivar Jakob Johan Karin Klara Knut Lars Lea Linnea Love Lova
    Magnus Maja Malte Maria Mats Melker Moa Nils Nora Olle Olof Otto Pia Rasmus
    Rut Saga Selma Signe Sixten Sofia Stina Sven Tage Tova Vera Ylva);
my @first = qw(Alm Berg Björk Blom Dal Ek Eng Fors Gran Hag Hed Holm Kull Lind
    Lund Lövs Malm Ny Ros Sand Sjö Sol Sten Ström Sund Säter Tall Vall Vik Våg
    Väst Öst);
my @last = qw(berg borg by dahl fors gren holm in kvist lund man qvist ros
    stedt strand ström ström vall);


# Presentations of the tutor group alone.
our $small;

use constant GROUP => 30;

sub rows ($name) {
    my $path = root_dir() . "/t/bench/data/oulad/$name.csv.gz";
    gunzip $path => \my $text or die "$path: $GunzipError\n";
    my (undef, @rows) = map { [split /,/] } split /\n/, $text;
    return @rows;
}

# { presentation => [numbers of students] }
sub presentations () {
    my %of;
    push @{ $of{"$_->[0] $_->[1]"} }, $_->[2] for rows('studentRegistration');
    if ($small) {
        $_ = [@$_[0 .. GROUP - 1]] for values %of;
    }
    return \%of;
}

# { presentation => [[number, kind], ...] }
sub assessments () {
    my %of;
    push @{ $of{"$_->[0] $_->[1]"} }, [@$_[2, 3]] for rows('assessments');
    return \%of;
}


sub name_of ($number) {
    my @n = unpack 'N4', md5("name $number");
    return ($given[$n[0] % @given],
            $first[$n[1] % @first] . $last[$n[2] % @last]);
}

# The log-in of a presentation's teacher.
sub teacher_of ($presentation) { 't.' . lc $presentation =~ s/ /./r }


# Writes the files into a folder that is there; { pupils, enrolments, ... }.
sub roster_write ($dir) {
    my $of = presentations();
    my (%seen, @users, @classes, @enrolments);

    for my $name (sort keys %$of) {
        my $teacher = teacher_of($name);
        my $id = $name =~ s/ /-/r;
        my @group = @{ $of->{$name} }[0 .. GROUP - 1];

        push @users, join ',', $teacher, $teacher, name_of($teacher),
            "$teacher\@example.org", 'teacher', 'school';
        for my $class ([$id, $name, $of->{$name}],
                       ["$id-tutor", "$name, tutor group", \@group])
        {
            push @classes, "$class->[0],school,\"$class->[1]\"";
            push @enrolments, "$class->[0],$teacher,teacher",
                map { "$class->[0],s$_,student" } @{ $class->[2] };
        }
        push @users, map { join ',', "s$_", "s$_", name_of($_), '', 'student',
                           'school' }
                     grep { !$seen{$_}++ } @{ $of->{$name} };
    }

    utf8::encode($_) for @users;
    my $write = sub ($file, @lines) {
        spew("$dir/$file.csv", join "\n", @lines, '');
    };
    $write->(orgs => 'sourcedId,name,type', 'school,The Open School,school');
    $write->(classes => 'sourcedId,orgSourcedId,title', @classes);
    $write->(users => 'sourcedId,username,givenName,familyName,email,role,'
             . 'orgSourcedIds', @users);
    $write->(enrollments => 'classSourcedId,userSourcedId,role', @enrolments);

    return { pupils => scalar keys %seen, teachers => scalar keys %$of,
             classes => scalar @classes, enrolments => scalar @enrolments };
}

1;
