#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I20: the gateway decides.  A man in the middle makes the database lie: in the
# rows of each hot statement every column in turn, and every group of columns,
# is what another person's request got.  What is found is on record as
# tampering, and no answer ever shows what the other person's did.  The lies
# that nobody promises to find are those that docs/privacy.md names.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::PgProxy;

my $site = pupil_up(import => 1);
my $proxy = Pupil::PgProxy->new($site->pg);
my $day = Pupil::Day->up(site => $site, start => 0, conf => {
    pupil_database => '"' . $site->gateway('pupil', host => '127.0.0.1',
        port => $proxy->port, sslmode => 'disable') . '"',
    pupil_session_zone => undef });
my ($db, $nginx) = ($day->db, $day->nginx);
$nginx->start;
$day->ready->all_here->work;

# The colleague and somebody of the other school have what they have, too.
my %class = $day->classes('colleague');
my %homework = (teacher => $day->homework, pupil => $day->homework,
    classmate => $day->homework,
    colleague => posted('colleague', '/v1/homework', $day->body(
        class_id => (values %class)[0], title => 'Hos kollegan')));
my %subject = map { $_ => $day->person($_)->{id} }
    qw(teacher colleague pupil classmate other);
my ($taught) = $db->selectrow_array('SELECT e.subject FROM pupil.enrolment'
    . ' AS e WHERE e.class = ? AND e.role = ? AND NOT EXISTS (SELECT FROM'
    . ' pupil.enrolment AS o WHERE o.subject = e.subject AND o.class = ?)',
    {}, (values %class)[0], 'pupil', $day->class_id);
my %pupil_of = (teacher => $subject{pupil}, colleague => $taught);
posted('classmate', '/v1/progress', $day->answer($day->homework, 0,
    answer => { text => 'Skalbaggen flyger' }, score => { raw => 3,
    max => 10 }));
$day->expect(200, $day->as($_)->patch('/v1/data/example',
    json => $day->preference("Intresse av $_"))) for qw(pupil classmate);

sub posted ($who, $path, $body) {
    return $day->expect(201, $day->as($who)->post($path, json => $body))
               ->json;
}


# ---- what is asked, and who asks

sub get ($path) { sub ($who) { $day->as($who)->get($path) } }
sub one ($end) {
    sub ($who) { $day->as($who)->get("/v1/homework/$homework{$who}{id}$end") }
}
sub patch ($who) {
    return $day->as($who)->patch("/v1/homework/$homework{$who}{id}",
                                 json => { due_at => Pupil::Class::at(8) });
}
sub open_list ($who) {
    $db->do('UPDATE data.homework_version SET version = gen_random_uuid()');
    return $day->as($who)->get('/v1/homework');
}
sub history_of_one ($who) {
    return $day->as($who)->get('/v1/progress?homework_id='
                               . $homework{$who}{id});
}
sub unknown_work ($who) {
    return $day->as($who)->post('/v1/progress', json => { id => uuid(),
        homework_id => uuid(), exercise_id => uuid(), answer => 1 });
}
sub unknown_exercise ($who) {
    return $day->as($who)->post('/v1/progress', json => { id => uuid(),
        homework_id => $homework{$who}{id}, exercise_id => uuid(),
        answer => 1 });
}
sub again ($who) {
    return $day->as($who)->post('/v1/progress', json => $day->submission);
}
sub name_of_pupil ($who) {
    return $day->as($who)->get("/v1/data/identity/$pupil_of{$who}");
}
sub prefer ($who) {
    return $day->as($who)->patch('/v1/data/example',
                                 json => $day->preference("Intresse av $who"));
}
sub log_in ($who) {
    $db->do('DELETE FROM pupil.login_throttle');
    return $nginx->http->login(@{ $day->person($who) }{qw(login password)});
}


# ---- columns

# What is not promised, as docs/privacy.md calls it.
my %unpromised = map { $_ => 1 } qw(counts versions status times sources);

sub found (@names) { map { [$_, 'found'] } @names }
sub not_promised ($what, @names) { map { [$_, $what] } @names }
# What is of no row that counts is left out, and is no finding: that can be new,
# or have gone, since the rows that count were read.
sub absent (@names) { map { [$_, 'absent'] } @names }
sub unused (@names) { map { [$_, 'unused'] } @names }
sub group ($name, @columns) { [$name, @columns] }

