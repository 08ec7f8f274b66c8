#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupil_homework_cache: what workers keep of homework is never seen in an
# answer.  Two servers on one database, with and without it, say the same
# bytes and write the same audit records, whatever happens to classes,
# teachers, keys and rows; and what is kept is ciphertext.

use utf8;
use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Memory;
use Pupil::Search;
use JSON::XS ();
use POSIX qw(strftime);

my $day = Pupil::Day->up(workers => 1);
my ($db, $site, $cached) = ($day->db, $day->site, $day->nginx);
my $plain = $site->nginx(workers => 1, http => '', conf => {
    pupil_homework_cache => 'off' })->start;
my @people = qw(teacher colleague pupil classmate other EParker MThomas);
$plain->wait_ready;

# The session of a client, at the server that keeps nothing, or another.
sub at ($who, $nginx) {
    my $http = $nginx->http;
    $http->{cookies} = $day->as($who)->cookies;
    $http->csrf($day->as($who)->csrf);
    return $http;
}

sub counters ($nginx = $cached) {
    return $nginx->http->get('/status')->json->{homework_cache};
}

sub record ($res) {
    return [map { my %e = %$_; $e{subjects} = [sort @{ $e{subjects} }];
                  $e{fields} = [sort @{ $e{fields} }]; \%e }
            $day->audit($res)];
}

# Both servers, and the first twice: what fills and what hits.
sub same ($name, $who = 'pupil', $query = '', $nginx = $cached) {
    my $want = at($who, $plain)->get("/v1/homework$query");
    my $mine = at($who, $nginx);
    my @faults;
    for my $round (1, 2) {
        my $got = $mine->get("/v1/homework$query");
        push @faults, "round $round: " . $got->text
            if $got->status != $want->status
               || ($want->status == 200 && $got->body ne $want->body);
        push @faults, "round $round: the record"
            if !deep_eq(record($got), record($want));
    }
    ok !@faults, "$name: $who" or diag join "\n", @faults, 'without: '
        . $want->text;
    return $want;
}

sub deep_eq ($one, $two) {
    state $json = JSON::XS->new->canonical->allow_nonref;
    return $json->encode($one) eq $json->encode($two);
}

sub restart ($nginx, %opt) {
    $nginx->set(%opt);
    $nginx->reload(wait => 1);
    $nginx->wait_ready;
}

sub titles ($res) { [map { $_->{title} } @{ $res->json->{homework} }] }


# ---- classes with homework, some of it due at the same instant

my %classes = $day->classes;
my @ids = map { $classes{$_} } sort keys %classes;
cmp_ok scalar(@ids), '>', 1, 'a teacher of several classes';
my $due = Pupil::Class::at(5);
my @given;
for my $n (1 .. 12) {
    my $http = at('teacher', $plain);
    my $res = $http->post('/v1/homework', json => $day->body(
        class_id => $ids[$n % @ids], title => "Övning $n: \"räkna\"",
        due_at => $n % 3 ? Pupil::Class::at($n) : $due,
        $n % 2 ? () : (description => undef),
        exercises => [map { { title => "Fråga $_",
                              max_score => $_ . '.50' + 0 } } 1 .. $n % 4 + 1]
    ));
    push @given, $day->expect(201, $res)->json;
}
my ($own) = grep { $_->{class}{id} eq $day->class_id } @given;
$day->expect(201, $day->pupil->post('/v1/progress', json => $day->answer(
    $own, 0, score => { raw => 0.5, max => 1.5 }, completion => \1)));

for my $who (@people) {
    same('the list', $who);
    same('its pages', $who, "?limit=$_") for 1, 3, 100;
    my ($cursor, $seen) = ('', 0);
    do {
        my $res = same('a page', $who, '?limit=2' . ($cursor
                       ? "&cursor=$cursor" : ''));
        $cursor = $res->json->{next} // '';
        $seen += @{ $res->json->{homework} };
    } while ($cursor);
    is $seen, scalar @{ same('all at once', $who, '?limit=100')
                        ->json->{homework} }, 'each once';
    same('all', $who, '?status=all');
}
same('who has none', 'admin');
my $before = counters();
same('again');
my $after = counters();
cmp_ok $after->{hits}, '>', $before->{hits}, 'it is kept';
is $after->{misses}, $before->{misses}, 'and not asked for again';
is counters($plain)->{hits}, 0, 'off: nothing is';
cmp_ok $after->{bytes}, '<=', $after->{bytes_max}, 'within its bounds';


# ---- changes by the gateway, wherever it runs

my $there = at('teacher', $plain);
my $mine = "/v1/homework/$own->{id}";
is_status $there->patch($mine, json => { title => 'Nytt namn' }), 200,
    'a title is changed elsewhere';
