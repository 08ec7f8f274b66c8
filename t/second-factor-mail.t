#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A code by mail as the second half of a log-in (pupil_mail second_factor): for
# members of staff who need one and have no authenticator.  It is of the log-in
# that asked for it, counts once and for ten minutes, and stands in no row;
# pupils get none (M17), and the answer does not say who does (I13).

use lib 't/lib';
use utf8;
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Factor;
use Pupil::Outbox;
use Pupil::Relay;

my $PATH = '/v1/login/second-factor';
my $TICKET = '__Host-pupil-login';

my $site = pupil_up(import => 1);
Pupil::Outbox::addresses($site);
my $relay = Pupil::Relay->new;
my $clock = Pupil::Clock->new;
my $day = Pupil::Day->up(site => $site, start => 0, workers => 2,
    conf => { pupil_mail => 'sv second_factor',
              pupil_login_password => 'all',
              pupil_second_factor => 'teacher=required pupil=required',
              pupil_pool => 'data connections=8 writers=6' },
    server => join '', map {
        "location /$_->[0]/login { pupil_login; pupil_mail $_->[1]; }\n" }
        [da => 'da second_factor'], [en => 'en second_factor'], [off => 'sv']);
$clock->of_all($day->pg);
my $nginx = $day->nginx;
my $test = $nginx->test;
is $test->{code}, 0, 'nginx takes it' or do { diag $test->{err};
                                              done_testing; exit };
$nginx->start;
$day->ready;
my $db = $day->db;
my $teacher = Pupil::Factor->new($day, 'teacher', $clock);
my $id = $teacher->who->{id};

# From whom a code was asked for: the client has the ticket.
sub ask ($http, $path = $PATH) {
    return $http->post($path, json => { method => 'email' });
}

