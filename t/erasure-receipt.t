#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The two dates of an erasure: that of the key, and that on which the last
# backup of the key store is gone that has it.  Both are signed, and shown to
# whoever verifies the receipt.

use lib 't/lib';
use Pupil::Test;

use Encode ();
use JSON::XS ();
use POSIX ();
use Time::Local qw(timegm);

my $site = pupil_up(import => 1);
my $dir = tmp_dir();
my @whom = @{ $site->db->selectcol_arrayref("SELECT subject FROM pupil.role"
    . " WHERE role = 'pupil' ORDER BY subject LIMIT 5") };
my @file = ('--ledger', "$dir/ledger");
chomp(my $signer = $site->ctl_ok('erasure', 'key', '--key', $site->key)->{out});

sub erase ($id, @more) {
    return $site->ctl('subject', 'erase', $id, @more, $site->ctl_where);
}

sub verify ($file, @more) {
    return $site->ctl('erasure', 'verify', $file, '--signer', $signer, @more);
}

sub json ($run) { eval { JSON::XS::decode_json($run->{out}) } // {} }

sub later ($time, $days) {
    my ($y, $m, $d, @hms) = ($time // '') =~ /\d+/g;
    return 'none' if !@hms;
    return POSIX::strftime('%Y-%m-%dT%H:%M:%SZ',
        gmtime(timegm(reverse(@hms), $d, $m - 1, $y) + $days * 86400));
}

my $told = json(erase($whom[0], @file, '--key-backup-days', 5, '--json'));
my ($gone, $last) = map { $_ // 'none' }
    @$told{qw(key_destroyed_at key_backups_gone_at)};
like $gone, qr/^\d{4}-\d\d-\d\dT[\d:]+Z$/, 'when the key was destroyed';
is $last, later($gone, 5), 'and when its last backup is gone, five days later';

spew("$dir/receipt", Encode::encode_utf8($told->{receipt} // '') . "\n");
my $dates = "  key destroyed $gone\n  backups of it gone $last\n";
like $told->{receipt}, qr/^\Q$dates\E/m, 'the receipt says both';
my $run = verify("$dir/receipt");
is $run->{code}, 0, 'it is signed' or diag $run->{err};
is $run->{out}, "$whom[0] erased, key destroyed $gone,"
    . " backups of it gone $last\n1 note, 0 of them entries, signed by pupil-erasure\n",
    'whoever verifies it is shown both';
is_deeply json(verify("$dir/receipt", '--json'))->{receipts},
    [{ id => $whom[0], key_destroyed_at => $gone,
       key_backups_gone_at => $last }], 'as JSON, too';
my $other = slurp("$dir/receipt") =~ s/(of it gone \d{3})(\d)/$1 . (9 - $2)/er;
is verify(spew("$dir/changed", $other))->{code}, 1,
    'another date is not signed';

# It is the deployment's, in its configuration.
spew("$dir/pupilctl.conf", "key-backup-days = 30\n");
$told = json(erase($whom[1], '--config', "$dir/pupilctl.conf", '--json'));
is $told->{key_backups_gone_at}, later($told->{key_destroyed_at}, 30),
    'by the configuration';
$told = json(erase($whom[4], '--key-backup-days', 0, '--json'));
is $told->{key_backups_gone_at}, $told->{key_destroyed_at},
    'where there are no backups, at once';

# One erasure has one date: what was signed once is not taken back, and a backup
# that is kept for longer than was said is gone later.
for ([31, 31], [5, 31], [0, 31]) {
    my ($days, $is) = @$_;
    $told = json(erase($whom[1], '--key-backup-days', $days, '--json'));
    is $told->{key_backups_gone_at}, later($told->{key_destroyed_at}, $is),
        "again, with $days days: the later date";
}
$told = json(erase($whom[1], '--json'));
is $told->{key_backups_gone_at}, later($told->{key_destroyed_at}, 31),
    'and without: what was said';

# Nobody signs what nobody has said.
$run = erase($whom[2], @file, '--json');
$told = json($run);
ok exists $told->{key_backups_gone_at}, 'without it, the answer has the member';
is $told->{key_backups_gone_at}, undef, 'and no date';
spew("$dir/receipt", Encode::encode_utf8($told->{receipt} // '') . "\n");
like slurp("$dir/receipt"), qr/^  backups of it gone not known/m,
    'nor has the receipt';
like verify("$dir/receipt")->{out}, qr/backups of it gone not known/,
    'which is shown';

for my $days ('five', -1, '', '5 days', 36501) {
    $run = erase($whom[3], '--key-backup-days', $days);
    is $run->{code}, 2, "\"$days\" are no days";
    like $run->{err}, qr/--key-backup-days/, 'and why';
}
is $site->keystore->selectrow_array('SELECT state FROM keystore.owner_key WHERE'
    . ' owner = ?', {}, $whom[3]), 'active', 'nothing is begun';

done_testing;
