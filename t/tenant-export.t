#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl tenant export: all that is held of a tenant, in the clear for whoever
# has the private key and for nobody else, with a manifest that says what there
# is.  By what plugins declare: the category example is one that pupilctl knows
# nothing of.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use Digest::SHA ();
use JSON::XS ();

my $day = Pupil::Day->up->all_here->work;
my ($site, $db) = ($day->site, $day->db);
my $dir = tmp_dir();
my %person = map { $_ => $day->person($_) }
             qw(pupil classmate teacher colleague other);
my %id = map { $_ => $person{$_}{id} } keys %person;
$day->expect(200, $day->pupil->patch('/v1/data/example', json => {
    favourite_subjects => "Musik, bild" }));
$day->expect(200, $day->teacher->put("/v1/homework/@{[$day->homework->{id}]}"
    . "/pupils/$id{pupil}/assessment", json => { points => 7.5,
        comment => 'Läs om fjärilar' }));
my %asked = (id => uuid(), kind => 'erasure', text => 'Ta bort mina svar');
my %gone = (id => uuid(), kind => 'access', text => 'Allt');
$day->expect(201, $day->pupil->post('/v1/me/requests', json => \%asked));
$day->expect(201, $day->as('colleague')->post('/v1/me/requests', json => \%gone));

run_cmd('age-keygen', '-o', "$dir/identity");
my ($public) = slurp("$dir/identity") =~ /public key: (age1\S+)/;
spew("$dir/recipients", "$public\n");

sub export ($to, @more) {
    return $site->ctl('tenant', 'export', '--to', $to, '--recipients',
                      "$dir/recipients", @more, $site->ctl_where);
}

# Its members, by name; in order.
sub opened ($archive) {
    my $folder = "$dir/opened";
    run_cmd('rm', '-rf', $folder);
    mkdir $folder;
    my $run = run_cmd('bash', '-o', 'pipefail', '-c',
        "age -d -i '$dir/identity' '$archive' | tar -xv -C '$folder'");
    is $run->{code}, 0, 'the archive opens' or diag $run->{err};
    return map { [$_ => slurp("$folder/$_")] } split /\n/, $run->{out};
}

sub records ($members, $source) {
    return map { @{ JSON::XS::decode_json($_->[1])->{$source} } }
           grep { $_->[0] =~ m{^\Q$source\E/\d{6}\.json\z} } @$members;
}

sub rows ($from) { 0 + $db->selectrow_array("SELECT count(*) FROM $from") }


# ---- all that there is

is $site->ctl('subject', 'erase', $id{colleague}, $site->ctl_where)->{code}, 0,
    'somebody was erased before';
is $site->ctl('subject', 'restrict', $id{classmate}, $site->ctl_where)->{code}, 0,
    'somebody is restricted';
is $site->ctl('subject', 'close', $day->person('other')->{id}, $site->ctl_where)
    ->{code}, 0, 'somebody\'s account is closed';
$db->do("INSERT INTO pupil.release (tenant, category, released) VALUES (?,"
    . " 'progress', '2026-08-01')", {}, $site->tenant);
$db->do("INSERT INTO pupil.aggregate (tenant, category, released, grouped, value,"
    . " persons) VALUES (?, 'progress', '2026-08-01', 'Kapitel 1', '75-100%', 12)",
    {}, $site->tenant);
$site->ctl_ok(qw(breach open), 'A key was lost', '--since', '2026-11-20T11:00:00Z',
              '--noticed', '2026-11-20T12:00:00Z', '--reference', 'Incident 7',
              $site->ctl_where);
spew("$dir/agreement", "signed\n");
$site->ctl_ok(qw(recipient add host --kind hosting --fields identity --country),
    'SE,FI', '--title', 'Hosting Ltd', '--why', 'Runs it', '--evidence', "$dir/agreement",
    '--evidence-date', '2026-02-03', $site->ctl_where);
$site->ctl_ok(qw(recipient instruct host --reference), 'KS 17', '--date', '2026-03-01',
    $site->ctl_where);
