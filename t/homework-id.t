#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Homework with an id that the client made: sent twice, assigned once (I15).

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;

my $class = Pupil::Class->up(workers => 2);
my ($teacher, $colleague, $db) = ($class->teacher, $class->colleague,
                                  $class->db);
my ($here, @more) = do { my %of = $class->classes;
                         my $id = $class->class_id;
                         ($id, grep { $_ ne $id } values %of) };
my ($there) = do { my %of = $class->classes('colleague'); values %of };
my $path = '/v1/homework';

sub stored ($id) {
    return $db->selectrow_array('SELECT count(*) FROM data.homework'
        . ' WHERE record = ?', {}, $id);
}

sub assigned (%with) { $class->body(id => uuid(), %with) }


# ---- once, and once more

my $body = assigned(due_at => Pupil::Class::at(7));
my $id = $body->{id};
my $first = $teacher->post($path, json => $body);
is_status $first, 201, 'homework with an id';
is $first->json->{id}, $id, 'is that';
like $first->header('location'), qr{/v1/homework/$id$}, 'and is found there';

my $again = $teacher->post($path, json => $body);
is_status $again, 200, 'the same again';
is $again->body, $first->body, 'says the same';
is $again->header('location'), $first->header('location'), 'and where it is';
is stored($id), 1, 'it is stored once';
is_deeply [map { "$_->{operation} $_->{outcome}" } grep {
    $_->{category} eq 'homework' } $class->audit($again)], ['read allowed'],
    'and what was shown is on record as read';

my $reordered = '{"exercises": [{ "max_score": 10, "title": "First" },'
    . qq({"max_score":5,"title":"Second"}], "due_at":"$body->{due_at}","title":"Chapter one", )
    . qq("description":"Read it.","id":"$id","class_id":"$here"});
is_status $teacher->post($path, body => $reordered), 200,
    'and in another order';

is_status $teacher->patch("$path/$id", json => { title => 'Chapter two' }),
    200, 'it is changed';
$again = $teacher->post($path, json => $body);
is_status $again, 200, 'what was assigned at first, again';
is $again->json->{title}, 'Chapter two', 'is as it is stored';
isnt $teacher->post($path, json => $class->body)->json->{id},
    $teacher->post($path, json => $class->body)->json->{id},
    'without an id each is another';


# ---- other content

my @exercises = @{ $body->{exercises} };
my %other = (
    title => 'Chapter three', description => 'Write it.',
    due_at => Pupil::Class::at(8), assigned_at => Pupil::Class::at(-1),
    class_id => $more[0], exercises => [reverse @exercises],
);
for my $member (sort keys %other) {
    my $res = $teacher->post($path, json => { %$body,
                                              $member => $other{$member} });
    is_problem $res, 409, 'id-conflict', name => "another $member";
    is_deeply $class->outcomes($res), ['conflict'], '... is on record';
}
is_problem $teacher->post($path, json => { %$body, exercises => [
    { %{ $exercises[0] }, max_score => 9 }, $exercises[1]] }), 409,
    'id-conflict', name => 'another maximum';
delete $body->{description};
is_problem $teacher->post($path, json => $body), 409, 'id-conflict',
    name => 'no description';
is stored($id), 1, 'nothing else is stored';
is_problem $colleague->post($path, json => { %$body, class_id => $there }),
    409, 'id-conflict', name => "somebody else's";
is_problem $teacher->post($path, json => assigned(id => "x$id")), 422,
    'invalid', field => '/id', name => 'no id';
is_problem $class->pupil->post($path, json => assigned()), 403,
    'not-granted', name => 'a pupil';

my $gone = assigned();
is_status $teacher->post($path, json => $gone), 201, 'one';
is_status $teacher->delete("$path/$gone->{id}"), 204, 'that is taken back';
is_problem $teacher->post($path, json => $gone), 409, 'id-conflict',
    name => 'does not come back';


# ---- many at once

my $many = assigned();
my @clients = map { my $http = $class->nginx->http;
                    $http->{cookies} = $teacher->cookies;
                    $http->csrf($teacher->csrf); $http } 1 .. 12;
$_->connect for @clients;
$_->send_raw($_->request_bytes(POST => $path, json => $many)) for @clients;
my %status;
$status{ $_->read_response->status }++ for @clients;
is_deeply \%status, { 201 => 1, 200 => 11 }, 'many at once: one is the first';
is stored($many->{id}), 1, 'and it is stored once';

# ---- databases from before have the index that keeps ids apart

$db->do($_) for 'DROP INDEX data.homework_record',
    q(UPDATE pupil.plugin SET sql_sha256 = '' WHERE category = 'homework');
my $site = $class->site;
$site->ctl_ok('migrate', '--database', $site->pg->conninfo('pupil'),
    '--keystore', $site->pg->conninfo('pupil_keys'), '--ticket', 'index');
is $db->selectrow_array(q(SELECT to_regclass('data.homework_record'))),
    'data.homework_record', 'migrate makes it';
is $site->ctl('check', $class->nginx->conf_file, $site->ctl_where)->{code}, 0,
    'and nothing that check minds';
is_status $teacher->post($path, json => $many), 200, 'and all is as ever';

done_testing;
