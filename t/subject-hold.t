#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl subject hold, release: whoever is held, as a court or an archive asks
# for, is not erased, and the reason is said; the key store itself refuses.

use lib 't/lib';
use Pupil::Test;
use JSON::XS ();

my $site = pupil_up(import => 1);
my ($db, $keys) = ($site->db, $site->keystore);
my ($id, $other) = @{ $db->selectcol_arrayref("SELECT subject FROM pupil.role"
    . " WHERE role = 'pupil' ORDER BY subject LIMIT 2") };

sub subject (@args) { $site->ctl('subject', @args, $site->ctl_where) }

sub record ($who) {
    return join ': ', map { s/^os=\S+ //r } $db->selectrow_array('SELECT'
        . ' outcome, note FROM pupil.audit_record WHERE ? = ANY (subjects)'
        . " AND role = 'operator' ORDER BY at DESC LIMIT 1", {}, $who);
}

sub shown ($who) {
    return JSON::XS::decode_json(subject('show', $who, '--json')->{out});
}

is shown($id)->{hold}, undef, 'nobody is held';
is subject('hold', $id)->{code}, 2, 'a hold needs a reference';
my $run = subject('hold', $id, '--reference', 'T 2026-117');
is $run->{code}, 0, 'held' or diag $run->{err};
is $run->{out}, "$id held: T 2026-117\n", 'and said';
like record($id), qr/^allowed: .*hold=held/, 'on record';
is shown($id)->{hold}, 'T 2026-117', 'show says it';
like subject('show', $id)->{out}, qr/^  held: T 2026-117$/m, 'as text, too';
is subject('hold', $id, '--reference', 'T 2026-118')->{code}, 0, 'again';
is shown($id)->{hold}, 'T 2026-118', 'by the newer reference';

$run = subject('erase', $id);
is $run->{code}, 1, 'whoever is held is not erased';
like $run->{err}, qr/is held \(T 2026-118\): pupilctl subject release/,
    'and why';
like record($id), qr/^refused: /, 'on record';
is $keys->selectrow_array('SELECT count(*) FROM keystore.ledger'), 0,
    'nothing is begun';
$keys->do("SELECT set_config('pupil.tenant', ?, false)", {}, $site->tenant);
ok !eval { $keys->do('SELECT keystore.enter_erasure(?)', {}, $id); 1 },
    'the key store enters no erasure of theirs';
like $@, qr/is held \(T 2026-118\)/, 'by the reference';
is subject('erase', $other)->{code}, 0, 'others are erased';

$run = subject('hold', $other, '--reference', 'too late');
is $run->{code}, 1, 'whoever is erased is not held';
like $run->{err}, qr/was erased/, 'and why';

$run = subject('release', $id);
is $run->{out}, "$id released, was held: T 2026-118\n", 'released'
    or diag $run->{err};
like record($id), qr/^allowed: .*hold=released/, 'on record';
is shown($id)->{hold}, undef, 'show says so';
is subject('release', $id)->{out}, "$id is not held\n", 'again is no harm';
is subject('erase', $id)->{code}, 0, 'and is erased';

# The end of a tenant that has begun goes on.
my ($third) = $db->selectrow_array("SELECT s.subject FROM pupil.subject AS s"
    . " WHERE s.status = 'active' ORDER BY s.subject LIMIT 1");
$keys->do('SELECT keystore.enter_offboard()');
$run = subject('hold', $third, '--reference', 'too late');
is $run->{code}, 1, 'nobody is held in a tenant whose end has begun';
like $run->{err}, qr/the end of this tenant has begun/, 'which is said';
is $keys->selectrow_array('SELECT count(*) FROM keystore.hold'), 0,
    'and no hold is left';

done_testing;
