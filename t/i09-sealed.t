#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: the audit is sealed: every number of every writer is an event of its
# tenant's log, whose tree, tiles and checkpoints are those of RFC 6962 and
# C2SP, as made anew here, and whoever seals can be killed anywhere.

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

sub work ($times = 1) {
    for my $person ($chaos->{teacher}, $chaos->pupils) {
        my $http = $chaos->client($person);
        $http->get($_) for ('/v1/session', '/v1/homework',
                            '/v1/data/identity') x $times;
    }
}

sub rows ($table) {
    return $db->selectrow_array("SELECT count(*) FROM pupil.$table");
}

work();
my $run = $seal->seal;
is $run->{code}, 0, 'what is there is sealed' or diag $run->{err};
is rows('seal'), 1, 'in a batch';

my ($numbers, $leaves) = $db->selectrow_array(<<'SQL');
SELECT count(*), sum(greatest(cardinality(subjects), 1))
  FROM pupil.audit_record WHERE number IS NOT NULL
SQL
my ($events, $size, $missing) = $db->selectrow_array(
    'SELECT events, size, missing FROM pupil.seal');
is $events, $numbers, 'each number is an event';
is $size, $leaves, 'with a leaf for each subject';
is $missing, 0, 'none is missing';
like $seal->anchors, qr{\Apupil-audit/\Q${\ $site->tenant}\E\n$size\n.{44}\n\n
                        \N{U+2014}\x20pupil-audit/\S+\x20\S+\n\n\z}x,
    'its checkpoint stands outside of the database';

$run = $seal->seal;
is rows('seal'), 1, 'where nothing is new, nothing is sealed';


# ---- the tree, as the RFC says it