ok((grep { $_ eq 'Nytt namn' } @{ titles(same('a new title')) }), 'it shows');
is_status $there->patch($mine, json => { description => undef,
    due_at => Pupil::Class::at(2) }), 200, 'its description and date';
same('a new date', $_) for qw(pupil teacher);
my $more = $there->post('/v1/homework', json => $day->body(title => 'Mer'));
is_status $more, 201, 'one more';
ok((grep { $_ eq 'Mer' } @{ titles(same('a new homework')) }), 'it shows');
is_status $there->delete('/v1/homework/' . $more->json->{id}), 204,
    'and is taken back';
ok !(grep { $_ eq 'Mer' } @{ titles(same('a homework less')) }), 'it is gone';
is_status $day->pupil->post('/v1/progress', json => $day->answer($own, 0,
    score => { raw => 1, max => 1.5 })), 201, 'progress';
same('progress', $_) for qw(pupil classmate teacher);


# ---- time alone

my $later = at('teacher', $plain)->post('/v1/homework', json => $day->body(
    title => 'Snart', assigned_at => strftime('%Y-%m-%dT%H:%M:%SZ',
    gmtime(time + 6)), due_at => strftime('%Y-%m-%dT%H:%M:%SZ',
    gmtime(time + 14))));
is_status $later, 201, 'assigned in some seconds, due in some more';
ok !(grep { $_ eq 'Snart' } @{ titles(same('not assigned yet', $_)) }),
    'it is not shown' for qw(pupil teacher);
wait_until(60, 'it is assigned', sub { grep { $_ eq 'Snart' }
    @{ titles(at('pupil', $cached)->get('/v1/homework')) } });
same('assigned', $_) for qw(pupil teacher);
wait_until(60, 'it is due', sub { !grep { $_ eq 'Snart' }
    @{ titles(at('pupil', $cached)->get('/v1/homework')) } });
same('due', $_) for qw(pupil teacher);


# ---- persons are never kept

my %id = map { $_ => $day->person($_)->{id} } qw(teacher pupil);
my $class = $day->class_id;

# Keeps rows of tables and puts them back.
sub kept ($name, $rows, $code) {
    my $n = 0;
    for my $row (@$rows) {
        my ($dbh, $table, $where) = @$row;
        $n++;
        $dbh->do("CREATE TEMP TABLE kept$n AS SELECT * FROM $table"
                 . " WHERE $where");
    }
    $code->();
    $n = 0;
    for my $row (@$rows) {
        my ($dbh, $table, $where) = @$row;
        $n++;
        # triggers keep a key row from going
        $dbh->do('SET session_replication_role = replica');
        $dbh->do("DELETE FROM $table WHERE $where");
        $dbh->do("INSERT INTO $table SELECT * FROM kept$n");
        $dbh->do('RESET session_replication_role');
        $dbh->do("DROP TABLE kept$n");
    }
    # Nothing tells the workers: each looks again in its own time.
    eval { wait_until(60, 'keys to be asked for again', sub {
        !grep { at($_, $plain)->get('/v1/homework')->body
                ne at($_, $cached)->get('/v1/homework')->body }
              qw(pupil teacher) }) };
    same("$name, and back", $_) for qw(pupil teacher);
}

my @teaches = ($db, 'pupil.enrolment', "subject = '$id{teacher}'");
kept('a teacher left', [\@teaches], sub {
    $day->end_enrolment($id{teacher}, $class);
    is_deeply [grep { $_->{class}{id} eq $class && $_->{assigned_by}
                                                  {display_name} }
               @{ same('a teacher left')->json->{homework} }], [], 'no name';
    same('a teacher left', 'teacher');
});
kept('a teacher who is not authentic', [\@teaches], sub {
    $db->do("UPDATE pupil.enrolment SET source = 'x' WHERE subject ="
            . " '$id{teacher}'");
    unlike same('a teacher by SQL')->body, qr/Craig/, 'no name';
    is_deeply same('a teacher by SQL', 'teacher')->json->{homework}, [],
        'nor homework';
});
kept('a pupil who is not authentic',
     [[$db, 'pupil.enrolment', "subject = '$id{pupil}'"]], sub {
    $db->do("UPDATE pupil.enrolment SET source = 'x' WHERE subject ="
            . " '$id{pupil}'");
    is_deeply same('a pupil by SQL')->json->{homework}, [], 'no homework';
});
kept('a pupil left', [[$db, 'pupil.enrolment', "subject = '$id{pupil}'"]],
     sub {
    $day->end_enrolment($id{pupil}, $class);
    ok !(grep { $_->{class}{id} eq $class } @{ same('a pupil left')->json
         ->{homework} }), 'no homework';
});