sub enrolment ($name = 'enrolment', @absent) {
    return group($name, map { my $column = $_;
        (grep { $_ eq $column } @absent) ? absent($column) : found($column) }
        qw(enrolment subject class institution role valid_from valid_to source
           mac));
}
sub role () {
    return group('role', found(qw(subject institution role valid_from valid_to
                                  source mac)));
}
sub subject () { group('subject', found(qw(subject status source mac))) }
sub index_row () {
    return group('index row', found(qw(category field term owner record mac)));
}
sub owner ($name = 'owner') {
    return group($name, found('owner'), not_promised('status', 'state'),
                 not_promised('versions', 'key_version'));
}
sub column (@columns) { map { group('', $_) } @columns }

my @evidence = (enrolment(), owner('class'));
my @names = column(found(qw(given_name family_name)));
my @texts = column(found(qw(title description exercises assigned_at due_at
                            assigned_by facts exercise_ids)),
                   unused('deleted_at'), found('class_title'));
my @current = (column(found('record'), not_promised('times', 'updated_at')),
    owner('actor'),
    column(found(qw(exercise done result facts homework class))));
my @list = (column(found('record'), absent('class'),
    not_promised('times', 'due_at'), not_promised('counts', 'more')),
    enrolment('teacher'), owner('teacher as owner'), @texts, @names);