sub prove ($http, $code) { $teacher->prove($http, email => $code) }
sub work { $site->ctl('work', $relay->options, $site->ctl_where) }
sub outbox { scalar $db->selectrow_array('SELECT count(*) FROM pupil.outbox') }
sub forget { $db->do('DELETE FROM pupil.login_throttle') }
sub methods ($res) { join ' ', @{ $res->json->{methods} // [] } }
sub sessions () { scalar $db->selectrow_array('SELECT count(*) FROM'
    . ' pupil.session WHERE subject = ?', {}, $id) }

# What the mails have that are sent now.
sub codes {
    is work()->{code}, 0, 'mail is sent';
    return map { $_->{body} =~ /^    (\d{6})$/m } $relay->mails;
}

# A client that has a ticket, and the code of it.
sub asked {
    forget();
    my $http = $teacher->half;
    is_status ask($http), 202, 'a code is asked for';
    my ($code) = codes();
    return ($http, $code);
}

sub other ($code) { sprintf '%06d', ($code + 1) % 1_000_000 }

sub noted ($res) {
    my %seen;
    return [grep { !$seen{$_}++ }
            map { "$_->{outcome} $_->{note} @{ $_->{subjects} }" }
            grep { ($_->{note} // '') eq 'mail' } $day->audit($res)];
}


# ---- one

my ($http, $res) = $teacher->half;
is_status $res, 200, 'the password of who has no authenticator';
is_deeply $res->json, { status => 'second_factor_required',
                        methods => ['email'] }, 'is half of it';
is outbox(), 0, 'no mail is sent before it is asked for';
is_problem prove($http, '000000'), 401, 'invalid-credentials',
    name => 'nor is there a code';
my $before = $http->cookies->{$TICKET};
$res = ask($http);
is_status $res, 202, 'asked for';
is_deeply $res->json, { status => 'accepted' }, 'which is said';
like +($res->headers('set-cookie'))[0], qr/^\Q$TICKET\E=.*Max-Age=600$/,
    'the ticket has ten minutes';
isnt $http->cookies->{$TICKET}, $before, 'and is another';
is_deeply noted($res), ["allowed mail $id"], 'it is on record';
is outbox(), 1, 'there is one in the outbox';
my $row = $day->rows_of('pupil.outbox', $id);
is work()->{code}, 0, 'it is sent';
my ($mail, @more) = $relay->mails;
is scalar(@more), 0, 'one';
is "@{ $mail->{to} }", lc "$teacher->{who}{login}\@skolan.example",
    'to the teacher';
is $mail->{subject}, 'Din kod för inloggning', 'in Swedish';
my ($code) = $mail->{body} =~ /^    (\d{6})$/m;
ok $code, 'with a code' or diag $mail->{body};
unlike $mail->{head} =~ s/^To: .*$//mr . $mail->{body},
    qr/Craig|Beane|\Q$id\E|\@skolan/i, 'it names nobody';
unlike "@$row", qr/\b\Q$code\E\b|skolan\.|Beane/i,
    'the row has neither code nor address';
unlike slurp($nginx->error_log), qr/\b\Q$code\E\b/, 'nor has a log';

is_problem prove($http, other($code)), 401, 'invalid-credentials',
    name => 'another code';
my $kept = $http->cookies->{$TICKET};
my $credential = $day->rows_of('data.credential', $id);
$res = prove($http, substr($code, 0, 3) . ' ' . substr $code, 3);
is_status $res, 200, 'the code, as it is read out';
is $res->json->{status}, 'ok', 'lets in';
is $http->get('/v1/session')->status, 200, 'there is a session';
is_deeply [map { "$_->{outcome} @{ $_->{fields} }" }
           grep { $_->{category} eq 'credential'
                  && $_->{operation} eq 'write' } $day->audit($res)],
    ['allowed second_factor'], 'it is on record';

$http = $nginx->http;
$http->cookies->{$TICKET} = $kept;
is_problem prove($http, $code), 401, 'invalid-credentials', name => 'once';
is methods(+($teacher->half)[1]), 'email', 'the next log-in asks again';

# Who puts back what was there before it was used has no second use of it (I18).
my $used = $day->rows_of('data.credential', $id);
$day->put_back($credential);
$http->cookies->{$TICKET} = $kept;
is_problem prove($http, $code), 401, 'invalid-credentials',
    name => 'put back: no second time, either';
is_deeply $day->rows_of('data.credential', $id), $credential,
    'nothing is written';
$day->put_back($used);


# ---- of one log-in

$clock->forward(2);
forget();
my ($one, $two) = map { scalar $teacher->half } 1, 2;
is_status ask($_), 202, 'two ask' for $one, $two;
my @codes = codes();
is scalar(@codes), 2, 'of which each gets a code';
isnt $codes[0], $codes[1], 'of its own';
my ($of_one) = grep { prove($two, $_)->status == 401 } @codes;
my ($of_two) = grep { $_ ne $of_one } @codes;
ok $http = $two->get('/v1/session')->status == 200, 'that is in';
is_problem prove($one, $of_two), 401, 'invalid-credentials',
    name => "the other's code";
is_problem prove($one, $of_one), 401, 'invalid-credentials',
    name => 'a code of a log-in that is no newer than one that counted';

# Who asks twice has the last.
$clock->forward(2);
forget();
$one = $teacher->half;
is_status ask($one), 202, 'asked for';
my ($first) = codes();
is_status ask($one), 202, 'and again';
my ($second) = codes();
is_problem prove($one, $first), 401, 'invalid-credentials',
    name => 'the first is none any more';
is_status prove($one, $second), 200, 'the second is';


# ---- for ten minutes

$clock->forward(2);
($http, $code) = asked();
$clock->forward(9 * 60);
is_problem prove($http, other($code)), 401, 'invalid-credentials',
    name => 'after nine minutes it is looked at';
is_status prove($http, $code), 200, 'and counts';
($http, $code) = asked();
$clock->forward(10 * 60);
is_problem prove($http, $code), 401, 'no-session',
    name => 'after ten it is none';
($http) = $teacher->half;
is_status ask($http), 202, 'asked for';
$clock->forward(5 * 60);
is_status ask($http), 202, 'and again, later';
$clock->forward(5 * 60);
is_problem ask($http), 401, 'no-session', name => 'which gives no more time';
is work()->{code}, 0, 'what is too old';
is scalar(my @sent = $relay->mails), 1, 'is not sent';
is outbox(), 0, 'and goes';


# ---- fifty at once

$clock->forward(2);
($http, $code) = asked();
forget();
$db->do('CREATE FUNCTION pupil.no_throttle() RETURNS trigger LANGUAGE plpgsql'
    . ' AS $$ BEGIN NEW.failures := 0; NEW.not_before := NEW.last_at;'
    . ' RETURN NEW; END $$');
$db->do('CREATE TRIGGER no_throttle BEFORE INSERT OR UPDATE ON'
    . ' pupil.login_throttle FOR EACH ROW EXECUTE FUNCTION'
    . ' pupil.no_throttle()');
my $had = sessions();
my @clients = map { $nginx->http } 1 .. 10;
$_->cookies->{$TICKET} = $http->cookies->{$TICKET}, $_->connect for @clients;
my $keys = $site->keystore;
$keys->begin_work;
$keys->do('LOCK TABLE keystore.ended IN SHARE MODE');
$_->send_raw($_->request_bytes(POST => $PATH, json => {
    method => 'email', code => $code }) x 5) for @clients;
wait_until(60, 'several workers that wait to use it', sub {
    my %pid = map { $_ => 1 } slurp($site->pg->log_file) =~
        /\[(\d+)\].*STATEMENT: .*keystore\.spend/g;
    keys %pid >= 2 });
$keys->commit;
my %seen;
for my $client (@clients) {
    $seen{$client->read_response('POST')->status}++ for 1 .. 5;
}
is $seen{200}, 1, 'fifty at once: one log-in' or diag explain \%seen;
is_deeply [grep { !/^(?:200|401|429|503)$/ } keys %seen], [],
    'all others are refused';
is sessions(), $had + 1, 'one session';
$db->do('DROP TRIGGER no_throttle ON pupil.login_throttle');


# ---- who asks too often

forget();
$http = $teacher->half;
$db->do('DELETE FROM pupil.outbox');
my @statuses;
push @statuses, ask($http)->status until @statuses == 20
    || @statuses && $statuses[-1] == 429;
is_deeply [@statuses[0 .. 5]], [(202) x 6], 'some are asked for';
is $statuses[-1], 429, 'then nobody asks for more';
is outbox(), scalar(grep { $_ == 202 } @statuses), 'nor are more sent';
$db->do('DELETE FROM pupil.outbox');


# ---- whom it is not for: answered alike

sub shape ($res) {
    my $id = $res->request_id;
    return ($res->head . "\r\n\r\n" . $res->body) =~ s/\Q$id\E/<id>/gr
           =~ s/^Date: [^\r]*/Date:/mr =~ s/\Q$TICKET\E=[\w-]+/TICKET/r;
}

$clock->forward(2);
forget();
$http = $teacher->half;
my $shape = shape(ask($http));
is outbox(), 1, 'who has an address gets one';
$db->do('DELETE FROM pupil.outbox');
my $contact = $day->rows_of('data.contact', $id);
$db->do('DELETE FROM data.contact WHERE owner = ?', {}, $id);
$res = ask($http);
is shape($res), $shape, 'without an address: the same answer';
is_deeply noted($res), ["refused mail $id"], 'on record as what it is';
is outbox(), 0, 'and no mail';
is_problem +($teacher->half)[1], 401, 'invalid-credentials',
    name => 'nor is the password half of anything';
$day->put_back($contact);

# A pupil, and a member of staff who is one, too (M17).
forget();
is_problem +(Pupil::Factor->new($day, 'pupil', $clock)->half)[1], 401,
    'invalid-credentials', name => 'a pupil who needs one gets no code';
my ($school) = $db->selectrow_array('SELECT institution FROM pupil.role WHERE'
    . ' subject = ?', {}, $id);
my @role = ($teacher->who->{login}, 'pupil', '--institution', $school,
            $site->ctl_where);
$http = $teacher->half;
$site->ctl_ok('user', 'role', 'add', @role);
is shape(ask($http)), $shape, 'who is a pupil, too: the same answer';
is outbox(), 0, 'and no mail';
is_problem +($teacher->half)[1], 401, 'invalid-credentials',
    name => 'nor a log-in';
$site->ctl_ok('user', 'role', 'remove', @role);
forget();
$http = $teacher->half;
$site->ctl_ok('user', 'role', 'add', @role);
$db->do('UPDATE pupil.role SET mac = set_byte(mac, 3, get_byte(mac, 3) # 1)'
    . " WHERE role = 'pupil' AND subject = ?", {}, $id);
is shape(ask($http)), $shape, 'who may be one: the same answer';
is outbox(), 0, 'and no mail: that row was changed';
$site->ctl_ok('user', 'role', 'remove', @role);
forget();
is_problem $nginx->http->post('/off/login', json => {
    identifier => $teacher->who->{login},
    password => $teacher->who->{password} }), 401, 'invalid-credentials',
    name => 'where pupil_mail does not say so there is none';


# ---- other languages

for my $case ([da => qr/gælder én gang, i ti minutter/],
              [en => qr/counts once, for ten minutes/])
{
    my ($path, $text) = @$case;
    forget();
    $http = $nginx->http;
    $http->post("/$path/login", json => { identifier => $teacher->who->{login},
        password => $teacher->who->{password} });
    is_status ask($http, "/$path/login/second-factor"), 202, "$path: asked for";
    is work()->{code}, 0, "$path: sent";
    like +($relay->mails)[0]{body}, $text, "$path: the text";
}


# ---- rows that were changed, and a password of before

for my $case (['to another', 'subject = gen_random_uuid()'],
              ['of another id', 'mail = gen_random_uuid()'],
              ['of another time', "created_at = created_at + interval '1 s'"])
{
    my ($what, $set) = @$case;
    forget();
    ask(scalar $teacher->half);
    is $db->do("UPDATE pupil.outbox SET $set"), 1, "a row $what";
    is_deeply [codes()], [], 'sends nothing';
}
forget();
$http = $teacher->half;
ask($http);
$site->password($teacher->who->{login}, $teacher->who->{password});
is_deeply [codes()], [], 'a code of a password that was changed is not sent';
is_problem prove($http, '000000'), 401, 'invalid-credentials',
    name => 'and its ticket is none';


# ---- the relay is gone, and whom the audit does not take (I1)

forget();
$http = $teacher->half;
is_status ask($http), 202, 'asked for';
is $site->ctl('work', '--mail', 'smtp://localhost:1', '--mail-from',
    'no-reply@pupil.example', $site->ctl_where)->{code}, 1,
    'no relay: pupilctl says so';
is outbox(), 1, 'and the mail stays';
$db->do('UPDATE pupil.outbox SET due = now()');
($code) = codes();
$db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_gateway');
is_problem ask($http), 503, 'unavailable', name => 'without a record no mail';
is outbox(), 0, 'is put there';
is_problem prove($http, $code), 503, 'unavailable',
    name => 'nor anybody let in';
$db->do('GRANT INSERT ON pupil.audit_record TO pupil_gateway');
$day->ready;
is_status prove($http, $code), 200, 'the code counts all the same';


# ---- who has an authenticator

$clock->forward(2);
forget();
my $token = $teacher->token;
($http, $res) = $teacher->half;
is methods($res), 'token email', 'with a token there are two ways';
is_status $teacher->enrol($http), 200, 'an authenticator is enrolled';
($http, $res) = $teacher->half;
is methods($res), 'totp recovery', 'from then on no mail stands in for it';
is shape(ask($http)), $shape, 'who asks is answered alike';
is outbox(), 0, 'and gets none';
is_problem prove($http, '000000'), 401, 'invalid-credentials',
    name => 'no code counts';
is_problem $http->post($PATH, json => { method => 'totp' }), 422, 'invalid',
    field => '/code', rule => 'required';

done_testing;