for my $state (qw(restricted erased)) {
    for my $case ([teacher => $id{teacher}], [class => $class],
                  [pupil => $id{pupil}])
    {
        my ($what, $owner) = @$case;
        my @rows = ([$db, 'pupil.owner', "owner = '$owner'"],
            [$site->keystore, 'keystore.owner_key', "owner = '$owner'"]);
        # The key store alone is ahead of the data for a moment, or behind.
        for my $both (0, 1) {
            next if $state eq 'restricted' && !$both;
            kept("$what, $state", \@rows, sub {
                $db->do('UPDATE pupil.owner SET state = ? WHERE owner = ?',
                        {}, $state, $owner);
                $site->keystore->do('UPDATE keystore.owner_key SET state ='
                    . ' ?' . ($state eq 'erased' ? ', wrapped = NULL' : '')
                    . ' WHERE owner = ?', {}, $state, $owner) if $both;
                my $res = same("$what, $state");
                unlike $res->body, $what eq 'teacher' ? qr/Craig/
                    : $what eq 'class' ? qr/Nytt namn|Algebra/
                    : qr/"score":2\b/, 'nothing of it is shown';
            });
            # Whoever is erased stays so for a worker: other ones.
            restart($_) for $cached, $plain;
        }
    }
}


# ---- an administrator with SQL

sub tampered ($name, $who = 'pupil') {
    my $res = at($who, $cached)->get('/v1/homework');
    is_problem $res, 500, 'integrity', name => "$name: refused",
        body_lacks => ['Algebra', 'Nytt namn'];
    ok((grep { $_ eq 'tampered' } @{ $day->outcomes($res) }), 'on record');
    $_->allow_log(qr/is not authentic/) for $cached, $plain;
}
my $flip = 'set_byte(%1$s, octet_length(%1$s) - 1, 1 # get_byte(%1$s,'
         . ' octet_length(%1$s) - 1))';
same('filled');
for my $edit (['data.homework', "record = '$own->{id}'", 'title'],
              ['data.homework', "record = '$own->{id}'", 'exercises'],
              ['pupil.class', "class = '$class'", 'title'])
{
    my ($table, $where, $column) = @$edit;
    my $sql = "UPDATE $table SET $column = " . sprintf($flip, $column)
            . " WHERE $where";
    $db->do($sql);
    tampered("$table.$column");
    tampered("$table.$column, again");
    tampered("$table.$column", 'teacher');
    $db->do($sql);
    same("$table.$column, as it was");
}

# Dates and references are bound: what somebody changes is left out at once,
# and again, and is back when it is as it was.
my ($elsewhere) = grep { $_ ne $class } @ids;
for my $set ("due_at = due_at + interval '1 hour'", 'assigned_by = NULL',
             "assigned_by = '$id{pupil}'", 'deleted_at = now()',
             "owner = '$elsewhere'")
{
    my ($row) = $db->selectrow_array('SELECT row_to_json(h)::text FROM'
        . " data.homework AS h WHERE record = '$own->{id}'");
    like same("before $set")->body, qr/$own->{id}/, 'it is there';
    $db->do("UPDATE data.homework SET $set WHERE record = '$own->{id}'");
    unlike same($set, $_)->body, qr/$own->{id}/, 'it is gone'
        for qw(pupil teacher);
    $db->do("DELETE FROM data.homework WHERE record = '$own->{id}'");
    $db->do('INSERT INTO data.homework SELECT * FROM json_populate_record('
            . 'NULL::data.homework, ?)', {}, $row);
    same("after $set", $_) for qw(pupil teacher);
}

# The version itself: deleted, set back, made up.
my $version = sub { $db->selectrow_array('SELECT version FROM'
    . " data.homework_version WHERE class = '$class'") };
my $first = $version->();
same('a version');
$db->do("DELETE FROM data.homework_version WHERE class = '$class'");
same('without a version', $_) for qw(pupil teacher);
is $version->(), undef, 'nobody made one';
my $tail = $there->post('/v1/homework', json => $day->body(title => 'Sist'));
is_status $tail, 201, 'a write';
isnt $version->(), $first, 'makes a version that never was';
same('a new version', $_) for qw(pupil teacher);
is_status $there->delete('/v1/homework/' . $tail->json->{id}), 204, 'deleted';
same('without the last');
$db->do("UPDATE data.homework_version SET version = '$first' WHERE class ="
        . " '$class'");
unlike same('a version that was')->body, qr/Sist/,
    'what was deleted does not come back';
$db->do("UPDATE data.homework SET updated_at = now() WHERE owner = '$class'");
isnt $version->(), $first, 'each write changes it';
my $was = $version->();
$db->do("UPDATE pupil.class SET updated_at = now() WHERE class = '$class'");
isnt $version->(), $was, 'so does one of the class';
$db->begin_work;
$db->do("DELETE FROM data.homework WHERE record = '$own->{id}'");
same('while a write is not committed');
$db->rollback;
same('and when it never is');


