#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# docs/quickstart/backup.sh, as docs/operations.md has it set up: what it makes,
# where, for how long, and what becomes of it when a place or a disk fails.  What
# it made is restored by the commands of that document, and somebody who was
# erased since is erased again.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up->all_here->work;
my ($site, $nginx, $pg) = ($day->site, $day->nginx, $day->pg);
my $dir = tmp_dir();
my %place = map { $_ => "$dir/$_" } qw(here there);
my $said = slurp(root_dir() . '/docs/operations.md');
my $id = $day->person('pupil')->{id};
my $overview = "/v1/homework/$day->{homework}{id}/progress";
my @ledger = ('--ledger', "$dir/ledger", '--mirror', "cat >> $dir/mirror");
$nginx->allow_log(qr/\[(?:error|crit)\].*(?:connection|database|terminat
                     |restored|listening|shutting)/x);

# As an operator has it: the script, its configuration, a role that reads both
# databases, and a key of whose private half this host has nothing.
my $script = spew("$dir/pupil-backup", eval { slurp(root_dir()
    . '/docs/quickstart/backup.sh') } // '', 0755);
mkdir $_ for values %place;
run_cmd('age-keygen', '-o', "$dir/identity");
my ($public) = (eval { slurp("$dir/identity") } // '') =~ /public key: (age1\S+)/;
spew("$dir/recipients", ($public // '') . "\n");
$site->ctl_ok('erasure', 'key', '--key', $site->key);
my ($signer) = $site->key =~ m{(.*/)};
my ($role) = $said =~ /^```sql\n(CREATE ROLE pupil_backup.*?)^```/ms;
$pg->dbh->do(($role // 'SELECT 1') =~ s/PASSWORD '[^']*'/PASSWORD 'secret'/r);

sub conninfo ($db) {
    return $pg->conninfo($db, user => 'pupil_backup', password => 'secret');
}

my %conf = (
    database => conninfo('pupil'), keystore => conninfo('pupil_keys'),
    recipients => "$dir/recipients", places => join(' ', @place{qw(here there)}),
    files => "$dir/ledger ${signer}ledger.key",
);

sub backup (%opt) {
    my %set = (%conf, %{ $opt{conf} // {} });
    spew("$dir/backup.conf", join '', map { "$_=\"$set{$_}\"\n" } sort keys %set);
    return run_cmd(@{ $opt{wrap} // [] }, $script, "$dir/backup.conf",
                   { timeout => 300, as => $opt{as} });
}

# Archives of a place, those that nobody takes for one included.
sub archives ($place, $kind = '*') {
    opendir my $all, $place or return;
    return map { my $folder = "$place/$_";
                 opendir my $in, $folder or die "$folder: $!\n";
                 map { "$folder/$_" } grep { !/\A\.\.?\z/ } sort readdir $in }
           grep { !/\A\./ && ($kind eq '*' || $_ eq $kind) } sort readdir $all;
}

sub clean { unlink archives($_) for values %place }

sub shut ($name) {
    my $last;
    eval { wait_until(60, 'the gate', sub {
        $last = $nginx->http->get('/v1/session');
        return $last->body =~ /restore-pending/ }) };
    is_problem $last, 503, 'restore-pending', name => $name;
}

sub name_ {
    my $all = $day->expect(200, $day->teacher->get($overview));
    my ($entry) = grep { $_->{id} eq $id } @{ $all->json->{pupils} };
    return $entry->{display_name} // 'none';
}

sub rows {
    return 0 + $site->db->selectrow_array('SELECT count(*) FROM data.identity'
        . ' WHERE owner = ?', {}, $id);
}

sub key_of {
    return $site->keystore->selectrow_array('SELECT state FROM'
        . ' keystore.owner_key WHERE owner = ?', {}, $id);
}

# The commands of the document.
my ($commands) = $said =~ /^```sh\n(age --decrypt.*?)^```/ms;

sub restore ($archive, $name) {
    $_->disconnect for $site->db, $site->keystore;
    return run_cmd('bash', '-c', $commands // 'exit 9', { timeout => 300, env => {
        IDENTITY => "$dir/identity", ARCHIVE => $archive // 'none',
        NAME => $name, CLUSTER => $pg->conninfo('postgres'),
        WORK => $dir } });
}


# ---- what it makes

my $run = $site->ctl('subject', 'erase', $day->person('colleague')->{id},
                     @ledger, $site->ctl_where);
is $run->{code}, 0, 'somebody is erased before' or diag $run->{err};
$run = backup();
is $run->{code}, 0, 'a backup is made' or diag $run->{err};
like $run->{err}, qr/\Q$place{there}\E is on the disk of \Q$place{here}\E/,
    'two places on one disk are said';
my @here = archives($place{here});
is join(' ', map { m{(\w+)/\1-\d{8}T\d{6}Z\.(\w+)\.age\z} ? "$1.$2" : "?$_" }
    @here), 'data.dump files.tar keys.dump roles.sql', 'of all that is needed';
is_deeply [map { s{.*/}{}r } archives($place{there})],
    [map { s{.*/}{}r } @here], 'in two places';
is_deeply [map { slurp($_) } archives($place{there})],
    [map { slurp($_) } @here], 'which are alike';
is scalar(grep { slurp($_) !~ /\Aage-encryption\.org/ } @here), 0, 'encrypted';
is scalar(grep { (stat)[2] & 077 } @here), 0, 'and nobody else reads them';
my ($files) = archives($place{here}, 'files');
$run = run_cmd('bash', '-c', "age -d -i $dir/identity $files | tar -t");
is $run->{out}, "$dir/ledger\n${signer}ledger.key\n" =~ s{^/}{}mgr,
    'the ledger, and the key that signs it, among them';
my ($roles) = archives($place{here}, 'roles');
$run = run_cmd('age', '-d', '-i', "$dir/identity", $roles);
like $run->{out}, qr/CREATE ROLE pupil_gateway/, 'the roles';
unlike $run->{out}, qr/PASSWORD/, 'without passwords';


# ---- restored, and who was erased since is gone again

my $name = name_();
like $name, qr/Klein/, 'a name';
my %archive = map { $_ => (archives($place{there}, $_))[0] } qw(data keys);
$run = $site->ctl('subject', 'erase', $id, @ledger, $site->ctl_where);
is $run->{code}, 0, 'they are erased after the backup' or diag $run->{err};
is slurp("$dir/mirror"), slurp("$dir/ledger"), 'which is mirrored';
$nginx->quit;

$run = restore($archive{data}, 'pupil');
is $run->{code}, 0, 'the data are restored' or diag $run->{err};
is rows(), 1, 'with their rows';
$nginx->start;
shut('what was restored is not served');
$run = $site->ctl('restore', 'replay', @ledger, $site->ctl_where);
like $run->{out}, qr/^\Q$id\E erased again, entry 2$/m, 'replay'
    or diag $run->{err};
ok eval { $day->ready }, 'the gate opens' or diag $@;
is rows() . ' ' . name_(), '0 none', 'they are gone';
$nginx->quit;

$run = restore($archive{keys}, 'pupil_keys');
is $run->{code}, 0, 'the keys are restored' or diag $run->{err};
is key_of(), 'active', 'with their key';
$nginx->start;
shut('those are not served either');
$run = $site->ctl('restore', 'replay', @ledger, $site->ctl_where);
is $run->{code}, 0, 'replay' or diag $run->{err};
is key_of(), 'erased', 'the key is gone again';
ok eval { $day->ready }, 'the gate opens' or diag $@;
is name_(), 'none', 'and nobody has the name';
is $day->classmate->get('/v1/homework')->status, 200, 'the others work';
is $site->ctl('check', $nginx->conf_file, $site->ctl_where)->{code}, 0,
    'pupilctl check finds nothing';
is $site->ctl('audit', 'verify', $site->ctl_where)->{code}, 0,
    'the audit verifies';
$nginx->quit;


# ---- an archive that is damaged

my $bytes = slurp($archive{data});
my $half = int(length($bytes) / 2);
for (['a bit of it', substr($bytes, 0, $half)
          . (substr($bytes, $half, 1) ^. "\x01") . substr($bytes, $half + 1)],
     ['its end', substr $bytes, 0, -100], ['all but its head',
      substr $bytes, 0, 200])
{
    my ($what, $text) = @$_;
    $run = restore(spew("$dir/damaged.age", $text), 'pupil');
    isnt $run->{code}, 0, "an archive that lost $what is refused";
    is $pg->dbh->selectrow_array("SELECT count(*) FROM pg_database WHERE"
        . " datname = 'pupil'"), 1, 'and the database is still there';
}


# ---- how long they are kept

sub old ($kind, $days) {
    my @t = gmtime(time - $days * 86400);
    my $name = sprintf '%s-%04d%02d%02dT%02d%02d%02dZ.dump.age', $kind,
        $t[5] + 1900, $t[4] + 1, @t[3, 2, 1, 0];
    spew("$_/$kind/$name", 'old') for values %place;
    return $name;
}

clean();
my @gone = (old(data => 30), old(data => 27.5), old(keys => 6), old(keys => 4.5));
my @kept = (old(data => 26), old(keys => 3));
my $left = spew("$place{here}/data/.data-20260101T000000Z.dump.age.part", 'ha');
is backup()->{code}, 0, 'another backup';
for my $place (values %place) {
    my %is = map { s{.*/}{}r => 1 } archives($place);
    is join(' ', grep { $is{$_} } @gone), '', 'what is too old is deleted, data'
        . ' of four weeks and keys of five days';
    is join(' ', grep { $is{$_} } @kept), "@kept", 'what is not stays';
}
ok !-e $left, 'and what a run has left that was killed goes';


# ---- a clock that jumps, and a run that hangs

# date(1), so many days on.
mkdir "$dir/bin";
spew("$dir/bin/date", <<'END', 0755);
#!/bin/sh
case "$*" in *+%s) expr "$(/bin/date +%s)" + "$DAYS" \* 86400;;
*) exec /bin/date "$@";; esac
END

sub on ($days, %opt) {
    return backup(%opt, wrap => ['env', "PATH=$dir/bin:$ENV{PATH}",
                                 "DAYS=$days"]);
}

my $away = { database => conninfo('pupil_no'), keystore => conninfo('pupil_no') };

clean();
unlink map { ("$_/.clock", "$_/.doubt") } values %place;
is backup()->{code}, 0, 'a backup of today';
my $today = join ' ', map { archives($_, 'keys') } values %place;
$run = on(365, conf => $away);
isnt $run->{code}, 0, 'a year on, with no database';
like $run->{err}, qr/nothing is deleted by a clock that says .*is it right/,
    'the clock is doubted';
is join(' ', map { archives($_, 'keys') } values %place), $today,
    'and deletes nothing';
isnt on(365, conf => $away)->{code}, 0, 'nor is it believed at once';
is join(' ', map { archives($_, 'keys') } values %place), $today,
    'who runs it again deletes nothing';
is on(366)->{code}, 0, 'if it is still so, that of the next day believes it';
is made('keys'), 'here 1 there 1', 'and deletes what is too old then';
my ($late) = archives($place{here}, 'keys');
isnt on(0)->{code}, 0, 'right again, it is doubted as well';
is on(1)->{code}, 0, 'and believed';
ok !-e $late, 'what was made in a time to come';
is made('keys'), 'here 3 there 3', 'is as old as it can be';
is on($_)->{code}, 0, "$_ days on" for 3, 5;
is made('keys'), 'here 2 there 2', 'and goes as the others do';

clean();
unlink map { ("$_/.clock", "$_/.doubt") } values %place;
my $first = old(keys => 8);
my $holder = $pg->connect('pupil_keys', AutoCommit => 0);
$holder->do('LOCK TABLE keystore.owner_key');
$run = backup(conf => { longest => 2 });
isnt $run->{code}, 0, 'somebody holds a lock: the backup ends all the same';
like $run->{err}, qr/has no keys-/, 'and says so';
$holder->rollback;
$holder->disconnect;
$first = old(keys => 8);
my $lock = run_cmd('flock', $place{there}, $script, "$dir/backup.conf");
like $lock->{err}, qr/another backup is running: \Q$place{there}\E/,
    'another, of whatever configuration, keeps out of a place';
is scalar(grep { /\Q$first\E/ } map { archives($_) } values %place), 0,
    'and has deleted what is too old';


# ---- what fails, and is said

# Whether there is anything of a kind that was made just now, by place.
sub made ($kind) {
    return join ' ', map { my $place = $_;
        "$place " . grep { slurp($_) ne 'old' } archives($place{$place}, $kind)
    } sort keys %place;
}

clean();
old(keys => 8);
run_cmd('mv', $place{there}, "$dir/elsewhere");
$run = backup();
isnt $run->{code}, 0, 'a place that is not there fails';
like $run->{err}, qr/\Q$place{there}\E is not there/, 'and is named';
is scalar(archives($place{here})), 4, 'the other has its backup, and no old one';
ok !-e $place{there}, 'nothing is made where a disk is not mounted';
run_cmd('mv', "$dir/elsewhere", $place{there});

for my $which (qw(here there)) {
    clean();
    run_cmd('mv', "$place{$which}/keys", "$dir/aside");
    spew("$place{$which}/keys", '');
    $run = backup();
    isnt $run->{code}, 0, "a place that takes no keys fails: $which";
    like $run->{err}, qr/\Q$place{$which}\E has no keys-/, 'and is named';
    unlink "$place{$which}/keys";
    run_cmd('mv', "$dir/aside", "$place{$which}/keys");
    my %want = (here => 1, there => 1, $which => 0);
    is made('keys'), "here $want{here} there $want{there}",
        'the other has them';
}

clean();
$run = backup(wrap => ['prlimit', '--fsize=20000']);
isnt $run->{code}, 0, 'a disk that is full fails';
is made('data'), 'here 0 there 0', 'half an archive is none';

clean();
$run = backup(conf => { keystore => conninfo('pupil_nokeys') });
isnt $run->{code}, 0, 'a database that cannot be read fails';
like $run->{err}, qr/has no keys-/, 'and is said';
is made('keys') . ', ' . made('data'), 'here 0 there 0, here 1 there 1',
    'its archive is not there, the other is';

for (['the key file', { files => $site->key }, qr/key file opens what/],
     ['a private key', { recipients => "$dir/identity" }, qr/private key/],
     ['one place', { places => $place{here} }, qr/fewer than two places/],
     ['one place by two names', { places => "$place{here} $place{here}/../here" },
      qr{\Q$place{here}/../here\E is \Q$place{here}\E again}],
     ['keys for two days', { keys_days => 2 },
      qr/keys_days is 3 at least.*two runs that fail/],
     ['data for a day', { data_days => 1 }, qr/data_days is 3 at least/])
{
    my ($what, $conf, $why) = @$_;
    clean();
    $run = backup(conf => $conf);
    isnt $run->{code}, 0, "$what is refused";
    like $run->{err}, $why, 'with the reason';
    is scalar(map { archives($_) } values %place), 0, 'before anything is made';
}


# ---- a plain user, and the timer

SKIP: {
    skip 'only root is somebody else', 2 if !am_root();
    my %mine = map { $_ => "$dir/nobody-$_" } keys %place;
    my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
    for (values %mine) { mkdir $_; chown $uid, $gid, $_ }
    chmod 0755, $dir;
    $run = backup(as => 'nobody', conf => { files => '',
                  places => join(' ', values %mine) });
    is $run->{code}, 0, 'a plain user backs up' or diag $run->{err};
    is scalar(map { archives($_) } values %mine), 6, 'into both places';
}

my ($service, $timer) = map { eval { slurp(root_dir()
    . "/docs/systemd/pupil-backup.$_") } // '' } qw(service timer);
like $service, qr{^ExecStart=/usr/local/sbin/pupil-backup /etc/pupil/backup.conf$}m,
    'the service runs it';
like $timer, qr/^OnCalendar=\*-\*-\* [\d:]+$/m, 'every night';
my ($given) = $said =~ m{^# /etc/pupil/backup.conf\n(.*?)^```}ms;
is_deeply [sort grep { !/_days/ } ($given // '') =~ /^(\w+)=/mg],
    [sort keys %conf], 'the document has the configuration of this test';

done_testing;
