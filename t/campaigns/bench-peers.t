#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The benchmark's peers do the work that Pupil does, or beating them says
# nothing: they answer as it does, store what it can read, leave the same
# records, and take nothing for true that it would not.  PHP's where it is
# installed: `make bench` installs it.

use lib 't/lib', 't/bench/lib';
use Pupil::Test;
use Bench::Entrant::Laravel;
use Bench::Entrant::Node;
use Bench::Entrant::Php;
use Pupil::Class;

plan(skip_all => 'a bench is of the build that ships, not of a sanitized one')
    if $ENV{PUPIL_SANITIZE};

my $class = Pupil::Class->up(workers => 1);
my ($db, $site) = ($class->db, $class->site);
$class->nginx->allow_log(qr/\[crit\].* is not authentic/);
my %id = map { $_ => $class->person($_)->{id} } qw(pupil classmate teacher);
my ($homework, $other) = map { $class->assign(title => $_) } qw(First Second);
$class->as($_) for keys %id;
my $revoked = '';     # whose rows are
my $pupil = $class->nginx->http;
is_status submit($pupil, pupil => $class->answer($homework, 1,
    score => { raw => 2, max => 5 })), 201, 'something is stored';


# ---- asking

sub ask ($http, $who, $method, @of) {
    my $known = $class->as($who);
    $http->cookies->{'__Host-pupil'} = $known->cookies->{'__Host-pupil'};
    $http->csrf($known->csrf);
    return $http->$method(@of);
}

sub submit ($http, $who, $body) {
    return ask($http, $who, post => '/v1/progress', json => $body);
}

# What is shown: of a fetch the page, of an overview the class.
sub fetch ($http, $who = 'pupil') { ask($http, $who, get => '/v1/homework') }

sub overview ($http, $who = 'teacher') {
    return ask($http, $who, get => "/v1/homework/$homework->{id}/progress");
}

# Status and body, whose ids of submissions differ.
sub told ($res, @ids) {
    my $text = $res->status < 300 ? json_of($res->json) : '';
    $text =~ s/$ids[$_]/ID $_/g for 0 .. $#ids;
    return $res->status . " $text";
}

# Of each category in the records of a request, in an order of their own.  A
# peer's statement records whom it finds, and a floor takes away later.
sub recorded ($res) {
    return [sort map {
        my @subjects = grep { $_ ne $revoked } @{ $_->{subjects} };
        json_of({ %$_, subjects => \@subjects });
    } $class->audit($res)];
}

# The page without an item that is not what was stored.
sub without ($page, $id) {
    return { %$page, homework => [grep { $_->{id} ne $id }
                                  @{ $page->{homework} }] };
}

# Runs the code while rows of a table are changed.
sub changed ($table, $set, $where, $code) {
    $db->do("CREATE TEMP TABLE was AS SELECT * FROM $table WHERE $where");
    $db->do("UPDATE $table SET $set WHERE $where") == 1 or die "$table: none";
    $code->();
    $db->do("DELETE FROM $table WHERE $where");
    $db->do("INSERT INTO $table SELECT * FROM was");
    $db->do('DROP TABLE was');
}


# ---- a session that was ended, put back: the classmate's

my $keep = "SELECT * FROM pupil.session WHERE subject = '$id{classmate}'";
$db->do("CREATE TEMP TABLE ended AS $keep");
$site->password('BMcMillan', 'Another long password, 2026');
$db->do('INSERT INTO pupil.session SELECT * FROM ended');


# ---- and somebody whose rows were all revoked, who is still in the class's

($revoked) = grep { $_ ne $id{pupil} && $_ ne $id{classmate} }
             map { $_->{id} } @{ overview($pupil)->json->{pupils} };
$site->keystore->do('SET pupil.tenant = ' . $db->quote($site->tenant));
$site->keystore->do($_, {}, $revoked)
    for "SELECT keystore.give_numbers(ARRAY[?::uuid], 'authority')",
        "SELECT keystore.raise(ARRAY[?::uuid], 'authority', ARRAY[1])";

