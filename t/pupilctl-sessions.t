#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl user sessions, pupilctl tenant sessions: the operator sees where
# somebody is logged in, and ends it there, or everybody's; on record (I19), and
# for good (I18).

use lib 't/lib';
use JSON::XS qw(decode_json);
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 2, conf => {
    pupil_session_zone => 'pupil_sessions:1m valid=5m' });
my ($site, $db, $nginx) = ($day->site, $day->db, $day->nginx);
my %person = map { $_ => $day->person($_) } qw(pupil classmate teacher);

sub login ($who) {
    my $http = $nginx->http;
    is_status $http->login(@{ $person{$who} }{qw(login password)}), 200,
        "$who logs in";
    return $http;
}

sub ctl (@words) { $site->ctl(@words, $site->ctl_where) }
sub is_in ($http) { $http->get('/v1/session')->status == 200 }

sub shown ($who) {
    my $run = ctl('user', 'sessions', $person{$who}{login}, '--json');
    return eval { decode_json($run->{out})->{sessions} } // [];
}

sub recorded ($who, $operation) {
    return $db->selectrow_array('SELECT count(*) FROM pupil.audit_event WHERE'
        . " category = 'session' AND role = 'operator' AND operation = ?"
        . " AND outcome = 'allowed' AND ? = ANY (subjects)", {}, $operation,
        $person{$who}{id});
}

sub dies ($http, $name) {
    my $alive = 1;
    eval { wait_until(60, $name, sub { !($alive = is_in($http)) }) };
    ok !$alive, $name;
}


# ---- where somebody is logged in

my ($one, $two) = map { login('pupil') } 1 .. 2;
my ($other, $teacher) = map { login($_) } qw(classmate teacher);
my $list = shown('pupil');
my $own = $one->get('/v1/me/sessions')->json->{sessions};
is_deeply [sort map { $_->{id} } @$list], [sort map { $_->{id} } @$own],
    'the sessions are called as they are to their owner';
is_deeply [sort keys %{ $list->[0] // {} }],
    [qw(created_at expires_at id institution role seen_at)],
    'and there is nothing more of one than that';
is recorded('pupil', 'read'), 1, 'which is on record';
my $run = ctl('user', 'sessions', $person{pupil}{login});
is scalar(() = $run->{out} =~ /^[0-9a-f-]{36} pupil /mg), 2, 'a line each';

my ($hash) = $db->selectrow_array("SELECT encode(token_hash, 'hex') FROM"
    . ' pupil.session WHERE subject = ? LIMIT 1', {}, $person{pupil}{id});
unlike $run->{out}, qr/$hash/, 'without a hash';
isnt ctl('user', 'sessions', 'nobody@example')->{code}, 0,
    'nobody has no sessions';
ok is_in($one), 'which ends nothing';


# ---- the end of it there

my $before = $day->rows_of('pupil.session', $person{pupil}{id});
is ctl('user', 'sessions', $person{pupil}{login}, '--end')->{code}, 0,
    'all sessions of somebody end';
is recorded('pupil', 'write'), 1, 'they end on record';
dies($_, 'dead') for $one, $two;
ok is_in($_), 'but not of others' for $other, $teacher;
$day->put_back($before);
dies($_, 'dead when they are put back') for $one, $two;
is scalar(@{ shown('pupil') }), 0, 'nor are they shown';
$one = login('pupil');
ok is_in($one), 'whoever logs in after that is in';


# ---- one, too, that was hidden when its owner ended all others, and still is

my $stolen = login('classmate');
my $theirs = $day->rows_of('pupil.session', $person{classmate}{id});
$db->do('DELETE FROM pupil.session WHERE subject = ? AND created_at = (SELECT'
        . ' max(created_at) FROM pupil.session)', {}, $person{classmate}{id});
is_status $other->delete('/v1/me/sessions'), 204, 'hidden: no other is found';
is ctl('user', 'sessions', $person{classmate}{login}, '--end')->{code}, 0,
    'hidden: the operator ends them';
$day->put_back($theirs);
dies($_, 'hidden: dead') for $stolen, $other;
$other = login('classmate');


# ---- everybody's, of those, too, whose rows are hidden meanwhile

my %rows = map { $_ => $day->rows_of('pupil.session', $person{$_}{id}) }
    qw(pupil classmate teacher);
$db->do('DELETE FROM pupil.session WHERE subject = ?', {},
        $person{teacher}{id});
$run = ctl('tenant', 'sessions', '--end', '--json');
is $run->{code}, 0, 'everybody\'s sessions end' or diag $run->{err};
is_deeply eval { decode_json($run->{out}) }, { people =>
    0 + $db->selectrow_array('SELECT count(*) FROM pupil.subject') },
    'of all people that there are';
is ctl('tenant', 'sessions')->{code}, 2, 'not by a word that is left out';
is recorded($_, 'write'), $_ eq 'teacher' ? 1 : 2, "on record for the $_"
    for sort keys %rows;
$day->put_back($_) for values %rows;
dies($_, 'everybody\'s are dead, also when put back')
    for $one, $two, $other, $teacher;
ok is_in(login($_)), "the $_ is in again" for sort keys %rows;

done_testing;
