#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl breach: what is known of a breach of personal data is opened, with
# the 72 hours of GDPR article 33, listed, shown and closed; each is on record.

use lib 't/lib';
use Pupil::Test;

use JSON::XS qw(decode_json);
use POSIX qw(strftime);

my $site = pupil_up(import => 1);
my $db = $site->db;
my @where = $site->ctl_where;

sub breach (@args) { $site->ctl('breach', @args, @where) }

sub answer (@args) {
    my $run = breach(@args, '--json');
    is $run->{code}, 0, "breach $args[0]: done" or diag $run->{err};
    return eval { decode_json($run->{out}) } // {};
}

# So many hours from when this began.
my $now = time;
sub at ($hours) {
    return strftime('%Y-%m-%dT%H:%M:%SZ', gmtime($now + 3600 * $hours));
}

sub records { $db->selectrow_array(<<'SQL') }
SELECT count(*) FROM pupil.audit_event WHERE category = 'breach'
SQL

# The last of them: its operation, and what it says behind the ticket.
sub recorded {
    return join ' ', $db->selectrow_array(<<'SQL');
SELECT operation, purpose, outcome, regexp_replace(note, '^.* ticket=test ', '')
  FROM pupil.audit_event WHERE category = 'breach' ORDER BY at DESC LIMIT 1
SQL
}


# ---- what is refused, with nothing written

for my $case (
    ['without since when', ['A laptop', '--reference', 'I-1'], qr/--since TIME/],
    ['without a reference', ['A laptop', '--since', at(-9)], qr/--reference/],
    ['without words', ['', '--since', at(-9), '--reference', 'I-1'], qr/known/],
    ['noticed in time to come', ['A laptop', '--since', at(-9), '--reference',
     'I-1', '--noticed', at(2)], qr/--noticed/],
    ['noticed before it began', ['A laptop', '--since', at(-9), '--reference',
     'I-1', '--noticed', at(-10)], qr/--noticed/],
    ['that ends before it begins', ['A laptop', '--since', at(-9), '--until',
     at(-10), '--reference', 'I-1'], qr/--until/],
    ['at no time', ['A laptop', '--since', 'noon', '--reference', 'I-1'],
     qr/--since is a time/],
) {
    my ($name, $args, $says) = @$case;
    my $run = breach('open', @$args);
    is $run->{code}, 2, "one $name is refused";
    like $run->{err}, $says, 'which is said';
}
my $run = $site->ctl(qw(breach open A --since), at(-9), '--reference', 'I-1',
    grep { !/^(?:--ticket|test)$/ } @where);
is $run->{code}, 2, 'as is one without a ticket';
is $db->selectrow_array('SELECT count(*) FROM pupil.breach'), 0,
    'nothing is written';
is records(), 0, 'nor on record';


# ---- one is opened

$run = breach('open', 'A laptop with an open session was stolen', '--since',
              at(-50), '--until', at(-20), '--noticed', at(-10),
              '--reference', 'Incident 7');
is $run->{code}, 0, 'one is opened' or diag $run->{err};
my $due = at(62);
like $run->{out}, qr/^breach 1: .* to be notified by \Q$due\E/,
    'it says until when the authority is to be notified: 72 hours after it was'
    . ' noticed';
is recorded(), 'write accountability allowed breach=1 opened', 'on record';

my $second = answer('open', 'A backup is missing', '--since', at(-100),
                    '--noticed', at(-80), '--reference', 'Incident 8');
is $second->{breach}, 2, 'another is';
my $third = answer('open', 'A mail went wrong', '--since', at(-1),
                   '--reference', 'Incident 9');
my $noticed = $db->selectrow_array('SELECT extract(epoch FROM now() -'
    . ' noticed_at) FROM pupil.breach WHERE breach = 3');
cmp_ok $noticed, '<', 600, 'noticed now, unless somebody says when';

my $list = answer('list')->{breaches};
is_deeply [map { "$_->{breach} $_->{state}" } @$list],
    ['1 open', '2 late', '3 open'],
    'a list says which are open, and of which the 72 hours are over';
is_deeply [map { $_->{reference} } @$list], ['Incident 7', 'Incident 8',
    'Incident 9'], 'and by which reference';
is recorded(), 'read accountability allowed list', 'on record';

my $shown = answer('show', 1);
is $shown->{what}, 'A laptop with an open session was stolen',
    'one is shown, with what is known';
is_deeply [@$shown{qw(since until noticed_at)}], [map { at($_) } -50, -20, -10],
    'and when';
is recorded(), 'read accountability allowed breach=1 shown', 'on record';
like breach('show', 2)->{out}, qr/^breach 2: late\n.*A backup is missing/s,
    'and in words';
for my $none (4, 0, 'one') {
    $run = breach('show', $none);
    is $run->{code}, $none eq '4' ? 1 : 2, "there is no breach $none";
    like $run->{err}, qr/no breach 4|number of a breach/, 'which is said';
}


my $conf = $site->nginx->disown->conf_file;
sub found {
    my $check = $site->ctl('check', $conf, @where);
    is $check->{code}, 0, 'what is due stops no reload';
    return $check->{out} . $check->{err};
}
like found(), qr/breach 2 of the tenant \S+ was noticed 80 hours ago.*notify/,
    'check finds the one that is late';
unlike found(), qr/breach [13] /, 'and no other';


# ---- the authority is notified, and one is closed

$run = breach('notify', 2, '--sent', at(-1));
is $run->{code}, 2, 'that the authority was notified needs a reference';
$run = breach('notify', 2, '--sent', at(-81), '--reference', 'IMY-2026-1');
is $run->{code}, 1, 'nobody is notified of what nobody has noticed';
like $run->{err}, qr/before breach 2 was noticed/, 'which is said';
is answer('notify', 2, '--sent', at(-1), '--reference', 'IMY-2026-1')->{state},
    'notified', 'it was notified';
is recorded(), 'write accountability allowed breach=2 notified', 'on record';
is breach('notify', 2, '--sent', at(-1), '--reference', 'IMY-2')->{code}, 1,
    'which is said once';

is breach('close', 3)->{code}, 2, 'a close needs its reason';
is answer('close', 3, '--reason', 'It was encrypted: no risk')->{state},
    'closed', 'one is closed, with the reason why nobody was notified';
is recorded(), 'write accountability allowed breach=3 closed', 'on record';
unlike found(), qr/breach/, 'check finds none any more';
$run = breach('close', 3, '--reason', 'Again');
is $run->{code}, 1, 'once';
like $run->{err}, qr/breach 3 is closed/, 'which is said';
like breach('show', 3)->{out}, qr/^closed \S+: It was encrypted: no risk$/m,
    'and shown';
is_deeply [map { $_->{state} } @{ answer('list')->{breaches} }],
    [qw(open notified closed)], 'the list says so';

my $other = $site->another('Another town');
my @there = @where;
$there[$_ + 1] = $other for grep { $there[$_] eq '--tenant' } 0 .. $#there - 1;
is_deeply decode_json($site->ctl_ok(qw(breach list --json), @there)->{out}),
    { breaches => [] }, 'nobody else has it';

done_testing;
