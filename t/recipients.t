#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The register of recipients and sub-processors: who, where, which fields, why, by
# which evidence, and by which instruction of the controller.  What cannot be:
# sale, advertising, profiling, a field that nobody is granted for that, a pupil's
# in customer relations, a third country without a basis of the transfer.

use lib 't/lib';
use Pupil::Test;

use Digest::SHA qw(sha256_hex);
use JSON::XS qw(decode_json);
use Pupil::Killed;

my $site = pupil_up(schools => 1);
my $db = $site->db;
my @where = $site->ctl_where;
my @theirs = ($site->ctl_databases, '--tenant', $site->another('Another'));
my $proof = spew(tmp_dir() . '/avtal.pdf', "An agreement, signed\n");

sub recipient (@words) { $site->ctl('recipient', @words, @where) }

# What add is told, but for what a case has otherwise; undef: not at all.
my %usual = (title => 'Värdhotellet AB', kind => 'hosting', country => 'SE',
             fields => 'all', why => 'Runs the machines', evidence => $proof,
             'evidence-date' => '2026-02-03');
sub words (%but) {
    my %of = (%usual, %but);
    return map { defined $of{$_} ? ("--$_", $of{$_}) : () } sort keys %of;
}
sub add ($name, %but) { recipient('add', $name, words(%but)) }
sub decide ($what, $name, $reference, @more) {
    return recipient($what, $name, '--reference', $reference, @more);
}
sub shown ($name, @by) {
    @by = @where if !@by;
    my $run = $site->ctl('recipient', 'show', $name, '--json', @by);
    return $run->{code} ? undef : decode_json($run->{out});
}
sub listed (@by) {
    @by = @where if !@by;
    return @{ decode_json($site->ctl_ok('recipient', 'list', '--json', @by)
                          ->{out})->{recipients} };
}
sub rows { join ' ', map { scalar $db->selectrow_array(
    "SELECT count(*) FROM pupil.$_") } qw(recipient recipient_step) }
sub notes ($like) {
    return @{ $db->selectcol_arrayref('SELECT e.note FROM pupil.audit_event AS e'
        . " WHERE e.category = 'recipient' AND e.note LIKE ? ORDER BY e.at", {},
        "%$like%") };
}


# ---- added, instructed, withdrawn, ended

is rows(), '0 0', 'nobody is in it at first';
my $run = add('host');
is $run->{code}, 0, 'one is added' or diag $run->{err};
like $run->{out}, qr/^host 1 added, by no instruction yet$/m, 'and told';
my $host = shown('host');
is_deeply [@$host{qw(recipient number title kind countries transfer why state)}],
    ['host', 1, "V\xe4rdhotellet AB", 'hosting', ['SE'], undef, 'Runs the machines',
     'added'], 'as it was said';
is_deeply $host->{evidence}, { file => 'avtal.pdf', date => '2026-02-03',
    sha256 => sha256_hex(slurp($proof)) }, 'with what proves it';
my %fields = map { $_ => 1 } @{ $host->{fields} };
ok $fields{'identity.given_name'} && $fields{'progress.answer'}
    && $fields{'example.favourite_subjects'}, 'which fields of all plugins';
is_deeply [grep { /password_hash|second_factor|deleted_at/ } keys %fields], [],
    'and none that is the program\'s own';

$run = decide(instruct => 'host', 'KS 2026/17', '--date', '2026-03-01');
is $run->{code}, 0, 'the controller has instructed' or diag $run->{err};
is shown('host')->{state}, 'instructed', 'so that it is';
is_deeply [map { [@$_{qw(what reference date)}] } @{ shown('host')->{steps} }],
    [['instructed', 'KS 2026/17', '2026-03-01']], 'by which decision';
is decide(withdraw => 'host', 'KS 2026/40')->{code}, 0, 'it is withdrawn';
is shown('host')->{state}, 'withdrawn', 'and is';
is decide(instruct => 'host', 'KS 2026/41')->{code}, 0, 'instructed again';
is decide(end => 'host', 'KS 2026/50')->{code}, 0, 'and ended';
is shown('host')->{state}, 'ended', 'for good';
is decide(instruct => 'host', 'KS 2026/51')->{code}, 1, 'what has ended stays so';
is add('host', why => 'Runs them again')->{code}, 0, 'but comes again';
is_deeply [map { "$_->{recipient} $_->{number} $_->{state}" } listed()],
    ['host 1 ended', 'host 2 added'], 'as another, and what was stays';
