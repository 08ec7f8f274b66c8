#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The statements that /v1/data/ makes from the descriptors of all plugins: each
# one is prepared and run by the gateway's role on a real database.  Who
# relates to whom (I3), what a write leaves, and what the audit says (I1, I2).

use lib 't/lib';
use Pupil::Test;

my $pg = Pupil::Postgres->new->start;
my $super = $pg->dbh;

$super->do("CREATE ROLE $_ NOLOGIN") for qw(pupil_owner pupil_gateway
                                            pupil_operator);
$super->do('CREATE DATABASE pupil OWNER pupil_owner');

my @plugins = map { m{plugins/(\w+)/} } glob root_dir() . '/plugins/*/*.c';
my $owner = $pg->connect('pupil');
$owner->do('SET ROLE pupil_owner');
$owner->do(slurp($_)) for sort(glob root_dir() . '/sql/data/*.sql'),
    map { root_dir() . "/plugins/$_/$_.sql" } sort @plugins;

$owner->do(<<'');
CREATE TABLE data.nickname (
    tenant uuid NOT NULL, owner uuid NOT NULL, record uuid NOT NULL,
    key_version integer NOT NULL, source text NOT NULL,
    updated_at timestamptz NOT NULL,
    nickname bytea NOT NULL, class_id uuid NOT NULL, used_in uuid[],
    times bigint, PRIMARY KEY (tenant, owner, record));
SELECT pupil.protect('nickname');
INSERT INTO pupil.plugin (category, version, grants, accepted_by)
SELECT 'nickname', '1', jsonb_agg(jsonb_build_object('operation', 'write',
       'relation', 'self', 'purpose', 'subject_access', 'field', f,
       'indexed', f = 'nickname')), 'test'
  FROM unnest(ARRAY['nickname', 'class_id', 'used_in', 'times']) AS f;

my $run = run_cmd(build_dir() . '/plugin_load', 'sql',
                  (map { build_dir() . "/plugins/pupil_$_.so" } @plugins),
                  build_dir() . '/t/plugins/nickname.so');
is $run->{code}, 0, 'all statements compose' or diag $run->{err};


# Ids are readable: id('1') is 1111...

sub id ($c) { join '-', map { $c x $_ } 8, 4, 4, 4, 12 }

my ($T, $T2, $S1, $S2, $C1, $C2, $C3) = map { id($_) } qw(0 9 a b c d e);
$T =~ s/^0/1/;
my %who = (TEACHER => '1', PUPIL => '2', OTHER => '3', LEFT => '4',
           ADMIN => '5', TENANT => '6', DPO => '7', ELSE => '8');
$_ = id($_) for values %who;
my $zero = '0' x 8 . '-0000-0000-0000-' . '0' x 12;

my $db = $pg->dbh('pupil');         # the superuser: no row-level security
my $insert = sub ($table, @values) {
    $db->do("INSERT INTO $table VALUES (" . join(', ', map {
        !defined ? 'NULL' : $db->quote($_) } @values) . ')');
};

$insert->('pupil.owner', $T, $_, 'subject', 'active', 1) for values %who;
$insert->('pupil.owner', $T, $_, 'class', 'active', 1) for $C1, $C2, $C3;
$insert->('pupil.owner', $T, $_, 'institution', 'active', 1) for $S1, $S2;
$insert->('pupil.subject', $T, $_, 'active', 'test', 'now', '\x01')
    for values %who;
$insert->('pupil.institution', $T, $_, '\x5e', 'test', 'now') for $S1, $S2;
$insert->('pupil.class', $T, @$_, '\x5c', 'test', 'now')
    for [$C1, $S1], [$C2, $S1], [$C3, $S2];

my $n = 0;
my $enrol = sub ($subject, $class, $school, $role, $to = undef) {
    $insert->('pupil.enrolment', $T, sprintf('%08d', ++$n) . substr(id('f'), 8),
              $who{$subject}, $class, $school, $role, '2020-01-01', $to,
              'test', '\x02');
};
$enrol->('TEACHER', $C1, $S1, 'teacher');
$enrol->('TEACHER', $C3, $S2, 'teacher');
$enrol->('PUPIL', $C1, $S1, 'pupil');
$enrol->('PUPIL', $C2, $S1, 'pupil');
$enrol->('OTHER', $C2, $S1, 'pupil');
$enrol->('LEFT', $C1, $S1, 'pupil', '2020-12-31');
$insert->('pupil.role', $T, $who{ADMIN}, $S1, 'school_admin', '2020-01-01',
          undef, 'test', '\x03');
