#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The erasure ledger as a signed file that is mirrored before a key is
# destroyed; receipts that anybody can check who has the signer's key; and what
# a key store that was restored has lost is entered again from the file.

use lib 't/lib';
use Pupil::Test;
use Encode ();
use JSON::XS ();

my $site = pupil_up(import => 1);
my ($db, $keys) = ($site->db, $site->keystore);
my $dir = tmp_dir();
my ($ledger, $mirror) = ("$dir/ledger", "$dir/mirror");
my @whom = @{ $db->selectcol_arrayref("SELECT subject FROM pupil.role WHERE"
    . " role = 'pupil' ORDER BY subject LIMIT 11") };
my @file = ('--ledger', $ledger, '--mirror', "cat >> $mirror");

sub erase ($id, @more) {
    my @opt = ref $more[-1] ? pop @more : ();
    return $site->ctl('subject', 'erase', $id, @more, $site->ctl_where, @opt);
}

sub verify ($file, $signer) {
    return $site->ctl('erasure', 'verify', $file, '--signer', $signer);
}

sub key_of ($id) {
    return $keys->selectrow_array('SELECT state FROM keystore.owner_key WHERE'
        . ' owner = ?', {}, $id);
}

# A copy of a file with something changed.
sub changed ($file, $code) {
    local $_ = slurp($file);
    $code->();
    spew("$dir/changed", $_);
    return "$dir/changed";
}


# ---- the signer

my $run = erase($whom[0], @file);
is $run->{code}, 1, 'a ledger needs who signs it';
like $run->{err}, qr/ledger\.key: .*pupilctl erasure key makes it/, 'and how';
is key_of($whom[0]), 'active', 'nothing is begun';

my @key = ('erasure', 'key', '--key', $site->key);
$run = $site->ctl(@key);
like $run->{out}, qr/\Apupil-erasure\+[0-9a-f]{8}\+\S{44}\n\z/, 'the signer'
    or diag $run->{err};
chomp(my $signer = $run->{out});
is $site->ctl(@key)->{out}, "$signer\n", 'again: the same';
my ($key_file) = $site->key =~ m{(.*/)} ? $1 . 'ledger.key' : 'ledger.key';
is((stat $key_file)[2] & 0777, 0600, 'its key is its owner\'s alone');
chmod 0644, $key_file;
like erase($whom[0], @file)->{err}, qr/not its owner's alone/, 'or refused';
chmod 0600, $key_file;


# ---- an entry, mirrored, and a receipt

$run = erase($whom[0], @file);
is $run->{code}, 0, 'somebody is erased' or diag $run->{err};
like slurp($ledger), qr/\Apupil-erasure-v1\n.*number\ 1\n
                        subject\ $whom[0]\n/xs, 'the file has the entry';
is slurp($mirror), slurp($ledger), 'so has the mirror';
is verify($ledger, $signer)->{out},
    "1 note, 1 of them entry, signed by pupil-erasure\n", 'it is signed';

spew("$dir/receipt", $run->{out});
like $run->{out}, qr/\A$whom[0] erased, entry 1 /, 'a receipt';
my $ok = verify("$dir/receipt", $signer);
is $ok->{code}, 0, 'which is signed, too' or diag $ok->{err};
for (['its subject', sub { s/\A(.)/$1 eq '0' ? '1' : '0'/e }],
     ['a date', sub { s/key destroyed 2/key destroyed 1/ }],
     ['what was deleted', sub { s/done \d+/done 9/ }],
     ['its signature', sub { s/(pupil-erasure \S{20})(.)/$1 . ($2 eq 'A' ? 'B'
                                                              : 'A')/e }])
{
    my ($what, $code) = @$_;
    my $no = verify(changed("$dir/receipt", $code), $signer);
    is $no->{code}, 1, "$what changed is found";
    like $no->{err}, qr/is not signed by pupil-erasure|is none/, 'and said';
}
$run = $site->ctl('erasure', 'verify', "$dir/receipt", '--signer', 'x');
is $run->{code}, 2, 'a signer that is none';
my $json = JSON::XS::decode_json(erase($whom[0], @file, '--json')->{out});
is Encode::encode_utf8("$json->{receipt}\n"), slurp("$dir/receipt"),
    'again: the same receipt';
is slurp($mirror), slurp($ledger), 'and no other entry';


# ---- erased without the file before, and a writer that was killed

is erase($whom[1])->{code}, 0, 'one is erased without the file';
spew($ledger, slurp($ledger) . "pupil-erasure-v1\ntenant 3b9");
is erase($whom[2], @file)->{code}, 0, 'another with it';
like verify($ledger, $signer)->{out}, qr/^3 notes/, 'the file has all three';

