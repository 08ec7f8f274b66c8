#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A teacher signs up outside of a school (M25): whoever is named, all are
# answered alike (I13); the address is theirs by a link, once and for a day; the
# account is made by pupilctl work, and ends with its trial, which no row of
# before makes longer (I18).

use lib 't/lib';
use utf8;
use Pupil::Test;
use Pupil::Alike;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Outbox;
use Pupil::Relay;

my $PAGE = 'https://provider.example/sign-up';
my $NEW = 'a long walk along the shore';
my $DAYS = 30;

my $site = pupil_up(import => 1,
                    pg => { conf => { log_statement => 'all' } });
Pupil::Outbox::addresses($site);
my $relay = Pupil::Relay->new;
my $clock = Pupil::Clock->new;
my ($school) = $site->db->selectrow_array('SELECT institution FROM'
    . ' pupil.institution LIMIT 1');
my $tenant = $site->tenant;
my $words = "tenant=$tenant institution=$school page=$PAGE trial=${DAYS}d";
my $day = Pupil::Day->up(site => $site, start => 0,
    conf => { pupil_sign_up => $words, pupil_mail => "sv forgotten=$PAGE" },
    server => "location /off/login { pupil_login; pupil_sign_up off; }\n"
    . "location /other/login { pupil_login; pupil_sign_up "
    . $words =~ s/tenant=\S+/'tenant=' . uuid()/er . "; }\n");
$clock->of_all($day->pg);
my $nginx = $day->nginx;
my $test = $nginx->test;
is $test->{code}, 0, 'nginx takes it' or do { diag $test->{err};
                                              done_testing; exit };
$nginx->start;
$day->ready;
my $db = $day->db;
my ($teacher, $pupil) = map { $day->person($_) } qw(teacher pupil);
my $given = 'Gudrun';

sub ask ($email, $path = '/v1/login', $language = 'sv') {
    return $nginx->http->post("$path/sign-up", json => { email => $email,
        language => $language });
}

sub confirm ($token, %more) {
    return $nginx->http->post('/v1/login/sign-up/confirm', json => {
        token => $token, given_name => $given, family_name => 'Ek',
        new => $NEW, %more });
}

sub work { $site->ctl('work', $relay->options, $site->ctl_where) }
sub forget { $db->do('DELETE FROM pupil.login_throttle') }
sub count ($table) { scalar $db->selectrow_array("SELECT count(*) FROM $table") }
sub login ($email, $password = $NEW) { $nginx->http->login($email, $password) }
sub address ($who) { lc "$who->{login}\@skolan.example" }

