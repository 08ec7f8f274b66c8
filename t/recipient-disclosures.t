#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl recipient disclosures: what left, and to whom, is counted from the
# audit, of all or of one person (GDPR articles 15(1)(c) and 19), held here against
# the requests that were made; what nobody in the register is is said; and that it
# was asked is on record.

use lib 't/lib';
use Pupil::Test;
use Pupil::App;
use Pupil::Support;

use JSON::XS qw(decode_json);

my $app = Pupil::App->new;
my $to = 'proxy_pass ' . $app->url . ';';
my $names = 'claims=identity.given_name,identity.family_name';
my $support = Pupil::Support->up(server => <<"");
location /forum/ { pupil_access forum purpose=learning; $to }
location /names/ { pupil_access names purpose=authentication $names; $to }
location /staff/ { pupil_access staff purpose=teaching role=teacher; $to }

my $day = $support->day->all_here;
my ($site, $db) = ($day->site, $day->db);
my @where = $site->ctl_where;
my %id = map { $_ => $day->person($_)->{id} } qw(pupil classmate teacher);
my $proof = spew(tmp_dir() . '/agreement', 'signed');

sub ctl (@words) { $site->ctl('recipient', @words, @where) }
sub told (@words) {
    my $run = ctl('disclosures', @words, '--json');
    is $run->{code}, 0, "disclosures @words" or diag $run->{err};
    return decode_json($run->{out} || '{}');
}
sub lines ($told) {
    return map { join ' ', "@{ $_->{recipients} }:", @$_{qw(way category)},
                 "@{ $_->{fields} }", @$_{qw(accesses subjects)} }
           @{ $told->{disclosures} };
}

is_deeply told(), { disclosures => [], unregistered => [] }, 'nothing has left';

is ctl('add', 'board', '--title', 'The Board', '--kind', 'application', '--country',
    'SE', '--fields', 'identity', '--why', 'A forum', '--evidence', $proof,
    '--evidence-date', '2026-02-03', '--applications', 'forum,names')->{code}, 0,
    'two applications are of one recipient';

# ---- counted, as it was asked for

$day->expect(200, $day->pupil->get('/forum/')) for 1 .. 3;
$day->expect(200, $day->classmate->get('/forum/'));
$day->expect(200, $day->pupil->get('/names/'));
$day->expect(200, $day->teacher->get('/staff/')) for 1 .. 2;
is_status $day->pupil->get('/staff/'), 403, 'who is kept out';

my $all = told();
is_deeply [lines($all)], [
    'board: application forum application forum 4 2',
    'board: application names application names 1 1',
    'board: application names identity family_name given_name 1 1',
    ': application staff application staff 2 1',
], 'each by category and fields, how often and of how many';
is_deeply $all->{unregistered}, ['application staff'],
    'and what nobody in the register is';
my $board = told('board');
is_deeply [lines($board)], [grep { /^board/ } lines($all)], 'of one recipient';
is_deeply $board->{unregistered}, ['application staff'],
    'which says what is nobody\'s as well';
like ctl('disclosures')->{out},
    qr/^board by application forum, application: forum, 4 times, of 2 persons, 20\S+Z to 20\S+Z$/m,
    'as text';
like ctl('disclosures')->{out},
    qr/^application staff: nobody in the register is that$/m, 'that, too';

is_deeply [lines(told('board', '--subject', $id{classmate}))],
    ['board: application forum application forum 1 1'], 'of one person';
is_deeply [lines(told('--subject', $id{teacher}))],
    [': application staff application staff 2 1'], 'of another';
is_deeply [lines(told('--subject', uuid()))], [], 'of nobody';
my $now = $db->selectrow_array(
    q{SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')});
$day->expect(200, $day->pupil->get('/forum/'));
is_deeply [lines(told('board', '--since', $now))],
    ['board: application forum application forum 1 1'], 'since then';
is_deeply [lines(told('board', '--until', $now))], [lines($board)], 'and until then';

# By statements of their own.
is +($db->selectrow_array("SELECT count(*) FROM pupil.audit_event WHERE category ="
    . " 'application' AND outcome = 'allowed' AND fields = '{forum}'")), 5,
    'which is what the audit has';

$support->let_in($day->pupil);
my $shown = $day->expect(200, $support->support->get("/v1/data/identity/$id{pupil}"));
my ($helped) = grep { $_->{way} eq 'support' && $_->{category} eq 'identity' }
               @{ told('--subject', $id{pupil})->{disclosures} };
is_deeply [@$helped{qw(accesses subjects recipients)}, @{ $helped->{fields} }],
    [1, 1, [], sort grep { $_ ne 'id' } keys %{ $shown->json->{records}[0] }],
    'what support was shown of somebody who has let it in';
is_deeply told('--subject', $id{classmate})->{unregistered}, [],
    'is nothing of anybody else';

is ctl('end', 'board', '--reference', 'KS 2')->{code}, 0, 'who has ended';
is scalar(lines(told('board'))), 3, 'has received it all the same';


# ---- on record

my @noted = @{ $db->selectall_arrayref('SELECT purpose, subjects::text FROM'
    . " pupil.audit_event WHERE note LIKE '% disclosures' ORDER BY at") };
is scalar(@noted), 13, 'each time it was asked is on record';
is scalar(grep { $_->[1] eq "{$id{classmate}}" } @noted), 2, 'with of whom';
is $site->ctl('audit', 'verify', @where)->{code}, 0, 'and the audit verifies';
$db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_operator');
my $run = ctl('disclosures');
$db->do('GRANT INSERT ON pupil.audit_record TO pupil_operator');
is $run->{code}, 1, 'what cannot be recorded is not told';
is $run->{out}, '', 'nothing of it';


# ---- what is asked wrongly, and another tenant

is ctl('disclosures', @$_)->{code}, 2, "@$_" for ['Board'], ['--since', 'today'],
    ['--until', "2026'"], ['--subject', 'somebody'], [qw(a b)];
is ctl('disclosures', 'nobody')->{code}, 1, 'who is not in the register';
is $site->ctl('recipient', 'disclosures',
              grep { !/^(?:--ticket|test)$/ } @where)->{code}, 2, 'without a ticket';
my $there = Pupil::Day::neighbour($site);
$run = $there->ctl('recipient', 'disclosures', '--json', $there->ctl_where);
is_deeply decode_json($run->{out}), { disclosures => [], unregistered => [] },
    'another tenant has none of these';

done_testing;
