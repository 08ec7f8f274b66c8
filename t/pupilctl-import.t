#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl import: what is taken of real rosters and what is not (M17), twice
# in a row, changed, broken, halved; nothing in clear in a dump (I5); every
# write on record (I2, I19); what was edited in the database is not relied on
# (I18).

use lib 't/lib';
use Pupil::Test;

use IO::Compress::Zip ();
use JSON::XS ();
use MIME::Base64 qw(encode_base64);

my $site = pupil_up;
my $data = root_dir() . '/docs/quickstart/data';
my @open = ('--dates', 'open');


sub import_json ($kind, $from, @more) {
    my $run = $site->ctl('import', $kind, $from, '--json', @more,
                         $site->ctl_where);
    $run->{json} = $run->{code} ? {} : JSON::XS::decode_json($run->{out});
    return $run;
}

sub counts ($run, $what) {
    join ' ', @{ $run->{json}{$what} // {} }{qw(taken changed unchanged
                                               refused)};
}

# A copy of a roster with the texts of some files changed, or undef: no file.
sub roster ($from, %change) {
    state $n = 0;
    my $dir = tmp_dir() . '/roster' . ++$n;
    mkdir $dir or die "$dir: $!\n";
    for my $path (glob "$data/$from/*.csv") {
        my ($name) = $path =~ m{([^/]+)$};
        my $text = slurp($path);
        if (exists $change{$name}) {
            $text = ref $change{$name} ? $change{$name}->($text)
                                       : $change{$name};
        }
        spew("$dir/$name", $text) if defined $text;
    }
    return $dir;
}

