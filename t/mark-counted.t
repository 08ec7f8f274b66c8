#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The mark counts the copies that there are, whatever triggers did and whatever
# was restored: an erasure is not done while it does not, and replay says done
# once databases are served (invariant I8).

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up(import => 1);
my ($db, $keys) = ($site->db, $site->keystore);
my ($one, $two, $three) = @{ $db->selectcol_arrayref("SELECT subject FROM"
    . " pupil.role WHERE role = 'pupil' ORDER BY subject LIMIT 3") };

sub erase ($id) { $site->ctl('subject', 'erase', $id, $site->ctl_where) }
sub replay { $site->ctl('restore', 'replay', $site->ctl_where) }

# entered, destroyed, copied
sub marks {
    return join ' ', $keys->selectrow_array('SELECT entered, destroyed FROM'
        . ' keystore.mark'), $db->selectrow_array('SELECT copied FROM pupil.mark');
}

sub key_of ($id) {
    return $keys->selectrow_array('SELECT state FROM keystore.owner_key WHERE'
        . ' owner = ?', {}, $id);
}


# ---- no trigger fires

$db->do('ALTER DATABASE pupil SET session_replication_role = replica');
my $run = erase($one);
$db->do('ALTER DATABASE pupil RESET session_replication_role');
is $run->{code}, 0, 'somebody is erased' or diag $run->{err};
is marks(), '1 1 1', 'and the mark counts it, though no trigger did';


# ---- it cannot be counted

$db->do('CREATE FUNCTION public.keeps() RETURNS trigger LANGUAGE plpgsql AS'
    . ' $$ BEGIN RETURN NULL; END $$');
$db->do('CREATE TRIGGER keeps BEFORE UPDATE ON pupil.mark FOR EACH ROW EXECUTE'
    . ' FUNCTION public.keeps()');
$run = erase($two);
is $run->{code}, 1, 'what the mark does not count is not done';
like $run->{err}, qr/mark.*1 .*of 2/, 'which is said';
isnt key_of($two), 'erased', 'and the key is there';
$run = replay();
is $run->{code}, 1, 'nor does replay say done';
$db->do('DROP TRIGGER keeps ON pupil.mark');
$run = $site->ctl('work', $site->ctl_where);
is $run->{code}, 0, 'work goes on with it' or diag $run->{err};
is key_of($two) . ' ' . marks(), 'erased 2 2 2', 'and finishes';


# ---- the mark was restored, and the ledger not

$db->begin_work;
$db->do('SET LOCAL session_replication_role = replica');
$db->do('DELETE FROM pupil.ledger');
$db->commit;
$run = replay();
is $run->{code}, 0, 'copies that are gone are made again' or diag $run->{err};
is marks(), '2 2 2', 'and not counted twice';
is erase($three)->{code}, 0, 'erasures go on';


# ---- what nothing brings back

$db->do('UPDATE pupil.mark SET copied = 9');
$run = replay();
is $run->{code} . ' ' . marks(), '0 3 3 3', 'a mark that is wrong is counted anew'
    or diag $run->{err};
$db->do('CREATE TRIGGER keeps BEFORE UPDATE ON pupil.mark FOR EACH ROW EXECUTE'
    . ' FUNCTION public.keeps()');
$db->do('ALTER TABLE pupil.mark DISABLE TRIGGER keeps');
$db->do('UPDATE pupil.mark SET copied = 9');
$db->do('ALTER TABLE pupil.mark ENABLE TRIGGER keeps');
$run = replay();
is $run->{code}, 1, 'replay fails while nobody is served';
like $run->{err}, qr/9 .*of 3/, 'and says why';

done_testing;
