#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: what was changed by hand is no way around an import: a role or an
# enrolment that somebody changes before it, so that it is not found to be
# valid, and puts right after it, has ended if the roster does not have it.  It
# is named; what is not the roster's to end makes the import fail, and says what
# to do.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use JSON::XS ();

my $day = Pupil::Day->up(conf => { pupil_session_zone => undef })
                    ->all_here->work;
my ($db, $site, $nginx) = ($day->db, $day->site, $day->nginx);
my $homework = $day->homework->{id};
my $class = $day->class_id;
my %person = map { $_ => $day->person($_) } qw(pupil classmate);
my %student = (pupil => 13001, classmate => 13002);

# The demo's roster, less these pupils' enrolments in the class.
my $rosters = 0;
sub roster (@less) {
    my $folder = tmp_dir() . '/roster' . $rosters++;
    mkdir $folder or die "$folder: $!\n";
    for my $path (glob root_dir() . '/docs/quickstart/data/sds-100-users/*.csv')
    {
        my ($file) = $path =~ m{([^/]+)$};
        my $text = slurp($path);
        if ($file eq 'StudentEnrollment.csv') {
            $text =~ s/^11001,$student{$_}\r?\n//m or die "no $_\n" for @less;
        }
        spew("$folder/$file", $text);
    }
    return $folder;
}

sub import_of ($folder) {
    my $run = $site->ctl('import', 'sds', $folder, qw(--dates open --json
        --close-absent), $site->ctl_where);
    $run->{json} = eval { JSON::XS::decode_json($run->{out}) } // {};
    return $run;
}

sub fetch ($who) {
    my $http = $nginx->http;
    $http->login(@{ $person{$who} }{qw(login password)});
    return $http->get("/v1/homework/$homework")->status;
}

# Changes the pupil's enrolment in the class; a sub that puts it right.
sub changed ($who, $set) {
    my @where = ($person{$who}{id}, $class);
    my $was = $db->selectrow_hashref('SELECT source, role, mac FROM'
        . ' pupil.enrolment WHERE subject = ? AND class = ?', {}, @where);
    $db->do("UPDATE pupil.enrolment SET $set WHERE subject = ? AND class = ?",
            {}, @where);
    my $row = $db->selectrow_array('SELECT row_to_json(e)::text FROM'
        . ' pupil.enrolment AS e WHERE subject = ? AND class = ?', {}, @where);
    return sub {
        $db->do('DELETE FROM pupil.enrolment WHERE subject = ? AND class = ?',
                {}, @where);
        $db->do('INSERT INTO pupil.enrolment SELECT * FROM'
            . ' json_populate_record(NULL::pupil.enrolment, ?::json)', {},
            $row);
        my $put = $db->prepare('UPDATE pupil.enrolment SET source = ?, role ='
            . ' ?, mac = ? WHERE subject = ? AND class = ?');
        $put->bind_param(1, $was->{source});
        $put->bind_param(2, $was->{role});
        $put->bind_param(3, $was->{mac}, { pg_type => DBD::Pg::PG_BYTEA() });
        $put->bind_param($_ + 4, $where[$_]) for 0, 1;
        $put->execute;
    };
}

sub named ($run) {
    return [map { join ' ', @$_{qw(table subject where fate)} }
            @{ $run->{json}{tampered} // [] }];
}

sub row ($who, $fate) { "pupil.enrolment $person{$who}{id} $class $fate" }


# ---- a row of the roster's that it does not have any more

my $right = changed('pupil', "mac = '\\x00'");
my $run = import_of(roster('pupil'));
is $run->{code}, 0, 'ended: the import works' or diag $run->{err};
is $run->{json}{ended}{enrolments}, 1, 'ended: it is counted';
is_deeply named($run), [row('pupil', 'ended')], 'ended: and named';
$right->();
is fetch('pupil'), 404, 'ended: put right, it has ended';


# ---- one that the roster has

$right = changed('classmate', "mac = '\\x00'");
$run = import_of(roster('pupil'));
is $run->{code}, 0, 'there: the import works' or diag $run->{err};
is_deeply named($run), [row('classmate', 'written anew')],
    'there: and names it';
is fetch('classmate'), 200, 'there: it counts';
$right->();
is fetch('classmate'), 404, 'there: what was there before does not';
is import_of(roster('pupil'))->{code}, 0, 'there: the next import';
is fetch('classmate'), 200, 'there: writes it again';


# ---- one that says that it is not the roster's, or is of a role that rosters
# ---- do not have

$db->do('ALTER TABLE pupil.enrolment DROP CONSTRAINT enrolment_role_check');
for (['left', "source = 'operator'"], ['another role', "role = 'support'"]) {
    my ($name, $set) = @$_;
    is import_of(roster('pupil'))->{code}, 0, "$name: it is there";
    is fetch('classmate'), 200, "$name: and counts";
    $right = changed('classmate', $set);
    $run = import_of(roster('pupil', 'classmate'));
    is $run->{code}, 1, "$name: the import fails";
    like $run->{err}, qr/1 row.*subject lock.*unlock/s,
        "$name: with what to do";
    is_deeply named($run), [row('classmate', 'left')], "$name: and names it";
    $site->ctl_ok(subject => $_, $person{classmate}{id}, $site->ctl_where)
        for qw(lock unlock);
    $right->();
    is fetch('classmate'), 404, "$name: put right, it has been revoked";
}

# Whoever gives such a role is the operator, and that is genuine.
$site->ctl_ok(qw(user role add), $day->person('teacher')->{login}, 'support',
              $site->ctl_where);
$run = $site->ctl('import', 'sds', roster('pupil', 'classmate'), qw(--dates
    open --close-absent), $site->ctl_where);
is $run->{code}, 0, 'the next import';
unlike $run->{out}, qr/without the keys/, 'names nothing';


# ---- without --close-absent it is named, too: the roster may have it

my @teaches = ($day->person('teacher')->{id}, 'teacher');
$db->do("UPDATE pupil.role SET role = 'dpo' WHERE subject = ? AND role = ?",
        {}, @teaches);
$run = $site->ctl('import', 'sds', roster('pupil', 'classmate'), qw(--dates
    open --json), $site->ctl_where);
is $run->{code}, 1, 'not closed: the import fails';
like $run->{out}, qr/"table": *"pupil\.role".*"left"/s,
    'not closed: and names the row';

done_testing;
