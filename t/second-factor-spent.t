#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A code by time that was used stays so, and with it those that are older: who
# has seen one, knows the password and puts the credential's row back uses it no
# second time (I18).  The key store knows; where it does not hear of a code,
# nobody is let in by it, and one by which nobody was let in counts.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Factor;

my $day = Pupil::Day->up(start => 0, conf => { pupil_request_timeout => '60s',
    pupil_second_factor => 'teacher=required' });
my ($site, $nginx) = ($day->site, $day->nginx);
my $clock = Pupil::Clock->new->of_all($day->pg);
$nginx->start;
my ($db, $keys) = ($day->db, $site->keystore);
$day->ready;

my $TABLE = 'data.credential';
my $teacher = Pupil::Factor->new($day, 'teacher', $clock);
my ($id, $password) = @{ $teacher->who }{qw(id password)};

sub row () { $day->rows_of($TABLE, $id) }
sub spent ($where = 'by_whom IS NOT NULL') { scalar $keys->selectrow_array(
    "SELECT count(*) FROM keystore.ended WHERE $where") }
sub sessions () { scalar $db->selectrow_array('SELECT count(*) FROM'
    . ' pupil.session WHERE subject = ?', {}, $id) }

# By a password and this code: the client, and what it was answered.
sub log_in ($code) {
    my ($http, $half) = $teacher->half;
    die $half->text if $half->status != 200;
    return ($http, $teacher->prove($http, totp => $code));
}

sub step_up ($http, $code) {
    return $http->post('/v1/login/step-up', json => { password => $password,
                                                      code => $code });
}

$teacher->token;
$teacher->enrol;
$clock->forward(90);


# ---- a log-in

my $before = row();
my $code = $teacher->next_code;
my $older = $teacher->code(-1);
my ($mine, $res) = log_in($code);
is_status $res, 200, 'a code';
my $sessions = sessions();
$day->put_back($before);
for my $case ([$code => 'the same code'], [$older => 'one that is older'],
              [$code => 'the same again'])
{
    my ($sent, $name) = @$case;
    $res = +(log_in($sent))[1];
    is_problem $res, 401, 'invalid-credentials', name => "put back: $name";
    is_deeply $day->outcomes($res), ['refused'], 'which is on record';
}
is_problem step_up($mine, $code), 403, 'not-proved', name => 'nor to step up';
is sessions(), $sessions, 'there is no other session';
is_deeply row(), $before, 'nor is anything written';
my $next = $teacher->next_code;
is_status +(log_in($next))[1], 200, 'the next one counts';
$day->put_back($before);
is_problem +(log_in($_))[1], 401, 'invalid-credentials',
    name => 'put back: none of both' for $next, $code;


# ---- a step-up

$before = row();
$code = $teacher->next_code;
is_status step_up($mine, $code), 200, 'a code proves a session';
$day->put_back($before);
is_problem step_up($mine, $code), 403, 'not-proved',
    name => 'put back: not once more';
is_problem +(log_in($code))[1], 401, 'invalid-credentials',
    name => 'nor at a log-in';
is_status step_up($mine, $teacher->next_code), 200, 'the next one does';


# ---- the key store does not hear of it

my $SPEND = 'EXECUTE ON FUNCTION keystore.spend(bytea[], timestamptz, bytea)';
$code = $teacher->next_code;
my $half = $teacher->half;
($before, $sessions) = (row(), sessions());
my $cookie = $mine->cookies->{'__Host-pupil'};
$keys->do("REVOKE $SPEND FROM pupil_keeper");
is_problem step_up($mine, $code), 503, 'unavailable', name => 'no step-up';
is_problem $teacher->prove($half, totp => $code), 503, 'unavailable',
    name => 'nor a log-in';
$keys->do("GRANT $SPEND TO pupil_keeper");
is_deeply row(), $before, 'nothing is written';
is sessions(), $sessions, 'no session is made';
is $mine->cookies->{'__Host-pupil'}, $cookie, 'nor has one another token';
is_status $mine->get('/v1/session'), 200, 'the one of before goes on';
is_status step_up($mine, $code), 200, 'the code counts, once it hears of it';


# ---- nothing could be written

$code = $teacher->next_code;
$keys->do('DELETE FROM keystore.ended');
$db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_gateway');
is_problem step_up($mine, $code), 503, 'unavailable',
    name => 'without a record nothing is proved';
is spent(), 0, 'and no code is used';
$db->do('GRANT INSERT ON pupil.audit_record TO pupil_gateway');
$nginx->wait_ready;
is_status step_up($mine, $code), 200, 'it counts';
is spent(), 3, 'and is used then, with those that are older';

# Who can do what a worker can takes back nothing of another's.
my $keeper = $site->pg->connect('pupil_keys');
$keeper->do('SET SESSION AUTHORIZATION pupil_keeper');
$keeper->begin_work;
$keeper->do("SELECT set_config('pupil.tenant', ?, true)", {}, $site->tenant);
$keeper->do('SELECT keystore.unspend(array_agg(token_hash), by_whom) FROM'
    . ' keystore.ended GROUP BY by_whom');
$keeper->do('SELECT keystore.unspend(array_agg(token_hash), NULL) FROM'
    . ' keystore.ended');
$keeper->commit;
is spent(), 3, 'nobody else takes it back';


# ---- what is too old goes, faster than it comes

$keys->do('DELETE FROM keystore.ended');
$keys->do('INSERT INTO keystore.ended (tenant, token_hash, until) SELECT ?,'
    . " sha256(n::text::bytea), now() - interval '1 s' FROM"
    . ' generate_series(1, 12) AS n', {}, $site->tenant);
is_status +(log_in($teacher->next_code))[1], 200, 'a code';
is spent('until < now()'), 4, 'takes some of what is over along';
is_status +(log_in($teacher->next_code))[1], 200, 'the next one';
is spent('until < now()'), 0, 'the rest';
$clock->forward(300);
cmp_ok spent('until < now()'), '>', 2, 'five minutes later codes are, too';
is_status +(log_in($teacher->next_code))[1], 200, 'another one';
is spent(), 3, 'is left, with the two before it';

done_testing;