# The token of the one mail that is sent now.
sub token ($email, $language = 'sv') {
    forget();
    is_status ask($email, '/v1/login', $language), 202, "$email signs up";
    is work()->{code}, 0, 'mail is sent';
    my ($mail, @more) = $relay->mails;
    is scalar(@more), 0, 'one';
    is "@{ $mail->{to} }", $email, 'to that address';
    my ($token) = $mail->{body} =~ m{^\Q$PAGE\E#([\w-]+)$}m;
    ok $token, 'with a link' or diag $mail->{body};
    return wantarray ? ($token, $mail) : $token;
}

# Somebody new, whose account is made.
sub account ($email) {
    is_status confirm(scalar token($email)), 202, "$email confirms";
    is work()->{code}, 0, 'the account is made';
    my ($id) = $db->selectrow_array('SELECT subject FROM pupil.trial ORDER BY'
        . ' ends DESC, (SELECT created_at FROM pupil.subject AS s WHERE'
        . ' s.subject = trial.subject) DESC LIMIT 1');
    return $id;
}

sub records ($of = undef) {
    return map { "$_->[0] $_->[1] $_->[2]" } @{ $db->selectall_arrayref(
        "SELECT category, outcome, coalesce(regexp_replace(note, '^.* ', ''),"
        . " '') FROM pupil.audit_event WHERE role = 'operator'"
        . ($of ? ' AND ? = ANY (subjects)' : ' AND subjects = ?')
        . ' ORDER BY at', {}, $of // '{}') };
}

# Outcome and subjects of what is on record of a request.
sub of_whom ($res) {
    my %seen;
    return grep { !$seen{$_}++ } map { "$_->{outcome} @{ $_->{subjects} }" }
           $day->audit($res);
}


# ---- whoever is named

# in a group, with whatever comes at that moment
my $audited = qr/^WITH a AS \(INSERT INTO pupil.audit_record/;
my @cases = (['of nobody' => 'new@nowhere.example', 'allowed', 1],
    ['of nobody, again' => 'NEW@nowhere.example', 'refused', 0],
    ['of a teacher' => address($teacher), 'allowed', 1],
    ['the same, again' => address($teacher), 'refused', 0],
    ['as a log-in name' => 'a.b@elsewhere.example', 'allowed', 1]);
my ($bytes, $statements);
ask('somebody@else.example');
$db->do('DELETE FROM pupil.outbox');
for my $case (@cases) {
    my ($name, $email, $outcome, $mails) = @$case;
    my @before = map { count("pupil.$_") } qw(outbox sign_up);
    statements($site, $audited);
    my $res = ask($email);
    my $sql = statements($site, $audited);
    is_status $res, 202, $name;
    $bytes //= bytes($res);
    $statements //= $sql;
    is bytes($res), $bytes, "$name: the same bytes";
    is $sql, $statements, "$name: the same statements";
    is count('pupil.outbox') - $before[0], $mails, "$name: $mails mails";
    is count('pupil.sign_up') - $before[1], $mails, "$name: as many rows";
    is_deeply $day->outcomes($res), [$outcome], "$name: on record";
}
is scalar(() = $statements =~ /^/mg), 2, 'two statements, of which none looks'
    . ' anybody up';
unlike $bytes, qr/set-cookie/i, 'no cookie';
unlike join(' ', map { @$_ } @{ $db->selectall_arrayref(
    'SELECT s::text, o::text FROM pupil.sign_up AS s, pupil.outbox AS o') }),
    qr/nowhere|skolan/, 'no row has an address in clear';

is_problem ask($_), 422, 'invalid', field => '/email', name => "not \"$_\""
    for 'x', 'a b@c.example', '@c.example', 'x' x 300;
is_problem ask('x' x 60 . '@' . join('.', ('y' x 60) x 3, 'example')), 422,
    'invalid', field => '/email', name => 'nor one that is too long to be the'
    . ' name of a log-in, as it will be';
is_problem ask('new@nowhere.example', '/v1/login', 'fi'), 422, 'invalid',
    field => '/language';
is_problem ask('new@nowhere.example', $_), 404, 'not-found', name => $_
    for '/off/login', '/other/login';

is work()->{code}, 0, 'mail is sent';
my %sent = map { $_->{to}[0] => $_ } $relay->mails;
is join(' ', sort keys %sent), join(' ', sort 'new@nowhere.example',
    address($teacher), 'a.b@elsewhere.example'), 'to each address';
is $sent{address($teacher)}{subject}, 'Du har redan ett konto',
    'who has an account hears of that';
unlike $sent{address($teacher)}{body}, qr/https:/, 'and gets no link';
is $sent{'new@nowhere.example'}{subject}, 'Bekräfta din e-postadress',
    'who has none gets one';
unlike $sent{'new@nowhere.example'}{body} =~ s/#[\w-]+//r, qr/nowhere|new/i,
    'which names nobody';
is_deeply [sort map { s/.* //r } (records())[-3 .. -1]],
    [('mail=sign_up') x 2, 'mail=sign_up_known'], 'on record';
$db->do('DELETE FROM pupil.sign_up');


# ---- the link

my $email = 'gudrun@hemma.example';
my ($token, $mail) = token($email);
is_problem login($email), 401, 'invalid-credentials', name => 'nobody yet';
is_problem confirm($token, new => 'x'), 422, 'invalid', field => '/new';
is_problem confirm($token, new => 'password'), 422, 'invalid',
    field => '/new', name => 'none that is common';
my $res = confirm($token, new => $email);
is_problem $res, 422, 'invalid', field => '/new', name => 'nor the address';
is_deeply $day->outcomes($res), ['refused'], 'which is on record (I1)';
is_problem confirm($token, given_name => ''), 422, 'invalid',
    field => '/given_name';
is_problem confirm($token, role => 'school_admin'), 422, 'invalid',
    field => '/role', name => 'nobody says what they are';
my $forged = $token;
substr $forged, 30, 1, substr($forged, 30, 1) eq 'A' ? 'B' : 'A';
is_problem confirm($_), 401, 'invalid-credentials' for $forged, 'x', 'A' x 91;
my ($asked) = $db->selectrow_array('SELECT subject FROM pupil.sign_up');
my $unconfirmed = $day->rows_of('pupil.sign_up', $asked);
my @at_once = map { $nginx->http->connect } 1 .. 3;
$_->send_raw($_->request_bytes(POST => '/v1/login/sign-up/confirm', json => {
    token => $token, given_name => $given, family_name => 'Ek',
    new => $NEW })) for @at_once;
is join(' ', sort map { $_->read_response('POST')->status } @at_once)
    =~ s/401|503/no/gr, '202 no no', 'of several at once one';
my $confirmed = $day->rows_of('pupil.sign_up', $asked);
unlike "@$confirmed", qr/Gudrun|argon2|hemma/, 'nothing of it in clear';
$res = confirm($token);
is_problem $res, 401, 'invalid-credentials', name => 'once';
is_deeply [of_whom($res)], ["refused $asked"], 'again is on record';
is_problem login($email), 401, 'invalid-credentials', name => 'still nobody';

is work()->{code}, 0, 'pupilctl work';
is count('pupil.sign_up'), 0, 'the row has gone';
my $id = $asked;
is_deeply $db->selectrow_arrayref('SELECT role, institution, valid_to -'
    . ' valid_from, source FROM pupil.role WHERE subject = ?', {}, $id),
    ['teacher', $school, $DAYS, 'sign-up'], 'a teacher, until the trial ends';
$res = login($email);
is_status $res, 200, 'who logs in';
is $res->json->{user}{display_name}, "$given Ek", 'under their name';
is $res->json->{user}{role}, 'teacher', 'as a teacher';
is join(', ', records($id)), join(', ', 'contact allowed user=sign-up',
    'identity allowed user=sign-up', 'credential allowed user=sign-up',
    "enrolment allowed institution=$school"), 'on record';
$res = confirm($token);
is_problem $res, 401, 'invalid-credentials',
    name => 'the link is none any more';
is_deeply [of_whom($res)], ["refused $id"], 'whose it was is on record';
is_problem $nginx->http->post('/v1/login/password', json => {
    token => $token, new => 'another walk along the shore' }), 401,
    'invalid-credentials', name => 'nor one of a forgotten password';
isnt $db->selectrow_array('SELECT encode(login_id, \'hex\') FROM'
    . ' data.credential WHERE owner = ?', {}, $id), undef, 'sealed';


# ---- rows that are put back

for my $case (['that was not confirmed' => $unconfirmed],
              ['that was' => $confirmed])
{
    my ($name, $rows) = @$case;
    $day->put_back($rows);
    forget();
    confirm($token);
    is work()->{code}, 0, "a row $name";
    is count('pupil.sign_up'), 0, "$name: goes";
    is count("pupil.role WHERE source = 'sign-up'"), 1, "$name: no account";
    is +(records())[-1], 'contact refused row=sign_up', "$name: on record";
}

my $index = $db->selectcol_arrayref('DELETE FROM pupil.blind_index WHERE owner ='
    . ' ? RETURNING row_to_json(blind_index)::text', {}, $id);
$day->put_back($confirmed);
is work()->{code}, 0, 'one, where the account is in no index';
is +(records())[-1], 'contact refused row=sign_up', 'is refused, too';
$db->do('INSERT INTO pupil.blind_index SELECT * FROM json_populate_record('
    . 'NULL::pupil.blind_index, ?::json)', {}, $_) for @$index;
is_status login($email), 200, 'as it was';

$token = token('another@hemma.example');
$db->do("UPDATE pupil.sign_up SET trial = 300");
is_problem $res = confirm($token), 401, 'invalid-credentials',
    name => 'a row that was changed';
is_deeply [sort grep { $_ eq 'tampered' } @{ $day->outcomes($res) }],
    ['tampered'], 'on record';
$db->do("UPDATE pupil.sign_up SET trial = $DAYS");
is_status confirm($token), 202, 'as it was';
$db->do("UPDATE pupil.sign_up SET trial = 300");
is work()->{code}, 0, 'one that was changed after that';
is +(records())[-1], 'contact tampered row=sign_up', 'on record';
is count('pupil.sign_up'), 0, 'and goes';
is_problem login('another@hemma.example'), 401, 'invalid-credentials',
    name => 'nobody';


# ---- in time

$token = token('late@hemma.example');
$clock->forward(86400 - 60);
is_problem confirm($token, new => 'x'), 422, 'invalid', name => 'for a day';
$clock->forward(120);
is_problem confirm($token), 401, 'invalid-credentials', name => 'and no longer';
is work()->{code}, 0, 'pupilctl work';
is count('pupil.sign_up'), 0, 'forgets what nobody confirms';


# ---- two links of one address

my $first = token('twice@hemma.example');
my $second = token('twice@hemma.example', 'en');
is_status confirm($first), 202, 'two links';
is_status confirm($second, new => 'another walk along the shore'), 202, 'both';
is work()->{code}, 0, 'pupilctl work';
is_status login('twice@hemma.example'), 200, 'the first makes an account';
is +(records())[-1], 'contact refused row=sign_up', 'the second none';


# ---- killed between the two databases

my $killed = 'killed@hemma.example';
is_status confirm(scalar token($killed)), 202, 'one more';
my ($whom) = $db->selectrow_array('SELECT subject FROM pupil.sign_up');
my $key = 'SELECT state FROM keystore.owner_key WHERE owner = ?';
$db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_operator');
is work()->{code}, 1, 'without a record';
is $site->keystore->selectrow_array($key, {}, $whom), undef,
    'there is not even a key';
$db->do('GRANT INSERT ON pupil.audit_record TO pupil_operator');
$db->do('REVOKE INSERT ON data.contact FROM pupil_operator');
is work()->{code}, 1, 'a run that breaks off';
is count('pupil.sign_up'), 1, 'leaves the row';
is $site->keystore->selectrow_array($key, {}, $whom), 'active', 'and a key';
is count("pupil.role WHERE subject = '$whom'"), 0, 'and nothing else';
$db->do('GRANT INSERT ON data.contact TO pupil_operator');
is work()->{code}, 0, 'the next one';
is_status login($killed), 200, 'makes the account';


# ---- the end is told

$relay->mails;
$clock->forward(($DAYS - 9) * 86400);
is work()->{code}, 0, 'nine days before';
is scalar(my @none = $relay->mails), 0, 'nobody is told';
$clock->forward(2 * 86400);
is work()->{code}, 0, 'seven days before';
my %told = map { $_->{to}[0] => $_ } $relay->mails;
is $told{$email}{subject}, 'Din provtid går snart ut', 'a mail';
unlike $told{$email}{body}, qr/Gudrun|hemma/i, 'which names nobody';
my $http = $nginx->http;
is_status $http->login($email, $NEW), 200, 'who logs in';
is_deeply [grep { $_ eq 'trial_ends' } map { $_->{kind} }
           @{ $http->get('/v1/me/notices')->json->{notices} }],
    ['trial_ends'], 'has a notice';
is work()->{code}, 0, 'pupilctl work';
is scalar(@none = $relay->mails), 0, 'once';


# ---- another end

my @where = $site->ctl_where;
my $trial = $day->rows_of('pupil.role', $id);
is $site->ctl('user', 'trial', $email, 'soon', @where)->{code}, 2, 'no day';
is $site->ctl('user', 'trial', $email, '2020-01-01', @where)->{code}, 2,
    'a day that is over';
is $site->ctl('user', 'trial', $teacher->{login}, '2099-01-01', @where)
    ->{code}, 1, 'who is on no trial';
my ($end) = $db->selectrow_array('SELECT valid_to FROM pupil.role WHERE'
    . ' subject = ?', {}, $id);
my $later = $db->selectrow_array('SELECT (?::date + 20)::text', {}, $end);
my $run = $site->ctl('user', 'trial', $email, $later, @where);
is $run->{code}, 0, 'a later end' or diag $run->{err};
like $run->{out}, qr/^$id until $later$/, 'is said';
like +(records($id))[-1], qr/^enrolment allowed institution=/, 'on record';
my $longer = $day->rows_of('pupil.role', $id);
is $site->ctl('user', 'trial', $email, $end, @where)->{code}, 0,
    'and the first again';
is_status login($email), 200, 'it counts';
my $now = $day->rows_of('pupil.role', $id);
$day->put_back($longer);
is_problem login($email), 401, 'invalid-credentials',
    name => 'a row with a longer one, put back, is none';
$nginx->allow_log(qr/\[crit\]/);
$day->put_back($now);
is_status login($email), 200, 'as it is';


# ---- the end

$http = $nginx->http;
is_status $http->login($email, $NEW), 200, 'on the last days';
$clock->forward(8 * 86400);
is_problem login($email), 401, 'invalid-credentials', name => 'after the last';
is bytes(login($email)) =~ s/\n.*$//sr, bytes(login('x@y.example'))
    =~ s/\n.*$//sr, 'as any failure';
is work()->{code}, 0, 'pupilctl work';
is $db->selectrow_array('SELECT status FROM pupil.subject WHERE subject = ?',
    {}, $id), 'closed', 'closes the account';
is $site->keystore->selectrow_array('SELECT state FROM keystore.owner_key WHERE'
    . ' owner = ?', {}, $id), 'recovery', 'as of who left';
is work()->{code}, 0, 'once more';
is count('pupil.trial'), 0, 'it is over';
$day->put_back($confirmed);
is work()->{code}, 0, 'the row that made it';
is count("pupil.subject WHERE subject = '$id' AND status <> 'closed'"), 0,
    'brings nothing back';


# ---- who stays

my $stays = 'stays@hemma.example';
my $who = account($stays);

# Whoever is given a role, here or elsewhere, is on trial no more.
my ($other) = $db->selectrow_array('SELECT institution FROM pupil.institution'
    . ' WHERE institution <> ? LIMIT 1', {}, $school);
my %given = (here => $school, elsewhere => $other);
my (%given_id, %before);
for my $where (sort keys %given) {
    my $id = $given_id{$where} = account("$where\@hemma.example");
    $before{$where} = [map { $day->rows_of($_, $id) } qw(pupil.role
                                                         pupil.trial)];
    my $add = $site->ctl(qw(user role add), "$where\@hemma.example", 'teacher',
        '--institution', $given{$where}, @where);
    is $add->{code}, 0, "a role $where" or diag $add->{err};
    is count("pupil.trial WHERE subject = '$id'"), 0, "$where: no trial";
    is $site->ctl('user', 'trial', "$where\@hemma.example", $later, @where)
        ->{code}, 1, "$where: nor is there one to change";
}
is $db->selectrow_array('SELECT valid_to - valid_from FROM pupil.role WHERE'
    . ' subject = ? AND institution = ?', {}, $given_id{elsewhere}, $school),
    $DAYS, 'the role of the trial ends as it would';
is $site->ctl('user', 'trial', $stays, 'none', @where)->{code}, 0,
    'a trial that is none any more';
$clock->forward(($DAYS + 1) * 86400);
is work()->{code}, 0, 'pupilctl work';
is_status login($stays), 200, 'goes on';
is_status login("$_\@hemma.example"), 200, "and who has a role $_"
    for sort keys %given;
for my $where (sort keys %given) {
    my $id = $given_id{$where};
    $where eq 'here' ? $day->put_back($before{$where}[0])
        : $db->do('DELETE FROM pupil.role WHERE subject = ? AND institution ='
                  . ' ?', {}, $id, $other);
    $day->put_back($before{$where}[1]);
    is work()->{code}, 0, "$where: rows of before";
    is $db->selectrow_array('SELECT status FROM pupil.subject WHERE subject ='
        . ' ?', {}, $id), 'active', "$where: close nobody";
}
is $db->selectrow_array('SELECT source FROM pupil.role WHERE subject = ?', {},
    $who), 'operator', 'as whoever the operator adds';


# ---- whom the audit does not take (I1)

$token = token('audit@hemma.example');
forget();
$db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_gateway');
is_problem ask('more@hemma.example'), 503, 'unavailable',
    name => 'without a record there is no answer';
is count('pupil.sign_up'), 1, 'and no row';
is_problem confirm($token), 503, 'unavailable', name => 'nor a confirmation';
$db->do('GRANT INSERT ON pupil.audit_record TO pupil_gateway');
$day->ready;
is_status confirm($token), 202, 'with one there is';


# ---- who asks too often

forget();
is_deeply [map { ask("nobody$_\@hemma.example")->status } 1 .. 24],
    [(202) x 21, (429) x 3], 'a network waits';
is_status login($stays), 200, 'and logs in';


# ---- who goes on with a link that is over: each try is one at a code

forget();
is_deeply [map { confirm($token)->status } 1 .. 6], [(401) x 6],
    'a link that was used, tried again';
$db->do("UPDATE pupil.login_throttle SET not_before = clock_timestamp()"
    . " + interval '1 hour' WHERE failures > 5");
my $MINE = "pupil.audit_record WHERE role <> 'gateway'";
my $told = count($MINE);
is_deeply [map { confirm($token)->status } 1 .. 10], [(429) x 10],
    'waits then';
is count($MINE) - $told, 1, 'and fills no log';

done_testing;
