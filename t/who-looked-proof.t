#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# /v1/me/audit/{id}/proof: people take home that an access to what is theirs is
# in the log, and whoever has the log's key sees it without asking anybody.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Pupil::Seal;

use MIME::Base64 qw(decode_base64);

my $chaos = Pupil::Chaos->new(pupils => 3);
my ($site, $nginx) = ($chaos->site, $chaos->nginx);
my $seal = Pupil::Seal->new($site);
my ($db, $teacher) = ($site->db, $chaos->{teacher});
my ($pupil, $other) = $chaos->pupils;
my $PATH = '/v1/me/audit';

sub work ($times = 1) {
    for my $person ($teacher, $chaos->pupils) {
        my $http = $chaos->client($person);
        $http->get($_) for ('/v1/session', '/v1/homework',
                            '/v1/data/identity') x $times;
    }
    $chaos->client($teacher)->get("/v1/data/identity/$pupil->{id}");
}

sub events ($person) {
    return @{ $chaos->client($person)->get("$PATH?limit=100")->json->{events} };
}

sub proof ($person, $id) { $chaos->client($person)->get("$PATH/$id/proof") }


# ---- what is not sealed yet

work();
my ($new) = grep { !$_->{actor}{self} && $_->{actor}{role} eq 'teacher' }
            events($pupil);
my $res = proof($pupil, $new->{id});
is $res->status, 409, 'what is not sealed cannot be proved yet';
is $res->json->{type}, 'urn:pupil:problem:not-sealed', 'which is said';
is $res->header('Retry-After'), 10, 'and when it will be';
is proof($other, $new->{id})->status, 404, 'but not to somebody else';


# ---- what is

is $seal->seal->{code}, 0, 'it is sealed';
for (1 .. 8) { work(5); $seal->seal }
cmp_ok $db->selectrow_array('SELECT max(size) FROM pupil.seal'), '>', 512,
    'there are tiles of the second level';
chomp(my $vkey = $site->ctl_ok(qw(audit key), $site->ctl_where)->{out});

sub proved ($text) {
    return run_cmd(build_dir() . '/pupilctl', qw(audit verify-proof),
        spew(tmp_dir() . '/x.tlog-proof', $text), '--vkey', $vkey,
        { env => Pupil::Nginx->sanitizer_env });
}

$res = proof($pupil, $new->{id});
is $res->status, 200, 'a proof' or diag $res->text;
is $res->header('Content-Type'), 'text/plain; charset=utf-8', 'is a text';
my $run = proved($res->body);
is $run->{code}, 0, 'that proves it, by the key alone' or diag $run->{err};
like $run->{out}, qr/^role teacher$/m, 'who looked';
like $run->{out}, qr/^subject \Q$pupil->{id}\E$/m, 'at whom';
my ($event) = $run->{out} =~ /^event (\d+)$/m;
is $res->body, $site->ctl(qw(audit prove), $event, '--subject', $pupil->{id},
                          $site->ctl_where)->{out},
    'it is the operator\'s, byte for byte';
isnt proved($res->body =~ s/^extra \K(\S{40})./$1X/mr)->{code}, 0,
    'what is changed proves nothing';

my %status = (available => 200, pending => 409, none => 404);
my (%seen, @failed);
my @all = grep { !$seen{ $_->{id} }++ } events($pupil);
for my $it (@all) {
    my $one = proof($pupil, $it->{id});
    push @failed, "$it->{id}: $it->{proof}: " . $one->status
        if $one->status != $status{ $it->{proof} }
           || $one->status == 200 && proved($one->body)->{code} != 0;
}
is_deeply \@failed, [], 'what they see says whether it is proved';
cmp_ok scalar(grep { $_->{proof} eq 'available' } @all), '>', 10,
    'much is';
my ($record) = @{ $db->selectall_arrayref(<<'SQL', { Slice => {} },
SELECT request FROM pupil.audit_event WHERE category = 'audit'
   AND fields = '{proof}' AND actor = ? AND outcome = 'allowed'
 ORDER BY at DESC LIMIT 1
SQL
    $pupil->{id}) };
ok $record, 'that it was handed out is on record';


# ---- to nobody else

my ($of_other) = grep { $_->{proof} eq 'available' } events($other);
is proof($other, $of_other->{id})->status, 200, 'their own';
my $refused = sub { $db->selectrow_array(<<'SQL', {}, $pupil->{id}) };
SELECT count(*) FROM pupil.audit_event
 WHERE category = 'audit' AND actor = ? AND outcome = 'not_found'
SQL
my $before = $refused->();
my $unknown = proof($pupil, uuid());
$res = proof($pupil, $of_other->{id});
is $res->status, 404, "somebody else's is as if it were not there";
is_deeply { %{ $res->json }, instance => '' },
    { %{ $unknown->json }, instance => '' }, 'like one that is not';
is $unknown->status, 404, 'which is not found';
is $refused->(), $before + 2, 'both are on record';
is proof($teacher, $new->{id})->status, 404,
    'nor to who looked: no leaf is theirs';
is $nginx->http->get("$PATH/$new->{id}/proof")->status, 401, 'nor without a session';
is $chaos->client($pupil)->get("$PATH/x/proof")->status, 404, 'nor of nothing';


# ---- tiles that somebody changed

$nginx->allow_log(qr/proves nothing|tampered/);
$db->do('UPDATE pupil.seal_tile SET hashes = overlay(hashes PLACING'
        . " sha256('x') FROM 1) WHERE level = 0");
$db->do('UPDATE pupil.seal_tile SET hashes = overlay(hashes PLACING'
        . " sha256('x') FROM 1) WHERE level = 1");
my @status = map { proof($pupil, $_->{id})->status } (events($pupil))[-8 .. -1];
is_deeply [grep { $_ == 200 || $_ == 404 } @status], [],
    'what proves nothing is not handed out';

done_testing;
