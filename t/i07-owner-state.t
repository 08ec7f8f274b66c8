#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I7: the key store says whether an owner's data may be opened, and the
# stricter of the two databases wins: a superuser of the data database who
# flips a state or a version back opens nothing, and takes nobody else's data
# away.  Workers drop what they hold of an owner within a second.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up;
my ($db, $keys) = ($day->db, $day->site->keystore);
$day->all_here->work;
my %id = map { $_ => $day->person($_)->{id} } qw(pupil classmate);
my $homework = $day->homework->{id};

sub overview { $day->teacher->get("/v1/homework/$homework/progress") }

# Names by pseudonym.
sub names ($res) {
    return { map { ($_->{id} => $_->{display_name} // '') }
             @{ $res->json->{pupils} } };
}

# Within a second, and some for the machine.
sub soon ($code) {
    my $until = Time::HiRes::time() + 2;
    my $done;
    select undef, undef, undef, 0.05
        while !($done = $code->()) && Time::HiRes::time() < $until;
    return $done;
}

my $all = names(overview());
ok $all->{$id{pupil}} && $all->{$id{classmate}}, 'the names of a class';


# ---- a version that the key store does not have

$db->do('UPDATE pupil.owner SET key_version = 2 WHERE owner = ?', {},
        $id{pupil});
my $res = overview();
is $res->status, 200, 'one flipped row does not take a class away';
is names($res)->{$id{pupil}} // '', '', 'its name is left out';
is names($res)->{$id{classmate}}, $all->{$id{classmate}}, 'the others stay';
like join(' ', @{ $day->outcomes($res) }), qr/\btampered\b/, 'on record';
$db->do('UPDATE pupil.owner SET key_version = 1 WHERE owner = ?', {},
        $id{pupil});
is_deeply names(overview()), $all, 'as before';


# ---- restricted, and erased: only the key store knows

sub state_of ($owner, $state, $wrapped = undef) {
    $keys->do('UPDATE keystore.owner_key SET state = ?, wrapped ='
        . ' CASE WHEN ? = \'erased\' THEN NULL ELSE wrapped END'
        . ' WHERE owner = ?', {}, $state, $state, $owner);
}

state_of($id{pupil}, 'restricted');
ok soon(sub { !names(overview())->{$id{pupil}} }),
    'who is restricted is not shown, whatever the data database says';
is overview()->status, 200, 'and the class is';
state_of($id{pupil}, 'active');
ok soon(sub { names(overview())->{$id{pupil}} }), 'no longer restricted';

state_of($id{pupil}, 'erased');
ok soon(sub { !names(overview())->{$id{pupil}} }),
    'who is erased is not shown, whatever the data database says';
is names(overview())->{$id{classmate}}, $all->{$id{classmate}},
    'the others are';



# ---- keys whose time is over

$day->reload(http => $day->site->http_conf(
    pupil => "pupil_key_cache lifetime=1s;\n"));
overview();
my $cached = sub { $day->nginx->http->get('/status')->json->{key_cache}{owners} };
ok soon(sub { $cached->() > 0 }), 'keys are cached';
ok eval { wait_until(60, 'an empty cache', sub { $cached->() == 0 }) },
    'what expired is wiped without a request';

my $refused = !eval {
    $keys->do('DELETE FROM keystore.owner_key WHERE owner = ?', {},
              $id{pupil});
    1;
};
ok $refused, 'the row of a key is not deleted, so that none is made anew';

done_testing;
