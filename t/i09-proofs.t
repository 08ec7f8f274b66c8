#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: what is in the sealed log can be proved to somebody who has neither the
# log nor a database, and a witness signs only what goes on from what it has
# signed.  A proof for one subject shows nothing of another.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Pupil::Seal;

use Digest::SHA qw(sha256);
use MIME::Base64 qw(decode_base64 encode_base64);

my $chaos = Pupil::Chaos->new(pupils => 3);
my ($site, $nginx) = ($chaos->site, $chaos->nginx);
my $seal = Pupil::Seal->new($site, speed => 5);
my $db = $site->db;
my $dir = tmp_dir();

sub work ($times = 1) {
    for my $person ($chaos->{teacher}, $chaos->pupils) {
        my $http = $chaos->client($person);
        $http->get($_) for ('/v1/session', '/v1/homework',
                            '/v1/data/identity') x $times;
    }
}

for (1 .. 3) { work(3); is $seal->seal->{code}, 0, 'sealed' }
chomp(my $vkey = $site->ctl_ok(qw(audit key), $site->ctl_where)->{out});
like $vkey, qr/\Apupil-audit\/\Q${\ $site->tenant}\E\+[0-9a-f]{8}\+\S{44}\z/,
    'there is a key to verify with';

sub prove ($event, @more) {
    return $site->ctl(qw(audit prove), $event, @more, $site->ctl_where);
}

# Nothing but the file and the keys.
sub proved ($text, @more) {
    return run_cmd(build_dir() . '/pupilctl', qw(audit verify-proof),
        spew("$dir/x.tlog-proof", $text), '--vkey', $vkey, @more,
        { env => Pupil::Nginx->sanitizer_env });
}


# ---- an event, by its number and by its request

my ($events) = $db->selectrow_array('SELECT sum(events) FROM pupil.seal');
my ($request, $subject, $others) = $db->selectrow_array(<<'SQL');
SELECT request, subjects[2], subjects FROM pupil.audit_record
 WHERE cardinality(subjects) > 2 ORDER BY at LIMIT 1
SQL
my $run = prove($request);
is $run->{code}, 1, 'an event about several';
like $run->{err}, qr/about \d+ subjects: say of whom/, 'is proved to one';
$run = prove($request, '--subject', uuid());
is $run->{code}, 1, 'and not to somebody else';
like $run->{err}, qr/is not about/, 'whom it is not about';

$run = prove($request, '--subject', $subject);
is $run->{code}, 0, 'a proof' or diag $run->{err};
my $proof = $run->{out};
my $told = proved($proof);
is $told->{code}, 0, 'proves it' or diag $told->{err};
like $told->{out}, qr/^request \Q$request\E$/m, 'what was done';
like $told->{out}, qr/^subject \Q$subject\E$/m, 'of whom';
my ($event) = $told->{out} =~ /^event (\d+)$/m;
unlike $proof . $told->{out}, qr/\Q$_\E/, 'and nothing of another'
    for grep { $_ ne $subject } @$others;
is prove($event, '--subject', $subject)->{out}, $proof,
    'its number proves the same';
is $db->selectrow_array(<<'SQL', {}, $subject), 2, 'each proof is on record';
SELECT count(*) FROM pupil.audit_record WHERE role = 'operator'
   AND note LIKE '% prove' AND subjects = ARRAY[?::uuid]
SQL

my @all = map { prove($_)->{code} } grep { $_ != $event } 0 .. 30;
cmp_ok scalar(grep { $_ == 0 } @all), '>', 5, 'whatever is about one is proved';
is prove($events + 1)->{code}, 1, 'what is not sealed is not';


# ---- the same, by the RFC, here

my ($extra, $index, $hashes, $note)
    = $proof =~ /^extra (\S+)\nindex (\d+)\n(.*?)\n\n(.*)\z/ms;
my @path = map { decode_base64($_) } split /\n/, $hashes;
my ($size, $root) = (split /\n/, $note)[1, 2];
my ($hash, $at, $last) = (sha256("\0" . decode_base64($extra)), $index,
                          $size - 1);
for my $beside (@path) {
    if ($at % 2 || $at == $last) {
        $hash = sha256("\1$beside$hash");
        ($at, $last) = ($at >> 1, $last >> 1) while !($at % 2) && $at;
    } else {
        $hash = sha256("\1$hash$beside");
    }
    ($at, $last) = ($at >> 1, $last >> 1);
}
is encode_base64($hash, ''), $root, 'its hashes lead to the checkpoint';


