#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The usual submission is one exchange: the worker keeps the enrolments whose
# MACs it has checked.  Whatever changes meanwhile, the answer and the audit
# are those of fresh evidence (I2, I15, I16, I18).

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 1,
    pg => { conf => { log_statement => 'all',
                      log_line_prefix => '%m [%p] %q%u@%d %v ' } });
my ($db, $nginx) = ($day->db, $day->nginx);
my %id = map { $_ => $day->person($_)->{id} } qw(pupil classmate colleague);
my $class = $day->class_id;
my $homework = $day->assign;
my %foreign = $day->classes('colleague');
my ($there) = grep { $_ ne $class } sort values %foreign;
my $abroad = $day->expect(201, $day->colleague->post('/v1/homework',
    json => $day->body(class_id => $there)))->json;
$day->pupil;
$day->classmate;

sub counters () { $nginx->http->get('/status')->json }

# What the worker does when it likes is no part of a submission: it asks for
# the mark once a second, declares numbers, reads the session again once the
# zone's entry is too old, and tells a connection whom it serves, which goes
# with an exchange and is a transaction of its own.
my $own = qr/ \bpupil\.mark\b | \bpupil\.session\b
            | \bset_config\('pupil\.tenant'
            | \s\$5\ =\ '\{gateway(?:,gateway)*\}' /x;
my $log = $day->site->pg->log_file;
my ($read, %text) = 0;

# How many exchanges there were: transactions, by their virtual ids, of which
# the log has each statement before its result is sent.
sub exchanges () {
    open my $in, '<', $log or die "$log: $!";
    seek $in, $read, 0;
    while (defined(my $line = <$in>)) {
        last if $line !~ /\n\z/;
        $read += length $line;
        my ($transaction, $text) = $line =~ /pupil_gateway\@\S+\ (\d\S+)
            \ ((?:LOG:\ .*execute|DETAIL:) .*)/x or next;
        $text{$transaction} .= " $text";
    }
    return scalar grep { !/$own/ } values %text;
}

# A submission: its status and the outcomes on record, and how many exchanges
# it took; the name of the test; what is expected.
sub submits ($name, $body, $answer, $exchanges, $who = 'pupil') {
    my $before = exchanges();
    my $res = $day->as($who)->post('/v1/progress', json => $body);
    my $took;
    for (1 .. 20) {     # one that is stored is done a moment later
        $took = exchanges() - $before;
        last if $took == $exchanges;
        select undef, undef, undef, 0.05;
    }
    my $status = $res->json->{results}
        ? join ' ', map { $_->{status} } @{ $res->json->{results} }
        : $res->status;
    is join(': ', $status, join ' ', @{ $day->outcomes($res) }), $answer,
        $name;
    is $took, $exchanges, "$name: exchanges";
    return $res;
}

sub rows ($body) {
    return $db->selectrow_array('SELECT count(*) FROM data.progress WHERE'
        . ' record = ?', {}, $body->{id});
}

sub answer ($exercise = 0, %with) {
    $day->answer($homework, $exercise, %with)
}

# The next finds evidence again, or still has it.
sub warm ($first = 2) {
    submits('all is well again', answer(), '201: allowed', $first);
    submits('and is kept', answer(), '201: allowed', 1);
}


# ---- the usual

my $first = answer();
submits('the first reads the evidence', $first, '201: allowed', 2);
submits('the next', answer(1), '201: allowed', 1);
submits('a replay', $first, '200: allowed', 1);
submits('a conflict', { %$first, answer => 'no' }, '409: conflict', 1);
submits('a batch', [answer(0), answer(1), $first],
        'stored stored replayed: allowed', 1);
is $db->selectrow_array('SELECT count(*) FROM data.progress WHERE owner = ?'
    . ' AND NOT superseded', {}, $id{pupil}), 2,
    'one current submission an exercise';
submits('nothing but broken rules', [{ answer => 1 }], 'refused: ', 0);
submits('of a classmate', answer(), '201: allowed', 2, 'classmate');
submits('and again', answer(), '201: allowed', 1, 'classmate');

my $now = counters()->{evidence};
is $now->{misses}, 2, 'read twice';
is $now->{stale}, 0, 'and never in vain';
is $now->{hits}, 5, 'else kept';


# ---- what is refused is judged by fresh evidence, and on record once

submits('no such homework', answer(0, homework_id => uuid),
        '404: not_found', 2);
submits('what did not do is not kept', answer(0, homework_id => uuid),
        '404: not_found', 2);
warm(1);
submits('some of a batch', [answer(), answer(0, exercise_id => uuid),
        { %$first, answer => 'no' }],
        'stored refused conflict: allowed conflict not_found', 2);
warm(1);


# ---- somebody edits an enrolment, and leaves its MAC

my $mine = "subject = '$id{pupil}' AND role = 'pupil'";
my $kept = $db->selectall_arrayref('SELECT enrolment, subject, class,'
    . ' institution, role, valid_from, valid_to, source FROM pupil.enrolment'
    . " WHERE $mine");

sub restore () {
    $db->do('UPDATE pupil.enrolment SET subject = ?, class = ?,'
        . ' institution = ?, role = ?, valid_from = ?, valid_to = ?,'
        . ' source = ? WHERE enrolment = ?', {}, @$_[1 .. 7], $_->[0])
        for @$kept;
}

my $of_class = "$mine AND class = '$class'";
my $foreign = $day->answer($abroad, 0);
for my $edit (
    ['the class: to homework that is not theirs', "class = '$there'",
     $foreign, 3],
    ['the class: from their own', "class = '$there'"],
    ['the first day', 'valid_from = valid_from - 1'],
    ['the last day', "valid_to = current_date + 400"],
    ['the source', "source = 'x'"],
    ['a bit of the MAC', 'mac = set_byte(mac, 3, get_byte(mac, 3) # 1)'])
{
    my ($name, $set, $body, $exchanges) = @$edit;
    $body //= answer();
    is $db->do("UPDATE pupil.enrolment SET $set WHERE $of_class"), 1,
        "edited: $name";
    submits("edited: $name", $body, '404: not_found tampered',
            $exchanges // 4);
    is rows($body), 0, "edited: $name: nothing is stored";
    $db->do("UPDATE pupil.enrolment SET $set WHERE $of_class")
        if $name =~ /MAC/;
    restore();
    warm($exchanges ? 1 : 2);
}
for my $edit (['whose it is', "subject = '$id{colleague}'"],
              ['the school', 'institution = gen_random_uuid()'],
              ['the role', "role = 'teacher'"])
{
    my ($name, $set) = @$edit;
    $db->do("UPDATE pupil.enrolment SET $set WHERE $of_class");
    submits("edited: $name", answer(), '404: not_found', 3);
    restore();
    warm();
}
$nginx->allow_log(qr/is not authentic/);


# ---- the owner's key

sub owner ($set, $who = 'pupil') {
    $db->do("UPDATE pupil.owner SET $set WHERE owner = ?", {}, $id{$who});
}

owner("state = 'restricted'");
my $res = submits('restricted', answer(), '403: restricted', 3);
is_problem $res, 403, 'restricted', name => 'restricted';
submits('restricted: a replay', $first, '403: restricted', 2);
owner("state = 'active'");
warm();

owner('key_version = 2');
my $lost = answer();
$res = $day->pupil->post('/v1/progress', json => $lost);
is_problem $res, 403, 'restricted',
    name => 'another version, which the key store has not';
ok +(grep { $_ eq 'tampered' } @{ $day->outcomes($res) }), 'and on record';
is rows($lost), 0, 'nothing is sealed with the old one';
owner('key_version = 1');
warm();
$nginx->allow_log(qr/disagree about the version/);


# ---- the homework, the class

is $day->teacher->delete("/v1/homework/$homework->{id}")->status, 204,
    'the homework is taken back';
submits('a replay of it', $first, '200: allowed', 1);
submits('what is new', answer(), '404: not_found', 3);
$homework = $day->assign;
warm();

# Another class: what is kept does not know of it, which does no harm.
my $joined = $day->mac('enrolment', my $enrolment = uuid(), $id{pupil},
    $there, $kept->[0][3], 'pupil', 0, '-', $kept->[0][7]);
my $add = $db->prepare('INSERT INTO pupil.enrolment SELECT tenant, ?::uuid,'
    . " subject, ?::uuid, institution, role, DATE '1970-01-01', NULL,"
    . " source, ? FROM pupil.enrolment WHERE $of_class");
$add->bind_param(1, $enrolment);
$add->bind_param(2, $there);
$add->bind_param(3, $joined, { pg_type => DBD::Pg::PG_BYTEA() });
$add->execute;
submits('a class more', answer(), '201: allowed', 1);
submits('homework of that class', $foreign, '201: allowed', 2);
submits('and more of it', $day->answer($abroad, 1), '201: allowed', 1);
$db->do('DELETE FROM pupil.enrolment WHERE enrolment = ?', {}, $enrolment);
submits('a class less', answer(), '201: allowed', 1);

$day->end_enrolment($id{pupil}, $class);
submits('who left has no right to write', answer(), '404: not_found', 3);
submits('a replay succeeds', $first, '200: allowed', 2);
submits('which is asked each time', $first, '200: allowed', 2);
restore();


# ---- many at once, with evidence that is kept

submits('of a classmate', answer(), '201: allowed', 1, 'classmate');
my $same = answer();
my @clients = map {
    my $http = $nginx->http;
    $http->{cookies} = { %{ $day->classmate->cookies } };
    $http->csrf($day->classmate->csrf);
    $http->connect;
} 1 .. 8;
for my $body ($same, undef) {
    $_->send_raw($_->request_bytes(POST => '/v1/progress',
                                   json => $body // answer())) for @clients;
    is join(' ', sort map { $_->read_response->status } @clients),
        $body ? '200 200 200 200 200 200 200 201' : join(' ', ('201') x 8),
        $body ? 'eight times the same' : 'eight of one exercise';
}
is rows($same), 1, 'stored once';
is $db->selectrow_array('SELECT count(*) FROM data.progress WHERE owner = ?'
    . ' AND exercise_id = ? AND NOT superseded', {}, $id{classmate},
    $homework->{exercises}[0]{id}), 1, 'one is current';

done_testing;