sub shows ($http, $who) {
    return scalar grep { $_->{id} eq $who }
           @{ overview($http)->json->{pupils} // [] };
}

ok wait_until(60, 'a floor to rise', sub { !shows($pupil, $revoked) }),
    'somebody whose rows were revoked is not shown by Pupil';


# ---- each peer

sub same ($name, $http) {
    my ($mine, $theirs) = map { fetch($_) } $pupil, $http;
    is told($theirs), told($mine), "$name: a fetch";
    is_deeply recorded($theirs), recorded($mine), "$name: its record";

    ($mine, $theirs) = map { overview($_) } $pupil, $http;
    is told($theirs), told($mine), "$name: an overview";
    is shows($http, $revoked), 0, "$name: of whose rows were revoked nothing";
    is_deeply recorded($theirs), recorded($mine), "$name: its record";
}

sub submits ($name, $http) {
    my @cases = (
        ['one' => sub { $class->answer($homework, 0,
            score => { raw => 7, max => 10 }, duration => 'PT5S') }],
        ['one that is not done' => sub { $class->answer($homework, 1,
            completion => \0) }],
        ['of no homework' => sub { +{ %{ $class->answer($homework) },
                                      homework_id => uuid() } }],
        ['many' => sub { [map { $class->answer($other, $_) } 0, 1, 0] }],
    );

    for my $case (@cases) {
        my ($what, $make) = @$case;
        my (@told, @records, @again);
        for my $to ($pupil, $http) {
            my $body = $make->();
            my @ids = map { $_->{id} } ref $body eq 'ARRAY' ? @$body : $body;
            my $res = submit($to, pupil => $body);
            push @told, told($res, @ids);
            push @records, recorded($res);
            push @again, told(submit($to, pupil => $body), @ids);
        }
        is $told[1], $told[0], "$name: submitted: $what";
        is_deeply $records[1], $records[0], "$name: $what: its record";
        is $again[1], $again[0], "$name: $what: again";
    }

    my $body = $class->answer($homework, 0, score => { raw => 3, max => 10 });
    submit($http, pupil => $body);
    my ($shown) = grep { $_->{id} eq $homework->{id} }
                  @{ fetch($pupil)->json->{homework} };
    is $shown->{progress}{score}, 3, "$name: what it stored is shown by Pupil";
}

# What is not as it was stored is not shown: by Pupil that is another test's.
sub doubts ($name, $http) {
    my $page = fetch($http)->json;
    my $last = 'owner = ' . $db->quote($id{pupil}) . ' AND NOT superseded'
        . ' AND exercise_id = ' . $db->quote($homework->{exercises}[0]{id});

    changed('data.homework', "due_at = due_at + interval '1 day'",
            "record = '$other->{id}'", sub {
        is_deeply fetch($http)->json, without($page, $other->{id}),
            "$name: a homework that was edited is not shown";
    });
    for my $set ('done = NOT done', 'result = answer') {
        changed('data.progress', $set, $last, sub {
            is told(fetch($http)), told(fetch($pupil)),
                "$name: a fetch without progress that was edited ($set)";
            is told(overview($http)), told(overview($pupil)),
                "$name: an overview without it ($set)";
        });
    }
    changed('pupil.enrolment', 'valid_from = valid_from - 1',
            "subject = '$id{pupil}' AND class = '" . $class->class_id . "'",
            sub {
        is told(fetch($http)), told(fetch($pupil)),
            "$name: nothing of a class by an enrolment that was edited";
        is told(overview($http)), told(overview($pupil)),
            "$name: nor is that pupil shown";
    });
    is_deeply fetch($http)->json, $page, "$name: and all as it was";
    is fetch($http, 'classmate')->status, fetch($pupil, 'classmate')->status,
        "$name: a session that was ended, put back";
    my $body = $class->answer($homework);
    $http->csrf('x' x 43);
    isnt $http->post('/v1/progress', json => $body)->status, 201,
        "$name: without the token against forgery";
}

my %peers = (
    node => sub { Bench::Entrant::Node->start($class, processes => 1) },
    php => sub { Bench::Entrant::Php->start($class, children => 2) },
    laravel => sub { Bench::Entrant::Laravel->start($class, children => 2) },
);

for my $name (qw(node php laravel)) {
    my $of = 'Bench::Entrant::' . ucfirst $name;
    SKIP: {
        my @missing = $of->missing;
        skip "without @missing", 1 if @missing;
        my $peer = $peers{$name}->();
        my $http = $peer->http;
        same($name, $http);
        submits($name, $http);
        same("$name, with what was submitted", $http);
        doubts($name, $http);
        $peer->stop;
    }
}

done_testing;
