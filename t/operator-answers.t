#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl and what databases answer: what was written is read back, one row is
# one row, no key goes by half a call, and an error names what is wrong.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up(import => 1);
my ($db, $keys) = ($site->db, $site->keystore);
my ($pupil, $other) = @{ $db->selectcol_arrayref("SELECT subject FROM pupil.role"
    . " WHERE role = 'pupil' ORDER BY subject LIMIT 2") };

sub ctl (@words) { $site->ctl(@words, $site->ctl_where) }

sub status ($id) {
    return $db->selectrow_array('SELECT status FROM pupil.subject WHERE subject'
        . ' = ?', {}, $id);
}


# ---- the status of an account

is ctl('subject', 'lock', $pupil)->{code}, 0, 'an account is locked';
$db->do($_) for "CREATE FUNCTION public.kept() RETURNS trigger LANGUAGE plpgsql"
    . " AS 'BEGIN RETURN NULL; END'",
    'CREATE FUNCTION public.bent() RETURNS trigger LANGUAGE plpgsql AS'
    . " 'BEGIN NEW.status := ''locked''; RETURN NEW; END'";
for my $how (qw(kept bent)) {
    $db->do("CREATE TRIGGER a BEFORE UPDATE ON pupil.subject FOR EACH ROW"
        . " EXECUTE FUNCTION public.$how()");
    my $run = ctl('subject', 'unlock', $pupil);
    is $run->{code}, 1, "an unlock that the database has $how is a failure";
    like $run->{err}, qr/has not what was written to it/, 'and said';
    is $run->{out}, '', 'and is not told as done';
    $db->do('DROP TRIGGER a ON pupil.subject');
    is status($pupil), 'locked', 'as it is not';
}
is ctl('subject', 'unlock', $pupil)->{code}, 0, 'without that';
is status($pupil), 'active', 'it is';


# ---- half a call of what destroys keys

is ctl('subject', 'erase', $pupil)->{code}, 0, 'somebody is erased';
$keys->do("SELECT set_config('pupil.tenant', ?, false)", {}, $site->tenant);
for my $call ('1, NULL', 'NULL, 1', '7, 1') {
    ok !eval { $keys->do("SELECT keystore.destroy_key($call)"); 1 },
        "keystore.destroy_key($call) is refused";
}
ok eval { $keys->do('SELECT keystore.destroy_key(1, 1)'); 1 },
    'a whole one is not' or diag $@;


# ---- two floors of one person

$keys->do($_) for 'ALTER TABLE keystore.floor DROP CONSTRAINT floor_pkey',
    map { "INSERT INTO keystore.floor (tenant, subject, session, credential,"
          . " authority) VALUES ('@{[$site->tenant]}', '$other', $_, 0, $_)" }
    0, 5;
my $run = ctl('subject', 'lock', $other);
is $run->{code}, 1, 'two floors of one person are none';
like $run->{err}, qr/floor/, 'which is said';
is status($other), 'active', 'and nothing is written under either';


# ---- a folder that is not there

my $folder = tmp_dir() . '/nowhere';
$run = ctl('audit', 'seal', '--checkpoints', $folder);
is $run->{code}, 1, 'a folder for checkpoints that is not there';
like $run->{err}, qr/^pupilctl: \Q$folder\E: /m, 'is named itself';
$run = ctl('audit', 'seal', '--checkpoints', spew("$folder.file", ''));
is $run->{code}, 1, 'nor is a file a folder';
like $run->{err}, qr/^pupilctl: \Q$folder.file\E: /m, 'which is named';

done_testing;