is scalar(@{ (listed())[0]{steps} }), 4, 'step by step';
is shown('host')->{why}, 'Runs them again', 'show has the newest';
like $site->ctl_ok('recipient', 'show', 'host', @where)->{out},
    qr/^host 2, added: Värdhotellet AB\n.*^  where +SE, within the EEA$/ms,
    'as text, too';
like $site->ctl_ok('recipient', 'list', @where)->{out},
    qr/^host 1 +ended +hosting +SE +Värdhotellet AB\n^host 2 +added/m, 'and the list';


# ---- on record, and what was decided of is what is shown

is scalar(my @all = notes('')), 6, 'each of these is on record';
like $all[0], qr/^os=\S+ ticket=test recipient=host number=1 done=added sha256=[0-9a-f]{64}$/,
    'with account, ticket and a hash';
like $all[1], qr/ done=instructed step=1 sha256=[0-9a-f]{64}$/, 'each step';
my ($first) = listed();
is $first->{sha256}, ($all[0] =~ /sha256=(\w+)/)[0], 'which is that of what is shown';
is $first->{steps}[0]{sha256}, ($all[1] =~ /sha256=(\w+)/)[0], 'of a decision, too';
$db->do("UPDATE pupil.recipient SET fields = fields || '{identity.x}' WHERE"
    . ' number = 1');
isnt +(listed())[0]{sha256}, $first->{sha256}, 'what somebody changes shows';
$db->do("UPDATE pupil.recipient SET fields = array_remove(fields,"
    . " 'identity.x') WHERE number = 1");
for my $command (['add', 'more', words()],
                 ['instruct', 'host', '--reference', 'KS 1'])
{
    my @none = grep { !/^(?:--ticket|test)$/ } @where;
    my $run = $site->ctl('recipient', @$command, @none);
    is $run->{code}, 2, "no $command->[0] without a ticket";
    like $run->{err}, qr/--ticket/, 'which is said';
}
$db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_operator');
my $before = rows();
is add('more')->{code}, 1, 'what cannot be recorded is not added';
is decide(instruct => 'host', 'KS 1')->{code}, 1, 'nor decided';
$db->do('GRANT INSERT ON pupil.audit_record TO pupil_operator');
is rows(), $before, 'and nothing was written';


# ---- what cannot be entered

sub refused ($case, $code, $like, %but) {
    my $before = rows();
    my $run = add('refused', %but);
    is $run->{code}, $code, "$case: refused" or diag $run->{err};
    like $run->{err}, $like, "$case: with why";
    is rows(), $before, "$case: nothing is written";
}

for my $kind (qw(sale advertising profiling marketing)) {
    refused($kind, 2, qr/there is no purpose of sale, advertising or profiling/,
            kind => $kind);
}
refused('another kind', 2, qr/--kind is one of: hosting, sync, mail, analytics,/,
        kind => 'friends');
refused('no such category', 1, qr/no plugin in \S+ is of the category weather/,
        fields => 'identity,weather');
refused('no such field', 1, qr/identity has no field "nick_name"/,
        fields => 'identity.nick_name');
refused('the program\'s own', 1,
        qr/credential\.password_hash is the program's own/,
        fields => 'credential.password_hash');
refused('names to analytics', 1,
        qr/identity\.given_name is granted for none of what analytics is for: statistics/,
        kind => 'analytics', fields => 'identity.given_name');
refused('a category without any', 1,
        qr/nothing of identity is granted for what analytics is for: statistics/,
        kind => 'analytics', fields => 'identity');
refused('a pupil in customer relations', 1,
        qr/identity holds pupils, too: relations receives what is of staff alone: contact/,
        kind => 'relations', fields => 'identity.given_name');
refused('an application of no name', 2, qr/--applications is needed/,
        kind => 'application', fields => 'identity');
refused('an application\'s wrong name', 2, qr/--applications/,
        kind => 'application', fields => 'identity', applications => 'Forum!');
