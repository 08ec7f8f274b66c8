#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: numbers that are not in the log are a hole, which stays one until an
# officer acknowledges it, in the key store, where no hand in the data database
# does.  Where pupil_audit_holes says "refuse", the tenant is not served
# meanwhile, and others are.

use lib 't/lib';
use Pupil::Test;
use Pupil::Away;
use Pupil::Day;
use Pupil::Seal;

my $site = pupil_up(import => 1);
my $there = Pupil::Day::neighbour($site);
my ($db, $keys, $tenant) = ($site->db, $site->keystore, $site->tenant);

my $nginx = $site->nginx(workers => 2,
    conf => { pupil_tenant => '$school', pupil_audit_holes => 'refuse' },
    http => Pupil::Away::map($site, $there),
    server => 'location /alarm/session { pupil_session;
        pupil_audit_holes alarm; }');
is $nginx->test->{code}, 0, 'a server that refuses what has holes';
$nginx->start;
my $here = bless { site => $site, nginx => $nginx, people => {}, http => {} },
    'Pupil::Day';
my $away = Pupil::Away->day($there, $nginx);
$here->ready;
my $seal = Pupil::Seal->new($site, speed => 5);
my @each = $here->on_each($here->as('pupil'));
my @others = $here->on_each($away->as('pupil'));

sub session ($http, @more) {
    my $res = $http->get('/v1/session', @more);
    return $res->status == 503 ? $res->json->{type} =~ s/.*://r
                               : $res->status;
}

sub there ($http) { session($http, header => { 'X-School' => 'there' }) }

# A record in the middle of what a writer has stored since, by SQL.
sub suppress {
    $_->get('/v1/session') for map { ($_) x 3 } @each;
    my ($number) = $db->selectrow_array(<<'SQL', {}, $tenant);
DELETE FROM pupil.audit_record d USING (
    SELECT r.writer, r.number, r.tenant FROM pupil.audit_record r
      LEFT JOIN pupil.seal_writer s USING (tenant, writer)
     WHERE r.tenant = ? AND r.number > coalesce(s.number, 0)
       AND r.role <> 'gateway'
       AND EXISTS (
           SELECT FROM pupil.audit_record n WHERE n.writer = r.writer
              AND n.tenant = r.tenant AND n.number > r.number)
     ORDER BY r.number DESC LIMIT 1) AS g
 WHERE (d.tenant, d.writer, d.number) = (g.tenant, g.writer, g.number)
RETURNING d.number
SQL
    return $number;
}

sub acknowledge (@words) {
    return $site->ctl(qw(audit acknowledge), @words, $site->ctl_where);
}

sub verify { $seal->ctl(qw(audit verify))->{out} }


# ---- it is found

is $seal->seal->{code}, 0, 'what is whole is sealed';
$here->soon(200, 'is served', \&session, @each);

suppress();
my $run = $seal->seal;
is $run->{code}, 1, 'a record that is not there is found';
my ($hole) = $run->{err} =~ /\bhole (\d+)\b/;
ok $hole, 'and says as which hole it stands' or diag $run->{err};

$here->soon('audit-hole', 'its tenant is not served', \&session, @each);
is_problem $each[0]->get('/v1/homework'), 503, 'audit-hole', name => 'a problem';
ok $each[0]->get('/v1/homework')->header('Retry-After'), 'to come back from';
is_problem $nginx->http->post('/v1/login', json => $here->credentials('pupil')),
    503, 'audit-hole', name => 'nobody logs in';
is $each[0]->get('/alarm/session')->status, 200,
    'where it is an alarm alone, it is served';
$here->soon(200, 'another tenant is served', \&there, @others);
is $nginx->http->get('/status/ready')->status, 200, 'workers are ready';
is $nginx->http->get('/status')->json->{audit}{holes}, 1, 'and count it';

$here->reload;
@each = $here->on_each($here->{http}{pupil});
@others = $here->on_each($away->{http}{pupil});
is join(' ', map { session($_) } @each), 'audit-hole audit-hole',
    'workers that are new know of it at once';
is join(' ', map { there($_) } @others), '200 200', 'and serve others';


# ---- what acknowledges it

$db->do('CREATE TABLE public.kept AS SELECT * FROM pupil.seal');
for my $sql ('UPDATE pupil.seal SET missing = 0', 'DELETE FROM pupil.seal') {
    $db->do($sql);
    is acknowledge('900', '--reference', 'x')->{code}, 1, 'there is no such hole';
    $here->soon('audit-hole', "not $sql", \&session, @each);
}
$db->do('INSERT INTO pupil.seal SELECT * FROM public.kept ON CONFLICT DO'
    . ' NOTHING');

