#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Who was closed and is opened again is not closed by the row of before
# (invariant I18): that is below the floor, and no run of retention makes it
# true.  And an account that somebody keeps closed is not said to be opened.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(workers => 1)->all_here;
my ($site, $db, $keys) = ($day->site, $day->db, $day->site->keystore);
my $pupil = $day->person('pupil');
my $id = $pupil->{id};

sub state_of {
    return $keys->selectrow_array('SELECT state FROM keystore.owner_key WHERE'
        . ' owner = ?', {}, $id);
}

sub closings {
    return 0 + $db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
        . " WHERE ? = ANY (subjects) AND note LIKE '%status=closed%'", {}, $id);
}

sub put_back {
    $db->do('UPDATE pupil.subject AS s SET (status, mac) = (o.status, o.mac)'
        . ' FROM public.kept AS o WHERE s.subject = o.subject');
    $db->do('INSERT INTO pupil.closed SELECT * FROM public.kept_closed ON'
        . ' CONFLICT DO NOTHING');
    $db->do("UPDATE pupil.closed SET at = '2000-01-01'");
}

$site->ctl_ok('subject', 'close', $id, $site->ctl_where);
$db->do('CREATE TABLE public.kept AS SELECT * FROM pupil.subject WHERE subject ='
    . " '$id'");
$db->do('CREATE TABLE public.kept_closed AS SELECT * FROM pupil.closed WHERE'
    . " subject = '$id'");
my ($before) = $keys->selectrow_array('SELECT authority FROM keystore.floor'
    . ' WHERE subject = ?', {}, $id);
$site->ctl_ok('subject', 'reopen', $id, $site->ctl_where);
cmp_ok scalar $keys->selectrow_array('SELECT authority FROM keystore.floor WHERE'
    . ' subject = ?', {}, $id), '>', $before,
    'to open an account raises the floor';
is_status $day->nginx->http->login(@$pupil{qw(login password)}), 200,
    'opened again, they log in';

put_back();
my $run = $site->ctl('retention', 'run', $site->ctl_where);
is state_of(), 'active', 'the row of before begins no recovery';
is closings(), 1, 'and nothing is on record that nobody ordered';
is $run->{code}, 1, 'the run says that somebody wrote it';
like $run->{err}, qr/$id is in pupil\.closed and not closed/, 'and of whom';
like $site->ctl_ok('subject', 'show', $id, $site->ctl_where)->{out},
    qr/revoked/, 'so does show';

# Opened again whatever is put back meanwhile, or it fails.
$site->ctl_ok('subject', 'lock', $id, $site->ctl_where);
$site->ctl_ok('subject', 'unlock', $id, $site->ctl_where);
$site->ctl_ok('subject', 'close', $id, $site->ctl_where);
$db->do('CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS'
    . " 'BEGIN NEW.status := OLD.status; NEW.mac := OLD.mac; RETURN NEW; END'");
$db->do('CREATE TRIGGER keep BEFORE UPDATE ON pupil.subject FOR EACH ROW'
    . ' EXECUTE FUNCTION public.keep()');
$run = $site->ctl('subject', 'reopen', $id, $site->ctl_where);
is $run->{code}, 1, 'a row that somebody keeps closed is found';
is state_of(), 'recovery', 'and opened nowhere';
$db->do('DROP TRIGGER keep ON pupil.subject');
$site->ctl_ok('subject', 'reopen', $id, $site->ctl_where);
is state_of(), 'active', 'again: opened';

is $site->ctl('audit', 'verify', $site->ctl_where)->{code}, 0,
    'the audit verifies';

done_testing;