$insert->('pupil.role', $T, $who{TENANT}, $zero, 'tenant_admin',
          '2020-01-01', undef, 'test', '\x03');
$insert->('pupil.role', $T, $who{DPO}, $zero, 'dpo', '2020-01-01', undef,
          'test', '\x03');

$insert->('data.identity', $T, $_, $_, 1, 'test', 'now', '\xaa', '\xbb')
    for @who{qw(PUPIL OTHER LEFT TEACHER)};
for my $class ($C1, $C2) {
    $insert->('data.progress', $T, $who{PUPIL}, $class, 1, 'test', 'now',
              id('f'), $class, id('f'), 't', '\xcc', '\xdd', 'f', '\xee');
    for my $deleted (undef, '2021-01-01') {
        $insert->('data.homework', $T, $class, uuid(), 1, 'test', 'now',
                  '\x01', '\x02', '\x03', '{}', undef, 'now',
                  'now', $deleted);
    }
}


# The gateway.

my $gateway = $pg->connect('pupil', pg_server_prepare => 0);
$gateway->do('SET ROLE pupil_gateway');
$gateway->do("SET pupil.tenant = '$T'");
$gateway->do(q{SELECT set_config('pupil.day', (current_date
    - DATE '1970-01-01')::text, false)});

my (%columns, $columns);
for (split /\n/, $run->{out}) {
    if (/^-- columns (\d+)/) {
        $columns = $1;
    } elsif (/^PREPARE (\w+)/) {
        my $name = $1;
        $columns{$name} = $columns;
        eval { $gateway->do($_); 1 } or fail("prepare $name: $@");
    }
}
cmp_ok scalar(keys %columns), '>=', 90, 'statements are prepared';