# All but what is said of a run: its records, and how it ended.
sub state_of_data {
    join "\n", map { run_cmd('pg_dump', '--no-comments', '-a', '-T',
                             'pupil.audit_*', '-T', 'pupil.source',
                             map({ ('-T', "*.import_$_") } qw(plan part)),
                             $site->pg->conninfo($_),
                            )->{out} =~ s/^\\(?:un)?restrict.*$//mgr }
               qw(pupil pupil_keys)
}

sub records ($sql) { $site->db->selectrow_array(<<~"") }
    SELECT count(*) FROM pupil.audit_event WHERE $sql


# ---- School Data Sync

my $run = import_json(sds => "$data/sds-100-users", @open);
is $run->{code}, 0, 'sds-100-users' or diag $run->{err};
is counts($run, 'institutions'), '2 0 0 0', 'its schools';
is counts($run, 'classes'), '28 0 0 0', 'its sections';
is counts($run, 'users'), '98 0 0 0', 'its users';
is counts($run, 'roles'), '100 0 0 0', 'their roles, two principals with two';
is counts($run, 'enrolments'), '630 0 0 0', 'their enrolments';
is_deeply [map { "$_->[0] $_->[1]" } $site->db->selectall_array(
    'SELECT role, count(*) FROM pupil.role GROUP BY 1 ORDER BY 1')],
    ['pupil 86', 'school_admin 2', 'teacher 12'], 'roles as stored';

my %not = map { ("$_->{file} $_->{column}" => $_->{values}) }
          @{ $run->{json}{columns_not_taken} };
is $not{"Student.csv $_->[0]"}, $_->[1], "not taken: $_->[0] of pupils"
    for ['Password', 86], ['Birthdate', 86], ['Middle Name', 86],
        ['Secondary Email', 0];
is $not{'School.csv Phone'}, 2, 'not taken: phone';

my $before = state_of_data();
$run = import_json(sds => "$data/sds-100-users", @open);
is counts($run, $_->[0]), "0 0 $_->[1] 0", "again: $_->[0] unchanged"
    for [institutions => 2], [classes => 28], [users => 98], [roles => 100],
        [enrolments => 630];
ok $before eq state_of_data(), 'again: not a byte has changed';


# ---- OneRoster, from a folder and from an archive

$run = import_json(oneroster => "$data/oneroster-sds-2.1", @open);
is $run->{code}, 0, 'oneroster-sds-2.1' or diag $run->{err};
is counts($run, 'users'), '6 0 0 2', 'two users are guardians and refused';
is_deeply [map { "$_->{file}:$_->{line}" } @{ $run->{json}{refused} }],
    ['users.csv:3', 'users.csv:6'], 'with file and line';
unlike $run->{out}, qr/Craig|jean|\@outlook|P\@ssword|\+1\d{10}/i,
    'no report holds a value';
is counts($run, 'enrolments'), '6 0 0 0', 'enrolments';

%not = map { ("$_->{file} $_->{column}" => $_->{values}) }
       @{ $run->{json}{columns_not_taken} };
is $not{$_->[0]}, $_->[1], "not taken: $_->[0]"
    for ['users.csv password', 8], ['users.csv phone', 2],
        ['users.csv sms', 2], ['demographics.csv birthDate', 6],
        ['demographics.csv ethnicityCodes', 1], ['userFlags.csv flag', 3],
        ['relationships.csv relationshipRole', 3];
is_deeply [sort map { $_->{file} } @{ $run->{json}{files_not_taken} }],
    [qw(courses.csv demographics.csv relationships.csv userFlags.csv)],
    'files not taken';

{
    my $zip = tmp_dir() . '/roster.zip';
    my $z;
    for my $path (glob "$data/oneroster-sds-2.1/*.csv") {
        my ($name) = $path =~ m{([^/]+)$};
        $z ? $z->newStream(Name => "folder/$name")
           : ($z = IO::Compress::Zip->new($zip, Name => "folder/$name"));
        $z->print(slurp($path));
    }
    $z->close;
    $run = import_json(oneroster => $zip, @open);
    is counts($run, 'users'), '0 0 6 2', 'a ZIP archive is the same roster'
        or diag $run->{err};
    spew("$zip.cut", substr slurp($zip), 0, 700);
    is $site->ctl('import', 'oneroster', "$zip.cut", $site->ctl_where)->{code},
        1, 'an archive that was cut off is refused';
}

# staff have an address, pupils never (M17)
my $dir = roster('oneroster-sds-2.1', 'users.csv' => sub ($text) {
    $text =~ s/(,jjonzer\@classrmtest31.org),,,(\r?)$/$1,jason.jonzer\@school.example,,$2/m;
    $text =~ s/(,jcraig\@classrmtest31.org),,,(\r?)$/$1,little.jack\@home.example,,$2/m;
    return $text;
});
$run = import_json(oneroster => $dir, @open);
is counts($run, 'users'), '0 1 5 2', 'an address of a teacher is a change';
is $site->db->selectrow_array('SELECT count(*) FROM data.contact WHERE owner'
    . ' NOT IN (SELECT decoy FROM pupil.tenant)'), 1, 'the pupil\'s is not stored';
my ($mail) = grep { $_->{column} eq 'email (of pupils)' }
             @{ $run->{json}{columns_not_taken} };
is $mail->{values}, 1, 'and the report says so';
import_json(oneroster => "$data/oneroster-sds-2.1", @open);
is $site->db->selectrow_array('SELECT count(*) FROM pupil.blind_index'
    . ' WHERE category = ?', undef, 'contact'), 0,
    'an address that is gone from the roster is gone';


# ---- I5, and columns that are never stored

{
    my %secret;
    for my $path (glob "$data/*/*.csv") {
        my @rows = map { [split /,/] } split /\r?\n/, slurp($path);
        my $head = shift @rows;
        for my $i (grep { $head->[$_] =~ /name|email|title|password|phone|sms
                                          |birth|flag|ethnic|race/ix }
                   0 .. $#$head)
        {
            $secret{$_}++ for grep { defined && length >= 5 && !/^\d{1,6}$/ }
                              map { $_->[$i] } @rows;
        }
    }
    delete @secret{qw(schoolYear semester)};
    cmp_ok scalar(keys %secret), '>', 250, 'many values to look for';

    my $dump = join '', map {
        run_cmd('pg_dump', $site->pg->conninfo($_))->{out} }
        qw(pupil pupil_keys);
    cmp_ok length $dump, '>', 500_000, 'dumps of both databases';
    my $log = slurp($site->pg->log_file);
    my @found = grep {
        my $hex = unpack 'H*', $_;
        my $base64 = encode_base64($_, '') =~ s/.?.?=*$//r;
        index($dump, $_) >= 0 || index($log, $_) >= 0
            || index(lc $dump, $hex) >= 0
            || length >= 8 && index($dump, $base64) >= 0
    } sort keys %secret;
    is_deeply \@found, [], 'I5: none of them is in a dump or in the log';

    $site->db->do("INSERT INTO pupil.plugin VALUES ('x', 'Contoso High"
                  . " School', '[]', NULL, now(), 'x')");
    like run_cmd('pg_dump', $site->pg->conninfo('pupil'))->{out},
        qr/Contoso High School/, 'the search would find one';
    $site->db->do("DELETE FROM pupil.plugin WHERE category = 'x'");
}


# ---- I19

my ($account) = getpwuid $<;
is records("role <> 'operator' OR note NOT LIKE 'os=% ticket=test%'"), 0,
    'I19: every record names account and ticket';
is records("purpose = 'rostering' AND note LIKE 'os=%'"
           . " AND category IN ('identity', 'credential', 'enrolment')")
   > 10 ? 1 : 0, 1, 'I19: and the purpose';
is $site->db->selectrow_array(<<~''), 0, 'I19: every user written is on record';
    SELECT count(*) FROM pupil.subject s WHERE source <> 'decoy' AND NOT EXISTS
    (SELECT 1 FROM pupil.audit_event e WHERE s.subject = ANY (e.subjects)
        AND e.category = 'identity' AND e.operation = 'write')

{
    $site->db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_operator');
    my $same = state_of_data();
    $run = import_json(sds => roster('sds-100-users', 'Student.csv' => sub ($t)
                       { $t =~ s/,Beulah,/,Beate,/r }), @open);
    is $run->{code}, 1, 'I2: no audit, no import';
    ok $same eq state_of_data(), 'I2: nothing was written';
    $site->db->do('GRANT INSERT ON pupil.audit_record TO pupil_operator');
}


# ---- Changes

my $renamed = roster('sds-100-users',
    'Student.csv' => sub ($t) { $t =~ s/,Beulah,McMillan,BMcMillan/,Beate,McMillan,BeateMcM/r },
    'Section.csv' => sub ($t) { $t =~ s/Health 1,11009/Healthy life,11009/r });
$run = import_json(sds => $renamed, @open);
is counts($run, 'users'), '0 0 97 1', 'somebody else with a used id is refused';
$run = import_json(sds => $renamed, @open, '--accept', $run->{json}{plan});
is counts($run, 'users'), '0 1 97 0', 'a changed name and log-in name';
is counts($run, 'classes'), '0 0 28 0', 'a changed title was taken before';
is $site->ctl('user', 'show', 'BeateMcM', $site->ctl_where)->{code}, 0,
    'the new log-in name is found';
is $site->ctl('user', 'show', 'BMcMillan', $site->ctl_where)->{code}, 1,
    'the old one is not';

$run = import_json(sds => roster('sds-100-users', 'Student.csv' => sub ($t) {
    ($t =~ s/,Beulah,/,Beate,/r)
       . "13999,10002,New,Pupil,oklein,P,WA,,1,M,9,Active,1/1/2001,2019\r\n"
       . "13998,10002,Gone,Pupil,GPupil,P,WA,,1,M,9,Inactive,1/1/2001,2019\n"
       . "13997,99999,No,School,NSchool,P,WA,,1,M,9,Active,1/1/2001,2019\n"
       . "13996,10002,B\tB,Pupil,BPupil,P,WA,,1,M,9,Active,1/1/2001,2019\n"
       . "13995,10002,short\n"
       . "13001,10002,Twice,Pupil,TPupil,P,WA,,1,M,9,Active,1/1/2001,2019\n"
}), @open);
is counts($run, 'users'), '0 1 97 5', 'refused rows';
my %why = map { ("$_->{file}:$_->{line}" => $_->{reason}) }
          grep { $_->{what} eq 'users' } @{ $run->{json}{refused} };
like $why{"Student.csv:$_->[0]"}, $_->[1], "line $_->[0] and why"
    for [88, qr/belongs to another/], [90, qr/school/],
        [91, qr/given_name breaks/], [92, qr/number of columns/],
        [93, qr/there already/];


# ---- Accidents (pitfall 36)

import_json(sds => "$data/sds-100-users", @open, '--plan');  # its key is made
$before = state_of_data();
my @lines = split /^/, slurp("$data/sds-100-users/StudentEnrollment.csv");
for my $case (
    ['an empty roster', 'Student.csv' => sub ($t) { ($t =~ /^(.*\n)/)[0] },
     'StudentEnrollment.csv' => $lines[0]],
    ['half of the enrolments',
     'StudentEnrollment.csv' => join '', @lines[0 .. 250]])
{
    my ($what, %change) = @$case;
    $run = import_json(sds => roster('sds-100-users', %change), @open);
    is $run->{code}, 3, "$what is held";
    like $run->{err}, qr/accident.*--accept [0-9a-f]{16}/s, 'with what to do';
}
$run = import_json(sds => roster('sds-100-users', 'StudentEnrollment.csv'
                   => join '', @lines[0 .. 400]), @open, '--close-absent');
is $run->{code}, 3, 'a third would go: held';
ok $before eq state_of_data(), 'nothing has changed';

my $few = roster('sds-100-users', 'StudentEnrollment.csv' => join '',
                 @lines[0 .. 599]);
$run = import_json(sds => $few, @open);
is $run->{json}{ended}{enrolments}, 0, 'absent rows stay by default';
$run = import_json(sds => $few, @open, '--close-absent');
is $run->{json}{ended}{enrolments}, 3, '--close-absent ends them';
is $site->db->selectrow_array('SELECT count(*) FROM pupil.enrolment'
    . ' WHERE valid_to = current_date - 1'), 3, 'as of yesterday';
$run = import_json(sds => $few, @open, '--close-absent');
is $run->{json}{ended}{enrolments}, 0, 'once';
$run = import_json(sds => "$data/sds-100-users", @open);
is counts($run, 'enrolments'), '0 3 627 0', 'and who is back is back';

$run = import_json(sds => "$data/sds-100-users", '--dates', 'roster');
is counts($run, 'enrolments'), '0 630 0 0', 'terms of the roster';
is $site->db->selectrow_array(q{SELECT string_agg(DISTINCT valid_from || ' '
    || valid_to, ',') FROM pupil.enrolment WHERE source = 'sds'}),
    '2017-07-01 2018-06-30', 'as they stand there';
import_json(sds => "$data/sds-100-users", @open, '--confirm-removal');


# ---- Broken files: said, with the line; nothing is written

$before = state_of_data();
my $student = slurp("$data/sds-100-users/Student.csv");
for my $case (
    ['a quote inside', qr/line 3: is no CSV/, $student =~ s/Beulah/Beu"lah/r],
    ['an open quote', qr/cut off/, $student =~ s/Beulah/"Beulah/r],
    ['UTF-16', qr/UTF-16/, "\xff\xfe" . join "\0", split //, $student],
    ['no header', qr/no column "SIS ID"/, $student =~ s/^.*\n//r],
    ['nothing', qr/is empty/, ''],
    ['a cell of 70,000 bytes', qr/longer than 64 KiB/,
     $student =~ s/Beulah/'x' x 70000/re],
    ['300 columns', qr/more than 256 columns/, ',' x 300 . "\n"],
    ['no file', qr/no file Student.csv/, undef])
{
    my ($what, $like, $text) = @$case;
    $run = import_json(sds => roster('sds-100-users', 'Student.csv'
                                     => sub { $text }), @open);
    is $run->{code}, 1, "$what: refused";
    like $run->{err}, $like, "$what: why";
    unlike $run->{err}, qr/Beu|Klein|P\@ssword/, "$what: no value is shown";
}
ok $before eq state_of_data(), 'nothing was written';

$run = import_json(sds => roster('sds-100-users', 'Student.csv' =>
    "\xef\xbb\xbf" . $student =~ s/\r?\n/\r\n/gr =~ s/Klein/"Klein"/r), @open);
is counts($run, 'users'), '0 0 98 0', 'a byte order mark, CRLF and quotes';

my @codes;
for my $at (map { int(length($student) * $_ / 23) } 0 .. 22) {
    $run = import_json(sds => roster('sds-100-users', 'Student.csv' =>
                       substr $student, 0, $at), @open);
    push @codes, $run->{code} if $run->{code} !~ /^[013]\z/
                                 || $run->{err} =~ /Sanitizer/;
}
is_deeply \@codes, [], 'a file that is cut anywhere: done, held or refused';
import_json(sds => "$data/sds-100-users", @open);


# ---- Who is restricted or erased stays so (I7)

for my $state (qw(restricted erased)) {
    my $owner = $site->db->selectrow_array(q{SELECT subject FROM pupil.subject
        WHERE source = 'oneroster' LIMIT 1});
    $site->db->do('UPDATE pupil.owner SET state = ? WHERE owner = ?', undef,
                  $state, $owner);
    $run = import_json(oneroster => "$data/oneroster-sds-2.1", @open);
    is scalar(grep { $_->{reason} =~ $state } @{ $run->{json}{refused} }), 1,
        "I7: $state, not taken again";
    $site->db->do(q{UPDATE pupil.owner SET state = 'active' WHERE owner = ?},
                  undef, $owner);
}


# ---- I18: rows that were edited are not relied on

my ($one, $two) = map { $_->[0] } $site->db->selectall_array(
    q{SELECT owner FROM pupil.blind_index WHERE category = 'source'
      AND field = 'user' ORDER BY term LIMIT 2});
$site->db->do(q{UPDATE pupil.blind_index SET owner = ?, record = ?
    WHERE category = 'source' AND owner = ?}, undef, $two, $two, $one);
$run = import_json(sds => "$data/sds-100-users", @open);
my $other = import_json(oneroster => "$data/oneroster-sds-2.1", @open);
is scalar(grep { $_->{reason} =~ /tampered/ }
          @{ $run->{json}{refused} }, @{ $other->{json}{refused} }), 1,
    'I18: an edited index row is refused';
cmp_ok records(q{outcome = 'tampered' AND note LIKE '%row=blind_index%'}),
    '>', 0, 'I18: and on record as tampering';

# Also when the import then fails, here for a key that is gone.
my $tampered = q{outcome = 'tampered' AND note LIKE '%row=blind_index%'};
my $found = records($tampered);
my $keys = $site->keystore;
$keys->do(q{CREATE TABLE kept AS SELECT * FROM keystore.service_key
            WHERE name = 'index:credential.login_id'});
$keys->do(q{DELETE FROM keystore.service_key
            WHERE name = 'index:credential.login_id'});
my @failed = map { $site->ctl('import', @$_, @open, $site->ctl_where) }
    [sds => "$data/sds-100-users"], [oneroster => "$data/oneroster-sds-2.1"];
is_deeply [map { $_->{code} } @failed], [1, 1],
    'without a key of an index no import works' or diag map { $_->{err} } @failed;
is records($tampered), $found + 1,
    'I18: what was found tampered with before that is on record';
$keys->do('INSERT INTO keystore.service_key SELECT * FROM kept');
$keys->do('DROP TABLE kept');

$site->db->do(q{UPDATE pupil.enrolment SET role = 'teacher' WHERE enrolment =
    (SELECT enrolment FROM pupil.enrolment WHERE role = 'pupil' LIMIT 1)});
import_json(sds => "$data/sds-100-users", @open);
cmp_ok records(q{outcome = 'tampered' AND note LIKE '%row=enrolment%'}),
    '>', 0, 'I18: an edited enrolment is on record as tampering';

done_testing;
