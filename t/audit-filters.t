#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl audit list and export: the officer finds what was done by whom, of
# whom, of what, with what outcome, when; and what is asked is on record.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;

my $chaos = Pupil::Chaos->new(pupils => 2);
my ($site, $db) = ($chaos->site, $chaos->site->db);
my ($teacher, $pupil, $other) = ($chaos->{teacher}, $chaos->pupils);
my $file = tmp_dir() . '/audit.jsonl';

$chaos->client($_)->get('/v1/session') for $teacher, $pupil, $other;
$chaos->client($teacher)->get("/v1/data/identity/$pupil->{id}");
my $middle = $db->selectrow_array('SELECT to_char(clock_timestamp() AT TIME'
    . q{ ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')});
$chaos->client($teacher)->get("/v1/data/identity/$other->{id}");
$chaos->client($pupil)->get("/v1/data/identity/$other->{id}");
$chaos->client($pupil)->get('/v1/homework');

sub list (@filters) {
    my $run = $site->ctl(qw(audit list --limit 1000 --json), @filters,
                         $site->ctl_where);
    is $run->{code}, 0, "list @filters" or diag $run->{err};
    return @{ JSON::XS::decode_json($run->{out})->{events} };
}

# Of what there is, what a condition leaves.
sub count ($condition, @values) {
    return $db->selectrow_array('SELECT count(*) FROM pupil.audit_event WHERE '
        . $condition, {}, @values);
}


# ---- each filter leaves what it says, and all together

my %filter = (
    '--category' => ['identity', 'category'],
    '--outcome' => ['not_found', 'outcome'],
    '--actor' => [$teacher->{id}, 'actor'],
);
for my $name (sort keys %filter) {
    my ($value, $column) = @{ $filter{$name} };
    my $count = count("$column = ?", $value);
    my @events = list($name, $value);
    cmp_ok scalar(@events), '>', 0, "$name finds";
    is scalar(@events), $count, 'all there is';
    is_deeply [grep { $_->{$column} ne $value } @events], [], 'and only that';
}
my $count = count('? = ANY (subjects)', $other->{id});
is scalar(list('--subject', $other->{id})), $count, '--subject as well';
my @before = list('--until', $middle);
my @after = list('--since', $middle);
is_deeply [grep { $_->{at} ge $middle } @before], [], '--until is before it';
is_deeply [grep { $_->{at} lt $middle } @after], [], '--since from it on';
cmp_ok scalar(@before), '>', 0, 'both';
cmp_ok scalar(grep { $_->{role} ne 'operator' } @after), '>', 2, 'find';
my @all = list('--since', $middle, '--category', 'identity', '--outcome',
               'allowed', '--actor', $teacher->{id}, '--subject',
               $other->{id});
is scalar(@all), 1, 'together they are narrower';

for my $case (['--outcome', 'fine'], ['--until', 'noon'],
              ['--category', 'no such name'], ['--limit', 0])
{
    my $run = $site->ctl(qw(audit list), @$case, $site->ctl_where);
    is $run->{code}, 2, "@$case is no filter";
    like $run->{err}, qr/\Q$case->[0]\E/, 'which is said';
}


# ---- a file to take along

sub export (@filters) {
    return $site->ctl(qw(audit export), $file, @filters, $site->ctl_where);
}

my $records = count("role = 'operator' AND note LIKE '% export'");
my $run = export('--subject', $other->{id}, '--until', $middle);
is $run->{code}, 0, 'an export' or diag $run->{err};
is sprintf('%04o', (stat $file)[2] & 07777), '0600', 'is for its owner alone';
my @lines = map { JSON::XS::decode_json($_) } split /\n/, slurp($file);
is scalar(@lines), count('? = ANY (subjects) AND at < ?', $other->{id},
                         $middle), 'a line for each event';
is_deeply [grep { !grep { $_ eq $other->{id} } @{ $_->{subjects} } } @lines],
    [], 'of whom was asked for';
is ref $lines[0]{fields}, 'ARRAY', 'with lists as lists';
is_deeply [map { $_->{at} } @lines], [sort map { $_->{at} } @lines],
    'oldest first';
is count("role = 'operator' AND note LIKE '% export' AND subjects ="
         . ' ARRAY[?::uuid]', $other->{id}), $records + 1,
    'and is on record, of whom';
my $kept = slurp($file);
$run = export();
is $run->{code}, 1, 'a file that is there is not written over';
is slurp($file), $kept, 'nor touched';
is count("role = 'operator' AND note LIKE '% export'"), $records + 1,
    'and nothing was read';
unlink $file;
is export()->{code}, 0, 'without a filter';
is scalar(my @whole = split /\n/, slurp($file)), count('true'),
    'it is all of it, with its own record';

done_testing;
