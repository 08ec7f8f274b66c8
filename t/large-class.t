#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A class of thousands of pupils, as a course of a whole school is on rosters:
# its overview shows each of them, and the record names each of them; the class
# is shown by so much homework that an answer has an end.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;

use constant PUPILS => 2_600;

my $site = pupil_up();
my ($folder, $demo) = (tmp_dir() . '/sds',
                       root_dir() . '/docs/quickstart/data/sds-100-users');
mkdir $folder or die "$folder: $!\n";
my %rows = (
    Student => [map { "2$_,10001,Given,Family,pupil$_,,WA,,2$_,,9,Active,,2019" }
                1 .. PUPILS],
    StudentEnrollment => [map { "11001,2$_" } 1 .. PUPILS],
);
for my $name (qw(School Section Teacher TeacherRoster Student
                 StudentEnrollment))
{
    my ($head, @lines) = split /\r?\n/, slurp("$demo/$name.csv");
    spew("$folder/$name.csv", join "\n", $head, @{ $rows{$name} // \@lines },
         '');
}
$site->ctl_ok('import', 'sds', $folder, '--dates', 'open', $site->ctl_where);

my ($class) = $site->db->selectrow_array('SELECT class FROM'
    . ' pupil.enrolment WHERE role = ? GROUP BY class HAVING count(*) = ?', {},
    'pupil', PUPILS);
my @ids = @{ $site->db->selectcol_arrayref('SELECT subject FROM'
    . ' pupil.enrolment WHERE role = ? AND class = ? ORDER BY subject', {},
    'pupil', $class) };
is scalar @ids, PUPILS, 'a class of thousands';

sub serve (%opt) {
    my $nginx = $site->nginx(workers => 1, %opt)->start;
    my $http = $nginx->http;
    wait_until(60, 'nginx', sub {
        $http->get('/status/ready')->status == 200 });
    my $teacher = $site->person('CBeane');
    is_status $http->login(@$teacher{qw(login password)}), 200;
    return $http;
}

my $http = serve();
my $res = $http->post('/v1/homework', json => {
    class_id => $class, title => 'For all', due_at => Pupil::Class::at(7),
    exercises => [{ title => 'Only', max_score => 1 }] });
is_status $res, 201, 'homework for all of them';
my $path = '/v1/homework/' . $res->json->{id} . '/progress';


# ---- shown, and recorded

sub all_of_them ($http, $name) {
    my $res = $http->get($path);
    return if !is_status $res, 200, $name;
    my $shown = $res->json;
    is_deeply [map { $_->{id} } @{ $shown->{pupils} }], \@ids, '... shows all';
    is scalar(grep { $_->{display_name} eq 'Given Family' }
              @{ $shown->{pupils} }), PUPILS, '... with their names';
    is $shown->{summary}{pupils}, PUPILS, '... and counts them';
    is_deeply $site->db->selectrow_array('SELECT ARRAY(SELECT unnest(subjects)'
        . ' ORDER BY 1)::text[] FROM pupil.audit_record WHERE request = ? AND'
        . ' cardinality(subjects) > 1', {}, $res->request_id), \@ids,
        '... and names them in its record';
}

all_of_them($http, 'the overview of all');
all_of_them($http, 'the overview again, with keys that are kept');
all_of_them(serve(conf => { pupil_key_cache => 'off' }),
            'the overview without keys that are kept');



# ---- by homework: pages that are as small as the class is large

use constant PLACES => 10_000;          # pupils times homework, of one answer

$http = serve();
for my $n (1 .. 4) {
    is_status $http->post('/v1/homework', json => {
        class_id => $class, title => "No. $n", due_at => Pupil::Class::at(7 + $n),
        exercises => [{ title => 'Only', max_score => 1 }] }), 201;
}

sub pages ($path) {
    my (@pages, $next);
    do {
        my $res = $http->get($path . ($next ? "&cursor=$next" : ''));
        return \@pages if !is_status $res, 200, 'a page of the class';
        push @pages, $res->json;
        $next = $pages[-1]{next};
    } while $next && @pages < 9;
    return \@pages;
}

sub titles ($pages) {
    return [map { [map { $_->{title} } @{ $_->{homework} }] } @$pages];
}

my $pages = pages("/v1/classes/$class?limit=100");
is_deeply titles($pages), [['No. 4', 'No. 3', 'No. 2'], ['No. 1', 'For all']],
    'as much homework as goes with that many pupils, and then what is behind';
for my $page (@$pages) {
    is_deeply [map { $_->{id} } @{ $page->{pupils} }], \@ids,
        'each has all pupils';
    is_deeply [grep { @{ $_->{homework} } != @{ $page->{homework} } }
        @{ $page->{pupils} }], [], '... by all that homework';
    cmp_ok @{ $page->{pupils} } * @{ $page->{homework} }, '<=', PLACES,
        '... and ends';
}
is_deeply titles(pages("/v1/classes/$class?limit=2")),
    [['No. 4', 'No. 3'], ['No. 2', 'No. 1'], ['For all']],
    'less, where less is asked for';
is_deeply titles(pages("/v1/classes/$class/pupils/$ids[0]?limit=100")),
    [['No. 4', 'No. 3', 'No. 2', 'No. 1', 'For all']],
    'one pupil, by as much as is asked for';

my $verified = $site->ctl('audit', 'verify', $site->ctl_where);
is $verified->{code}, 0, 'the log is whole' or diag $verified->{out};

done_testing;