like acknowledge($hole)->{err}, qr/--reference/, 'not without a decision';
$run = $site->ctl('audit', 'holes', $site->ctl_where);
like $run->{out}, qr/^$hole  1  \S+Z  -  -$/m,
    'it is listed';

$run = acknowledge($hole, '--reference', 'Incident 7, disk of host b');
is $run->{code}, 0, 'an officer acknowledges it' or diag $run->{err};
$here->soon(200, 'its tenant is served again', \&session, @each);
is $nginx->http->get('/status')->json->{audit}{holes}, 0, 'and none counted';
is acknowledge($hole, '--reference', 'Something else')->{code}, 0,
    'again it is done';
like $site->ctl('audit', 'holes', $site->ctl_where)->{out},
    qr/^$hole  1  \S+Z  \S+Z  Incident 7, disk of host b$/m,
    'and stays as it was';

is $db->selectrow_array(<<'SQL', {}, "%hole=$hole%"), 1, 'it is on record, once';
SELECT count(*) FROM pupil.audit_event WHERE category = 'audit'
   AND operation = 'write' AND note LIKE ?
SQL
is $seal->seal->{code}, 0, 'which is sealed';
like verify(), qr/^suppressed: batch $hole event/m,
    'the log says for ever that it was there';
unlike verify(), qr/^hole:/m, 'and the key store knows it';


# ---- what is found again, and what is not listed

suppress();
is $seal->seal->{code}, 1, 'another';
$here->soon('audit-hole', 'it is shut', \&session, @each);
my ($second) = $keys->selectrow_array('SELECT max(batch) FROM keystore.hole');
$keys->do("SET pupil.tenant = '$tenant'");
$keys->do('DELETE FROM keystore.hole WHERE batch = ?', {}, $second);
like verify(), qr/^hole: batch $second\b/m,
    'whoever takes it out of the key store is found';
is $seal->seal->{code}, 0, 'the sealer goes on';
$here->soon('audit-hole', 'and lists it again', \&session, @each);
is acknowledge($second, '--reference', 'Incident 8')->{code}, 0, 'and again';
$here->soon(200, 'it is opened', \&session, @each);


# ---- by whoever writes in the key store

suppress();
is $seal->seal->{code}, 1, 'a third';
$here->soon('audit-hole', 'which shuts', \&session, @each);
my ($third) = $keys->selectrow_array('SELECT max(batch) FROM keystore.hole');
$keys->do('UPDATE keystore.hole_count SET holes = 0');
$keys->do('SELECT keystore.tell_mark()');
$here->soon(200, 'a count that says none opens', \&session, @each);
is $seal->seal->{code}, 0, 'the sealer begins';
$here->soon('audit-hole', 'and counts anew', \&session, @each);

my $sealer = start_process([$seal->command(qw(audit seal --follow))],
    env => Pupil::Nginx->sanitizer_env);
wait_until 30, 'a sealer that follows', sub {
    $db->selectrow_array('SELECT count(*) FROM pupil.sealer_tenant') };
$keys->do('UPDATE keystore.hole_count SET holes = 0');
$keys->do('SELECT keystore.tell_mark()');
$here->soon(200, 'it is opened by hand', \&session, @each);
ok eval { wait_until 40, 'the sealer', sub {
    $keys->selectrow_array('SELECT holes FROM keystore.hole_count WHERE tenant ='
        . ' ?', {}, $tenant) > 0 }; 1 },
    'who follows counts anew as well, and does not have to begin';
$here->soon('audit-hole', 'it is shut', \&session, @each);
kill TERM => $sealer;
process_ends($sealer, 60);
$keys->do('UPDATE keystore.hole SET acknowledged_at = now(), reference = ?'
    . ' WHERE batch = ?', {}, 'x', $third);
$here->soon(200, 'acknowledged by SQL', \&session, @each);
my @unrecorded = verify() =~ /^(hole: batch \d+)/mg;
is "@unrecorded", "hole: batch $third",
    'which is found, as no acknowledgement is on record';
$keys->do('UPDATE keystore.hole SET acknowledged_at = NULL WHERE batch = ?', {},
    $third);
is acknowledge($third, '--reference', 'Incident 9')->{code}, 0, 'by an officer';
$here->soon(200, 'it is opened', \&session, @each);
unlike verify(), qr/^hole:/m, 'and on record';

$nginx->set(http => $nginx->{http} =~ s/pupil_audit_holes refuse;//r);
$here->reload;
@each = $here->on_each($here->{http}{pupil});
suppress();
is $seal->seal->{code}, 1, 'without the directive';
wait_until 3, 'it is counted', sub {
    ($nginx->http->get('/status')->json->{audit}{holes} // 0) == 1 };
is join(' ', map { session($_) } @each), '200 200', 'it is an alarm';

done_testing;
