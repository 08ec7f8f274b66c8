#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: a role that was removed and an enrolment that ended stay so when a
# superuser puts the old rows back; whoever keeps other roles and enrolments
# keeps their session and works on.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(conf => { pupil_session_zone => undef });
my ($db, $site, $nginx) = ($day->db, $day->site, $day->nginx);
$day->all_here->work;
my $homework = $day->homework->{id};
my %person = map { $_ => $day->person($_) } qw(teacher pupil);

sub is_in ($http) { $http->get('/v1/session')->status == 200 }

# What pupilctl check says of rows below their floor.
sub stragglers () {
    my $check = $site->ctl('check', $nginx->conf_file);
    return join "\n", grep { /floor/ } split /\n/, $check->{out};
}


# ---- a role

my $school = $db->selectrow_array('SELECT institution FROM pupil.institution'
    . ' WHERE institution NOT IN (SELECT institution FROM pupil.role WHERE'
    . ' subject = ?) LIMIT 1', {}, $person{teacher}{id});
my @role = ($person{teacher}{login}, 'school_admin', '--institution', $school,
            $site->ctl_where);
$site->ctl_ok('user', 'role', 'add', @role);

my $admin = $nginx->http;
$admin->login(@{ $person{teacher} }{qw(login password)});
is $admin->post('/v1/session/institution',
    json => { institution_id => $school })->json->{user}{role},
    'school_admin', 'an administrator';
my $roles = $day->rows_of('pupil.role', $person{teacher}{id});
$day->put_back($roles);
ok is_in($admin), 'rows that are put back are the same';

$site->ctl_ok('user', 'role', 'remove', @role);
ok !is_in($admin), 'the role is removed';
is stragglers(), '', 'check finds nothing that is put back';
ok is_in($day->teacher), 'the session in another role stays';
is $day->teacher->get("/v1/homework/$homework/progress")->status, 200,
    'and works on with the roles and enrolments that are left';
$day->put_back($roles);
ok !is_in($admin), 'a removed role that is put back is no role';
my $res = $nginx->http->login(@{ $person{teacher} }{qw(login password)});
is_problem $res, 401, 'invalid-credentials',
    name => 'nor are the others, which were written anew';
like stragglers(), qr/pupil\.role: .*\Q$person{teacher}{id}\E/, 'check lists whose they are';
my $shown = $site->ctl_ok('user', 'show', $person{teacher}{login},
                          $site->ctl_where)->{out};
unlike $shown, qr/ from [-\d]+$/m, 'pupilctl shows them as revoked';
like $shown, qr/ from [-\d]+, revoked$/m, 'each';
$site->ctl_ok('user', 'role', 'add', @role);
ok is_in($admin), 'one that is given again is one';


# ---- an enrolment

sub fetch { $day->pupil->get("/v1/homework/$homework") }

sub submit {
    $day->pupil->post('/v1/progress', json => $day->answer($day->homework, 0))
}

sub roster (%change) {
    my $from = root_dir() . '/docs/quickstart/data/sds-100-users';
    my $dir = tmp_dir() . '/roster';
    mkdir $dir or die "$dir: $!\n";
    for my $path (glob "$from/*.csv") {
        my ($name) = $path =~ m{([^/]+)$};
        my $text = slurp($path);
        $text =~ s/$change{$name}// or die "$name: nothing to leave out\n"
            if $change{$name};
        spew("$dir/$name", $text);
    }
    return $dir;
}

is fetch()->status, 200, 'a pupil of the class';
is submit()->status, 201, 'whose work is taken';
my $enrolments = $day->rows_of('pupil.enrolment', $person{pupil}{id});
$day->put_back($enrolments);
is fetch()->status, 200, 'rows that are put back are the same';
is submit()->status, 201, 'for work, too';

$site->ctl_ok('import', 'sds',
    roster('StudentEnrollment.csv' => qr{^11001,13001\r?\n}m), '--dates', 'open',
    '--close-absent', $site->ctl_where);
is_problem fetch(), 404, 'not-found', name => 'the enrolment has ended';
ok is_in($day->pupil), 'and logged nobody out';
my $class = $day->class_id;
is scalar(grep { ($_->{class_id} // $class) ne $class }
    @{ $day->pupil->get('/v1/data/enrolment')->json->{records} }), 6,
    'the others stay';
$day->put_back($enrolments);
is_problem fetch(), 404, 'not-found',
    name => 'an ended enrolment that is put back is none';
is_problem submit(), 404, 'not-found', name => 'nor for work';
like stragglers(), qr/pupil\.enrolment:\ .*\Q$person{pupil}{id}\E/,
    'check lists whose it is';

$site->ctl_ok('import', 'sds',
    root_dir() . '/docs/quickstart/data/sds-100-users', '--dates', 'open',
    $site->ctl_where);
is fetch()->status, 200, 'whom the roster has again is back';
is submit()->status, 201, 'for work, too';
is stragglers(), '', 'nothing is left';

done_testing;
