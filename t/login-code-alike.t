#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I13: whoever tries a teacher's code in vain learns nothing of why: same bytes,
# same statements, one hash.  A guess is one at a password, and counts as that.

use lib 't/lib';
use Pupil::Test;
use Pupil::Alike;
use Pupil::Day;

my $NEW = 'a long walk along the shore';

my $day = Pupil::Day->up(pg => { conf => { log_statement => 'all' } },
                         conf => { pupil_request_timeout => '60s' });
my ($db, $site, $nginx) = ($day->db, $day->site, $day->nginx);
my ($teacher, $pupil, $locked, $other)
    = map { $day->person($_) } qw(teacher pupil classmate other);

sub forget { $db->do('DELETE FROM pupil.login_throttle') }
sub code ($who) {
    return $day->teacher->post("/v1/pupils/$who->{id}/login-code")
        ->json->{code};
}
sub set_by ($name, $code, $http = $nginx->http) {
    return $http->post('/v1/login/code', json => {
        identifier => $name, code => $code, new => $NEW });
}
sub hashes { $nginx->http->get('/status')->json->{login}{hashes} }

my %code = (pupil => code($pupil), locked => code($locked));
$site->ctl_ok(qw(subject lock), $locked->{id}, $site->ctl_where);
forget();
is_status set_by($pupil->{login}, $code{pupil}), 200, 'a code is used';


# ---- alike

my ($bytes, $sql);
for my $case (['a wrong code' => $pupil->{login}, '0000-0000-0000'],
              ['one that was used' => $pupil->{login}, $code{pupil}],
              ['one that is none' => $pupil->{login}, 'x'],
              ['of somebody else' => $other->{login}, $code{locked}],
              ['who is locked' => $locked->{login}, $code{locked}],
              ['a teacher' => $teacher->{login}, $code{pupil}],
              ['nobody' => 'nobody.knows', $code{pupil}],
              ['a very long name' => 'x' x 200, $code{pupil}])
{
    my ($name, $identifier, $code) = @$case;
    forget();
    my $before = hashes();
    statements($site);
    my $res = set_by($identifier, $code);
    my $its = statements($site);
    is_problem $res, 401, 'invalid-credentials', name => $name;
    $bytes //= bytes($res);
    $sql //= $its;
    is bytes($res), $bytes, "$name: the same bytes";
    is $its, $sql, "$name: the same statements";
    is hashes() - $before, 1, "$name: one hash";
    is_deeply $day->outcomes($res), ['refused'], "$name: on record";
}
cmp_ok scalar(() = $sql =~ /^/mg), '>=', 4, 'there are statements';

# a row that somebody changed costs its record, and tells nothing
forget();
my $doubted = code($pupil);
is $db->do('INSERT INTO pupil.role SELECT tenant, subject, institution,'
    . " 'teacher', valid_from, valid_to, source, mac FROM pupil.role WHERE"
    . ' subject = ?', {}, $pupil->{id}), 1, 'who may be a teacher';
my $before = hashes();
forget();
statements($site);
my $res = set_by($pupil->{login}, $doubted);
my $its = statements($site);
is bytes($res), $bytes, 'the same bytes';
is $its, join("\n", $sql, 'pupil_gateway: WITH a AS (INSERT INTO'
    . ' pupil.audit_record (tenant, request, '),
    'the same statements, and the finding';
is hashes() - $before, 1, 'one hash';
is_deeply [sort @{ $day->outcomes($res) }], [qw(refused tampered)],
    'on record, both';
$db->do("DELETE FROM pupil.role WHERE subject = ? AND role = 'teacher'", {},
    $pupil->{id});
$nginx->allow_log(qr/\[crit\].*pupil[.]role is not authentic/);


# ---- counted as guesses at a password

sub held { $db->do('UPDATE pupil.login_throttle SET not_before ='
    . " clock_timestamp() + interval '1 hour'") }

forget();
$pupil->{password} = $NEW;
set_by($pupil->{login}, '0000-0000-0000') for 1 .. 3;
$nginx->http->login($pupil->{login}, 'not the password') for 1 .. 2;
is $db->selectrow_array('SELECT count(*) >= 2 FROM pupil.login_throttle WHERE'
    . ' failures = 5'), 1, 'in the buckets of the name';
my $known = $nginx->http;
forget();
is_status $known->login(@$pupil{qw(login password)}), 200, 'a known browser';
$known->csrf(undef);
my $good = code($pupil);
set_by($pupil->{login}, '0000-0000-0000');
held();
is_problem $nginx->http->login(@$pupil{qw(login password)}), 429, 'throttled',
    name => 'who guesses keeps strangers from the password';
is_problem set_by($pupil->{login}, $good), 429, 'throttled', name =>
    'and from the code';
is_problem set_by($pupil->{login}, '0000-0000-0000', $known), 401,
    'invalid-credentials', name => 'and not a browser that is known';
forget();
set_by($pupil->{login}, '0000-0000-0000') for 1 .. 5;
$db->do('UPDATE pupil.login_throttle SET last_at = clock_timestamp()');
is_status set_by($pupil->{login}, $good), 200, 'who mistypes, and then does not';
is_status $nginx->http->login(@$pupil{qw(login password)}), 200,
    'logs in at once';

done_testing;
