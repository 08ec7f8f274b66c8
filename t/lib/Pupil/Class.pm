package Pupil::Class;

# A class at work: a site with the demo's rosters, its nginx, and people of
# one class and of none, each with a client that is logged in when first used.
#
#     my $class = Pupil::Class->up;
#     my $homework = $class->assign(title => 'Chapter one');
#     $class->pupil->get("/v1/homework/$homework->{id}");
#     is_deeply [$class->audit($res)], [...];

use v5.36;

use Pupil::Test ();
use Pupil::Util;
use POSIX qw(strftime);

# Of sds-100-users: Beane teaches class 11001 (Algebra 1), where Klein and
# McMillan learn; Todd teaches another class of that school; James another
# school's.
my %LOGINS = (
    teacher => 'CBeane', pupil => 'OKlein', classmate => 'BMcMillan',
    colleague => 'DTodd', admin => 'FFlowers',
);


# Options: site, and those of its nginx().
sub up ($class, %opt) {
    my $site = delete $opt{site} // Pupil::Test::pupil_up(import => 1);
    my $self = bless { site => $site, people => {}, http => {} }, $class;

    $self->{nginx} = $site->nginx(%opt)->start;
    return $self;
}

sub site ($self) { $self->{site} }
sub nginx ($self) { $self->{nginx} }
sub db ($self) { $self->{site}->db }


# { id, login, password } of somebody: a name above, 'other' (a pupil of the
# other school), or a user name of the roster.
sub person ($self, $who) {
    return $self->{people}{$who}
           //= $self->{site}->person($who eq 'other' ? other_pupil()
                                                     : $LOGINS{$who} // $who);
}

sub other_pupil {
    my $file = root_dir() . '/docs/quickstart/data/sds-100-users/Student.csv';
    my ($row) = grep { $_->[1] eq '10002' }
                map { [split /,/] } split /\n/, slurp($file);
    return $row->[4];
}


# A client that is logged in.
sub as ($self, $who) {
    return $self->{http}{$who} //= do {
        my $http = $self->{nginx}->http;
        my $person = $self->person($who);
        my $res = $http->enter(@$person{qw(login password)});
        die "log-in of $who: @{[$res->text]}\n" if $res->status != 200;
        $http;
    };
}

for my $who (keys %LOGINS, 'other') {
    no strict 'refs';
    *{$who} = sub ($self) { $self->as($who) };
}


# The classes of a teacher, by title.
sub classes ($self, $who = 'teacher') {
    my $res = $self->as($who)->get('/v1/data/enrolment');
    die "enrolment of $who: @{[$res->text]}\n" if $res->status != 200;
    return map { $_->{class_title} => $_->{class_id} }
           @{ $res->json->{records} };
}

sub class_id ($self) {
    return $self->{class_id} //= do {
        my %classes = $self->classes;
        $classes{'Math - Algebra 1'} // die "no class: @{[%classes]}\n";
    };
}


# An instant, days from now.
sub at ($days) { strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + $days * 86400)) }

# The body of a homework with two exercises.
sub body ($self, %with) {
    return { class_id => $self->class_id, title => 'Chapter one',
             description => 'Read it.', due_at => at(7),
             exercises => [{ title => 'First', max_score => 10 },
                           { title => 'Second', max_score => 5 }], %with };
}

# Assigns it; the homework as answered.
sub assign ($self, %with) {
    my $res = $self->teacher->post('/v1/homework', json => $self->body(%with));
    die "assign: @{[$res->text]}\n" if $res->status != 201;
    return $res->json;
}


# The body of a submission of an exercise, by its number.
sub answer ($self, $homework, $exercise = 0, %with) {
    return { id => Pupil::Test::uuid(), homework_id => $homework->{id},
             exercise_id => $homework->{exercises}[$exercise]{id},
             answer => { text => 'because' }, %with };
}


# What the audit says about a request: one line per category.
sub audit ($self, $res) {
    return @{ $self->db->selectall_arrayref(
        'SELECT category, fields, purpose, relation, operation, outcome,'
        . ' role, subjects::text[] AS subjects, note FROM pupil.audit_event'
        . ' WHERE request = ? ORDER BY outcome, category, operation,'
        . ' fields',
        { Slice => {} }, $res->request_id) };
}

# The outcomes alone, sorted.
sub outcomes ($self, $res) {
    return [map { $_->[0] } @{ $self->db->selectall_arrayref(
        'SELECT outcome FROM pupil.audit_record WHERE request = ?'
        . ' ORDER BY outcome', {}, $res->request_id) }];
}

1;