for (['an entry left out', sub { s/\A.*?\n\n.*?\n\n//s },
      qr/entry 2 of its tenant, does not follow/],
     ['one changed', sub { s/number 2/number 4/ }, qr/note 2 is not signed/],
     ['the end cut off', sub { s/.{9}\z//s }, qr/behind note 2 is none/])
{
    my ($what, $code, $said) = @$_;
    my $no = verify(changed($ledger, $code), $signer);
    is $no->{code}, 1, "$what is found";
    like $no->{err}, $said, 'and located';
}


# A command that was cut off after it had written is given the entry again.
for (['an entry', sub { s/\A(.*?\n\n.*?\n\n)/$1$1/s }],
     ['all of them, as to a mirror that was lost', sub { $_ .= $_ }])
{
    my ($what, $code) = @$_;
    my $yes = verify(changed($ledger, $code), $signer);
    is $yes->{code}, 0, "$what twice" or diag $yes->{err};
    like $yes->{out}, qr/, 3 of them entries,/, 'counts once';
}

my $once = spew("$dir/once", "#!/bin/sh\ncat >> $mirror\n"
    . "rmdir $dir/cut 2>/dev/null && exit 255\nexit 0\n", 0755);
mkdir "$dir/cut";
my @cut = ('--ledger', $ledger, '--mirror', $once);
is erase($whom[7], @cut)->{code}, 1, 'a mirror that has written, and fails';
is key_of($whom[7]), 'active', 'no key goes';
is erase($whom[7], @cut)->{code}, 0, 'again, it does not';
like verify($mirror, $signer)->{out}, qr/, 4 of them entries,/,
    'and the mirror is as good as it was';
spew($mirror, slurp($ledger));


# ---- no key goes before its entry is on the disk

# pupilctl whose calls fail as a disk's do that cannot write.
sub faulty ($fault, $id) {
    return run_cmd('strace', '-qq', '-o', "$dir/calls", '-P', $ledger, '-e',
        'trace=fsync', '-e', "inject=fsync:$fault", build_dir() . '/pupilctl',
        'subject', 'erase', $id, @file, $site->ctl_where, { timeout => 300,
        env => Pupil::Site->ctl_env });
}

SKIP: {
    skip 'not under sanitizers', 14 if $ENV{PUPIL_SANITIZE};
    skip 'nothing may be traced here', 14
        if run_cmd('strace', '-qq', '-o', '/dev/null', 'true')->{code};

    my ($id, $before) = ($whom[8], slurp($ledger));
    for my $when ('2+', '1+') {     # the entry; what is there already
        $run = faulty("error=EIO:when=$when", $id);
        is $run->{code}, 1, "a disk that does not sync, $when";
        like $run->{err}, qr/\Q$ledger\E: Input\/output error/, 'is said';
        is key_of($id), 'active', 'and no key goes';
        is slurp($ledger), $before, 'what may not be on the disk is taken back';
    }
    is erase($id, @file)->{code}, 0, 'a disk that does';

    $id = $whom[9];
    isnt faulty('signal=KILL:when=2', $id)->{code}, 0, 'killed before it is';
    like slurp($ledger), qr/^subject $id$/m, 'the entry may be in memory alone';
    isnt faulty('error=EIO', $id)->{code}, 0, 'and is not taken for kept';
    is key_of($id), 'active', 'so no key goes';
    is erase($id, @file)->{code}, 0, 'before it is on the disk';
}

erase($_, @file) for @whom[8, 9];           # where nothing was traced

my $mine = spew("$dir/mine", '');
my $holder = start_process(['perl', '-e', 'open F, "+<", $ARGV[0];'
    . ' flock F, 2; unlink $ARGV[1]; sleep 600', $ledger, $mine]);
wait_until(60, 'somebody writes it', sub { !-e $mine });
$run = erase($whom[10], @file, { timeout => 3 });
like $run->{err}, qr/\Q$ledger\E is in use: waiting/, 'who waits says so';
kill KILL => $holder;
process_ends($holder, 60);
is erase($whom[10], @file)->{code}, 0, 'and goes on when it is free';
spew($mirror, slurp($ledger));
like verify($ledger, $signer)->{out}, qr/, 7 of them entries,/, 'all are there';


# ---- no key goes before its entry is mirrored

$run = erase($whom[3], '--ledger', $ledger, '--mirror', 'exit 7');
is $run->{code}, 1, 'a mirror that fails';
like $run->{err}, qr/the command failed, so that no key is destroyed/, 'why';
is key_of($whom[3]), 'active', 'the key is there';
like verify($ledger, $signer)->{out}, qr/^7 notes/, 'the file has no more';
is $db->selectrow_array('SELECT state FROM pupil.owner WHERE owner = ?', {},
    $whom[3]), 'erased', 'the person is fenced';
$run = $site->ctl('work', @file, $site->ctl_where);
is $run->{code}, 0, 'work, with a mirror that does' or diag $run->{err};
is key_of($whom[3]), 'erased', 'finishes it';
is slurp($mirror), slurp($ledger), 'mirrored';


# ---- a key store that was restored from a backup from before

my $dump = "$dir/keys.sql";
$run = run_cmd('pg_dump', '-C', '-f', $dump, $site->pg->conninfo('pupil_keys'));
is $run->{code}, 0, 'a backup of the key store';
is erase($_, @file)->{code}, 0, 'one is erased since' for @whom[4, 5];
$site->pg->dbh('pupil_keys')->disconnect;
$site->pg->dbh('postgres')->do('DROP DATABASE pupil_keys WITH (FORCE)');
$run = run_cmd('psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-f', $dump,
               $site->pg->conninfo('postgres'), { timeout => 300 });
is $run->{code}, 0, 'it is restored' or diag $run->{err};
$keys = $site->keystore;
is key_of($whom[4]), 'active', 'and has a key again';
is erase($whom[6], @file)->{code}, 1, 'nobody is erased then';
is $site->ctl('restore', 'replay', $site->ctl_where)->{code}, 1,
    'replay knows nothing without the file';
$run = $site->ctl('restore', 'replay', @file, $site->ctl_where);
is $run->{code}, 0, 'with it' or diag $run->{err};
is $run->{out}, "$whom[4] erased again, entry 9\n"
    . "$whom[5] erased again, entry 10\n", 'it erases again';
is join(' ', map { key_of($_) } @whom[4, 5]), 'erased erased',
    'their keys are gone';
is_deeply $keys->selectcol_arrayref('SELECT number FROM keystore.ledger ORDER'
    . ' BY number'), [1 .. 10], 'the ledger is whole';
is slurp($mirror), slurp($ledger), 'and the file as it was';
is erase($whom[6], @file)->{code}, 0, 'erasures go on';
is $site->ctl('audit', 'verify', $site->ctl_where)->{code}, 0,
    'the audit verifies';

done_testing;