my $run = export("$dir/archive");
is $run->{code}, 0, 'a tenant is exported' or diag $run->{err};
like $run->{out}, qr/^\Q$dir\E\/archive: \d+ records in \d+ files$/, 'and told';
my $sealed = -e "$dir/archive" ? slurp("$dir/archive") : '';
like $sealed, qr/\Aage-encryption\.org/, 'encrypted';
unlike $sealed, qr/Klein|$id{pupil}/, 'whoever has no key reads nothing';
is +(stat "$dir/archive")[2] & 0777, 0600, 'nor anybody else the file';
ok !-e "$dir/archive.part", 'and nothing is left beside it';

my @members = opened("$dir/archive");
my $manifest = eval { JSON::XS::decode_json($members[-1][1]) } // {};
is $members[-1][0], 'manifest.json', 'the manifest is the last';
is $manifest->{tenant}, $site->tenant, 'it says whose it is';
is_deeply [map { [@$_{qw(name sha256 bytes)}] } @{ $manifest->{files} }],
    [map { [$_->[0], Digest::SHA::sha256_hex($_->[1]), length $_->[1]] }
     @members[0 .. $#members - 1]], 'which files, with their hashes';
is_deeply [map { $_->{records} } @{ $manifest->{files} }],
    [map { my ($key) = $_->[0] =~ m{^(\w+)/};
           scalar @{ JSON::XS::decode_json($_->[1])->{$key} } }
     @members[0 .. $#members - 1]], 'and how many records each has';

my @decoy = $db->selectrow_array('SELECT decoy FROM pupil.tenant');
for my $table (qw(identity contact credential network progress assessment example
                  homework)) {
    is scalar(my @all = records(\@members, $table)),
        rows("data.$table WHERE owner <> '$decoy[0]'"), "all of $table";
}
is scalar(my @all = records(\@members, 'enrolment')), rows('pupil.enrolment'),
    'all enrolments';
is scalar(@all = records(\@members, 'accounts')), rows('pupil.subject') - 2,
    'all accounts, but of nobody and of who was erased';


is_deeply [records(\@members, 'statistics')], [{ category => 'progress',
    released => '2026-08-01', group => 'Kapitel 1', value => '75-100%',
    persons => 12 }], 'what was counted of records that are gone';
is_deeply [records(\@members, 'releases')], [{ category => 'progress',
    released => '2026-08-01' }], 'and when';
my ($breach) = records(\@members, 'breaches');
is_deeply [@$breach{qw(what reference noticed_at closed_at scopes)}],
    ['A key was lost', 'Incident 7', '2026-11-20T12:00:00.000000Z', undef, []],
    'a breach';


my ($recipient) = records(\@members, 'recipients');
is_deeply [@$recipient{qw(recipient title countries fields evidence_on)},
           map { $_->{reference} } @{ $recipient->{decisions} }],
    ['host', 'Hosting Ltd', ['FI', 'SE'],
     ['identity.family_name', 'identity.given_name'], '2026-02-03', 'KS 17'],
    'the register of recipients, with what was decided';


# ---- readable

sub of ($source, $who) {
    my ($record) = grep { ($_->{owner} // $_->{id}) eq $id{$who} }
                   records(\@members, $source);
    return $record // {};
}

is of(identity => 'pupil')->{family_name}, 'Klein', 'a name';
is of(identity => 'classmate')->{family_name}, 'McMillan',
    'of somebody who is restricted, too';
is of(accounts => 'other')->{status}, 'closed', 'an account that is closed';
ok of(identity => 'other')->{family_name}, 'and whose it was';
is_deeply [@{ of(requests => 'pupil') }{qw(id kind state)}],
    [@asked{qw(id kind)}, 'received'], 'what somebody has asked for';
is of(request_texts => 'pupil')->{text}, $asked{text}, 'in their words';
is_deeply [map { "$_->{id} $_->{owner} $_->{state}" }
           records(\@members, 'requests_without_person')],
    ["$gone{id} $id{colleague} received"],
    'and that somebody did who was erased since';
is of(credential => 'pupil')->{login_id}, $person{pupil}{login},
    'a log-in name';
is join(' ', grep { /password|second/ } keys %{ of(credential => 'pupil') }), '',
    'and nothing that is the host\'s alone';
is of(example => 'pupil')->{favourite_subjects}, "Musik, bild",
    'what a plugin of tomorrow holds';
my ($homework) = grep { $_->{record} eq $day->homework->{id} }
                 records(\@members, 'homework');
is $homework->{title}, 'Kapitel Blåbär', 'what was given to do';
is scalar(@{ $homework->{exercise_ids} }), 2, 'lists are lists';
my ($answer) = grep { $_->{record} eq $day->submission->{id} }
               records(\@members, 'progress');
is $answer->{answer}{text}, 'Kräftan är ett tiofotat djur', 'and answered';
ok $answer->{done}, 'true is true';
is_deeply [@{ of(assessment => 'pupil') }{qw(points comment)}],
    [7.5, 'Läs om fjärilar'], 'and what was said of it';
is_deeply [sort map { $_->{role} } @{ of(accounts => 'teacher')->{roles} }],
    ['teacher'], 'roles';
my %title = map { $_->{id} => $_->{class_title} } records(\@members, 'classes');
ok((grep { ($title{ $_->{class_id} } // '') eq 'Math - Algebra 1' }
    grep { $_->{owner} eq $id{teacher} } records(\@members, 'enrolment')),
    'classes, with their titles');


# ---- on record, and whose

my $noted = $db->selectall_arrayref("SELECT note, subjects FROM"
    . " pupil.audit_record WHERE note LIKE '%export=%'", { Slice => {} });
is scalar(@$noted), @members - 1, 'each file is on record';
ok +(grep { $_->{note} =~ /export=identity / && grep { $_ eq $id{pupil} }
            @{ $_->{subjects} } } @$noted), 'with whom it is about';
is $site->ctl('audit', 'verify', $site->ctl_where)->{code}, 0,
    'and the audit verifies';

my $there = Pupil::Day::neighbour($site);
$run = $there->ctl('tenant', 'export', '--to', "$dir/other", '--recipients',
                   "$dir/recipients", '--json', $there->ctl_where);
is $run->{code}, 0, 'another tenant' or diag $run->{err};
my $told = eval { JSON::XS::decode_json($run->{out}) } // {};
my @theirs = opened("$dir/other");
is $told->{records}, JSON::XS::decode_json($theirs[-1][1])->{records},
    'is told how much';
is scalar(grep { $_->[1] =~ /$id{pupil}|Kapitel/ } @theirs), 0,
    'and gets nothing of this one';


# ---- what fails leaves no archive

sub none ($name) {
    is scalar(grep { -e } "$dir/none", "$dir/none.part"), 0,
        "$name: no archive, and no half of one";
}

is export("$dir/archive")->{code}, 1, 'an archive that is there is kept';
is slurp("$dir/archive"), $sealed, 'as it was';
is $site->ctl('tenant', 'export', '--to', "$dir/none", $site->ctl_where)
    ->{code}, 2, 'nothing is written without a recipient';
spew("$dir/nobody", "nobody\n");
$run = $site->ctl('tenant', 'export', '--to', "$dir/none", '--recipients',
                  "$dir/nobody", $site->ctl_where);
is $run->{code}, 1, 'nor to what is no key';
none('no key');

spew("$dir/victim", "keep me\n");
symlink "$dir/victim", "$dir/linked.part";
$run = export("$dir/linked");
is $run->{code}, 1, 'nor is anything written through a link';
like $run->{err}, qr/linked\.part.*is there/, 'which is said';
is slurp("$dir/victim"), "keep me\n", 'to what is somebody else\'s';
ok !-e "$dir/linked", 'and no archive is there';
spew("$dir/begun.part", 'of another run');
is export("$dir/begun")->{code}, 1, 'nor over what another run writes';
is slurp("$dir/begun.part"), 'of another run', 'which stays';

my $some = "$dir/plugins";
mkdir $some;
symlink $_, "$some/" . s{.*/}{}r
    for grep { !/pupil_example/ } glob Pupil::Nginx::plugins() . '/pupil_*.so';
$run = export("$dir/none", '--plugins', $some);
is $run->{code}, 1, 'a category whose plugin is not there is not left out';
like $run->{err}, qr/plugin of example is not in/, 'which is said';
none('no plugin');

$db->do("UPDATE data.identity SET given_name = set_byte(given_name, 60,"
    . ' get_byte(given_name, 60) # 1) WHERE owner = ?', {}, $id{pupil});
$run = export("$dir/none");
is $run->{code}, 1, 'nor is what somebody changed';
like $run->{err}, qr/given_name of record \Q$id{pupil}\E of identity is not what/,
    'which is located';
none('changed');

done_testing;
