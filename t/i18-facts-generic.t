#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18, for a category that nobody has heard of: what its plugin binds is
# authentic, whatever its type, where the generic endpoint writes and reads it.

use lib 't/lib';
use Pupil::Test;
use Pupil::Badge;
use Pupil::Day;

my $check = run_cmd(build_dir() . '/plugin_load', 'check',
                    build_dir() . '/t/plugins/badge.so');
is $check->{code}, 0, 'bound fields that the generic endpoint writes'
    or diag($check->{out}), done_testing, exit;

my $site = pupil_up(import => 1);
my $dir = tmp_dir() . '/plugins';
mkdir $dir or die "$dir: $!\n";
my $object = badge_add($site, $dir);

my $day = Pupil::Day->up(site => $site, pupil => "pupil_plugin $object;\n");
my $db = $day->db;
$day->nginx->allow_log(qr/\[crit\].* is not authentic/);
my $id = $day->person('pupil')->{id};
my ($one, $two) = (uuid(), uuid());

sub is_written ($name, %value) {
    my $res = $day->pupil->patch('/v1/data/badge', json => \%value);
    is_status $res, 200, $name;
}

sub notes ($res) {
    return join '; ', @{ $db->selectcol_arrayref('SELECT note FROM'
        . " pupil.audit_record WHERE request = ? AND outcome = 'tampered'"
        . ' ORDER BY note', {}, $res->request_id) };
}

sub is_shown ($name, %value) {
    my $res = $day->pupil->get('/v1/data/badge');
    is_deeply $res->json->{records}, [{ id => $id, source => 'user', %value }], $name
        or diag $res->text;
    is notes($res), '', "$name: nothing is found";
}


# ---- written, changed, read

my %badge = (motto => 'Per aspera');
is_written 'a record with nothing but what it must have', %badge;
is_shown 'as it was written', %badge;
my %more = (colour => 'grün', points => -42, valid => \1, given_by => $one,
            given_on => '2026-02-28', ends_at => '2027-01-31T12:30:00.123456Z',
            for_work => [$one, $two], place => 3, remark => 'Neu');
is_written 'each type', %more;
%badge = (%badge, %more, valid => JSON::XS::true());
is_shown 'is read again', %badge;
is_written 'some anew, some taken away', points => 7, colour => undef,
    remark => undef, valid => \0;
delete @badge{qw(colour remark)};
@badge{qw(points valid)} = (7, JSON::XS::false());
is_shown 'the others as they were', %badge;
is_written 'an empty list', for_work => [];
$badge{for_work} = [];
is_shown 'is one', %badge;
is_written 'a text alone', motto => 'Ad astra';
$badge{motto} = 'Ad astra';
is_shown 'and the rest', %badge;


# ---- changed by SQL: left out, and on record

$db->do('ALTER TABLE data.badge DROP CONSTRAINT has_facts');

for my $case (['colour', "'red'"], ['points', 'points + 1'],
    ['valid', 'NOT valid'], ['given_by', "'$two'"],
    ['given_on', 'given_on + 1'],
    ['ends_at', "ends_at + interval '1 microsecond'"],
    ['for_work', "ARRAY['$two'::uuid]"], ['points', 'NULL'],
    ['facts', 'NULL'])
{
    my ($column, $value) = @$case;
    my $name = "$column = $value";
    my ($row) = $db->selectrow_array('SELECT row_to_json(b)::text FROM'
                                     . ' data.badge AS b');
    $db->do("UPDATE data.badge SET $column = $value");
    my $res = $day->pupil->get('/v1/data/badge');
    is_deeply $res->json->{records}, [], "$name: left out";
    my $note = "data.badge $id of $id: facts";
    is notes($res), $note, "$name: on record";
    $res = $day->pupil->patch('/v1/data/badge', json => { points => 1 });
    is_problem $res, 404, 'not-found', name => "$name: and not written";
    is notes($res), $note, "$name: on record again";
    $db->do('DELETE FROM data.badge');
    $db->do('INSERT INTO data.badge SELECT * FROM json_populate_record('
            . 'NULL::data.badge, ?)', {}, $row);
}

# A write does not look at a text that it keeps, and does not bind it either.
$db->do('UPDATE data.badge SET remark = motto');
is_written 'beside a text that somebody put there', points => 8;
my $res = $day->pupil->get('/v1/data/badge');
is_deeply $res->json->{records}, [], 'which is found when it is read';
is notes($res), "data.badge $id of $id: remark", 'and is on record';
$db->do('UPDATE data.badge SET remark = NULL');
$badge{points} = 8;
is_shown 'without it', %badge;

$db->do('UPDATE data.badge SET place = 4');
is_shown 'what is not bound is what the database says', %badge, place => 4;

done_testing;
