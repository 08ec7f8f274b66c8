#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: a support grant that its owner ends is dead on every worker of every host
# with the answer that says so, and so is one whose owner changes their password,
# is locked, restricted or erased, and one whose session has logged out.

use lib 't/lib';
use Pupil::Test;
use Pupil::Support;

my %conf = (workers => 2);
my $s = Pupil::Support->up(%conf);
my $day = $s->day;
my ($db, $site) = ($day->db, $day->site);
my @hosts = ($day->nginx, $site->nginx(%conf)->start);
$_->wait_ready for @hosts;
my @clients = map { my %of = $_->client_of_each; values %of } @hosts;
is scalar(@clients), 4, 'two hosts with two workers each';

# Of a person, read by support on each worker.
sub reads ($who) {
    my $cookie = '__Host-pupil=' . $s->support->cookies->{'__Host-pupil'};
    return join ' ', map { $_->get("/v1/data/identity/"
        . $day->person($who)->{id}, header => { Cookie => $cookie })->status
    } @clients;
}

my ($LIVES, $DEAD) = map { join ' ', ($_) x 4 } 200, 403;


# ---- its owner ends it

my $user = $day->pupil;
my ($one, $two) = map { $s->let_in($user) } 1, 2;
is reads('pupil'), $LIVES, 'two grants';
my $res = $user->delete("/v1/me/support-grants/$one->{id}");
is_status $res, 204, 'one ends';
is $db->selectrow_array("SELECT string_agg(concat_ws(' ', category, operation,"
    . " outcome), ',') FROM pupil.audit_event WHERE request = ?", {},
    $res->request_id), 'support_grant write allowed', 'on record';
is reads('pupil'), $LIVES, 'the other lives';
is_status $user->delete("/v1/me/support-grants/$two->{id}"), 204,
    'it ends, too';
is reads('pupil'), $DEAD, 'dead on all workers of both hosts';
is_deeply $user->get('/v1/me/support-grants')->json, { support_grants => [] },
    'none is shown';
is $db->selectrow_array('SELECT count(*) FROM pupil.revocation'), 0,
    'nothing is left to do';
is_problem $user->delete("/v1/me/support-grants/$two->{id}"), 404, 'not-found',
    name => 'it cannot end again';

my $theirs = $s->let_in($day->as('classmate'));
$res = $user->delete("/v1/me/support-grants/$theirs->{id}");
is_problem $res, 404, 'not-found', name => 'another\'s is not there';
is reads('classmate'), $LIVES, 'and lives';


# ---- a code that was not used ends with its grant

my $unused = $user->post('/v1/me/support-grants', json => {})->json;
is_status $user->delete("/v1/me/support-grants/$unused->{id}"), 204,
    'a grant that nobody has redeemed ends';
is_problem $s->redeem($unused->{code}), 404, 'not-found', name => 'its code';


# ---- support logs out, and in again

$s->let_in($user);
is reads('pupil'), $LIVES, 'a grant';
is_status $s->support->delete('/v1/session'), 204, 'support logs out';
$s->again;
is reads('pupil'), $DEAD, 'another log-in of theirs reads nothing';

# ---- or gets another token

my $helper = $day->person('helping.hand');
$site->password($helper->{login}, $helper->{password});
$s->again;
$s->let_in($user);
is reads('pupil'), $LIVES, 'a grant again';
is_status $s->support->post('/v1/login/step-up', json => {
    password => $helper->{password} }), 200, 'support proves who they are';
is reads('pupil'), $DEAD, 'and is let in no more by that';


# ---- what ends the owner's own log-ins

sub ended ($name, $who, $code) {
    $s->let_in($day->as($who));
    is reads($who), $LIVES, "$name: a grant";
    $code->($day->person($who));
    is reads($who), $DEAD, "$name: dead";
}

ended('another password', 'teacher', sub ($person) {
    is_status $day->teacher->post('/v1/me/password', json => {
        current => $person->{password}, new => 'a long walk along the shore' }),
        200, 'a password is changed' });
ended('an operator sets one', 'colleague', sub ($person) {
    $site->password($person->{login}, 'a long walk in the forest') });
ended('locked', 'classmate', sub ($person) {
    $site->ctl_ok(qw(subject lock), $person->{id}, $site->ctl_where) });
ended('restricted', 'pupil', sub ($person) {
    $site->ctl_ok(qw(subject restrict), $person->{id}, $site->ctl_where) });
is_problem $user->post('/v1/me/support-grants', json => {}), 409, 'conflict',
    name => 'who is restricted lets nobody in';
ended('erased', 'other', sub ($person) {
    $site->ctl_ok(qw(subject erase), $person->{id}, $site->ctl_where) });
is $db->selectrow_array('SELECT count(*) FROM pupil.support_grant WHERE subject'
    . ' = ?', {}, $day->person('other')->{id}), 0, 'and gone';

done_testing;
