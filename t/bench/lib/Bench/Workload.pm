package Bench::Workload;

# What clients ask: files of requests for t/bench/http_load.

use v5.36;

use Bench::Roster qw(presentations teacher_of);
use Exporter qw(import);
use JSON::XS ();
use List::Util qw(min);
use Pupil::Util;

our @EXPORT_OK = qw(workloads requests_write samples);

my $json = JSON::XS->new->utf8->canonical;

# http_load replaces it by a new one each time.
use constant NEW_UUID => 'uuiduuid-uuid-uuid-uuid-uuiduuiduuid';

# name => [title, maker, items a request, connections]
my %workloads = (
    homework => ['homework fetch', \&homework, 1, 32],
    overview => ['class overview of 30 pupils', \&overview, 1, 32],
    submit => ['progress submit, single', \&submit, 1, 32],
    batch => ['progress submit, batch of 20', \&batch, 20, 32],
    login => ['login (Argon2id)', \&login, 1, 8],
    mix => ['school-morning mix', \&mix, 1, 32],
);

sub workloads () {
    return map { my $w = $workloads{$_};
                 { name => $_, title => $w->[0], items => $w->[2],
                   connections => $w->[3] } }
           qw(homework overview submit batch login mix);
}


sub request ($method, $path, $session = undef, $body = undef) {
    my $text = "$method $path HTTP/1.1\r\nHost: localhost\r\n";
    $text .= "Cookie: __Host-pupil=$session->{token}\r\n" if $session;
    if (defined $body) {
        my $bytes = $json->encode($body);
        $text .= "X-Pupil-CSRF: $session->{csrf}\r\n" if $session;
        $text .= "Content-Type: application/json\r\nContent-Length: "
            . length($bytes) . "\r\n\r\n$bytes";
        return $text;
    }
    return "$text\r\n";
}


# Who hands in fetches nothing, and the other way round: what a fetch shows
# would grow with each round.
sub pupils ($school, $writers) {
    my $n = 0;
    return grep { ($n++ % 4 == 0) == $writers } $school->sessions('pupil');
}


sub homework ($school) {
    return map { request(GET => '/v1/homework', $_) } pupils($school, 0);
}


# Of each teacher's tutor group: { teacher => homework }.
sub overviewed ($school) {
    return { map { $_->[0] => $_->[1] } @{ $school->db->selectall_arrayref(
        'SELECT DISTINCT ON (h.assigned_by) h.assigned_by, h.record'
        . ' FROM data.homework h ORDER BY h.assigned_by,'
        . ' (SELECT count(*) FROM pupil.enrolment e'
        . ' WHERE e.tenant = h.tenant AND e.class = h.owner)') } };
}

sub overview ($school) {
    my $of = overviewed($school);
    return map {
        request(GET => "/v1/homework/$of->{ $_->{subject} }/progress", $_)
    } $school->sessions('teacher');
}


# What each pupil with a session can hand in: [session, [homework,
# exercise], ...].
sub assigned ($school) {
    my %shown = map { $_ => 1 } values %{ overviewed($school) };
    my %of;
    my $rows = $school->db->selectall_arrayref(<<'SQL');
SELECT e.subject, h.record, x
  FROM pupil.session s JOIN pupil.enrolment e ON e.tenant = s.tenant
       AND e.subject = s.subject
  JOIN data.homework h ON h.tenant = e.tenant AND h.owner = e.class
 CROSS JOIN LATERAL unnest(h.exercise_ids) AS x
 WHERE e.role = 'pupil' ORDER BY 1, 2, 3
SQL
    push @{ $of{ $_->[0] } }, [@$_[1, 2]]
        for grep { !$shown{ $_->[1] } } @$rows;
    return map { [$_, @{ $of{ $_->{subject} } }] }
           grep { @{ $of{ $_->{subject} } // [] } >= 6 } pupils($school, 1);
}

sub submission ($work, $n) {
    return {
        id => NEW_UUID, homework_id => $work->[0], exercise_id => $work->[1],
        answer => { text => "The answer is $n, because it follows." },
        score => { raw => $n % 11, max => 10 }, completion => JSON::XS::true,
        duration => 'PT' . (20 + $n % 400) . 'S',
    };
}

sub submit ($school) {
    my $n = 0;
    return map { my ($session, @work) = @$_;
                 request(POST => '/v1/progress', $session,
                         submission($work[$n % @work], $n++)) }
           assigned($school);
}

sub batch ($school) {
    return map {
        my ($session, @work) = @$_;
        request(POST => '/v1/progress', $session,
                [map { submission($work[$_ % @work], $_) } 1 .. 20]);
    } assigned($school);
}


# Teachers: a benchmark need not set a password for every pupil.
sub login ($school) {
    return map { request(POST => '/v1/login', undef, {
        identifier => $_, password => "A long password of $_, 2026" }) }
        map { teacher_of($_) } sort keys %{ presentations() };
}


# Of 40 requests one is a log-in, two are overviews, twelve submissions.
sub mix ($school) {
    my @login = login($school);
    my @overview = overview($school);
    my @submit = submit($school);
    my @homework = homework($school);
    my (@all, %next);

    for my $i (0 .. 1999) {
        my $n = $i % 40;
        my $from = $n == 0 ? \@login : $n % 20 == 10 ? \@overview
                 : $n % 3 == 1 ? \@submit : \@homework;
        push @all, $from->[$next{$from}++ % @$from];
    }
    return @all;
}


# The file of a workload.
sub requests_write ($school, $name) {
    my @requests = $workloads{$name}[1]->($school);
    return spew(tmp_dir() . "/requests.$name",
                join '', map { length($_) . "\n$_" } @requests);
}


# Requests whose answers are compared, [session, method, path].
sub samples ($school) {
    my @pupils = ($school->sessions('pupil'))[0 .. 14];
    my @overviews = overview($school);
    my @teachers = $school->sessions('teacher');
    return (map({ [$_, '/v1/homework'] } @pupils),
            map { [$teachers[$_], (split / /, $overviews[$_])[1]] }
            0 .. min(4, $#teachers));
}

1;
