#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A forgotten password: whoever is named, all are answered alike (I13), and a
# member of staff gets a link by mail (M17), which sets a new password once, and
# lets nobody in (I18).

use lib 't/lib';
use utf8;
use Pupil::Test;
use Pupil::Alike;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Factor;
use Pupil::Outbox;
use Pupil::Relay;

my $PAGE = 'https://skolan.example/losenord';
my $NEW = 'a long walk along the shore';

my $site = pupil_up(import => 1,
                    pg => { conf => { log_statement => 'all' } });
Pupil::Outbox::addresses($site);
my $relay = Pupil::Relay->new;
my $clock = Pupil::Clock->new;
my $day = Pupil::Day->up(site => $site, start => 0,
    conf => { pupil_mail => "sv forgotten=$PAGE",
              pupil_second_factor => 'teacher=optional' },
    server => join '', map {
        "location /$_->[0]/login { pupil_login; pupil_mail $_->[1]; }\n" }
        [da => "da forgotten=$PAGE"], [en => "en forgotten=$PAGE"],
        [off => 'sv']);
$clock->of_all($day->pg);
my $nginx = $day->nginx;
my $test = $nginx->test;
is $test->{code}, 0, 'nginx takes it' or do { diag $test->{err};
                                              done_testing; exit };
$nginx->start;
$day->ready;
my $db = $day->db;
my ($teacher, $colleague) = map { $day->person($_) } qw(teacher colleague);

sub forgotten ($name, $path = '/v1/login') {
    return $nginx->http->post("$path/forgotten", json => {
        identifier => $name });
}

sub reset_by ($token, $new = $NEW) {
    return $nginx->http->post('/v1/login/password', json => {
        token => $token, new => $new });
}

sub work { $site->ctl('work', $relay->options, $site->ctl_where) }
sub outbox { scalar $db->selectrow_array('SELECT count(*) FROM pupil.outbox') }
sub forget { $db->do('DELETE FROM pupil.login_throttle') }
sub status_of ($who) {
    $nginx->http->login(@$who{qw(login password)})->status;
}

