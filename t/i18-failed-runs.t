#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: what a run signs is signed under a number that no other run has.  So what
# a run has signed that failed, and that somebody saw, counts no more once
# something of the same person is revoked: not a role, not the row of an
# account, not an enrolment, not a password.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use JSON::XS ();

my $day = Pupil::Day->up(conf => { pupil_session_zone => undef })
                    ->all_here->work;
my ($db, $keys, $site, $nginx) =
    ($day->db, $day->site->keystore, $day->site, $day->nginx);
my $homework = $day->homework->{id};
my %person = map { $_ => $day->person($_) }
    qw(pupil classmate teacher colleague);
$db->do('SET client_min_messages = warning');

sub floors ($who) {
    return join ' ', $keys->selectrow_array('SELECT session, credential,'
        . ' authority FROM keystore.floor WHERE subject = ?', {},
        $person{$who}{id});
}

sub ctl (@args) { return $site->ctl(@args) }

sub log_in ($who, $password = $person{$who}{password}) {
    my $http = $nginx->http;
    my $res = $http->login($person{$who}{login}, $password);
    return wantarray ? ($http, $res->status) : $res->status;
}

# Runs a command in a data database that shows what is written to a table, and
# keeps nothing; returns what was shown.
sub failed ($name, $table, @command) {
    my $log = $site->pg->log_file;
    my $seen = -s $log;
    $db->do('CREATE FUNCTION public.show() RETURNS trigger LANGUAGE plpgsql AS'
        . q{ 'BEGIN RAISE LOG $$shown %$$, row_to_json(NEW); RETURN NEW;}
        . q{ END'});
    $db->do('CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS'
        . q{ 'BEGIN RAISE EXCEPTION $$away$$; END'});
    $db->do("CREATE TRIGGER show BEFORE UPDATE ON $table FOR EACH ROW"
        . ' EXECUTE FUNCTION public.show()');
    $db->do('CREATE TRIGGER fail BEFORE INSERT ON pupil.revocation'
        . ' EXECUTE FUNCTION public.fail()');
    my $run = ctl(@command);
    $db->do("DROP FUNCTION public.$_() CASCADE") for qw(show fail);
    is $run->{code}, 1, "$name: it fails";
    return substr(slurp($log), $seen) =~ /shown (\{.*\})/g;
}

# Of what was shown, the last that is about somebody as if.
sub last_of ($rows, $who, $if) {
    my ($row) = grep {
        my $r = JSON::XS::decode_json($_);
        ($r->{subject} // $r->{owner}) eq $person{$who}{id} && $if->($r);
    } reverse @$rows;
    return $row // die "nothing was signed of the $who";
}

# What a row of a table has no other of.
my %key = ('pupil.role' => [qw(subject institution role)],
           'pupil.subject' => [qw(subject)],
           'pupil.enrolment' => [qw(subject class role)],
           'data.credential' => [qw(owner)]);

sub put_in ($table, $row) {
    my $columns = JSON::XS::decode_json($row);
    my @key = @{ $key{$table} };
    $db->begin_work;
    $db->do("DELETE FROM $table WHERE " . join(' AND ', map { "$_ = ?" } @key),
            {}, @$columns{@key});
    $db->do("INSERT INTO $table SELECT * FROM json_populate_record(NULL::"
        . "$table, ?::json)", {}, $row);
    $db->commit;
}


# ---- a role

my @where = $site->ctl_where;
my $school = $db->selectrow_array('SELECT institution FROM pupil.institution'
    . ' WHERE institution NOT IN (SELECT institution FROM pupil.role WHERE'
    . ' subject = ?) LIMIT 1', {}, $person{teacher}{id});
my @admin = ($person{teacher}{login}, 'school_admin', '--institution', $school,
             @where);
my @support = ($person{teacher}{login}, 'support', @where);
$site->ctl_ok(qw(user role add), @$_) for \@admin, \@support;

sub administrates {
    my ($http) = log_in('teacher');
    return $http->post('/v1/session/institution', json => {
        institution_id => $school, role => 'school_admin' })->status == 200;
}

my @rows = failed('role', 'pupil.role', qw(user role remove), @support);
my $row = last_of(\@rows, 'teacher',
                  sub ($r) { $r->{role} eq 'school_admin' });
ok administrates(), 'role: nothing is revoked yet';
is ctl(qw(user role remove), @admin)->{code}, 0,
    'role: another one is removed';
ok !administrates(), 'role: it is gone';
put_in('pupil.role', $row);
ok !administrates(), 'role: what the run that failed signed gives nothing';


# ---- the row of an account

@rows = failed('account', 'pupil.subject', qw(user role remove), @support);
$row = last_of(\@rows, 'teacher', sub ($r) { $r->{status} eq 'active' });
is ctl(qw(subject lock), $person{teacher}{id}, @where)->{code}, 0,
    'account: it is locked';
is log_in('teacher'), 401, 'account: nobody logs in';
put_in('pupil.subject', $row);
is log_in('teacher'), 401,
    'account: what the run that failed signed opens nothing';


# ---- an enrolment

# The demo's roster without some lines.
my $rosters = 0;
sub roster (@without) {
    my $folder = tmp_dir() . '/roster' . $rosters++;
    mkdir $folder or die "$folder: $!\n";
    for my $path (glob root_dir() . '/docs/quickstart/data/sds-100-users/*.csv')
    {
        my ($file) = $path =~ m{([^/]+)$};
        my $text = slurp($path);
        if ($file eq 'StudentEnrollment.csv') {
            $text =~ s/^\Q$_\E\r?\n//m or die "$file: no $_\n" for @without;
        }
        spew("$folder/$file", $text);
    }
    return $folder;
}

sub import_of ($folder) {
    return ('import', 'sds', $folder, qw(--dates open --close-absent), @where);
}

# Two nights: one class of the pupil, and in the next another, too.
my @gone = ('11003,13001', '11001,13001');
@rows = failed('enrolment', 'pupil.enrolment', import_of(roster($gone[0])));
$row = last_of(\@rows, 'pupil', sub ($r) { $r->{class} eq $day->class_id });
is ctl(import_of(roster(@gone)))->{code}, 0,
    'enrolment: it ends in the next night';
my ($http) = log_in('pupil');
is $http->get("/v1/homework/$homework")->status, 404,
    'enrolment: it has ended';
put_in('pupil.enrolment', $row);
is $http->get("/v1/homework/$homework")->status, 404,
    'enrolment: what the run that failed signed gives nothing';


# ---- a password

sub password ($text) {
    return (qw(user password), $person{colleague}{login}, @where,
            { stdin => "$text\n" });
}

@rows = failed('password', 'data.credential', password('never set, at all'));
$row = last_of(\@rows, 'colleague', sub ($r) { 1 });
is ctl(password('the one that was set'))->{code}, 0, 'password: another is set';
is log_in('colleague', 'the one that was set'), 200, 'password: and lets in';
put_in('data.credential', $row);
is log_in('colleague', 'never set, at all'), 401,
    'password: one that was never set lets nobody in';


# ---- a run that is killed before it raises the floor, behind one that failed

failed('killed, before it', 'pupil.subject', qw(subject lock),
       $person{classmate}{id}, @where);
my $before = floors('classmate');
$keys->do('ALTER FUNCTION keystore.raise RENAME TO gone');
is ctl(qw(subject lock), $person{classmate}{id}, @where)->{code}, 1,
    'killed: it cannot finish';
$keys->do('ALTER FUNCTION keystore.gone RENAME TO raise');
is floors('classmate'), $before, 'killed: no floor has risen';
is ctl('work', @where)->{code}, 0, 'killed: work';
isnt floors('classmate'), $before, 'killed: the floors rise';
is log_in('classmate'), 401, 'killed: the account is locked';
is ctl(qw(subject unlock), $person{classmate}{id}, @where)->{code}, 0,
    'killed: what was signed counts on';
is log_in('classmate'), 200, 'killed: and lets in';


# ---- a number is given once, and a floor rises to no other

$keys->begin_work;
$keys->do("SELECT set_config('pupil.tenant', ?, true)", {}, $site->tenant);
my $whom = uuid();
sub given { $keys->selectrow_array('SELECT number FROM'
    . ' keystore.give_numbers(ARRAY[?::uuid], ?)', {}, $whom, 'session') }
is join(' ', map { given() } 1 .. 3), '1 2 3', 'numbers: one after the other';
for (4, 3) {
    $keys->do('SAVEPOINT here');
    my $ok = eval { $keys->do('SELECT keystore.raise(ARRAY[?::uuid],'
        . " 'session', ARRAY[?::integer])", {}, $whom, $_); 1 };
    my $error = $@;
    $keys->do('ROLLBACK TO here') if !$ok;
    is $ok ? 'raised' : $error =~ /was given/ ? 'refused' : $error,
        $_ == 4 ? 'refused' : 'raised', "numbers: to $_";
}
is given(), 4, 'numbers: above the floor';

# Somebody took one since: what either has signed is below the floor, once.
given();
$keys->do('SELECT keystore.raise(ARRAY[?::uuid], ?, ARRAY[?::integer])', {},
          $whom, 'session', $_) for 4, 5;
is $keys->selectrow_array('SELECT session FROM keystore.floor WHERE subject ='
    . ' ?', {}, $whom), 6, 'numbers: one that another was taken after is'
    . ' nobody\'s, nor is that, which the floor is above of';
is given(), 7, 'numbers: and the next is above';
$keys->do('SET LOCAL SESSION AUTHORIZATION pupil_keeper');
ok !eval { given(); 1 }, 'numbers: to pupilctl alone';
like $@, qr/permission denied/, 'numbers: for want of a privilege';
$keys->rollback;

done_testing;
