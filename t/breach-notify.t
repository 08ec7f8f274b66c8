#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl breach notify: drafts for the authority and for the people concerned,
# in three languages, with what was found; and notices in the platform to those
# whom a breach reached: killed anywhere it goes on, and nobody is told twice.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Pupil::Killed;

use JSON::XS qw(decode_json);

my $chaos = Pupil::Chaos->new(pupils => 3);
my ($site, $db) = ($chaos->site, $chaos->site->db);
my ($teacher, $pupil, $other, $third) = ($chaos->{teacher}, $chaos->pupils);
my @where = $site->ctl_where;
my $day = q{to_char(now() AT TIME ZONE 'UTC' - interval '%s', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')};
sub ago ($interval) { $db->selectrow_array('SELECT ' . sprintf $day, $interval) }

sub breach (@args) { $site->ctl('breach', @args, @where) }
sub count ($what) { 0 + $db->selectrow_array("SELECT count(*) FROM $what") }
sub told { count("pupil.notice WHERE kind = 'data_breach'") }

# What somebody is told, of this kind.
sub notices ($person) {
    return scalar grep { $_->{kind} eq 'data_breach' }
        @{ $chaos->client($person)->get('/v1/me/notices')->json->{notices} };
}

$db->do('UPDATE pupil.tenant SET name = ?', {}, "Testkommunen i Sk\xc3\xa5ne");
$site->ctl_ok(qw(tenant zone Europe/Stockholm), @where);
$chaos->client($teacher)->get("/v1/data/identity/$pupil->{id}");
$chaos->client($teacher)->get("/v1/data/identity/$third->{id}");
$chaos->client($other)->post('/v1/progress', json =>
    $chaos->submission($other, { text => 'mine' }));
$chaos->client($teacher)->post("/v1/me/requests", json => { id => uuid(),
    kind => "access" });
$chaos->client($teacher)->get("/v1/me/$_") for qw(audit sessions notices requests
                                               support-grants);
$site->ctl_ok(qw(breach open), 'En dator stals', '--since', ago('100 hours'),
              '--noticed', ago('80 hours'), '--reference', "\xc3\x84rende 7", @where);
my $drafts = tmp_dir() . '/drafts';
mkdir $drafts or die "$drafts: $!\n";


# ---- nothing is told of what is not known

for my $case (['without a word of what'], ['with two', '--tell', 'all',
              '--drafts', $drafts], ['of others', '--tell', 'everybody'])
{
    my ($name, @args) = @$case;
    is breach('notify', 1, @args)->{code}, 2, "$name is refused";
}
for my $args (['--drafts', $drafts], ['--tell', 'all']) {
    my $run = breach('notify', 1, @$args);
    is $run->{code}, 1, "@$args needs a scope";
    like $run->{err}, qr/breach scope 1/, 'which is said';
}
is told(), 0, 'nobody is told';
is_deeply [glob "$drafts/*"], [], 'and there is no draft';
$site->ctl_ok(qw(breach scope 1 --account), $teacher->{id}, @where);


# ---- drafts

my $run = breach('notify', 1, '--drafts', $drafts);
is $run->{code}, 0, 'drafts are made' or diag $run->{err};
is_deeply [map { s{.*/}{}r } sort glob "$drafts/*"],
    [map { my $for = $_; map { "$for.$_.txt" } qw(da en sv) } qw(authority people)],
    'for the authority and for people, in three languages';
is sprintf('%04o', (stat "$drafts/people.sv.txt")[2] & 07777), '0600',
    'for their owner alone';
utf8::decode(my $sv = slurp("$drafts/authority.sv.txt"));
like $sv, qr/Testkommunen i Sk.ne\n.*: .rende 7\n.*\nEn dator stals\n/s,
    'whose, by which reference, what happened';
my $local = $db->selectrow_array("SELECT to_char(since AT TIME ZONE"
    . " 'Europe/Stockholm', 'YYYY-MM-DD HH24:MI') FROM pupil.breach");
like $sv, qr{^Det b.rjade: \Q$local\E \(Europe/Stockholm\)$}m,
    'since when, by the clock of the school';
my $found = decode_json(breach('show', 1, '--json')->{out})->{scopes}[-1]{found};
my ($shown) = map { $_->{subjects} }
              grep { $_->{category} eq 'identity' } @{ $found->{shown}{categories} };
like $sv, qr/ungef.r: $found->{subjects}$/m, 'how many people';
like $sv, qr/visats, enligt loggen:\n(?:  .*\n)*  namn: $shown \(.*given_name/,
    'what was shown of how many';
like $sv, qr/Kan ha l.sts:\n(?:  .*\n)*  svar och resultat: /,
    'and what could have been';
like $sv, qr/^  elever: \d+$/m, 'of which groups';
like $sv, qr/\[dataskydds.*\[vad det kan.*\[vad som har gjorts.*\[sk.len\]/s,
    'what nobody has told stands in brackets, and why it is late';
like slurp("$drafts/authority.da.txt"), qr/Anmeldelse af et brud/, 'in Danish';
like slurp("$drafts/authority.en.txt"), qr/^  name: $shown \(/m, 'and in English';
my $people = slurp("$drafts/people.en.txt");
like $people, qr/^- name: of some were seen or changed$/m, 'for people: what was seen';
like $people, qr/^- answers and results: may have been read$/m, 'and what may have been';
unlike $people, qr/$pupil->{id}|given_name/, 'of nobody, and without names of fields';
for my $language (qw(en sv da)) {
    unlike slurp("$drafts/people.$language.txt"),
        qr/^- (?:audit|notice|request|session|support_grant)\b/m,
        "each category in words: $language";
}
like slurp("$drafts/people.sv.txt"), qr/imy\.se/, 'where to complain';
is breach('notify', 1, '--drafts', $drafts)->{code}, 1,
    'what is there is not written over';
my $detail = "note LIKE '% breach=1 drafts'";
is count("pupil.audit_event WHERE category = 'breach' AND $detail"), 2,
    'each is on record';


# ---- notices: of whom something was shown

$run = breach('notify', 1, '--tell', 'shown', '--json');
is $run->{code}, 0, 'people are told' or diag $run->{err};
my @shown = @{ $db->selectcol_arrayref("SELECT DISTINCT subject FROM"
    . " pupil.breach_found WHERE how <> 'could' ORDER BY subject") };
is_deeply $db->selectcol_arrayref("SELECT subject FROM pupil.notice WHERE kind ="
    . " 'data_breach' ORDER BY subject"), \@shown, 'those of whom something was shown';
is decode_json($run->{out})->{told}, scalar @shown, 'which is said, and kept';
is notices($pupil), 1, 'one of them reads it';
is notices($other), $db->selectrow_array('SELECT count(*) FROM pupil.breach_told'
    . ' WHERE subject = ?', {}, $other->{id}), 'and nobody else';
is_deeply [sort map { /[0-9a-f-]{36}/g } @{ $db->selectcol_arrayref(
    "SELECT subjects::text FROM pupil.audit_event WHERE category = 'notice' AND"
    . " note LIKE '% breach told' AND purpose = 'accountability'") }],
    [sort @shown], 'it is on record, of whom';
is breach('notify', 1, '--tell', 'shown')->{code}, 0, 'once more';
is told(), scalar @shown, 'tells nobody twice';


# ---- of all, and killed in the middle

$site->ctl_ok(qw(breach scope 1 --epoch 1), @where);
my @all = @{ $db->selectcol_arrayref('SELECT DISTINCT subject FROM'
    . ' pupil.breach_found ORDER BY subject') };
cmp_ok scalar(@all), '>', 100, 'a key reaches many';
my ($closed) = grep { my $id = $_; !grep { $_ eq $id } @shown, $other->{id} } @all;
$site->ctl_ok(qw(subject close), $closed, @where);
my @untold = grep { my $id = $_; $id ne $closed && !grep { $_ eq $id } @shown } @all;
my $at = $untold[60];
ok killed_at($site, [pupil => "INSERT INTO pupil.breach_told (tenant, breach,"
    . " subject, at) VALUES ('@{[$site->tenant]}', 1, '$at', now())"],
    qw(breach notify 1 --tell all), @where), 'killed in the middle';
my $first = told();
cmp_ok $first, '>', @shown, 'some are told';
cmp_ok $first, '<', @all - 1, 'and not all';
is $first, count('pupil.breach_told'), 'each that is known to be';
is $first, $db->selectrow_array('SELECT told FROM pupil.breach WHERE breach = 1'),
    'and counted';
$run = breach('notify', 1, '--tell', 'all');
is $run->{code}, 0, 'it goes on' or diag $run->{err};
is_deeply $db->selectcol_arrayref("SELECT subject FROM pupil.notice WHERE kind ="
    . " 'data_breach' ORDER BY subject"), [grep { $_ ne $closed } @all],
    'all are told, each once, but whose account is closed';
like $run->{out}, qr/: @{[@all - 1]} told by a notice; 1 whose accounts are closed/,
    'which is said';
is notices($other), 1, 'everybody reads it';
is $db->selectrow_array('SELECT told FROM pupil.breach WHERE breach = 1'),
    @all - 1, 'and it is counted';

$site->ctl_ok(qw(subject erase), $pupil->{id}, @where);
is count("$_ WHERE subject = '$pupil->{id}'"), 0, "$_ goes with an erasure"
    for qw(pupil.breach_told pupil.notice);
$site->ctl_ok(qw(breach close 1 --reason), 'Over', @where);
is count('pupil.breach_told'), 0, 'who was told is forgotten once it is closed';
is decode_json(breach('show', 1, '--json')->{out})->{told}, @all - 1,
    'and how many they were is not';
is breach('notify', 1, '--tell', 'all')->{code}, 1, 'after which nobody is told';

done_testing;