my $literal = sub ($v) {
    return 'NULL' if !defined $v;
    return $gateway->quote('{' . join(',', map {
        defined ? '"' . s/([\\"])/\\$1/gr . '"' : 'NULL' } @$v) . '}')
        if ref $v;
    return $gateway->quote($v);
};

my $nonce = 4711;
# Of a write, without the column that says which record it left.
my $execute = sub ($name, $actor, $school, @own) {
    push @own, 'now', 1, $nonce, '\x' . '5a' x 64 if $name =~ /^write/;
    my @common = (++$nonce, $T, id('f'), $actor, 'test', $school,
                  '192.0.2.0/24');
    my $rows = $gateway->selectall_arrayref(
        "EXECUTE $name (" . join(', ', map { $literal->($_) } @common, @own)
        . ')');
    die "$name: no row" if !@$rows;
    die "$name: nonce" if grep { $_->[0] != $nonce } @$rows;
    die "$name: columns" if grep { @$_ != $columns{$name} } @$rows;
    splice @$_, 1, 1 for $name =~ /^write/ ? @$rows : ();
    return $rows;
};

my $last_audit = sub {
    return $db->selectrow_hashref('SELECT outcome, subjects::text, actor::text,'
        . ' network::text FROM pupil.audit_record ORDER BY at DESC LIMIT 1');
};
my $audits = sub {
    return $db->selectrow_array('SELECT count(*) FROM pupil.audit_record');
};


# Each statement runs for somebody unknown, and shows nothing.

my $nobody = 'abcdefab-0000-4000-8000-000000000000';
my $ran = 0;
for my $name (sort keys %columns) {
    my @own = $name =~ /^read/ ? ($nobody, undef, 10)
        : $name =~ /^refuse/ ? ()
        : $name =~ /^look/ ? ($nobody, $nobody)
        : $name =~ /^evidence/ ? ($nobody)
        : ($nobody, $nobody, 1, [(0) x 64], ([]) x 6);
    my $before = $audits->();
    my $rows = eval { $execute->($name, $who{OTHER}, $S1, @own) };
    my $wrong = !$rows ? $@
        : @$rows != 1 ? 'rows'
        : $name =~ /^(read|write|look)/ && $rows->[0][1] ? 'relates'
        : $name =~ /^(read|evidence)/
          && grep({ defined } @{ $rows->[0] }[2 .. $#{ $rows->[0] }])
          ? 'shows something'
        : $audits->() - $before != ($name =~ /^write/ ? 1 : 0)
          ? 'audit' : undef;
    is $wrong, undef, "$name runs, and shows nothing" if $wrong;
    $ran++;
}
is $ran, scalar(keys %columns), 'each statement runs';


# Who relates to whom.

my @cases = (
    # statement, actor, school, subject, records (undef: 404)
    ['identity_self', 'PUPIL', $S1, 'PUPIL', 1],
    ['identity_self', 'PUPIL', $S1, 'OTHER', undef],
    ['identity_teaches', 'TEACHER', $S1, 'PUPIL', 1],
    ['identity_teaches', 'TEACHER', $S2, 'PUPIL', undef],
    ['identity_teaches', 'TEACHER', $S1, 'OTHER', undef],
    ['identity_teaches', 'TEACHER', $S1, 'LEFT', undef],
    ['identity_teaches', 'PUPIL', $S1, 'TEACHER', undef],
    ['identity_teaches', 'OTHER', $S1, 'PUPIL', undef],
    ['identity_taught_by', 'PUPIL', $S1, 'TEACHER', 1],
    ['identity_taught_by', 'LEFT', $S1, 'TEACHER', undef],
    ['identity_taught_by', 'PUPIL', $S1, 'OTHER', undef],
    ['identity_school_admin', 'ADMIN', $S1, 'PUPIL', 1],
    ['identity_school_admin', 'ADMIN', $S1, 'LEFT', undef],
    ['identity_school_admin', 'ADMIN', $S2, 'TEACHER', undef],
    ['identity_school_admin', 'TEACHER', $S1, 'PUPIL', undef],
    ['identity_tenant_admin', 'TENANT', $zero, 'LEFT', 1],
    ['identity_tenant_admin', 'ADMIN', $S1, 'PUPIL', undef],
    ['identity_dpo', 'DPO', $zero, 'PUPIL', 1],
    ['progress_self', 'PUPIL', $S1, 'PUPIL', 2],
    ['progress_teaches', 'TEACHER', $S1, 'PUPIL', 1],
    ['enrolment_self', 'PUPIL', $S1, 'PUPIL', 2],
    ['enrolment_self', 'TEACHER', $S1, 'TEACHER', 2],
    ['enrolment_teaches', 'TEACHER', $S1, 'PUPIL', 1],
    ['enrolment_school_admin', 'ADMIN', $S1, 'TEACHER', 1],
    ['homework_teaches', 'TEACHER', $S1, $C1, 1],
    ['homework_teaches', 'TEACHER', $S1, $C2, undef],
    ['homework_teaches', 'TEACHER', $S1, $C3, undef],
    ['homework_taught_by', 'PUPIL', $S1, $C2, 1],
    ['homework_taught_by', 'OTHER', $S1, $C1, undef],
    ['homework_dpo', 'DPO', $zero, $C1, 1],
);

for my $case (@cases) {
    my ($name, $actor, $school, $subject, $records) = @$case;
    my $label = "$name: $actor sees " . ($records // 'no') . " of $subject";
    my $id = $who{$subject} // $subject;
    my $rows = $execute->("read_$name", $who{$actor}, $school, $id, undef,
                          50);
    my $found = grep { defined $_->[2] } @$rows;

    is !!$rows->[0][1], defined $records, "$label: relates";
    is $found, $records // 0, "$label: records";

    if ((my $evidence = "evidence_$name") && $columns{"evidence_$name"}) {
        $rows = $execute->($evidence, $who{$actor}, $school, $id);
        is !!(grep { defined } @{ $rows->[0] }[1 .. 32]),
            !!(defined $records || $name =~ /_(tenant|dpo)/ && $records),
            "$label: evidence";
    }
}

# What evidence looks like: columns of statement.h.
my $row = $execute->('evidence_identity_teaches', $who{TEACHER}, $S1,
                     $who{PUPIL})->[0];
is_deeply [@{$row}[9, 10, 12, 13, 14]],
    [$who{TEACHER}, $C1, 'teacher', 18262, undef], 'the teacher\'s enrolment';
is_deeply [@{$row}[18, 19, 21]], [$who{PUPIL}, $C1, 'pupil'],
    'the pupil\'s enrolment';
$row = $execute->('evidence_identity_school_admin', $who{ADMIN}, $S1,
                  $who{PUPIL})->[0];
is_deeply [@{$row}[1, 2, 3, 18]],
    [$who{ADMIN}, $S1, 'school_admin', $who{PUPIL}], 'the administrator';

# Owners of the values: class and school beside the record's.
$row = $execute->('read_enrolment_teaches', $who{TEACHER}, $S1, $who{PUPIL},
                  undef, 9)->[0];
is_deeply [@{$row}[3, 4, 5, 6, 7, 8, 9, 10, 11]],
    [$who{PUPIL}, $C1, undef, $who{PUPIL}, 'active', 1, $C1, 'active', 1],
    'the groups of an enrolment';

# Pages.
my $page = $execute->('read_progress_self', $who{PUPIL}, $S1, $who{PUPIL},
                      undef, 1);
is $page->[0][2], $C1, 'the first page';
$page = $execute->('read_progress_self', $who{PUPIL}, $S1, $who{PUPIL}, $C1,
                   1);
is $page->[0][2], $C2, 'the second page';

# The tenant's rows are no other tenant's.
$gateway->do("SET pupil.tenant = '$T2'");
ok !$execute->('read_identity_dpo', $who{DPO}, $zero, $who{PUPIL}, undef,
               9)->[0][1], 'another tenant sees nothing';
$gateway->do("SET pupil.tenant = '$T'");


# Writes of category example: favourite_subjects sealed, required; chosen_on.

my $write = sub ($version, $set, $sealed, $plain, %opt) {
    my $subject = $opt{subject} // $who{PUPIL};
    my $row = $execute->('write_example_self', $who{PUPIL}, $S1, $subject,
        $opt{record} // $subject, $version, $set, [map {
            defined ? "\\x$_" : undef } @$sealed], $plain, [], [], [],
        [])->[0];
    return join ',', map { $_ // 'NULL' } @{$row}[1 .. 5];
};
my $stored = sub {
    return join ',', map { $_ // 'NULL' } $db->selectrow_array(
        'SELECT favourite_subjects, chosen_on, key_version, source'
        . ' FROM data.example') ;
};

my $count = $audits->();
is $write->(1, [0, 1], [undef, undef], [undef, '2026-01-02']),
    '1,0,0,active,0', 'a new record without a required field: refused';
is $write->(2, [1, 1], ['aa', undef], [undef, '2026-01-02']),
    '1,0,0,active,0', 'another key version: refused';
is $write->(1, [1, 0], ['aa', undef], [undef, undef], record => id('f')),
    '1,0,0,active,0', 'a second record where one is: refused';
is $audits->(), $count, 'what wrote nothing for such a reason is not audited';
is $write->(1, [1, 1], ['aa', undef], [undef, '2026-01-02']),
    '1,0,0,active,1', 'created';
is $last_audit->()->{outcome}, 'allowed', 'audited';
is $stored->(), "\xaa,2026-01-02,1,user", 'stored';
is $write->(1, [0, 1], [undef, undef], [undef, undef]), '1,1,0,active,1',
    'a field is taken away';
is $stored->(), "\xaa,NULL,1,user", 'and the other one is kept';
is $write->(1, [1, 0], [undef, undef], [undef, undef]), '1,1,0,active,0',
    'a required field cannot be taken away';
is $write->(1, [1, 0], ['bb', undef], [undef, undef],
            subject => $who{OTHER}), '0,0,0,NULL,0', 'not another\'s';
is $last_audit->()->{outcome}, 'not_found', 'audited';
$db->do('UPDATE pupil.owner SET state = ? WHERE owner = ?', undef,
        'restricted', $who{PUPIL});
is $write->(1, [1, 0], ['cc', undef], [undef, undef]),
    '1,1,0,restricted,0', 'not while restricted';
is $last_audit->()->{outcome}, 'restricted', 'audited';
is $stored->(), "\xaa,NULL,1,user", 'nothing has changed';
is join(',', map { $_ // 'NULL' } @{ $execute->('look_example_self',
    $who{PUPIL}, $S1, $who{PUPIL}, $who{PUPIL})->[0] }[1 .. 5]),
    "1,1,$who{PUPIL},restricted,1", 'a look before';

$db->do('UPDATE pupil.owner SET state = ?', undef, 'active');


# Writes of category nickname: fields nickname (indexed), class_id, used_in,
# times; many records, each of a class.

my $r = sub ($c) { id($c) =~ s/^./0/r };
my $nickname = sub ($how, $actor, $subject, $record, $name, $class, %opt) {
    my @set = map { defined ? 1 : 0 } $name, $class;
    my @index = defined $name ? (['nickname'], ["\\x$name"], ['\x99'])
                              : ([], [], []);
    my @more = $opt{more} ? (@{ $opt{more} }) : (undef, undef);
    my $self = $how eq 'self';
    my $row = $execute->("write_nickname_$how", $who{$actor}, $S1,
        $who{$subject}, $r->($record), 1,
        [@set, ($self ? map { defined ? 1 : 0 } @more : ())],
        [defined $name ? "\\x$name" : undef, undef, undef, undef],
        [undef, $class, @more], @index, $opt{classes} // [$C1])->[0];
    return join ',', @{$row}[1, 2, 3, 5];
};
my $index = sub {
    return join ' ', map { "@$_" } $db->selectall_array(
        "SELECT encode(term, 'hex'), right(record::text, 1) FROM"
        . " pupil.blind_index WHERE category = 'nickname' ORDER BY term");
};

is $nickname->('self', 'PUPIL', 'PUPIL', '1', 'aa', $C1,
               more => ["$C1 $C2", '-5']), '1,0,0,1', 'a record with an index';
is $db->selectrow_array('SELECT used_in::text || times FROM data.nickname'),
    "{$C1,$C2}-5", 'a list of ids, a number';
is $nickname->('self', 'PUPIL', 'PUPIL', '2', 'bb', $C1), '1,0,0,1',
    'a second one';
is $index->(), 'aa 1 bb 2', 'both are indexed';
is $nickname->('self', 'PUPIL', 'PUPIL', '2', 'bb', undef), '1,1,0,1',
    'the same again, which NOT NULL columns allow';
is $nickname->('self', 'PUPIL', 'PUPIL', '1', 'cc', undef), '1,1,0,1',
    'another name';
is $index->(), 'bb 2 cc 1', 'the old term is gone';
is $nickname->('self', 'OTHER', 'OTHER', '3', 'cc', $C2), '1,0,1,0',
    'a name that is taken';
is $last_audit->()->{outcome}, 'conflict', 'is audited as a conflict';
is $index->(), 'bb 2 cc 1', 'and changes no index';
is $db->selectrow_array('SELECT count(*) FROM data.nickname'), 2,
    'nor a record';

is $nickname->('teaches', 'TEACHER', 'PUPIL', '4', 'dd', $C1), '1,0,0,1',
    'a teacher writes for the own class';
is $last_audit->()->{subjects}, "{$who{PUPIL}}", 'audited with the pupil';
is $nickname->('teaches', 'TEACHER', 'PUPIL', '5', 'ee', $C2), '1,0,0,0',
    'not for another class';
is $nickname->('teaches', 'TEACHER', 'PUPIL', '4', undef, $C2), '1,1,0,0',
    'nor moves a record there';
is $nickname->('self', 'PUPIL', 'PUPIL', '6', 'ff', $C2), '1,0,0,1',
    'a record of another class';
is $nickname->('teaches', 'TEACHER', 'PUPIL', '6', '11', undef), '1,0,0,0',
    'is none of the teacher\'s';
is $nickname->('teaches', 'TEACHER', 'PUPIL', '6', '11', $C1), '1,0,0,0',
    'nor can it be taken over';
is $nickname->('teaches', 'TEACHER', 'OTHER', '7', '22', $C1), '0,0,0,0',
    'nor for a pupil of others';

# Enrolments that somebody planted relate, but their evidence is not authentic.
$enrol->('TEACHER', $C2, $S1, 'teacher');
is $nickname->('teaches', 'TEACHER', 'PUPIL', '6', '11', undef), '1,0,0,0',
    'I18: a record of a class that was planted stays as it is';
is $nickname->('teaches', 'TEACHER', 'PUPIL', '8', '33', $C2), '1,0,0,0',
    'I18: and none is made there';
is $nickname->('teaches', 'TEACHER', 'PUPIL', '6', '11', undef,
    classes => []), '0,0,0,0', 'I18: without any evidence, nothing relates';
is $last_audit->()->{outcome}, 'not_found', 'which is audited';
is $nickname->('teaches', 'TEACHER', 'PUPIL', '6', '11', undef,
    classes => [$C1, $C2]), '1,1,0,1', 'with evidence it is written';
is $index->(), '11 6 bb 2 cc 1 dd 4', 'the index at the end';

$gateway->disconnect;
$owner->disconnect;
$pg->stop;
done_testing;