# Name, what the text of the statement has, the request, who asks, whose rows
# are put in the place of theirs, columns behind the nonce.
my @statements = (
    ['session load', qr/pupil\.session AS s LEFT/, get('/v1/data/identity'),
     pupil => ['classmate', 'other'],
     group('session', found(qw(subject role institution created_at seen_at
                               expires_at proved_at provider_session
                               provider_subject mac))),
     role(), subject(), column(not_promised('status', 'state'))],

    ['session show', qr/AS school_title FROM pupil/, get('/v1/session'),
     pupil => ['classmate', 'other'], role(), owner('actor'),
     owner('school'), @names, column(found('title'))],

    ['homework evidence',
     qr/^SELECT \$1::bigint, e\.enrolment.*h\.assigned_at FROM/, \&patch,
     teacher => ['colleague'], @evidence, column(found('record'),
     not_promised('times', 'assigned_at'))],

    ['a homework of a pupil', qr/h\.assigned_by AS teacher/, one(''),
     pupil => ['classmate'], @list],
    ['a homework of a teacher', qr/h\.assigned_by AS teacher/, one(''),
     teacher => ['colleague'], @list],
    ['progress in a homework', qr/^WITH k AS .* p\.record, p\.updated_at/,
     one(''), pupil => ['classmate'], @current],

    ['feed', qr/v\.version, t\.enrolment/, get('/v1/homework'),
     pupil => ['classmate', 'other'], @evidence,
     column(not_promised('versions', 'version')),
     enrolment('teacher', 'subject'),
     owner('teacher as owner'), @names],
    ['feed of a teacher', qr/v\.version, t\.enrolment/, get('/v1/homework'),
     teacher => ['colleague'], @evidence,
     column(not_promised('versions', 'version')),
     enrolment('teacher', 'subject'),
     owner('teacher as owner'), @names],
    ['definitions', qr/pupil\.class AS c \(tenant/, \&open_list,
     teacher => ['colleague'], owner('class'),
     column(not_promised('versions', 'version'), found('record')), @texts],
    ['progress of the feed', qr/h\.due_at > \$8/, get('/v1/homework'),
     pupil => ['classmate'], @current],
    ['summary', qr/s\.pupils, s\.completed/, get('/v1/homework'),
     teacher => ['colleague'], column(not_promised('counts', qw(record pupils
     completed in_progress)))],

    ['overview', qr/AS i ON true\) ON true ORDER BY e\.subject/,
     one('/progress'), teacher => ['colleague'], enrolment(),
     owner('pupil as owner'), @names],
    # the rows of two pupils: the one in the place of the other
    ['results', qr/p\.record, p\.owner, .*p\.updated_at/, one('/progress'),
     teacher => ['teacher'], column(found(qw(record owner)),
     not_promised('times', 'updated_at'), found(qw(exercise done result facts
     homework class)))],

    ['submission evidence', qr/^SELECT \$1::bigint, o\.owner.*e\.enrolment/,
     \&unknown_work, pupil => ['classmate', 'other'], owner('actor'),
     enrolment()],
    ['homework of a submission', qr/CROSS JOIN unnest\(\$8\) AS i/,
     \&unknown_exercise, pupil => ['classmate'],
     column(absent('class'), not_promised('status', 'state'),
     not_promised('versions', 'key_version'), found(qw(record exercises
     keys facts exercise_ids assigned_by assigned_at due_at deleted_at)))],
    ['submit', qr/INSERT INTO data\.progress/, \&again, pupil => ['pupil'],
     column(not_promised('status', qw(recorded status)))],
    ['history', qr/FROM p\) > \$11/, get('/v1/progress'),
     pupil => ['classmate'], column(found('record'),
     not_promised('times', 'updated_at'), not_promised('counts', 'more')),
     owner('actor'), column(found(qw(homework exercise answer result facts
     class done)))],

    ['history of a homework', qr/FROM p\) > \$11/, \&history_of_one,
     pupil => ['classmate'], column(found('record'),
     not_promised('times', 'updated_at'), not_promised('counts', 'more')),
     owner('actor'), column(found(qw(homework exercise answer result facts
     class done)))],
    ['homework to be changed', qr/^SELECT \$1::bigint, h\.record/, \&patch,
     teacher => ['colleague'], column(found(qw(record facts exercise_ids
     assigned_by assigned_at due_at)), unused('deleted_at'))],
    ['change of a homework', qr/UPDATE data\.homework .*title/, \&patch,
     teacher => ['colleague'],
     column(not_promised('status', 'recorded'), found('record'))],

    ['data read of oneself', qr/FROM data\."?identity"? t/,
     get('/v1/data/identity'), pupil => ['classmate', 'other'],
     column(not_promised('status', 'related'), found(qw(record owner)),
     unused('class'), not_promised('sources', 'source')), owner(), @names],
    ['data read of a pupil', qr/FROM data\."?identity"? t/, \&name_of_pupil,
     teacher => ['colleague'],
     column(not_promised('status', 'related'), found(qw(record owner)),
     unused(qw(class source))), owner(), @names],
    ['data evidence',
     qr/FROM pupil\.enrolment a JOIN pupil\.enrolment s.* LIMIT 64/,
     \&name_of_pupil, teacher => ['colleague'],
     column(unused(map { "role_$_" } 1 .. 7)), enrolment('of the actor'),
     enrolment('of the subject'), column(unused(map { "role_$_" } 1 .. 7))],
    ['data read of enrolments', qr/FROM data\."?enrolment"? t/,
     get('/v1/data/enrolment'), teacher => ['colleague'],
     column(not_promised('status', 'related'), found(qw(record owner
     class)), not_promised('sources', 'source')), owner(), owner('class'), owner('school'), enrolment('proof'),
     column(found(qw(class_id class_title school_id school_title role from
     to)), unused(qw(group_type department)))],
    ['data look', qr/old AS \(SELECT t\.record FROM data/, \&prefer,
     pupil => ['classmate'], column(not_promised('status', qw(related
     existed))), owner()],
    ['data write', qr/ INSERT INTO data\."?example"?|w AS \(INSERT INTO data/,
     \&prefer, pupil => ['classmate'], column(not_promised('status',
     qw(recorded related existed taken state written)))],

    ['log-in: find', qr/pupil\.tenant AS t LEFT JOIN found/, \&log_in,
     pupil => ['classmate', 'other'], column(unused('decoy')), index_row(),
     subject(), owner('account'), role(),
     column(not_promised('times', 'updated_at'), found(qw(login_id
     password_hash)), unused('second_factor'), unused('external_id'),
     found('facts'),
     unused('email'))],
    ['log-in: accept', qr/made AS \(INSERT INTO pupil\.session.*held/,
     \&log_in, pupil => ['classmate'],
     column(not_promised('status', 'recorded'), not_promised('counts', 'made')),
     @names],
);


# ---- the lies

# Strings of an answer, but for instants and what all answers of a kind share.
sub strings ($value) {
    return map { strings($_) } values %$value if ref $value eq 'HASH';
    return map { strings($_) } @$value if ref $value eq 'ARRAY';
    return defined $value && length $value > 3
           && $value !~ /^\d{4}-\d\d-\d\dT/ ? $value : ();
}

sub shown ($res) {
    return $res->body =~ /^[\[{]/ ? strings($res->json) : ();
}

# Another value of the same length, or one where there was none.
sub other_than ($bytes) {
    return pack 'N', 20000 if !defined $bytes;
    return "\1" if $bytes eq '';
    return substr($bytes, 0, -1) . (substr($bytes, -1) ^. "\1");
}

my %promised;                       # word => columns that it is about
for my $statement (@statements) {
    my ($name, $sql, $ask, $who, $others, @groups) = @$statement;
    my @columns = map { my ($group, @of) = @$_; @of } @groups;

    $proxy->look($sql);
    my @mine = shown($ask->($who));
    my @rows = $proxy->seen;
    my $row = $rows[0];
    is scalar(@$row), 1 + @columns, "$name: each column is in the table"
        or next;
    my %mine = map { $_ => 1 } @mine;

    my (@lies, $n);
    for my $other (@$others) {
        $proxy->look($sql);
        my @secrets = grep { !$mine{$_} } shown($ask->($other));
        my @theirs = $proxy->seen or die "$name: nothing of $other\n";
        @theirs = reverse @theirs if $other eq $who;
        my $theirs = $theirs[0];

        $n = 0;
        for my $group (@groups) {
            my ($title, @of) = @$group;
            my %whole;
            for my $column (@of) {
                my ($field, $promise) = @$column;
                $n++;
                $whole{$n} = $theirs->[$n];
                my ($old) = grep { defined } map { $_->[$n] } @rows, @theirs;
                my ($new) = grep { defined } map { $_->[$n] } @theirs;
                my $same = ($old // "\0null") eq ($new // "\0null");
                $promised{$promise}{"$name, $field"} = 1;
                push @lies, ["$field of $other", $promise, \@secrets,
                             $n => $same ? other_than($old) : $new];
            }
            my $differs = grep { ($row->[$_] // '') ne ($theirs->[$_] // '') }
                          keys %whole;
            push @lies, ["$title of $other", 'found', \@secrets, %whole]
                if $title ne '' && $differs
                   && grep { $_->[1] eq 'found' } @of;
        }
    }

    my (@silent, @leaked);
    for my $lie (@lies) {
        my ($what, $promise, $secrets, %set) = @$lie;
        $proxy->lie($sql, %set);
        my $res = $ask->($who);
        push @silent, "$what ($set{(keys %set)[0]})" if !$proxy->seen;
        my @shown = grep { index($res->body, $_) >= 0 } @$secrets;
        push @leaked, "$what: @shown" if @shown;
        push @silent, $what . ' (' . $res->status . ')'
            if $promise eq 'found'
               && !grep { $_ eq 'tampered' } @{ $day->outcomes($res) };
    }
    $proxy->mode('pass');
    is join("\n", @leaked), '', "$name: " . @lies
        . ' lies: nothing of another person is shown';
    is join("\n", @silent), '', "$name: what is promised is on record";
    $ask->($who);
}


# ---- a row that is authentic, of another record of the same person

my @request = map { { id => uuid(), kind => 'access' } } 0, 1;
posted('pupil', '/v1/me/requests', $_) for @request;
my $look = qr/r\.request = \$8/;
$proxy->look($look);
$day->as('pupil')->post('/v1/me/requests', json => $request[1]);
my ($row) = $proxy->seen;
$proxy->lie($look, map { $_ => $row->[$_] } 1 .. $#$row);
my $res = $day->as('pupil')->post('/v1/me/requests', json => $request[0]);
$proxy->mode('pass');
is_problem $res, 500, 'integrity', name => 'another request is none of this one';
is_deeply $day->outcomes($res), ['tampered'], 'and is on record';
is_status $day->as('pupil')->post('/v1/me/requests', json => $request[0]), 200,
    'where nobody lies it is there';
$proxy->stop;


# ---- the document says the same

my $text = slurp(root_dir() . '/docs/privacy.md');
my ($part) = $text =~ /^## A database that lies\n(.*?)(?=^## |\z)/ms;
my %named = map { $_ => 1 } ($part // '') =~ /^\| \*(\w+)\* /mg;
is_deeply [sort keys %named], [sort keys %unpromised, 'omission'],
    'docs/privacy.md names what is not promised';
is_deeply [grep { !/^(?:found|absent|unused)$/ && !$unpromised{$_} }
               keys %promised], [], 'and the table has no other';

done_testing;
