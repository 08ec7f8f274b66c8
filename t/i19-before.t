#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I19: what pupilctl gives somebody, or takes away, is on record before it is
# signed and sent to the data database, which may keep what it has seen: a role,
# an account, a password, an enrolment, what is left of them.  So a command whose
# record cannot be written sends nothing, and one that fails after it leaves the
# record, which says which role.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(start => 0);
my ($db, $site) = ($day->db, $day->site);
my %id = map { $_ => $day->person($_)->{id} } qw(pupil classmate teacher);
my ($login) = $day->person('colleague')->{login};
my @where = $site->ctl_where;
my $school = $db->selectrow_array('SELECT institution FROM pupil.institution'
    . ' ORDER BY institution LIMIT 1');
my $demo = root_dir() . '/docs/quickstart/data/sds-100-users';
$db->do('SET client_min_messages = warning');

# The demo's roster, without its enrolments of a pupil.
sub less ($pupil) {
    my $folder = tmp_dir() . '/less';
    mkdir $folder or die "$folder: $!\n";
    for my $path (glob "$demo/*.csv") {
        my ($file) = $path =~ m{([^/]+)$};
        spew("$folder/$file", slurp($path) =~ s/^\d+,$pupil\r?\n//mgr);
    }
    return $folder;
}

# What authorises, by table.
my @tables = qw(pupil.subject pupil.role pupil.enrolment pupil.blind_index
                data.credential);
my %names = map { $_ => $_ =~ s/.*[.]//r } @tables;

sub trigger ($name, $body, %on) {
    $db->do("CREATE FUNCTION public.$name() RETURNS trigger LANGUAGE plpgsql"
        . " AS \$f\$BEGIN $body END\$f\$");
    $db->do("CREATE TRIGGER $name BEFORE $on{$_} ON $_ FOR EACH ROW EXECUTE"
        . " FUNCTION public.$name()") for sort keys %on;
}

# Of a command: its code, and the tables of whose rows some were sent.
sub sent (@command) {
    my $log = $site->pg->log_file;
    my $seen = -s $log;
    trigger(seen => q{RAISE LOG 'seen in %', TG_TABLE_NAME; RETURN NEW;},
            map { $_ => 'INSERT OR UPDATE' } @tables);
    my $run = $site->ctl(@command);
    $db->do('DROP FUNCTION public.seen() CASCADE');
    my %seen = map { $_ => 1 } substr(slurp($log), $seen) =~ /seen in (\w+)/g;
    return ($run->{code}, join(' ', sort keys %seen), $run->{err});
}

sub records ($detail) {
    return 0 + $db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
        . " WHERE role = 'operator' AND outcome = 'allowed' AND note LIKE ?",
        {}, "%$detail%");
}

# What, the command, what of it is on record, and where it writes.
my @cases = (
    ['a role', [qw(user role add), $login, 'dpo', @where],
     'role=add as=dpo', 'role'],
    ['a role at a school', [qw(user role add), $login, 'school_admin',
                            '--institution', $school, @where],
     "role=add as=school_admin institution=$school", 'role'],
    ['an account', [qw(user add a.new.one support), @where],
     'user=add as=support', 'blind_index credential role subject'],
    ['a password', [qw(user password), $login, @where,
                    { stdin => "Another one, 2026\n" }], '', 'credential'],
    ['unlocked', [qw(subject unlock), $id{pupil}, @where], 'status=active',
     'subject'],
    ['reopened', [qw(subject reopen), $id{classmate}, @where],
     'status=reopened', 'enrolment role subject'],
    ['a role less', [qw(user role remove), $login, 'support', @where],
     'role=remove as=support', 'enrolment role subject'],
    ['locked', [qw(subject lock), $id{teacher}, @where], 'status=locked',
     'enrolment role subject'],
    ['closed', [qw(subject close), $id{pupil}, @where], 'status=closed',
     'enrolment role subject'],
    ['erased', [qw(subject erase), $id{classmate}, @where], 'erasure=',
     'subject'],
    ['enrolments', ['import', 'sds', $demo, qw(--dates open), @where],
     'sds', 'enrolment role subject'],
);

$site->ctl_ok(qw(user role add), $login, 'support', @where);
$site->ctl_ok(qw(subject lock), $id{pupil}, @where);
$site->ctl_ok(qw(subject close), $id{classmate}, @where);
$site->ctl_ok('import', 'sds', less(13005), qw(--dates open --close-absent),
              @where);


# ---- without a record

my $away = q{IF cardinality(NEW.subjects) > 0 THEN RAISE EXCEPTION 'away';}
    . ' END IF; RETURN NEW;';

for my $case (@cases) {
    my ($name, $command) = @$case;
    trigger(away => $away, 'pupil.audit_record' => 'INSERT');
    my ($code, $sent) = sent(@$command);
    $db->do('DROP FUNCTION public.away() CASCADE');
    is $code, 1, "$name: without a record it fails";
    is $sent, '', "$name: nothing was signed";
}


# ---- people that a roster brings

my $there = bless { %$site, tenant => undef }, ref $site;
my $added = $there->ctl_ok('tenant', 'add', 'Grannkommunen', '--json',
                           $there->ctl_where);
($there->{tenant}) = $added->{out} =~ /"tenant":\s*"([0-9a-f-]{36})"/;
my @import = ('import', 'sds', $demo, qw(--dates open), $there->ctl_where);
trigger(away => $away, 'pupil.audit_record' => 'INSERT');
my ($code, $sent) = sent(@import);
$db->do('DROP FUNCTION public.away() CASCADE');
is $code, 1, 'people: without a record it fails';
unlike $sent, qr/subject|credential|role|enrolment/,
    'people: nothing of theirs was signed';


# ---- with one, and no more

for my $case (@cases) {
    my ($name, $command, $detail, $tables) = @$case;
    my ($table) = grep { $names{$_} eq (split ' ', $tables)[0] } @tables;
    my $before = records($detail);
    trigger(away => q{RAISE EXCEPTION 'away';}, $table => 'INSERT OR UPDATE');
    my $run = $site->ctl(@$command);
    $db->do('DROP FUNCTION public.away() CASCADE');
    is $run->{code}, 1, "$name: not stored";
    ok records($detail) > $before, "$name: and on record";
    my ($code, $sent, $error) = sent(@$command);
    is $code, 0, "$name: the same again" or diag $error;
    is $sent, $tables, "$name: is stored";
}
($code, $sent) = sent(@import);
is $code, 0, 'people: the same again';

done_testing;
