#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I7, I18: who is erased does not act again, whatever is put back in the data
# database: an erasure raises all floors each time that it runs, whatever that
# database says is done, and workers ask the key store for the owner's state,
# too.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 2, conf => {
    pupil_session_zone => 'pupil_sessions:1m valid=5m' })->all_here->work;
my ($db, $keys, $site) = ($day->db, $day->site->keystore, $day->site);
my %person = map { $_ => $day->person($_) }
    qw(pupil classmate teacher colleague);
my $overview = "/v1/homework/$day->{homework}{id}/progress";

sub erase ($who) {
    return $site->ctl(subject => 'erase', $person{$who}{id}, $site->ctl_where);
}

sub floors ($who) {
    return join ' ', map { $_ // 'none' } ($keys->selectrow_array('SELECT'
        . ' session, credential, authority FROM keystore.floor'
        . ' WHERE subject = ?', {}, $person{$who}{id}))[0 .. 2];
}

sub status ($who) {
    return $db->selectrow_array('SELECT status FROM pupil.subject WHERE'
        . ' subject = ?', {}, $person{$who}{id});
}

sub log_in ($who) {
    return $day->nginx->http->login(@{ $person{$who} }{qw(login password)})
               ->status;
}

# What of somebody authorises, to be put back.
my @tables = qw(pupil.subject pupil.session pupil.role pupil.enrolment);
sub rows ($who) {
    return map { $day->rows_of($_, $person{$who}{id}) } @tables;
}

sub put_back ($who, @rows) {
    $db->do("UPDATE pupil.owner SET state = 'active' WHERE owner = ?", {},
            $person{$who}{id});
    $day->put_back($_) for @rows;
}

my %is = (session => sub ($http) { $http->get('/v1/session')->status },
          overview => sub ($http) { $http->get($overview)->status });


# ---- the data database says that it is done

my @teacher = $day->on_each($day->teacher);
my @old = rows('teacher');
is floors('teacher'), '1 1 0', 'the floors of somebody with a password';
$db->do("UPDATE pupil.owner SET state = 'erased' WHERE owner = ?", {},
        $person{teacher}{id});
is erase('teacher')->{code}, 0, 'somebody said to be erased is erased';
is floors('teacher'), '2 2 1', 'all floors rise';
is status('teacher'), 'closed', 'and the account is closed';
put_back('teacher', @old);
$day->soon(401, "the rows of before, put back: $_", $is{$_}, @teacher)
    for sort keys %is;
isnt log_in('teacher'), 200, 'nor a log-in';


# ---- what was open of it is taken away

my @pupil = $day->on_each($day->pupil);
@old = rows('pupil');
$keys->do('CREATE FUNCTION public.down() RETURNS trigger LANGUAGE plpgsql'
          . " AS 'BEGIN RAISE EXCEPTION ''down''; END'");
$keys->do('CREATE TRIGGER down BEFORE UPDATE ON keystore.floor FOR EACH ROW'
          . ' EXECUTE FUNCTION public.down()');
is erase('pupil')->{code}, 1, 'an erasure whose floors do not rise fails';
$keys->do('DROP TRIGGER down ON keystore.floor');
$db->do('DELETE FROM pupil.revocation');
is floors('pupil'), '1 1 0', 'they have not risen';
is erase('pupil')->{code}, 0, 'the same again, and nothing is open';
unlike floors('pupil'), qr/^1| 1 | 0$/, 'now all floors rise';
put_back('pupil', @old);
$day->soon(401, 'the rows of before, put back', $is{session}, @pupil);


# ---- the key store alone knows

my @classmate = $day->on_each($day->classmate);
is $is{session}->($_), 200, 'a session of each worker' for @classmate;
$keys->do("UPDATE keystore.owner_key SET state = 'restricted' WHERE owner = ?",
          {}, $person{classmate}{id});
$day->soon(403, 'who is restricted there writes nothing', sub ($http) {
    $http->patch('/v1/data/example', json => $day->preference('x'))->status
}, @classmate);
is log_in('classmate'), 401, 'and does not log in';
$keys->do("UPDATE keystore.owner_key SET state = 'erased', wrapped = NULL"
          . ' WHERE owner = ?', {}, $person{classmate}{id});
$day->soon(401, 'who is erased there has no session', $is{session},
           @classmate);
is floors('classmate'), '1 1 0', 'by no floor';
isnt log_in('classmate'), 200, 'and does not log in';
$day->reload;
is $_->get('/v1/session')->status, 401, 'nor after a reload'
    for @classmate;

done_testing;