refused('no such country', 2, qr/"XX" is no country of ISO 3166-1/, country => 'XX');
refused('in small letters', 2, qr/"se" is no country/, country => 'se');
refused('by a name', 2, qr/is no country/, country => 'Sweden');
refused('one twice', 2, qr/--country has SE twice/, country => 'SE,SE');
refused('none', 2, qr/--country/, country => '');
refused('a third country', 2, qr/US is outside the EEA: say by --transfer/,
        country => 'SE,US');
refused('no such basis', 2, qr/--transfer is one of: adequacy,/, country => 'US',
        transfer => 'trust');
refused('a basis of nothing', 2, qr/all of it is within the EEA/,
        transfer => 'adequacy');
refused('evidence of tomorrow', 2, qr/--evidence-date is in the future/,
        'evidence-date' => '2999-01-01');
refused('no day', 2, qr/--evidence-date is a day such as/,
        'evidence-date' => '2026-02-30');
refused('no evidence', 1, qr/none\.pdf/, evidence => tmp_dir() . '/none.pdf');
for my $option (qw(title kind country fields why evidence evidence-date)) {
    refused("no $option", 2, qr/--$option is needed/, $option => undef);
}
my %hostile = ("a line\nmore" => qr/--title has a character that is not/,
    "\e[2J" => qr/--title/, "\x01" => qr/--title/, "\xff\xfe" => qr/--title/,
    "\xc2\x85" => qr/--title/, "\xe2\x80\xae" . 'BA' => qr/--title/,
    'x' x 201 => qr/--title is longer than 200/, '   ' => qr/--title/,
    'x' x 100_000 => qr/--title is longer than 200/);
refused('a title of ' . sha256_hex($_), 2, $hostile{$_}, title => $_)
    for sort keys %hostile;
refused('a reason that is a book', 2, qr/--why is longer than 500/,
        why => 'y' x 501);
refused('fields without end', 2, qr/--fields has more than/,
        fields => join ',', map { "identity.f$_" } 1 .. 2000);
