#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: what pupilctl revokes it does not sign anew, as one of the rows that the
# same person keeps, whatever is done to the data database while it runs: a
# trigger keeps a row as it was, puts it back, or takes it out of sight.  It is
# revoked all the same, by the floor; the command fails, as what is stored is
# not what it wrote, it is on record, and the same command again is fine.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(conf => { pupil_session_zone => undef })
                    ->all_here->work;
my ($db, $site, $nginx) = ($day->db, $day->site, $day->nginx);
my $school = $day->school;
my $homework = $day->homework->{id};
my %person = map { $_ => $day->person($_) }
    qw(pupil classmate teacher colleague);

sub log_in ($who) {
    my $http = $nginx->http;
    my $res = $http->login(@{ $person{$who} }{qw(login password)});
    return wantarray ? ($http, $res->status) : $res->status;
}

sub floor_of ($who) {
    return $site->keystore->selectrow_array('SELECT authority FROM'
        . ' keystore.floor WHERE subject = ?', {}, $person{$who}{id});
}

sub tampered ($who) {
    return $db->selectcol_arrayref('SELECT note FROM pupil.audit_record'
        . " WHERE outcome = 'tampered' AND ? = ANY (subjects) ORDER BY at", {},
        $person{$who}{id});
}

# The demo's roster; without => [file, line].
sub roster ($name, @without) {
    my $folder = tmp_dir() . "/$name";
    mkdir $folder or die "$folder: $!\n";
    for my $path (glob root_dir() . '/docs/quickstart/data/sds-100-users/*.csv')
    {
        my ($file) = $path =~ m{([^/]+)$};
        my $text = slurp($path);
        $text =~ s/^\Q$without[1]\E\r?\n//m or die "$file: no such line\n"
            if @without && $file eq $without[0];
        spew("$folder/$file", $text);
    }
    return $folder;
}

# What a trigger does meanwhile.
my %body = (
    'keeps it' => 'RETURN OLD',
    'puts it back' => 'UPDATE pupil.subject SET status = OLD.status, mac ='
        . ' OLD.mac WHERE subject = OLD.subject; RETURN NULL',
    'hides it' => 'DELETE FROM pupil.subject WHERE subject = OLD.subject;'
        . ' RETURN NULL',
    'inserts it' => 'INSERT INTO pupil.role SELECT OLD.*; RETURN NULL',
);

my $admin = ['user', 'role', 'remove', $person{teacher}{login},
             'school_admin', '--institution', $school];
my $import = ['import', 'sds', roster('less', 'StudentEnrollment.csv',
                                      '11001,13001'),
              '--dates', 'open', '--close-absent'];

my $refused = sub ($who) { log_in($who) == 401 };

# What, of whom, the command; the trigger: when, on what, if, and what it does;
# what shows that it is done.
my @cases = (
    [lock => 'classmate', [subject => lock => $person{classmate}{id}],
     'BEFORE UPDATE', 'subject', 'NEW.status <> OLD.status', 'keeps it',
     $refused],
    ['lock, hidden' => 'classmate',
     [subject => lock => $person{classmate}{id}],
     'AFTER UPDATE', 'subject', "NEW.status = 'locked'", 'hides it',
     $refused],
    [close => 'colleague', [subject => close => $person{colleague}{id}],
     'AFTER UPDATE', 'subject', "NEW.status = 'closed'", 'puts it back',
     $refused],
    ['role remove' => 'teacher', $admin,
     'AFTER DELETE', 'role', 'true', 'inserts it', sub ($who) {
         my ($http) = log_in($who);
         return $http->post('/v1/session/institution', json => {
             institution_id => $school, role => 'school_admin' })->status
             == 404;
     }],
    ['import' => 'pupil', $import,
     'BEFORE UPDATE', 'enrolment', 'NEW.valid_to IS NOT NULL', 'keeps it',
     sub ($who) {
         my ($http) = log_in($who);
         return $http->get("/v1/homework/$homework")->status == 404;
     }],
);

$db->do('SET client_min_messages = warning');
$site->ctl_ok(qw(user role add), $person{teacher}{login}, 'school_admin',
              '--institution', $school, $site->ctl_where);

for my $case (@cases) {
    my ($name, $who, $command, $when, $table, $if, $does, $done) = @$case;
    $site->ctl('subject', 'unlock', $person{$who}{id}, $site->ctl_where);
    my $floor = floor_of($who);
    my $row = $day->rows_of('pupil.subject', $person{$who}{id});

    $db->do('CREATE FUNCTION public.meanwhile() RETURNS trigger SECURITY'
        . " DEFINER LANGUAGE plpgsql AS 'BEGIN $body{$does}; END'");
    $db->do("CREATE TRIGGER meanwhile $when ON pupil.$table FOR EACH ROW"
        . " WHEN ($if) EXECUTE FUNCTION public.meanwhile()");
    my $run = $site->ctl(@$command, $site->ctl_where);
    $db->do('DROP FUNCTION public.meanwhile() CASCADE');

    is $run->{code}, 1, "$name: what is not stored is not acknowledged";
    is $run->{out}, '', "$name: nothing is said to be done"
        if $command != $import;
    like $run->{err}, qr/the data database .*run this again/,
        "$name: it says what to do";
    is floor_of($who), $floor + 1, "$name: the floor rises";
    like tampered($who)->[-1] // '', qr/\brow=$table\b/,
        "$name: it is on record";
    ok $done->($who), "$name: what was kept does not count";
    if ($table eq 'subject') {
        $day->put_back($row);
        ok $done->($who), "$name: nor does what was there before";
    }

    $run = $site->ctl(@$command, $site->ctl_where);
    is $run->{code}, 0, "$name: the same again" or diag $run->{err};
    ok $done->($who), "$name: it is done";
}


# ---- and what is left counts on

my ($teacher, $status) = log_in('teacher');
is $status, 200, 'a teacher who is no administrator any more';
is $teacher->get("/v1/homework/$homework/progress")->status, 200, 'teaches';
is log_in('pupil'), 200, 'a pupil who has left a class is one';

done_testing;