# ---- what is changed proves nothing

# What base64 has in place of a character, whichever that is.
sub another ($character) { $character =~ tr{A-Za-z0-9+/}{B-ZAb-za1-90/+}r }

my %changed = (
    'another text' => $proof =~ s/^extra \S{40}\K(.)/another($1)/mer,
    'another place' => $proof =~ s/^index \K(\d+)/$1 + 1/mer,
    'another hash' => $proof =~ s/^index \d+\n\K(.)/another($1)/mer,
    'no hash' => $proof =~ s/^index \d+\n\K[^\n]+\n//mr,
    'another root' => $proof =~ s/\n\d+\n\K(.)/another($1)/er,
    'another size' => $proof =~ s/\n\K(\d+)(?=\n.{44}\n\n)/$1 + 1/er,
    'another signature' => $proof =~ s/(\S{10})..\n\z/$1==\n/r,
    'no checkpoint' => $proof =~ s/\n\n.*//sr,
    'no text' => $proof =~ s/^extra .*\n//mr,
);
is proved($changed{$_})->{code}, 1, "$_: nothing is proved"
    for sort keys %changed;
my $other = $vkey =~ s/(.)$/another($1)/er;
is proved($proof, '--witness', $other)->{code}, 1, 'nor by another key';


# ---- a witness

my @witness = (build_dir() . '/pupilctl', qw(audit witness), "$dir/key",
               "$dir/state", "$dir/request", '--vkey', $vkey);

sub ask ($size) {
    my $run = $site->ctl_ok(qw(audit consistency), $size, $site->ctl_where);
    spew("$dir/request", $run->{out});
    return $run->{out};
}

chomp(my $wkey = $site->ctl_ok(qw(audit witness-key), "$dir/key",
                               'witness.example')->{out});
like $wkey, qr/\Awitness\.example\+[0-9a-f]{8}\+B\S{43}\z/,
    'a witness has a key';
is $site->ctl(qw(audit witness-key), "$dir/key", 'other.example')->{code}, 1,
    'which is not written over';

ask(0);
$run = run_cmd(@witness);
is $run->{code}, 0, 'it signs a log for the first time' or diag $run->{err};
like $run->{out}, qr/\A\xe2\x80\x94 witness\.example \S+\n\z/, 'with a line';
spew("$dir/cosigned", "$note$run->{out}");
my $cosigned = prove($request, '--subject', $subject, '--checkpoint',
                     "$dir/cosigned");
is proved($cosigned->{out}, '--witness', $wkey)->{code}, 0,
    'which stands in a proof' or diag $cosigned->{err};
is proved($proof, '--witness', $wkey)->{code}, 1,
    'one without is not the witness\'s';

work(3);
$seal->seal;
my $good = ask($size);
for my $case (
    ['old size', qr/goes on from 1 leaves; signed are/,
     $good =~ s/^old \d+/old 1/r],
    ['proof', qr/does not go on from/, $good =~ s/\n\K(.)/another($1)/er],
    ['signature', qr/not signed by the key/,
     $good =~ s/\n\d+\n\K(.)/another($1)/er],
    ['form', qr/no request/, 'old'],
) {
    my ($what, $why, $text) = @$case;
    spew("$dir/request", $text);
    $run = run_cmd(@witness);
    is $run->{code}, 1, "another $what is not signed";
    like $run->{err}, $why, 'and why is said';
}
spew("$dir/request", $good);
my $state = slurp("$dir/state");
open my $turn, '<', "$dir/key" or die;
flock $turn, 2;
ok run_cmd(@witness, { timeout => 2 })->{timeout}, 'who asks while it signs waits';
is slurp("$dir/state"), $state, 'so that it never goes back';
close $turn;
is run_cmd(@witness)->{code}, 0, 'what goes on from it is';

# the log as if one record had never been, sealed anew under the same key
$db->do("DELETE FROM pupil.$_") for qw(seal seal_tile seal_writer);
$db->do('DELETE FROM pupil.audit_record WHERE request = ?', {}, $request);
unlink $seal->file;
work(12);
$seal->seal;
my ($signed) = slurp("$dir/state") =~ /\n(\d+)\n/;
ask($signed);
$run = run_cmd(@witness);
is $run->{code}, 1, 'a log that was written anew is not signed';
like $run->{err}, qr/it was changed/, 'and why is said';

done_testing;