refused('a field with a quote', 1, qr/no plugin/, fields => "identity'; DROP");
for my $name ('', 'Host', '1host', 'a' x 33, "a\nb", '../a', 'host;') {
    is add($name)->{code}, 2, 'a name such as ' . json_of($name);
}
is add('a' x 32)->{code}, 0, 'one of 32 letters is one';
is add('quoted', title => q(O'Brien "& Sons" <b>{x,y}</b>, 50% \\))->{code}, 0,
    'quotes are letters';
is shown('quoted')->{title}, q(O'Brien "& Sons" <b>{x,y}</b>, 50% \\), 'as they are';

is decide(instruct => 'quoted', $_->[0], @{ $_->[1] })->{code}, 2,
    "no instruction: $_->[2]" for
    ['', [], 'of no reference'], ["a\nb", [], 'of two lines'],
    ['r' x 201, [], 'of a long reference'],
    ['KS 1', ['--date', '2999-01-01'], 'of the future'],
    ['KS 1', ['--date', 'soon'], 'of no day'];
like decide(instruct => 'nobody', 'KS 1')->{err}, qr/nobody is not in the register/,
    'nobody is instructed';
like decide(withdraw => 'quoted', 'KS 1')->{err},
    qr/quoted is added: there is no instruction to withdraw/, 'or withdrawn';
is recipient('show', 'nobody')->{code}, 1, 'or shown';


# ---- what can

is add('club', kind => 'relations', fields => 'contact', why => 'Writes to staff',
       title => 'CRM')->{code}, 0, 'customer relations of staff';
is_deeply shown('club')->{fields}, ['contact.email'], 'by their address';
is add('cloud', country => 'US,SE', transfer => 'contractual_clauses')->{code}, 0,
    'a third country by its basis';
is_deeply [@{ shown('cloud') }{qw(countries transfer)}],
    [['SE', 'US'], 'contractual_clauses'], 'which is held';
is add('count', kind => 'analytics', fields => 'progress')->{code}, 0, 'statistics';
is_deeply shown('count')->{fields},
    [qw(progress.exercise_id progress.homework_id progress.result)],
    'of a category what is granted for them alone';
is add('forum', kind => 'application', fields => 'identity', applications =>
       'forum,wiki')->{code}, 0, 'an application';
like add('forum2', kind => 'application', fields => 'identity', applications =>
    'wiki')->{err}, qr/the application wiki is forum's/, 'which is one recipient\'s';


# ---- twice, two at once, killed

$before = rows();
my $records = @{[notes('')]};
$run = add('club', kind => 'relations', fields => 'contact', why =>
           'Writes to staff', title => 'CRM');
is $run->{code}, 0, 'the same again is no mistake';
like $run->{out}, qr/^club 1 is there as it is said$/m, 'and told';
like add('club', kind => 'relations', fields => 'contact')->{err},
    qr/club is there, and says something else: end it first/, 'another is one';
is rows(), $before, 'neither is written';
$site->ctl_ok('recipient', 'instruct', 'club', '--reference', 'KS 7', '--date',
              '2026-04-01', @where);
$records = @{[notes('')]};
is decide(instruct => 'club', 'KS 7', '--date', '2026-04-01')->{code}, 0,
    'nor is a decision that is there';
is scalar(@{[notes('')]}), $records, 'or recorded';
is decide(instruct => 'club', 'KS 8', '--date', '2026-04-02')->{code}, 0,
    'a new one is';
is scalar(@{ shown('club')->{steps} }), 2, 'behind it';

my $holder = $site->pg->connect('pupil', AutoCommit => 0);
$holder->do('LOCK TABLE pupil.recipient IN SHARE MODE');
my @pids = map {
    start_process([build_dir() . '/pupilctl', 'recipient', 'add', 'both',
                   words(why => "Way $_"), @where], env => Pupil::Site->ctl_env,
                  map { open my $null, '>', '/dev/null' or die "$!\n";
                        ($_ => $null) } qw(stdout stderr))
} 1, 2;
wait_until(60, 'both to wait', sub { Pupil::Killed::sessions($site, 1) == 2 });
$holder->rollback;
$holder->disconnect;
my @codes = sort map { process_ends($_, 60); $? >> 8 } @pids;
is_deeply \@codes, [0, 1], 'of two at once one is the first';
is scalar(grep { $_->{recipient} eq 'both' } listed()), 1, 'and there is one';

my @end = (qw(recipient end club --reference), 'KS 9', @where);
for my $table (qw(recipient_step audit_record)) {
    $before = rows();
    $records = @{[notes('')]};
    ok killed_at($site, [pupil => "LOCK TABLE pupil.$table IN SHARE MODE"], @end),
        "killed while it waits for $table";
    is rows(), $before, 'it has decided nothing';
    is scalar(@{[notes('')]}), $records, 'nor is that on record';
}
is $site->ctl(@end)->{code}, 0, 'and it goes again';


# ---- a tenant's own

is_deeply [listed(@theirs)], [], 'another tenant has none of these';
is shown('host', @theirs), undef, 'nor sees one';
is $site->ctl('recipient', 'instruct', 'host', '--reference', 'KS 1', @theirs)->{code},
    1, 'nor instructs';
is $site->ctl('recipient', 'add', 'host', words(title => 'Deras'), @theirs)->{code}, 0,
    'it has its own';
is shown('host')->{why}, 'Runs them again', 'and this one has this one\'s';
my $gateway = $site->pg->connect('pupil');
$gateway->do('SET SESSION AUTHORIZATION pupil_gateway');
ok !eval { $gateway->do("SELECT $_ FROM pupil.recipient"); 1 }, "nginx sees no $_"
    for qw(title why fields evidence);


# ---- who has the machines is asked for

my $nginx = $site->nginx;
$nginx->test;
sub check (@more) { $site->ctl('check', $nginx->conf_file, @more, @where) }
my $hosts = qr/no recipient of kind hosting that the controller has instructed/;
$run = check();
is $run->{code}, 0, 'a configuration is not wrong for want of papers' or diag $run->{out};
like $run->{err}, $hosts, 'but that nobody is known to have the machines is said';
like $run->{err}, qr/pupilctl recipient/, 'with what to do';
is scalar(@{ decode_json(check('--json')->{out})->{remarks} }), 1, 'also to programs';
$site->ctl_ok('recipient', 'instruct', 'host', '--reference', 'KS 60', @where);
unlike check()->{err}, $hosts, 'once one is instructed it is not';
$site->ctl_ok('recipient', 'withdraw', 'host', '--reference', 'KS 61', @where);
like check()->{err}, $hosts, 'when it is withdrawn it is again';

done_testing;