sub mth (@hashes) {
    return sha256('') if !@hashes;
    return $hashes[0] if @hashes == 1;
    my $left = 1;
    $left *= 2 while $left * 2 < @hashes;
    return sha256("\1" . mth(@hashes[0 .. $left - 1])
                       . mth(@hashes[$left .. $#hashes]));
}

sub tile_hashes ($level) {
    return map { unpack '(a32)*', $_->[0] }
        @{ $db->selectall_arrayref('SELECT hashes FROM pupil.seal_tile'
            . ' WHERE level = ? ORDER BY tile', {}, $level) };
}

sub last_root () {
    return decode_base64((split /\n/, (split /\n\n/, $seal->anchors)[-2])[2]);
}

for (1 .. 12) {
    work(4);
    $run = $seal->seal;
    is $run->{code}, 0, 'more is sealed' or diag $run->{err};
}
my @leaves = tile_hashes(0);
cmp_ok scalar(@leaves), '>', 512, 'there is more than two tiles';
is mth(@leaves), last_root(), 'tiles lead to the checkpoint';
is join('', tile_hashes(1)),
    join('', map { mth(@leaves[$_ * 256 .. $_ * 256 + 255]) }
             0 .. int(@leaves / 256) - 1),
    'those of the second level have the heads of those of the first';


# ---- who is killed leaves a file that is behind, or a part of a checkpoint

my $whole = slurp($seal->file);
my @notes = split /(?<=\n\n)(?=pupil-audit)/, $whole;
for my $case (
    ['which the database has', join('', @notes[0 .. $#notes - 1])],
    ['two of them', join('', @notes[0 .. $#notes - 2])],
    ['of which a part was written', substr($whole, 0, -20)],
    ['all', '']
) {
    my ($what, $text) = @$case;
    spew($seal->file, $text);
    is $seal->seal->{code}, 0, "a checkpoint is missing, $what";
    is slurp($seal->file), $whole, 'and made up for';
}

spew($seal->file, $notes[0] . 'x' x 2000);
$run = $seal->seal;
is $run->{code}, 1, 'what is no checkpoint is not written over';
like $run->{err}, qr/has no checkpoint at byte ${\ length $notes[0]}\b/,
    'and said';

spew($seal->file, $whole =~ s/(.*\n)\d+\n/${1}7\n/sr);
$run = $seal->seal;
is $run->{code}, 1, 'nor is one that somebody changed';
like $run->{err}, qr/not signed by the key/, 'which is said';
spew($seal->file, $whole);


# ---- a checkpoint in the database has the line that the sealer wrote

my ($note) = $db->selectrow_array('SELECT note FROM pupil.seal WHERE batch = 2');
for my $more (['its own twice', $note =~ s/.*\n\n//sr],
              ['one of whom nobody knows', "\xe2\x80\x94 else "
               . encode_base64("\0" x 68, '') . "\n"])
{
    $db->do('UPDATE pupil.seal SET note = ? WHERE batch = 2', {},
            $note . $more->[1]);
    like $seal->ctl(qw(audit verify))->{out}, qr/^checkpoint: batch 2\b/m,
        "$more->[0] is found";
}
$db->do('UPDATE pupil.seal SET note = ? WHERE batch = 2', {}, $note);
is $seal->ctl(qw(audit verify))->{code}, 0, 'with it alone the log is whole';


# ---- a database that was restored

$db->do("CREATE TABLE public.kept_$_ AS SELECT * FROM pupil.$_")
    for qw(seal seal_tile seal_writer);
work();
is $seal->seal->{code}, 0, 'more is sealed';
for my $table (qw(seal seal_tile seal_writer)) {
    $db->do("DELETE FROM pupil.$table");
    $db->do("INSERT INTO pupil.$table SELECT * FROM public.kept_$table");
}
$run = $seal->seal;
is $run->{code}, 1, 'a log that has less than its file is not gone on with';
like $run->{err}, qr/restored, or the log was cut off/, 'and why is said';
spew($seal->file, $whole);
is $seal->seal->{code}, 0, 'a file of before is';


# ---- a number that is not there, and one that is declared

work();
my ($writer, $number) = $db->selectrow_array(<<'SQL');
DELETE FROM pupil.audit_record d USING (
    SELECT r.writer, r.number, r.tenant FROM pupil.audit_record r
      LEFT JOIN pupil.seal_writer s USING (tenant, writer)
     WHERE r.number > coalesce(s.number, 0) AND EXISTS (
           SELECT FROM pupil.audit_record n WHERE n.writer = r.writer
              AND n.number > r.number)
     ORDER BY r.number LIMIT 1) AS g
 WHERE (d.tenant, d.writer, d.number) = (g.tenant, g.writer, g.number)
RETURNING d.writer, d.number
SQL
$run = $seal->seal('--json');
is $run->{code}, 1, 'a record that is suppressed before it is sealed is found';
my $which = sprintf 'writer %016x number %d', $writer, $number;
like $run->{err}, qr/\Q$which\E is not there/, 'and located';
is $db->selectrow_array('SELECT sum(missing) FROM pupil.seal'), 1,
    'and in the log';
is $seal->seal->{code}, 0, 'once';
$run = $seal->ctl(qw(audit verify));
is $run->{code}, 1, 'the log is not whole then';
like $run->{out}, qr/^suppressed: batch \d+ event \d+ \Q$which\E was not/m,
    'and says for ever which number was not there';
like $run->{err}, qr/\d+ events sealed, with \d+ leaves, [1-9]\d* a second; /,
    'and how fast it was';

work();
$nginx->allow_log(qr/exited on signal 9/);
$nginx->kill_worker;
work();
is $seal->seal->{code}, 0, 'what a killed worker left is no finding';


# ---- one sealer, who alone has the key

my $follow = start_process([$seal->command(qw(audit seal --follow))]);
wait_until 10, 'a sealer is at work', sub {
    $db->selectrow_array(q{SELECT count(*) FROM pg_locks WHERE locktype =
        'advisory' AND granted AND pid <> pg_backend_pid()}) > 0 };
like $seal->seal->{err}, qr/another sealer is at work/, 'there is one sealer';
work();
wait_until 10, 'it is sealed within ten seconds', sub {
    !$db->selectrow_array(<<'SQL') };
SELECT count(*) FROM pupil.audit_record r
  LEFT JOIN pupil.seal_writer s USING (tenant, writer)
 WHERE r.number > coalesce(s.number, 0)
SQL
kill KILL => $follow;
process_ends($follow, 60);
wait_until 10, 'its lock is gone', sub { $seal->seal->{code} == 0 };

my $keeper = $site->pg->connect('pupil_keys');
is $keeper->selectrow_array("SELECT count(*) FROM keystore.service_key"
    . " WHERE name = 'seal'"), 1, 'there is a key that signs';
$keeper->do('SET SESSION AUTHORIZATION pupil_keeper');
$keeper->do("SELECT set_config('pupil.tenant', ?, false)", {}, $site->tenant);
is $keeper->selectrow_array("SELECT count(*) FROM keystore.service_key"
    . " WHERE name = 'seal'"), 0, 'which workers do not see';


# ---- who watches it

sub check () { $site->ctl('check', $nginx->conf_file, $site->ctl_where) }
is $site->ctl(qw(audit seal), '--checkpoints', $seal->dir,
              $site->ctl_databases)->{code}, 0, 'a sealer that runs';
unlike check()->{out}, qr/is sealed up to/, 'is no finding';
$db->do("UPDATE pupil.sealer SET until = now() - interval '2 minutes'");
like check()->{out}, qr/the audit is sealed up to \S+Z: look whether/,
    'one that stands still is';
ok eval { wait_until 30, 'the database is asked', sub {
    $nginx->http->get('/status/ready');
    my ($behind) = $nginx->http->get('/status')->body
        =~ /"unsealed_seconds":\s*(\d+)/;
    return ($behind // 0) >= 120;
} }, '/status says how far it is behind';

$db->do("UPDATE pupil.sealer SET until = now() + interval '1 year'");
like check()->{out}, qr/sealed up to \S+Z, which is not yet: look whether/,
    'a time that is not yet is a finding';
ok eval { wait_until 90, 'the database is asked', sub {
    $nginx->http->get('/status/ready');
    my ($behind) = $nginx->http->get('/status')->body
        =~ /"unsealed_seconds":\s*(-?\d+)/;
    return ($behind // 0) > 86_400;
} }, 'by which /status counts nothing as sealed';


# ---- shipping

my $away = tmp_dir() . '/away';
work();
is $seal->seal('--ship', "cp \"\$1\" $away")->{code}, 0, 'sealed and shipped';
is slurp($away), slurp($seal->file), 'a command takes checkpoints away';
work();
$run = $seal->seal('--ship', 'exit 3');
is $run->{code}, 1, 'one that fails';
like $run->{err}, qr/--ship failed/, 'is said';

done_testing;
