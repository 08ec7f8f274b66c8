#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# /v1/admin/imports: who administers the tenant sees what imports would do and
# have done, in counts, accepts a plan and undoes a run; pupilctl work carries
# out what a worker has noted, and nothing that nobody with the keys has written.
# Nobody else sees or decides anything.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;
use Pupil::Clock;
use Pupil::Roster;
use JSON::XS ();

my $site = pupil_up;
my $clock = Pupil::Clock->new->of_all($site->pg);
my ($db, $keys) = ($site->db, $site->keystore);
my $all = root_dir() . '/t/roster/cases/oneroster';
my ($users, $in) = map { slurp("$all/$_") } 'users.csv', 'enrollments.csv';
my $class = bless { site => $site, people => {}, http => {} }, 'Pupil::Class';

sub import (%change) {
    my $run = $site->ctl('import', 'oneroster', roster_folder(
        { name => 'imports', format => 'oneroster' }, 1, %change), '--json',
        '--close-absent', $site->ctl_where);
    return eval { JSON::XS::decode_json($run->{out}) } // {};
}
sub work (@how) { $site->ctl_ok('work', $site->ctl_where, @how) }

import();
$site->ctl_ok('user', 'add', 'boss', 'tenant_admin', $site->ctl_where);
$class->{people} = { map { ($_ => $site->person($_)) } qw(boss tina.lar) };
$class->{nginx} = $site->nginx(locations => {
    imports => 'pupil_step_up tenant_admin=10m;' })->start;

my ($boss, $teacher) = map { $class->as($_) } 'boss', 'tina.lar';
my $PATH = '/v1/admin/imports';

sub listed ($query = '') {
    my $res = $boss->get("$PATH$query");
    is_status $res, 200, 'the imports are listed';
    return @{ $res->json->{imports} };
}
sub record ($note) {
    return 0 + $db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
        . ' WHERE note LIKE ? AND actor = ?', {}, "%$note%",
        $class->{people}{boss}{id});
}


# ---- nobody else

my $none = uuid();
is_status $teacher->get($PATH), 403, 'a teacher sees nothing';
is_status $teacher->post("$PATH/$none/$_"), 403, "and has no $_"
    for qw(accept undo);


# ---- what there is

my ($run) = listed();
is_deeply [@$run{qw(kind source state plan decision)}],
    ['run', 'oneroster', 'open', undef, undef], 'a run';
is_deeply $run->{counts}, { people => 14 }, 'and how many it changed';

my ($some, $rest) = ($users, $in);
$some =~ s/^p$_,.*\n//m, $rest =~ s/^e-p$_,.*\n//m for 1 .. 6;
my $held = import('users.csv' => $some, 'enrollments.csv' => $rest);
my ($plan) = listed();
is_deeply [@$plan{qw(kind state plan)}], ['plan', 'open', $held->{plan}],
    'what is held comes first';
is $plan->{counts}{leaves}, 6, 'with what it would do';
like "@{ $plan->{held} }", qr/more than one in five/, 'and why it is held';
my $page = $boss->get("$PATH?limit=1")->json;
is $page->{imports}[0]{id}, $plan->{id}, 'a page';
is $boss->get("$PATH?limit=1&cursor=$page->{next}")->json->{imports}[0]{id},
    $run->{id}, 'and the next';


# ---- decided

is_status $boss->post("$PATH/$none/accept"), 404, 'no such plan';
is_status $boss->post("$PATH/$run->{id}/accept"), 404, 'a run is no plan';
is_status $boss->post("$PATH/$plan->{id}/undo"), 404, 'nor is a plan a run';
my $res = $boss->post("$PATH/$plan->{id}/accept");
is_status $res, 202, 'a plan is accepted';
is_deeply $res->json, { state => 'waiting' }, 'and waits';
is_status $boss->post("$PATH/$plan->{id}/accept"), 202, 'again is once';
is record("import accept $plan->{id}"), 2, 'on record';
isnt Pupil::Roster::id_of($site, 'pupil1'), undef, 'nothing is done yet';
is((listed())[0]{decision}{state}, 'waiting', 'which is shown');
work({ env => { PUPIL_ACCEPTANCE => 'two' } });     # by two: theirs and ours
my ($new, $done) = listed();
is_deeply [@$done{qw(id state)}, $done->{decision}{state}],
    [$plan->{id}, 'done', 'done'], 'work has done it';
is_deeply [@$new{qw(kind plan)}], ['run', $held->{plan}], 'as a run';
is Pupil::Roster::person($site, 'pupil1'), 'no role', 'who left';
is 0 + $db->selectrow_array('SELECT count(*) FROM pupil.audit_record WHERE'
    . ' note LIKE ?', {}, '%ticket=request ' . $res->request_id
    . "%apply=$held->{plan}%"), 1, 'and whose decision it was is on record';
is_status $boss->post("$PATH/$plan->{id}/accept"), 404, 'used is used';

is_status $boss->post("$PATH/$new->{id}/undo"), 202, 'the run is undone';
work();
is((listed())[0]{state}, 'undone', 'which is shown');
isnt Pupil::Roster::person($site, 'pupil1'), 'no role', 'and done';


# ---- written by somebody without the keys

import('users.csv' => $some, 'enrollments.csv' => $rest);
($plan) = listed();
$db->do("INSERT INTO pupil.import_decision (tenant, id, what, request,"
    . " decided_at, mac) VALUES (?, ?, 'accept', ?, now(),"
    . " decode(repeat('00', 32), 'hex'))", {}, $site->tenant, $plan->{id},
    uuid());
like $site->ctl('work', $site->ctl_where)->{err},
    qr/changed by somebody without the keys: it is not carried out/,
    'a decision that nobody has made';
is((listed())[0]{decision}{state}, 'failed', 'fails');
isnt Pupil::Roster::person($site, 'pupil1'), 'no role', 'and nothing is done';
$class->{nginx}->allow_log(qr/pupil\.import_plan/);
$db->do("UPDATE pupil.import_plan SET note = replace(note, 'leaves 6',"
    . " 'leaves 0') WHERE id = ?", {}, $plan->{id});
isnt((listed())[0]{id}, $plan->{id}, 'a plan that was changed is not shown');
is $db->selectrow_array("SELECT count(*) FROM pupil.audit_record WHERE note"
    . " LIKE '%pupil.import_plan%'"), 1, 'but on record';


# ---- by whoever has shown lately who they are

import('users.csv' => $some, 'enrollments.csv' => $rest);
($plan) = grep { $_->{kind} eq 'plan' && !$_->{decision} } listed();
my ($open) = grep { $_->{kind} eq 'run' && $_->{state} eq 'open' } listed();
my @decide = ("$plan->{id}/accept", "$open->{id}/undo");
sub decided { 0 + $db->selectrow_array('SELECT count(*) FROM'
    . ' pupil.import_decision') }
my $before = decided();

$clock->forward(11 * 60);
is_problem $boss->post("$PATH/$_"), 401, 'step-up-required',
    name => "longer ago: no $_" for @decide;
is_problem $boss->get($PATH), 401, 'step-up-required', name => 'nor a list';
is decided(), $before, 'nothing is decided';
is_status $boss->post('/v1/login/step-up', json => { password =>
    $class->{people}{boss}{password} }), 200, 'who shows it again';
is_status $boss->post("$PATH/$_"), 202, "decides: $_" for @decide;
is decided(), $before + 2, 'both';

done_testing;
