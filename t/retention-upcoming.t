#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What will expire is seen thirty days before, by category and count, and can be
# held or confirmed, by a decision; what is held keeps what it needs.  And what
# nobody looks at any more is swept.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use JSON::XS ();

my $day = Pupil::Day->up->all_here->work;
my ($site, $db, $keys) = ($day->site, $day->db, $day->site->keystore);
my %id = map { $_ => $day->person($_)->{id} } qw(pupil classmate colleague);

sub ctl (@args) {
    my $run = $site->ctl('retention', @args, $site->ctl_where);
    is $run->{code}, 0, "retention @args" or diag $run->{err};
    return $run->{out};
}

# { category => "records of owners" } where there is something.
sub upcoming {
    my $all = JSON::XS::decode_json(ctl('upcoming', '--json'))->{upcoming};
    return { map { $_->{category} => "$_->{records} of $_->{owners}" }
             grep { $_->{records} } @$all };
}

sub retention {
    my $of = JSON::XS::decode_json(ctl('run', '--json'))->{expired};
    return { map { $_ => $of->{$_} } grep { $of->{$_} } keys %$of };
}

sub rows ($table, $where) {
    return 0 + $db->selectrow_array("SELECT count(*) FROM $table WHERE $where");
}

sub half_year_before {
    $db->do("UPDATE pupil.release SET released = released - interval '6"
        . " months'");
    $keys->do("UPDATE keystore.release SET released = released - interval '6"
        . " months'");
}

my $network = rows('data.network', 'true');
my $people = $db->selectrow_array('SELECT count(DISTINCT owner) FROM'
    . ' data.network');
is_deeply upcoming(), { network => "$network of $people" },
    'addresses of today are gone within thirty days';
retention();
$day->expect(201, $day->classmate->post('/v1/progress',
    json => $day->answer($day->{homework}, 0)));


# ---- seen, held, confirmed

my $answers = rows('data.progress', "owner = '$id{pupil}'");
my $enrolments = rows('pupil.enrolment', "subject = '$id{pupil}'");
$db->do('UPDATE pupil.enrolment SET valid_from = current_date - 900, valid_to ='
    . ' current_date - 340 WHERE subject = ?', {}, $id{pupil});
is_deeply upcoming(), { network => "$network of $people",
    progress => "$answers of 1", enrolment => "$enrolments of 1" },
    'what will have expired, by category and count';
like ctl('upcoming'), qr/^progress +$answers of 1$/m, 'as text';

is $site->ctl('retention', 'hold', 'progress', $site->ctl_where)->{code}, 2,
    'held by a decision alone';
ctl('hold', 'progress', '--reference', 'A 2026-9');
like ctl('upcoming'), qr/^progress +$answers of 1, held: A 2026-9$/m,
    'and said';
my $notes = join ' ', @{ $db->selectcol_arrayref('SELECT note FROM'
    . " pupil.audit_record WHERE note ~ 'retention=progress'") };
like $notes, qr/retention=progress held/, 'on record';

$db->do('UPDATE pupil.enrolment SET valid_to = current_date - 400 WHERE subject'
    . ' = ?', {}, $id{pupil});
half_year_before();
is_deeply retention(), { enrolment => $enrolments - 1 }, 'what is held does not'
    . ' expire, nor the enrolment that it counts from';
is rows('data.progress', "owner = '$id{pupil}'"), $answers, 'it is there';

# Nobody is erased with what is held.
$site->ctl_ok('subject', 'close', $id{colleague}, $site->ctl_where);
$db->do("UPDATE pupil.closed SET at = now() - interval '500 days'");
$keys->do("UPDATE keystore.owner_key SET changed_at = now() - interval '500"
    . " days' WHERE state = 'recovery'");
is retention()->{people}, undef, 'nor is anybody erased meanwhile';

ctl('confirm', 'progress', '--reference', 'A 2026-10');
is_deeply [rows('pupil.retention_hold', 'true')], [0], 'confirmed';
my $run = retention();
is $run->{people}, 1, 'then people are erased';
is $run->{progress}, $answers, 'and answers go';
is $run->{enrolment}, 1, 'with that enrolment';

# Somebody leaves after the day on which answers were counted.
my $theirs = rows('pupil.enrolment', "subject = '$id{classmate}'");
$db->do('UPDATE pupil.enrolment SET valid_from = current_date - 900, valid_to ='
    . ' current_date - 400 WHERE subject = ?', {}, $id{classmate});
is_deeply retention(), { enrolment => $theirs - 1 }, 'answers wait for the next'
    . ' such day, and what they count from waits with them';
half_year_before();
$run = retention();
is $run->{progress}, 1, 'on that day they go';
is $run->{enrolment}, 1, 'and that enrolment with them';


# ---- swept

$db->do('UPDATE pupil.role SET valid_to = current_date - 1 WHERE subject = ?',
        {}, $id{pupil});
my $prints = rows('pupil.imported', "owner = '$id{pupil}'");
cmp_ok $prints, '>', 0, 'what a roster had of somebody who has left';
retention();
is rows('pupil.imported', "owner = '$id{pupil}'"), $prints,
    'stays with the account';

$keys->do("INSERT INTO keystore.ended (tenant, token_hash, until) SELECT ?,"
    . " sha256(n::text::bytea), now() + n * interval '1 hour' FROM"
    . ' generate_series(-3, 3) AS n WHERE n <> 0', {}, $site->tenant);
$keys->do('INSERT INTO keystore.fetch (tenant, minute, backend, role, client)'
    . " SELECT ?, now() - n * interval '10 hours', 1, 'x', '0.0.0.0' FROM"
    . ' generate_series(1, 4) AS n', {}, $site->tenant);
$run = retention();
is $run->{ended}, 3, 'ended sessions that would be over';
is $run->{fetches}, 2, 'who fetched keys more than a day ago';

# As many as a school of a thousand has of log-outs and codes in a week.
$keys->do("INSERT INTO keystore.ended (tenant, token_hash, until) SELECT ?,"
    . " sha256(concat('many', n)::bytea), now() - n * interval '1 s' FROM"
    . ' generate_series(1, 20000) AS n', {}, $site->tenant);
is retention()->{ended}, 20_000, 'twenty thousand go in one run';
is $keys->selectrow_array('SELECT count(*) FROM keystore.ended WHERE until <'
    . ' now()'), 0, 'and none is left';

done_testing;