# ---- an import changes the title of a class

{
    my $data = root_dir() . '/docs/quickstart/data/sds-100-users';
    my $copy = tmp_dir() . '/roster';
    run_cmd('cp', '-r', $data, $copy);
    my $file = "$copy/Section.csv";
    spew($file, slurp($file) =~ s/Math - Algebra 1/Matematik A/r);
    same('before an import');
    $site->ctl_ok('import', 'sds', $copy, '--dates', 'open',
                  $site->ctl_where);
    like same('after an import')->body, qr/Matematik A/, 'the new title';
    like same('after an import', 'teacher')->body, qr/Matematik A/,
        'for the teacher, too';
}


# ---- what is kept is ciphertext

my $secret = 'Hemligheten om granen';
is_status at('teacher', $plain)->post('/v1/homework', json => $day->body(
    title => $secret, description => "$secret, mer av den",
    assigned_at => Pupil::Class::at(1))), 201, 'homework of tomorrow';
unlike same('of tomorrow')->body, qr/\Q$secret/, 'is not shown yet';
SKIP: {
    skip 'not under sanitizers', 2 if $ENV{PUPIL_SANITIZE};
    my ($worker) = $cached->workers;
    my $file = memory_of($worker, 'heap.core');
    skip 'nobody may look here', 2 if !$file;
    my $search = Pupil::Search->new($secret);
    is_deeply [$search->files($file)], [], 'it is not in the worker\'s heap';
    spew("$file.planted", "x$secret,x");
    isnt scalar(() = $search->files("$file.planted")), 0,
        'where it would be found';
    unlink $file;
}


# ---- keys that are not cached any more, reloads, denials

my $deny = "pupil_deny homework.description;\n";
for my $conf ([{}, ''], [{ pupil_key_cache => 'lifetime=1s' }, ''],
              [{}, $deny])
{
    my ($directives, $text) = @$conf;
    $cached->set(http => $site->http_conf(conf => $directives,
                                          pupil => $text));
    $plain->set(http => $site->http_conf(conf => { %$directives,
        pupil_homework_cache => 'off' }, pupil => $text));
    restart($_) for $cached, $plain;
    my $name = join ' ', 'reloaded', %$directives, $text =~ s/\n//r;
    same($name, $_) for qw(pupil teacher);
    select undef, undef, undef, 1.1 if %$directives;
    same("$name, later", $_) for qw(pupil teacher);
}
unlike at('pupil', $cached)->get('/v1/homework')->body, qr/"description"/,
    'what is denied is not in what is kept';

# In one location of two: each keeps its own.
restart($cached, http => $site->http_conf, server => $site->server_conf
    . "location /less/ { pupil_homework; pupil_deny homework.title; }\n");
for my $round (1, 2) {
    my $mine = at('pupil', $cached);
    like $mine->get('/v1/homework')->body, qr/Nytt namn/, 'granted here';
    unlike $mine->get('/less')->body, qr/Nytt namn/, 'and denied there';
}


# ---- too little room, too much homework

restart($plain, http => $site->http_conf(conf => {
    pupil_homework_cache => 'off' }));
restart($cached, http => $site->http_conf(conf => {
    pupil_homework_cache => '16k' }), server => $site->server_conf);
$there = at('teacher', $plain);
for my $n (1 .. @ids * 2) {
    $day->expect(201, $there->post('/v1/homework', json => $day->body(
        class_id => $ids[$n % @ids], description => 'Lång text. ' x 250,
        title => "Lång $n")));
}
for my $round (1 .. 3) {
    same('little room', $_) for @people;
}
my $counters = counters();
cmp_ok $counters->{bytes}, '<=', 16384, 'no more than its bounds';
cmp_ok $counters->{evictions} + $counters->{misses}, '>', 10,
    'what does not fit makes room';

restart($cached, http => $site->http_conf);
$day->expect(201, $there->post('/v1/homework', json => $day->body(
    title => "Fler $_", due_at => Pupil::Class::at(20 + $_ / 24),
    exercises => [{ title => 'En', max_score => 1 }]))) for 1 .. 101;
same('more than is kept', $_) for qw(pupil teacher);
same('its pages', $_, '?limit=100') for qw(pupil teacher);
$before = counters();
same('once more');
is counters()->{classes}, $before->{classes}, 'that it is much is kept';


# ---- two workers, each with its own

restart($cached, workers => 2);
for my $n (1 .. 4) {
    is_status $there->patch($mine, json => { title => "Omgang $n" }), 200,
        'a change';
    for my $connection (1 .. 6) {
        my $body = at('pupil', $cached)->get('/v1/homework?limit=100')->body;
        like $body, qr/Omgang $n/, 'is shown by each worker'
            if $connection == 1 || $body !~ /Omgang $n/;
    }
}

done_testing;