# The token of the one mail that is sent now.
sub token ($name, $path = '/v1/login') {
    forget();
    $db->do('DELETE FROM pupil.outbox');
    is_status forgotten($name, $path), 202, "$name has forgotten";
    is work()->{code}, 0, 'mail is sent';
    my ($mail, @more) = $relay->mails;
    is scalar(@more), 0, 'one';
    my ($token) = $mail->{body} =~ m{^\Q$PAGE\E#([\w-]+)$}m;
    ok $token, 'with a link' or diag $mail->{body};
    return wantarray ? ($token, $mail) : $token;
}

sub told ($who) {
    return scalar $db->selectrow_array('SELECT count(*) FROM pupil.notice'
        . " WHERE subject = ? AND kind = 'password_changed'", {}, $who->{id});
}

sub address ($who) { lc "$who->{login}\@skolan.example" }


# ---- whoever is named

my %who = map { $_ => $site->person($_) } qw(DMills RJaime OKlein FFlowers);
$day->set_status($who{DMills}{id}, 'locked');
$site->ctl_ok('subject', 'close', $who{RJaime}{id}, $site->ctl_where);
my ($alone) = $db->selectrow_array('SELECT r.subject FROM pupil.role AS r'
    . " WHERE r.role = 'teacher' AND r.subject <> ALL (?) ORDER BY 1 LIMIT 1",
    {}, [map { $_->{id} } $teacher, $colleague, values %who]);

# in a group, with whatever comes at that moment
my $audited = qr/^WITH a AS \(INSERT INTO pupil.audit_record/;
my @cases = (['a teacher' => $teacher->{login}, 1],
    ['the same, throttled' => $teacher->{login}, 0],
    ['their address, throttled' => address($teacher), 0],
    ['nobody' => 'nobody.knows', 0],
    ['an address of nobody' => 'nobody@nowhere.example', 0],
    ['a pupil' => $who{OKlein}{login}, 0],
    ['who is locked' => $who{DMills}{login}, 0],
    ['who is closed' => $who{RJaime}{login}, 0],
    ['an administrator' => $who{FFlowers}{login}, 1],
    ['a very long name' => 'x' x 200, 0]);
my ($bytes, $statements);
forgotten('somebody.else');
for my $case (@cases) {
    my ($name, $identifier, $mails) = @$case;
    my $before = outbox();
    statements($site, $audited);
    my $res = forgotten($identifier);
    my $sql = statements($site, $audited);
    is_status $res, 202, $name;
    $bytes //= bytes($res);
    $statements //= $sql;
    is bytes($res), $bytes, "$name: the same bytes";
    is $sql, $statements, "$name: the same statements";
    is outbox() - $before, $mails, "$name: $mails in the outbox";
    is_deeply $day->outcomes($res), [$mails ? 'allowed' : 'refused'],
        "$name: on record";
}
cmp_ok scalar(() = $statements =~ /^/mg), '>=', 4, 'there are statements';
unlike $bytes, qr/set-cookie/i, 'no cookie';

# Of each as many rows are written.
my $rows = 'SELECT (SELECT count(*) FROM pupil.login_throttle) + (SELECT'
           . ' count(*) FROM pupil.outbox)';
my @grown;
for my $identifier ($colleague->{login}, 'another.nobody') {
    forget();
    my $before = $db->selectrow_array($rows);
    forgotten($identifier);
    push @grown, $db->selectrow_array($rows) - $before;
}
is $grown[0], $grown[1], 'as many rows for somebody as for nobody';

is work()->{code}, 0, 'they are sent';
is join(' ', sort map { @{ $_->{to} } } $relay->mails), join(' ', sort
    map { address($_) } $teacher, $colleague, $who{FFlowers}),
    'to those who have an address';


# ---- without an address, and who is a pupil, too

forget();
my $contact = $day->rows_of('data.contact', $teacher->{id});
$db->do('DELETE FROM data.contact WHERE owner = ?', {}, $teacher->{id});
is_status forgotten($teacher->{login}), 202, 'who has no address';
is outbox(), 0, 'gets nothing';
$day->put_back($contact);
forget();
is_status forgotten($teacher->{login}), 202, 'who has one';
is outbox(), 1, 'does';
$db->do('DELETE FROM pupil.outbox');
my ($school) = $db->selectrow_array('SELECT institution FROM pupil.role WHERE'
    . ' subject = ?', {}, $colleague->{id});
my @role = ('pupil', '--institution', $school, $site->ctl_where);
$site->ctl_ok('user', 'role', 'add', $colleague->{login}, @role);
forget();
is_status forgotten($colleague->{login}), 202, 'who is a pupil, too';
is outbox(), 0, 'gets nothing';
my $edit = 'UPDATE pupil.role SET mac = set_byte(mac, 3, get_byte(mac, 3) # 1)'
           . " WHERE role = 'pupil' AND subject = ?";
$db->do($edit, {}, $colleague->{id});
forget();
my $doubted = forgotten($colleague->{login});
is_status $doubted, 202, 'who may be one: that row was changed';
is outbox(), 0, 'gets nothing either';
is_deeply [sort @{ $day->outcomes($doubted) }], [qw(refused tampered)],
    'on record';
$site->ctl_ok('user', 'role', 'remove', $colleague->{login}, @role);
forget();
forgotten($colleague->{login});
is outbox(), 1, 'without it they do';
$site->ctl_ok('user', 'role', 'add', $colleague->{login}, @role);
$db->do($edit, {}, $colleague->{id});
is work()->{code}, 0, 'what waits is looked at';
is scalar($relay->mails), 0, 'who may be a pupil by now is sent none';
$site->ctl_ok('user', 'role', 'remove', $colleague->{login}, @role);
my $theirs = token($colleague->{login});
$site->ctl_ok('user', 'role', 'add', $colleague->{login}, @role);
$db->do($edit, {}, $colleague->{id});
is_problem reset_by($theirs), 401, 'invalid-credentials',
    name => 'nor does a link count that they had';
$site->ctl_ok('user', 'role', 'remove', $colleague->{login}, @role);
is_problem forgotten($teacher->{login}, '/off/login'), 404, 'not-found',
    name => 'where no page is named';


# ---- the link

my ($token, $mail) = token($teacher->{login});
is $mail->{subject}, 'Välj ett nytt lösenord', 'in Swedish';
unlike $mail->{head} =~ s/^To: .*$//mr . $mail->{body},
    qr/Craig|Beane|\Q$teacher->{id}\E|\@skolan/i, 'it names nobody';
unlike join(' ', map { @$_ } @{ $db->selectall_arrayref(
    'SELECT t::text FROM pupil.audit_record AS t') }), qr/\Q$token\E/,
    'no record has it';
unlike slurp($nginx->error_log), qr/\Q$token\E/, 'nor a log';

my $http = $nginx->http;
is $http->login(@$teacher{qw(login password)})->status, 200, 'meanwhile';
is_problem reset_by($token, 'x'), 422, 'invalid', field => '/new';
is_problem reset_by($token, 'password'), 422, 'invalid', field => '/new';
is_problem reset_by($token, address($teacher)), 422, 'invalid',
    field => '/new', name => 'what its owner is called';
my $forged = $token;
substr $forged, 30, 1, substr($forged, 30, 1) eq 'A' ? 'B' : 'A';
is_problem reset_by($_), 401, 'invalid-credentials' for $forged, 'x', 'A' x 91;
is status_of($teacher), 200, 'nothing of it changes anything';

my $before = $day->rows_of('data.credential', $teacher->{id});
$db->do('DELETE FROM pupil.notice');
my $res = reset_by($token);
is_status $res, 200, 'a new password';
is_deeply $res->json, { status => 'ok' }, 'and no session';
is scalar($res->headers('set-cookie')), 0, 'nor a cookie';
is_deeply [map { "$_->{category} $_->{outcome} $_->{role} $_->{note}" }
           $day->audit($res)], [map { "$_ allowed teacher forgotten" }
                                qw(contact credential credential)],
    'on record';
is told($teacher), 1, 'and told within the platform';
is_problem $http->get('/v1/session'), 401, 'no-session',
    name => 'all sessions have ended';
is status_of($teacher), 401, 'the old one is none';
is_problem reset_by($token, 'another walk along the shore'), 401,
    'invalid-credentials', name => 'once';
$teacher->{password} = $NEW;
is status_of($teacher), 200, 'the new one lets in';
is work()->{code}, 0, 'the mail that it was changed';
is join(', ', map { $_->{subject} } $relay->mails),
    'Ditt lösenord har ändrats', 'is sent';

$day->put_back($before);
is_problem reset_by($token, 'another walk along the shore'), 401,
    'invalid-credentials', name => 'not by rows of before';
$nginx->allow_log(qr/\[crit\]/);
$day->put_back($day->rows_of('data.credential', $teacher->{id}));


# ---- one living, and for half an hour

$site->password($teacher->{login}, $teacher->{password});
$token = token($teacher->{login});
is_status forgotten($teacher->{login}), 202, 'asked for again';
is outbox(), 0, 'there is one';
$clock->forward(29 * 60);
is_status forgotten($teacher->{login}), 202, 'as long as that counts';
is outbox(), 0, 'none takes its place';
is_problem reset_by($token, 'x'), 422, 'invalid', name => 'it counts';
$clock->forward(2 * 60);
is_problem reset_by($token), 401, 'invalid-credentials',
    name => 'after half an hour it is none';
$clock->forward(4 * 60);
is_status forgotten($teacher->{login}), 202, 'then';
is outbox(), 1, 'there is another';
$clock->forward(35 * 60);
is work()->{code}, 0, 'what is half an hour old';
is scalar(my @none = $relay->mails), 0, 'is not sent';
is outbox(), 0, 'and goes';
is_status forgotten($teacher->{login}), 202, 'who goes on asking';
is outbox(), 0, 'waits twice as long';


# ---- other languages

for my $case (['/da', qr/Den vælger du her/], ['/en', qr/choose it here/]) {
    my ($path, $text) = @$case;
    (undef, $mail) = token($teacher->{login}, "$path/login");
    like $mail->{body}, $text, "$path: the text";
}


# ---- it lets nobody past the second factor, and past no lock

my $factor = Pupil::Factor->new($day, 'teacher', $clock);
$site->password($teacher->{login}, $teacher->{password});
($http, $res) = $factor->half;
is $res->json->{status}, 'ok', 'a teacher without a second factor';
my $code = $factor->token;
my $half = $factor->half;
$factor->ask($half, $code);
is_status $factor->prove($half, totp => $factor->next_code), 200,
    'and with one';
($token) = token($teacher->{login});
is_status reset_by($token), 200, 'a new password';
$teacher->{password} = $NEW;
is +($factor->half)[1]->json->{status}, 'second_factor_required',
    'is half of what it takes';

($token) = token($colleague->{login});
my $active = $db->selectrow_array("SELECT encode(mac, 'hex') FROM"
    . ' pupil.subject WHERE subject = ?', {}, $colleague->{id});
$day->set_status($colleague->{id}, 'locked');
is_problem $res = reset_by($token), 401, 'invalid-credentials',
    name => 'who is locked meanwhile';
is_deeply $day->outcomes($res), ['refused'], 'which is on record';
$db->do("UPDATE pupil.subject SET status = 'active', mac = decode(?, 'hex')"
    . ' WHERE subject = ?', {}, $active, $colleague->{id});
$site->ctl_ok('user', 'role', 'add', $colleague->{login}, @role);
is_problem reset_by($token), 401, 'invalid-credentials',
    name => 'who has become a pupil';
$site->ctl_ok('user', 'role', 'remove', $colleague->{login}, @role);
$db->do('DELETE FROM pupil.notice');
my @at_once = map { $nginx->http->connect } 1 .. 3;
$_->send_raw($_->request_bytes(POST => '/v1/login/password',
    json => { token => $token, new => $NEW })) for @at_once;
is join(' ', sort map { $_->read_response('POST')->status } @at_once)
    =~ s/401|409|503/no/gr, '200 no no', 'of several at once one';
is told($colleague), 1, 'which is told once';
$colleague->{password} = $NEW;
is status_of($colleague), 200, 'that counts';


# ---- rows that were changed or put back

sub records ($who) {
    return @{ $db->selectcol_arrayref('SELECT DISTINCT r.at, outcome FROM'
        . " pupil.audit_record AS r WHERE role = 'operator' AND note LIKE"
        . " '%row=outbox' AND ? = ANY (subjects) ORDER BY r.at",
        { Columns => [2] }, $who->{id}) };
}

work();
$relay->mails;
for my $case (['to somebody else', "subject = '$colleague->{id}'", $colleague],
              ['of another page', "link = 'https://elsewhere.example/'"],
              ['of another time', "created_at = created_at + interval '1 s'"],
              ['of another number', 'mac = set_byte(mac, 35,'
               . ' get_byte(mac, 35) + 1)'])
{
    my ($what, $set, $who) = @$case;
    forget();
    forgotten($teacher->{login});
    is $db->do("UPDATE pupil.outbox SET $set"), 1, "a row $what";
    is work()->{code}, 0, "$what: it is looked at";
    is scalar(@none = $relay->mails), 0, "$what: nothing is sent";
    is +(records($who // $teacher))[-1], 'tampered', "$what: on record";
}

forget();
forgotten($teacher->{login});
my $row = $day->rows_of('pupil.outbox', $teacher->{id});
work();
($token) = ($relay->mails)[0]{body} =~ m{#([\w-]+)$}m;
is_status reset_by($token, 'yet another walk along it'), 200, 'it is used';
$teacher->{password} = 'yet another walk along it';
work();
$relay->mails;
$day->put_back($row);
is work()->{code}, 0, 'a row from before that, put back';
is scalar(@none = $relay->mails), 0, 'sends none';
is +(records($teacher))[-1], 'refused', 'on record';


# ---- whom the audit does not take (I1)

forget();
($token) = token($teacher->{login});
forget();
$db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_gateway');
is_problem forgotten($teacher->{login}), 503, 'unavailable',
    name => 'without a record there is no answer';
is outbox(), 0, 'and no mail';
is_problem reset_by($token), 503, 'unavailable', name => 'nor a new password';
$db->do('GRANT INSERT ON pupil.audit_record TO pupil_gateway');
$day->ready;
is status_of($teacher), 200, 'the old one is in force';
is_status reset_by($token), 200, 'with one there is';
$teacher->{password} = $NEW;


# ---- who asks too often

forget();
is_deeply [map { forgotten("nobody$_")->status } 1 .. 24],
    [(202) x 21, (429) x 3], 'a network waits';
is status_of($teacher), 200, 'and logs in';
is_deeply [grep { $_ != 401 } map {
    $nginx->http->login('nobody1', 'x')->status } 1 .. 4], [],
    'what was asked for is no attempt at a password';
forget();
forgotten('nobody');
$http = $nginx->http;
is $http->login(@$teacher{qw(login password)})->json->{status},
    'second_factor_required', 'somebody';
is_status $factor->prove($http, totp => $factor->next_code), 200,
    'whose device is known then';
$db->do('DELETE FROM pupil.outbox');
$db->do('UPDATE pupil.login_throttle SET not_before = clock_timestamp()'
    . " + interval '1 hour'");
is_problem forgotten($teacher->{login}), 429, 'throttled',
    name => 'strangers wait';
$http->csrf(undef);
is_status $http->post('/v1/login/forgotten', json => {
    identifier => $teacher->{login} }), 202, 'a known device does not';


# ---- the key store does not hear of it

forget();
($token) = token($teacher->{login});
my $keys = $site->keystore;
$keys->do('REVOKE EXECUTE ON FUNCTION keystore.raise_own(uuid, integer,'
          . ' integer) FROM pupil_keeper');
$res = reset_by($token, 'a walk that is pending');
is_status $res, 202, 'stored, and not told';
is_deeply $res->json, { status => 'pending' }, 'which is said';
$keys->do('GRANT EXECUTE ON FUNCTION keystore.raise_own(uuid, integer,'
          . ' integer) TO pupil_keeper');
$teacher->{password} = 'a walk that is pending';
is status_of($teacher), 200, 'it counts';
work();
is_problem reset_by($token), 401, 'invalid-credentials',
    name => 'and once that is told, the link is none';

done_testing;
