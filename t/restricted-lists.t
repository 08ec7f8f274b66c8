#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Restriction (GDPR article 18) hides status, times and ids, too: a restricted
# pupil stands in no list of a teacher's and is counted in none, in whichever
# of the two databases they are restricted, and comes back as they were.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up->all_here->work;
my ($site, $db, $keys) = ($day->site, $day->db, $day->site->keystore);
my $id = $day->person('pupil')->{id};
my $at = "/v1/homework/$day->{homework}{id}";

sub subject ($what) {
    my $run = $site->ctl('subject', $what, $id, $site->ctl_where);
    is $run->{code}, 0, $what or diag $run->{err};
}

sub overview { $day->expect(200, $day->teacher->get("$at/progress")) }

# What a list says of the homework.
sub listed {
    my $res = $day->expect(200, $day->teacher->get('/v1/homework'));
    my ($item) = grep { $_->{id} eq $day->{homework}{id} }
        @{ $res->json->{homework} };
    return $item->{summary};
}

my ($all, $counts) = (overview()->json, listed());
is_deeply $all->{summary}, $counts, 'both count alike';
is $counts->{in_progress}, 1, 'the pupil has begun';
my %fewer = (%$counts, pupils => $counts->{pupils} - 1, in_progress => 0);

# Each category that the teacher reads of that pupil, by its name.
sub alone {
    my @names = map { $_->{relation} eq 'teaches' ? $_->{category} : () }
        @{ $day->teacher->get('/v1/data/')->json->{categories} };
    return map { $_ => $day->teacher->get("/v1/data/$_/$id") } @names;
}

my %before = alone();
cmp_ok scalar(grep { @{ $_->json->{records} // [] } } values %before), '>=', 3,
    'records of several categories';

subject('restrict');
my $res;
ok eval { wait_until(60, 'the restriction', sub {
    $res = overview();
    return $res->body !~ /$id/ }) }, 'not even by their id' or diag $res->body;
is scalar(@{ $res->json->{pupils} }), @{ $all->{pupils} } - 1,
    'the others are there';
is_deeply $res->json->{summary}, \%fewer, 'nor counted';
is_deeply listed(), \%fewer, 'nor in the list of homework';
is_deeply $day->expect(200, $day->teacher->get($at))->json->{summary}, \%fewer,
    'nor of one';
is_deeply $day->expect(200, $day->teacher->patch($at, json => {
    title => 'Ny titel' }))->json->{summary}, \%fewer, 'nor in what a write says';
is join(' ', map { $_->[0] } @{ $db->selectall_arrayref("SELECT outcome FROM"
    . ' pupil.audit_record WHERE request = ? AND ? = ANY (subjects)', {},
    $res->request_id, $id) }), 'restricted', 'the record says who was hidden';
my %alone = alone();
for my $category (grep { @{ $before{$_}->json->{records} // [] } }
                  sort keys %before) {
    my $what = "$category of one pupil";
    is_problem $alone{$category}, 403, 'restricted', name => $what;
    is_deeply [map { "$_->{outcome} @{ $_->{subjects} }" }
        $day->audit($alone{$category})], ["restricted $id"],
        "$what: on record";
}
is $day->expect(200, $day->pupil->get('/v1/data/identity'))
    ->json->{records}[0]{family_name}, 'Klein', 'oneself is told';

subject('unrestrict');
ok eval { wait_until(60, 'the pupil', sub {
    overview()->body =~ /$id/ }) }, 'they are back';
is_deeply overview()->json->{pupils}, $all->{pupils}, 'as they were';
is_deeply listed(), $counts, 'and counted';

# Only the key store knows: the data was put back.
$keys->do("UPDATE keystore.owner_key SET state = 'restricted' WHERE owner = ?",
          {}, $id);
ok eval { wait_until(60, 'the restriction', sub {
    overview()->body !~ /$id/ }) }, 'the stricter of the two is in force';
%alone = alone();
is_problem $alone{progress}, 403, 'restricted', name => 'of one pupil, too';

done_testing;
