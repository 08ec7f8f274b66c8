package Soak::School;

# Copyright (C) the Pupil authors
#
# The tenants of the soak, in one pair of clusters behind one nginx: in each a
# class with its teacher, pupils who hand in, one who leaves in mid-request and
# one who logs in and out.

use v5.36;

use Pupil::Away;
use Pupil::Postgres;
use Pupil::Site;
use Pupil::Util;
use POSIX qw(strftime);

my $DATA = root_dir() . '/docs/quickstart/data/sds-100-users';


# Options: tenants (2), pupils (6).  Gives nginx and the schools.
sub up ($class, %opt) {
    my $site = Pupil::Site->new(import => 1,
        keys => Pupil::Postgres->new(own_system => 1));
    my $there = Pupil::Day::neighbour($site);
    my $nginx = $site->nginx(workers => 2, log_level => 'notice',
        conf => { pupil_tenant => '$school' },
        http => Pupil::Away::map($site, $there))->start;

    wait_until(20, 'nginx to be ready', sub {
        $nginx->http->get('/status/ready')->status == 200 });
    my @tenants = ([$site, {}], [$there, { 'X-School' => 'there' }]);
    return $nginx, map { $class->new($nginx, @{ $tenants[$_] }, $_,
                                     $opt{pupils} // 6) }
                   0 .. ($opt{tenants} // 2) - 1;
}

sub new ($class, $nginx, $site, $header, $number, $pupils) {
    my $self = bless { nginx => $nginx, site => $site, header => $header,
                       number => $number }, $class;
    my ($teacher, $roamer, $leaver, @pupils) = map { $self->person($_) }
        'CBeane', class_of_pupils($pupils + 2);

    @$self{qw(teacher roamer leaver pupils)} = ($teacher, $roamer, $leaver,
                                                \@pupils);
    my $of = $self->client($teacher)->get('/v1/data/enrolment')->json;
    ($self->{class}) = map { $_->{class_id} }
                       grep { $_->{class_title} =~ /Algebra/ }
                       @{ $of->{records} };
    return $self;
}

# The first pupils of section 11001, which CBeane teaches.
sub class_of_pupils ($count) {
    my %login = slurp("$DATA/Student.csv")
        =~ /^(\d+),[^,]*,[^,]*,[^,]*,([^,]+),/mg;
    my @ids = slurp("$DATA/StudentEnrollment.csv") =~ /^11001,(\d+)/mg;
    return map { $login{$_} } @ids[0 .. $count - 1];
}

# Somebody who is logged in; names differ between tenants by their ids alone.
sub person ($self, $login) {
    my $person = $self->{site}->person($login,
        "Soak $self->{number}, $login, 2026");
    my $http = $self->{nginx}->http(header => $self->{header});
    my $res = $http->login(@$person{qw(login password)});

    die "log-in of $login: ", $res->text if $res->status != 200;
    return { %$person, cookies => $http->cookies, csrf => $http->csrf,
             name => $res->json->{user}{display_name} };
}

# A client with the session of somebody.
sub client ($self, $person, $class = 'Pupil::HTTP') {
    my $http = $class->new(port => $self->{nginx}->port, tls => 1,
        timeout => 20, header => $self->{header},
        cookies => { %{ $person->{cookies} } });
    $http->csrf($person->{csrf});
    return $http;
}


# A new homework, and a submission of one of its exercises: full marks, so that
# what is completed stays so.
sub homework ($self, $id, $n) {
    return { id => $id, class_id => $self->{class},
             title => "Soak $self->{number} $n",
             due_at => strftime('%Y-%m-%dT00:00:00Z',
                                gmtime(time + 86400 * 9)),
             exercises => [map { { title => "E$_", max_score => 10 } }
                           1 .. 3] };
}

sub submission ($self, $person, $homework, $exercise, $id, $n) {
    return { id => $id, homework_id => $homework->{id},
             exercise_id => $homework->{exercises}[$exercise]{id},
             answer => "$person->{id} wrote $n",
             score => { raw => 10, max => 10 }, completion => \1 };
}

1;
