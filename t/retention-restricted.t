#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Who is restricted (GDPR article 18(1)(b), (c)) needs what is held: retention
# deletes, counts and erases nothing of theirs, whichever database says so and
# whether or not the account is closed, until the restriction is lifted.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use JSON::XS ();

my $day = Pupil::Day->up->all_here->work;
my ($site, $db, $keys) = ($day->site, $day->db, $day->site->keystore);
my %id = map { $_ => $day->person($_)->{id} } qw(pupil classmate colleague);

sub ctl (@args) {
    my $run = $site->ctl(@args, $site->ctl_where);
    is $run->{code}, 0, "@args[0, 1]" or diag $run->{err};
    return $run->{out};
}

sub upcoming {
    return JSON::XS::decode_json(ctl('retention', 'upcoming', '--json'));
}

sub rows ($table, $who) {
    return 0 + $db->selectrow_array("SELECT count(*) FROM $table WHERE"
        . ' owner = ?', {}, $id{$who});
}

sub state_of ($who) {
    return $keys->selectrow_array('SELECT state FROM keystore.owner_key WHERE'
        . ' owner = ?', {}, $id{$who});
}

sub half_year_before {
    $db->do("UPDATE pupil.release SET released = released - interval '6"
        . " months'");
    $keys->do("UPDATE keystore.release SET released = released - interval '6"
        . " months'");
}

# All that the pupil and the classmate have has expired.
$day->expect(201, $day->classmate->post('/v1/progress',
    json => $day->answer($day->{homework}, 0)));
$db->do('UPDATE pupil.enrolment SET valid_from = current_date - 900, valid_to ='
    . ' current_date - 800 WHERE subject IN (?, ?)', {},
    @id{qw(pupil classmate)});
$db->do("UPDATE data.network SET updated_at = now() - interval '90 days'");

my @theirs = ((map { "data.$_" } qw(identity credential progress network)),
              'pupil.blind_index');
my %before = map { $_ => rows($_, 'classmate') } @theirs;
my $enrolments = $db->selectrow_array('SELECT count(*) FROM pupil.enrolment'
    . ' WHERE subject = ?', {}, $id{classmate});

# Who was restricted, and then closed, long ago; who is by the one database or
# the other alone.
ctl(subject => 'restrict', $id{$_}) for qw(classmate colleague);
ctl(subject => 'close', $id{colleague});
$db->do("UPDATE pupil.closed SET at = now() - interval '900 days'");
$keys->do("UPDATE keystore.owner_key SET changed_at = now() - interval"
    . " '900 days' WHERE state = 'recovery'");
$keys->do("UPDATE keystore.owner_key SET state = 'active' WHERE owner = ?", {},
    $id{classmate});

my $seen = upcoming();
is $seen->{restricted}, 2, 'how many are restricted is said';
my %seen = map { $_->{category} => $_ } @{ $seen->{upcoming} };
is $seen{progress}{owners}, 1, 'what is theirs will not go';
is $seen{people}{records}, 0, 'nor they';
like ctl('retention', 'upcoming'), qr/^restricted +2 are kept$/m, 'as text';

ctl('retention', 'run');
is_deeply { map { $_ => rows($_, 'classmate') } @theirs }, \%before,
    'restricted by the data database: all is there';
is $db->selectrow_array('SELECT count(*) FROM pupil.enrolment WHERE subject ='
    . ' ?', {}, $id{classmate}), $enrolments, 'with what it counts from';
is rows('data.progress', 'pupil'), 0, 'what others had is gone';
is state_of('colleague'), 'recovery',
    'restricted before the account was closed: not erased';

# By the key store alone, in another half year.
half_year_before();
$db->do("UPDATE pupil.owner SET state = 'active' WHERE owner = ?", {},
    $id{classmate});
$keys->do("UPDATE keystore.owner_key SET state = 'restricted' WHERE owner = ?",
    {}, $id{classmate});
ctl('retention', 'run');
is_deeply { map { $_ => rows($_, 'classmate') } @theirs }, \%before,
    'restricted by the key store: all is there';

ctl(subject => 'unrestrict', $id{classmate});
is upcoming()->{restricted}, 1, 'who is not any more';
half_year_before();
ctl('retention', 'run');
is rows('data.progress', 'classmate'), 0, 'and then it goes';

done_testing;
