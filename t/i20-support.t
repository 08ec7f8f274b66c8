#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I20: a support grant is evidence of what it says and of nothing else.  A man in
# the middle puts what another grant says, column by column and as a whole, in
# the place of the one that was asked for: nobody is let in by it, no code is good
# by it, nobody is shown it, and it is found.

use lib 't/lib';
use Pupil::Test;
use Pupil::PgProxy;
use Pupil::Support;

my $site = pupil_up(import => 1);
my $proxy = Pupil::PgProxy->new($site->pg);
my $s = Pupil::Support->up(site => $site, conf => {
    pupil_database => '"' . $site->gateway('pupil', host => '127.0.0.1',
        port => $proxy->port, sslmode => 'disable') . '"' });
my ($day, $db) = ($s->day, $s->day->db);
$day->nginx->allow_log(qr/\[crit\].*pupil\.support_grant/);

my @COLUMNS = qw(support_grant subject code created_at expires_at redeemed_at
                 actor session mac);
my %id = map { $_ => $day->person($_)->{id} } qw(pupil classmate);

sub name_of ($who) { $s->support->get("/v1/data/identity/$id{$who}") }
sub list_of ($who) { $day->as($who)->get('/v1/me/support-grants') }
sub made ($who) {
    return $day->as($who)->post('/v1/me/support-grants', json => {})->json;
}

sub found ($res) {
    return scalar $db->selectrow_array('SELECT count(*) FROM pupil.audit_event'
        . " WHERE request = ? AND outcome = 'tampered' AND note LIKE"
        . " 'pupil.support\\_grant %'", {}, $res->request_id);
}

# The row that a request gets.
sub row ($sql, $ask) {
    $proxy->look($sql);
    $ask->();
    my ($row) = $proxy->seen;
    $proxy->mode('pass');
    return $row;
}

sub other_than ($bytes) {
    return pack 'q>', 800_000_000_000_000 if !defined $bytes;
    return substr($bytes, 0, -1) . (substr($bytes, -1) ^. "\1");
}


# ---- each column, and all of them, of another's grant

my $EVIDENCE = qr/support_grant, .*FROM pupil\.support_grant AS g WHERE.*LIMIT 64\) AS e/;
my $LIST = qr/SELECT g\.\* FROM pupil\.support_grant/;
my %grant = map { $_ => $s->let_in($day->as($_)) } qw(pupil classmate);

sub lies ($name, $sql, $ask, $refused) {
    my ($mine, $theirs) = map { my $who = $_; row($sql, sub { $ask->($who) }) }
        qw(pupil classmate);
    is scalar(@$mine), 1 + @COLUMNS, "$name: each column is known" or return;
    my %whole;
    for my $n (1 .. @COLUMNS) {
        my $theirs = $theirs->[$n];
        my $same = ($theirs // "\0") eq ($mine->[$n] // "\0");
        my $lie = $same ? other_than($mine->[$n]) : $theirs;
        $whole{$n} = $theirs;
        $proxy->lie($sql, $n => $lie);
        my $res = $ask->('pupil');
        ok scalar($proxy->seen), "$name, $COLUMNS[$n - 1]: it was told";
        ok $refused->($res), "$name, $COLUMNS[$n - 1]: refused";
        is found($res), 1, "$name, $COLUMNS[$n - 1]: found";
        $proxy->mode('pass');
    }
    $proxy->lie($sql, %whole);
    my $res = $ask->('pupil');
    ok $refused->($res), "$name, another's as a whole: refused";
    is found($res), 1, "$name, another's as a whole: found";
    $proxy->mode('pass');
}

lies('a read', $EVIDENCE, \&name_of, sub ($res) { $res->status == 403 });
lies('a list', $LIST, \&list_of, sub ($res) {
    $res->status == 200 && !@{ $res->json->{support_grants} } });
is_status name_of($_), 200, "as it is: $_" for qw(pupil classmate);


# ---- the grant of a code

my $FIND = qr/g\.mac FROM .*AS g ON g\.tenant = \$2 AND g\.code = \$8/;
my %made = map { $_ => made($_) } qw(pupil classmate);
my $theirs = row($FIND, sub { $s->another->post('/v1/support/redeem',
    json => { code => $made{classmate}{code} }) });
is scalar(@{ $theirs // [] }), 1 + @COLUMNS, 'a code: each column is known';
my $used = made('classmate');
my $unused = row($FIND, sub { $s->another->post('/v1/support/redeem',
    json => { code => $used->{code} }) });
$db->do('DELETE FROM pupil.login_throttle');

for my $n (1 .. @COLUMNS) {
    my $value = $n == 7 ? $unused->[2] : $n == 8 ? "\0" x 32
        : other_than($unused->[$n]);
    my $made = made('pupil');
    $proxy->lie($FIND, $n => $value);
    my $res = $s->redeem($made->{code});
    $proxy->mode('pass');
    is_problem $res, 404, 'not-found', name => "a code, $COLUMNS[$n - 1]";
    is found($res), 1, "a code, $COLUMNS[$n - 1]: found";
    $day->pupil->delete("/v1/me/support-grants/$made->{id}");
    $db->do('DELETE FROM pupil.login_throttle');
}

# Of somebody else's code the authentic row, for a code that is one.
my $mine = made('pupil');
$proxy->lie($FIND, map { $_ => $unused->[$_] } 1 .. @COLUMNS);
my $res = $s->redeem($mine->{code});
$proxy->mode('pass');
is_problem $res, 404, 'not-found', name => 'a code, another\'s grant';
is found($res), 1, 'a code, another\'s grant: found';
is_status $s->redeem($mine->{code}), 200, 'as it is: the code is good';

done_testing;
