#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl sync: what a timer runs for each source.  The same roster again is
# quick, a held one stays held, whoever has the turn is waited for, and one runs
# at a time.

use lib 't/lib';
use Pupil::Test;
use Pupil::Killed;
use Pupil::Roster;
use JSON::XS ();
use Time::HiRes qw(sleep);

my $site = pupil_up;
my ($db, $keys) = ($site->db, $site->keystore);
my $all = root_dir() . '/t/roster/cases/oneroster';
my $users = slurp("$all/users.csv");
my $in = slurp("$all/enrollments.csv");
my $conf = tmp_dir() . '/skola.conf';
my $from = tmp_dir() . '/from';

sub roster (%change) {
    my $to = roster_folder({ name => 'sync', format => 'oneroster' }, 1,
                           %change);
    unlink $from;
    symlink $to, $from or die "$from: $!\n";
}
sub conf (@lines) {
    spew($conf, join "\n", '# the school\'s system', '', 'source = skola',
         "from=$from", 'kind = oneroster', @lines, '');
}
sub sync (@options) {
    my $run = $site->ctl('sync', $conf, '--json', @options, $site->ctl_where);
    return { %$run, json => eval { JSON::XS::decode_json($run->{out}) } // {} };
}
sub known () {
    my $run = $site->ctl_ok('source', 'list', '--json', $site->ctl_where);
    my ($one) = grep { $_->{source} eq 'skola' }
                @{ JSON::XS::decode_json($run->{out})->{sources} };
    return $one // {};
}
sub records () {
    return $db->selectrow_array('SELECT count(*) FROM pupil.audit_record');
}


# ---- a roster, and the same again

roster();
conf('close-absent = yes', 'dates = roster');
my $run = sync();
is $run->{code}, 0, 'a roster' or diag $run->{err};
is $run->{json}{users}{taken}, 14, 'is taken';
is known()->{ended}, 'done', 'and that is known';

$db->do("UPDATE pupil.source SET good_at = now() - interval '5 hours',"
    . " ran_at = now() - interval '5 hours'");
my $records = records();
$run = sync();
is_deeply $run->{json}, { source => 'skola', tenant => $site->tenant,
    unchanged => JSON::XS::true }, 'the same again is not read again';
is $run->{code}, 0, 'and is done';
is records(), $records, 'and nothing is on record: nobody was looked at';
is $db->selectrow_array('SELECT good_at > now() - interval \'1 hour\' FROM'
    . ' pupil.source'), 1, 'but that it was there is known';
like $site->ctl('sync', $conf, $site->ctl_where)->{out},
    qr/^The roster is that of the last import\.$/m, 'as text';

roster('users.csv' => $users =~ s/Alva/Alma/r);
is sync()->{json}{users}{changed}, 1, 'another one is read';
conf('close-absent = no');
isnt sync()->{json}{users}, undef, 'and so is one with other settings';
$site->ctl_ok('import', 'oneroster', $from, '--source', 'skola',
              $site->ctl_where);
isnt sync('--dates', 'open')->{json}{users}, undef, 'or other options';


# ---- held

conf('close-absent = yes');
my ($some, $rest) = ($users, $in);
$some =~ s/^$_,.*\n//m, $rest =~ s/^e-$_,.*\n//m for qw(p1 p2 p3 p4 p5 p6 p7);
roster('users.csv' => $some, 'enrollments.csv' => $rest);
$run = sync();
is $run->{code}, 3, 'half a roster is held';
my $plan = $run->{json}{plan} // 'none';
is_deeply [@{ known() }{qw(ended plan)}], ['held', $plan], 'which is known';
$run = sync();
is $run->{code}, 3, 'and held again';
is $run->{json}{plan}, $plan, 'by the same plan';
is sync('--accept', $plan)->{code}, 0, 'until that is accepted';
is_deeply [@{ known() }{qw(ended plan)}], ['done', undef], 'and then no more';
is sync()->{json}{unchanged}, 1, 'and the same again is quick';


# ---- who has the turn is waited for

conf('tries = 2', 'wait = 2');
roster();
$db->do('SELECT pg_advisory_lock(1347760177, hashtext(?))', {}, $site->tenant);
$run = sync();
is $run->{code}, 1, 'somebody else\'s turn';
like $run->{err}, qr/try 1 of 2: in some 2 seconds again\n(?:.*\n)*.*was/,
    'is waited for, and at last said';
open my $null, '>', '/dev/null' or die "$!\n";
my $pid = start_process([build_dir() . '/pupilctl', 'sync', $conf,
                         $site->ctl_where], env => Pupil::Site->ctl_env,
                        stderr => $null, stdout => $null);
sleep 0.5;
$run = sync();
is $run->{code}, 1, 'two at once';
like $run->{err}, qr/another sync of \S+ is running/, 'are not';
wait_until(60, 'its first try to end', sub {
    !Pupil::Killed::sessions($site) });
$db->do('SELECT pg_advisory_unlock(1347760177, hashtext(?))', {},
        $site->tenant);
ok process_ends($pid, 60), 'it ends once it is its turn';
is $?, 0, 'and is done';
is known()->{ended}, 'done', 'which is known';

my %where = (map { ref ? () : $_ } $site->ctl_where);
my $gone = $site->ctl('sync', $conf, map({ ($_ => $_ eq '--database'
    ? 'host=/nowhere dbname=pupil' : $where{$_}) } sort keys %where));
is $gone->{code}, 1, 'a database that is not there' or diag $gone->{err};


# ---- killed

roster('users.csv' => $users =~ s/Alva/Anna/r);
ok killed_at($site, [pupil => 'LOCK TABLE data.identity IN SHARE MODE'],
             'sync', $conf, $site->ctl_where), 'one that is killed';
$run = sync();
is $run->{code}, 0, 'is taken up by the next' or diag $run->{err};
is $run->{json}{unchanged}, undef, 'which reads it';
is $run->{json}{users}{changed}, 1, 'and does what was left';


# ---- settings

for (['source = x', 'has to say source and from'],
     ["source = a\nkind = csv\nfrom = /", 'kind is one of'],
     ["source = a\nkind = sds\nfrom = /\ntries = 0", 'tries is a number from'],
     ["source = a\nkind = sds\nfrom = /\nclose-absent = on",
      'close-absent is yes or no'],
     ["hobby = chess", 'line 1: there is no setting "hobby"'],
     ["# x\nsource", 'line 2: is no "name = value"'])
{
    my ($text, $says) = @$_;
    spew($conf, $text =~ /kind|hobby|# x/ ? "$text\n" : "$text\nkind = sds\n");
    $run = sync();
    is $run->{code}, 2, "a bad setting: $says";
    like $run->{err}, qr/\Q$says\E/, 'is said';
}


# ---- the timer

my %unit = map { ($_ => slurp(root_dir()
    . "/docs/systemd/pupil-sync\@.$_")) } qw(service timer);
like $unit{service},
    qr{^ExecStart=/usr/bin/pupilctl sync /etc/pupil/sync/%i\.conf$}m,
    'what is run';
like $unit{timer}, qr/^OnCalendar=\*-\*-\* 05,09,13,17:00:00$/m,
    'four times a day';
like $unit{timer}, qr/^RandomizedDelaySec=30min$/m, 'not all at once';

done_testing;
