#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Who leaves is closed: no session lives on, retention begins, and the log-in
# name is free.  Who comes back while recovery lasts is who they were, with
# their work; nobody whom somebody else closed is brought back.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;
use Pupil::Killed;
use Pupil::Roster;
use JSON::XS ();

# The site's own tenant, by the names of Pupil::Class.
my $site = pupil_up(schools => 1);
my ($db, $keys) = ($site->db, $site->keystore);
my $class = bless { site => $site, people => {}, http => {} }, 'Pupil::Class';
my $users = slurp(root_dir() . '/t/roster/cases/oneroster/users.csv');
my $in = slurp(root_dir() . '/t/roster/cases/oneroster/enrollments.csv');

# A roster without some people.
sub without (@ids) {
    my ($some, $rest) = ($users, $in);
    $some =~ s/^$_,.*\n//m, $rest =~ s/^e-$_,.*\n//m for @ids;
    return roster_folder({ name => 'leavers', format => 'oneroster' }, 1,
                         'users.csv' => $some, 'enrollments.csv' => $rest);
}

sub import ($folder, @options) {
    my $run = $site->ctl('import', 'oneroster', $folder, '--json',
                         '--close-absent', @options, $site->ctl_where);
    is $run->{code}, 0, 'the roster is taken' or diag $run->{err};
    return { %$run, json => eval { JSON::XS::decode_json($run->{out}) } // {} };
}

sub status ($id) {
    return join ' ', $db->selectrow_array('SELECT s.status, o.state FROM'
        . ' pupil.subject AS s JOIN pupil.owner AS o ON o.owner = s.subject'
        . ' WHERE s.subject = ?', {}, $id), $keys->selectrow_array('SELECT'
        . ' state FROM keystore.owner_key WHERE owner = ?', {}, $id);
}

sub closed ($id, $days) {
    $db->do("UPDATE pupil.closed SET at = now() - interval '$days days'"
        . ' WHERE subject = ?', {}, $id);
    $keys->do("UPDATE keystore.owner_key SET changed_at = now() - interval"
        . " '$days days' WHERE owner = ? AND state = 'recovery'", {}, $id);
}

import(without());
$class->{people} = { teacher => $site->person('tina.lar'),
                     map { ($_ => $site->person("pupil$_")) } 1 .. 4 };
my %id = map { $_ => $class->person($_)->{id} } 1 .. 4;
$class->{nginx} = $site->nginx(workers => 1, conf => {
    pupil_session_zone => 'pupil_sessions:1m valid=5m' })->start;

my %classes = $class->classes;
$class->{class_id} = $classes{'7A'};
my $homework = $class->assign;
my $one = $class->as(1);
is $one->post('/v1/progress', json => $class->answer($homework))->status, 201,
    'a pupil works';
my $work = sub { $db->selectrow_array('SELECT md5(string_agg(p::text, \'\'))'
    . ' FROM data.progress AS p WHERE owner = ?', {}, $id{1}) };
my $before = $work->();


# ---- who leaves

my $run = import(without('p1'));
is $run->{json}{closed}, 1, 'one account is closed';
is status($id{1}), 'closed recovery recovery', 'in both databases';
wait_until(60, 'the session to end', sub {
    $one->get('/v1/session')->status == 401 });
is $class->nginx->http->login(@{ $class->person(1) }{qw(login password)})
    ->status, 401, 'nor does a log-in begin another';
is $db->selectrow_array('SELECT count(*) FROM pupil.closed WHERE subject = ?',
    {}, $id{1}), 1, 'retention has begun';
is $db->selectrow_array(<<~'', {}, "{$id{1}}"), 1, 'which is on record';
    SELECT count(*) FROM pupil.audit_event WHERE purpose = 'rostering' AND
    subjects @> ?::uuid[] AND note LIKE '%status=closed%'

$run = import(without('p1'));
is $run->{json}{closed}, 0, 'once';


# ---- and comes back

$run = import(without());
is $run->{json}{returned}, 1, 'one comes back';
is status($id{1}), 'active active active', 'and is who they were';
is $class->nginx->http->login(@{ $class->person(1) }{qw(login password)})
    ->status, 200, 'with the password';
is $one->get('/v1/session')->status, 401, 'not with a session of before';
is $work->(), $before, 'and with the work';
is_deeply [map { $_->[0] } $db->selectall_array('SELECT role FROM pupil.role'
    . ' WHERE subject = ? AND valid_to IS NULL', {}, $id{1})], ['pupil'],
    'in the role';


# ---- who does not

$site->ctl_ok('subject', 'close', $id{2}, $site->ctl_where);
import(without('p3'));
$site->ctl_ok('subject', 'close', $id{3}, $site->ctl_where);
import(without(qw(p3 p4)));
closed($id{4}, 366);
$run = import(without());
is_deeply [map { "$_->{line} $_->{reason}" }
           @{ $run->{json}{refused} }],
    [map { "$_ its account is closed" } 5 .. 7],
    'whom somebody closed, and whose time is over';
like status($id{$_}), qr/^closed recovery/, "$_ stays closed" for 2 .. 4;


# ---- who has something left

import(without());
$site->ctl_ok('user', 'role', 'add', 'pupil5', 'support', $site->ctl_where);
$run = import(without(qw(p5)));
is $run->{json}{closed}, 0, 'who has a role by somebody else is not closed';
like status(Pupil::Roster::id_of($site, 'pupil5')), qr/^active/, 'nor touched';


# ---- a run that is killed between the two databases

{
    my $id = Pupil::Roster::id_of($site, 'pupil7');
    my @import = ('import', 'oneroster', '--close-absent', $site->ctl_where);
    ok killed_at($site, [pupil_keys => 'LOCK TABLE keystore.owner_key IN SHARE'
        . ' MODE'], @import, without('p7')), 'while somebody is closed';
    is status($id), 'closed recovery active', 'leaves them closed';
    ok killed_at($site, [pupil => 'LOCK TABLE pupil.subject IN SHARE MODE'],
        @import, without()), 'while they come back';
    is status($id), 'closed recovery active', 'leaves them closed as well';
    like $site->ctl('check', $class->nginx->conf_file, $site->ctl_where)->{out},
        qr/^1 accounts are closed or restricted in one of .*: \Q$id\E$/m,
        'which pupilctl check says';
    $run = import(without());
    is $run->{json}{returned}, 1, 'the next run finishes';
    is status($id), 'active active active', 'in both databases';
    unlike $site->ctl('check', $class->nginx->conf_file,
                      $site->ctl_where)->{out}, qr/in one of the two/,
        'and check finds nothing of it any more';

    my @closing = ([pupil_keys => 'LOCK TABLE keystore.owner_key IN SHARE'
        . ' MODE'], @import, without('p7'));
    ok killed_at($site, @closing), 'while they are closed again';
    is status($id), 'closed recovery active', 'their key is as it was';
    import(without('p7'));
    is status($id), 'closed recovery recovery', 'the next run closes it';
    import(without());
    ok killed_at($site, @closing), 'and once more';
    is status($id), 'closed recovery active', 'their key is as it was';
    is $site->ctl('work', $site->ctl_where)->{code}, 0, 'pupilctl work';
    is status($id), 'closed recovery recovery', 'closes it as well';
    import(without());
    is status($id), 'active active active', 'and they come back';
}


# ---- the operator closes whom a roster brings back at the same moment

{
    my $id = Pupil::Roster::id_of($site, 'pupil8');
    import(without('p8'));
    is status($id), 'closed recovery recovery', 'who has left';

    my $waiting = sub { $db->selectrow_array('SELECT count(*) FROM'
        . " pg_stat_activity WHERE usename = 'pupil_operator' AND"
        . " wait_event_type = 'Lock'") };
    my $start = sub ($out, @words) {
        open my $log, '>', $out or die "$out: $!\n";
        return start_process([build_dir() . '/pupilctl', @words,
            $site->ctl_where], env => Pupil::Site->ctl_env, stdout => $log,
            stderr => $log);
    };
    my $holder = $site->pg->connect('pupil', AutoCommit => 0);
    $holder->do('LOCK TABLE pupil.subject IN SHARE MODE');
    my $said = tmp_dir() . '/said';
    my $import = $start->('/dev/null', 'import', 'oneroster', without(),
                          '--close-absent');
    wait_until(60, 'the roster to wait', sub { $waiting->() == 1 });
    is status($id), 'closed recovery active', 'is half back';
    my $close = $start->($said, 'subject', 'close', $id);
    wait_until(60, 'the operator to wait, or to be told', sub {
        $waiting->() == 2 || !alive($close) });
    $holder->rollback;
    $holder->disconnect;
    process_ends($_, 60) for $import, $close;

    like slurp($said), qr/an import of this tenant is running/,
        'the operator is told to try again';
    is status($id), 'active active active', 'and the roster is whole';
    $site->ctl_ok('subject', 'close', $id, $site->ctl_where);
    is status($id), 'closed recovery recovery', 'the operator has the last word';
    import(without());
    is status($id), 'closed recovery recovery', 'which no roster takes back';
    $site->ctl_ok('subject', 'reopen', $id, $site->ctl_where);
}


# ---- a run that loses the data database while it opens the account

{
    my $id = Pupil::Roster::id_of($site, 'pupil7');
    my $log = tmp_dir() . '/import';
    import(without('p7'));
    my $holder = $site->pg->connect('pupil_keys', AutoCommit => 0);
    $holder->do('SELECT FROM keystore.owner_key WHERE owner = ? FOR UPDATE',
                {}, $id);
    open my $out, '>', $log or die "$log: $!\n";
    my $pid = start_process([build_dir() . '/pupilctl', 'import', 'oneroster',
                             without(), $site->ctl_where],
                            env => $site->ctl_env, stdout => $out,
                            stderr => $out);
    wait_until(60, 'the import to wait for the key', sub {
        $site->pg->dbh('postgres')->selectrow_array('SELECT count(*) FROM'
            . " pg_stat_activity WHERE usename = 'pupil_operator' AND"
            . " wait_event_type = 'Lock'") });
    $site->pg->dbh('postgres')->do('SELECT pg_terminate_backend(pid) FROM'
        . " pg_stat_activity WHERE usename = 'pupil_operator' AND datname ="
        . " 'pupil'");
    $holder->rollback;
    ok process_ends($pid, 60), 'the import ends';
    isnt $?, 0, 'and fails';
    is status($id), 'closed recovery recovery',
        'who was not opened is closed in both databases';
    $site->ctl_ok('subject', 'reopen', $id, $site->ctl_where);
}


# ---- log-in names

rosters($site,
    { name => '73-freed-username', steps => [[1], [2, '--close-absent']],
      is => 'who comes gets the name of who leaves', refused => [],
      live => [12, 1, 1, 12, 1], who => { pupil1 => 'pupil 1, in pupil 1' } },
    { name => '73-freed-username', steps => [[1], [2]],
      is => 'who is not closed keeps it', refused => ['users.csv:15'],
      live => [12, 1, 1, 12, 1] },
);

{
    my ($six) = $users =~ /^p6(,.*\n)/m;
    my $case = { name => 'leavers', format => 'oneroster' };
    import(without('p6'));
    my $run = import(roster_folder($case, 1,
        'users.csv' => $users =~ s/^p6,.*\n//mr . "p60$six",
        'enrollments.csv' => $in =~ s/,p6,/,p60,/r));
    is $run->{json}{users}{taken}, 1, 'a name is free later, too';
    my $new = Pupil::Roster::id_of($site, 'pupil6');
    $run = import(roster_folder($case, 1, 'users.csv' => $users . "p60$six"));
    like $run->{out}, qr/belongs to another/, 'who comes back gets another';
    is Pupil::Roster::id_of($site, 'pupil6'), $new, 'as the name has gone';
}


# ---- log-in names of those who are closed

{
    my $case = { name => 'leavers', format => 'oneroster' };
    my $nginx = $class->nginx->http;
    my $row = sub ($id, $login) {
        "$id,,,true,o1,student,$login,,Nils,N$id,,,,,,,,\n" };
    import(without());
    $site->ctl_ok('user', 'add', 'by.hand', 'pupil', '--institution',
        $db->selectrow_array('SELECT institution FROM pupil.role LIMIT 1'),
        $site->ctl_where);
    my %of = map { ($_ => $site->person($_)) } qw(by.hand pupil8 pupil9);
    $site->ctl_ok('subject', 'close', $of{$_}{id}, $site->ctl_where)
        for qw(by.hand pupil8);

    my $some = $users =~ s/^p[89],.*\n//mgr;
    my $rest = $in =~ s/^e-p[89],.*\n//mgr;
    import(roster_folder($case, 1, 'users.csv' => $some,
                         'enrollments.csv' => $rest));
    my $run = import(roster_folder($case, 1, 'enrollments.csv' => $rest,
        'users.csv' => $some . join '', map { $row->(@$_) }
            ['p70', 'by.hand'], ['p80', 'pupil8'], ['p90', 'pupil9']));
    my $first = () = $some =~ /\n/g;
    is_deeply [sort map { $_->{line} } grep { $_->{reason} =~ /log-in name/ }
               @{ $run->{json}{refused} }], [$first + 1, $first + 2],
        'whom somebody has closed keeps the name, whom a roster has closed not';

    for my $login (qw(by.hand pupil8)) {
        unlike $site->ctl_ok('subject', 'reopen', $of{$login}{id},
                             $site->ctl_where)->{out}, qr/log-in name/,
            "$login is opened again";
        is Pupil::Roster::id_of($site, $login), $of{$login}{id},
            'and has the log-in name';
    }
    is $nginx->login('by.hand', $of{'by.hand'}{password})->status, 200,
        'by which somebody logs in whose role no roster has ended';

    like $site->ctl_ok('subject', 'reopen', $of{pupil9}{id},
                       $site->ctl_where)->{out},
        qr/^its log-in name is free since, or somebody else's/m,
        'who is opened behind a roster has lost the name, which is said';
}

done_testing;
