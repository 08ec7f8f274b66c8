#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What is left of real results, 7,716 of OULAD, once nobody is in them: of each
# course and region that is large enough how many took it, as before, and of each
# result that may be said how many had it, as before; nothing that gives anybody
# away, as computed here apart from the program; and no id of a person.

use lib 't/lib';
use Pupil::Test;
use JSON::XS ();

my $check = run_cmd(build_dir() . '/plugin_load', 'check',
                    build_dir() . '/t/plugins/club.so');
is $check->{code}, 0, 'a plugin may declare what is left of its records'
    or diag($check->{out}), done_testing, exit;


# ---- students, on a roster with names that are made up

open my $gz, '-|', 'gzip', '-dc', root_dir() . '/t/data/oulad/studentInfo.csv.gz'
    or die "gzip: $!\n";
my (undef, @lines) = <$gz>;
close $gz or die "gzip failed\n";
my @results = map { chomp; [split /,/] } @lines;
my ($students, %number) = (0);
$number{ $_->[2] } //= $students++ for @results;
is scalar @results, 7716, 'results of OULAD';

my $site = pupil_up();
my $dir = tmp_dir();
my $demo = root_dir() . '/docs/quickstart/data/sds-100-users';
mkdir "$dir/$_" or die "$dir: $!\n" for qw(sds plugins);
my %rows = (Student => [map { "3$_,10001,Given$_,Family$_,student$_,,WA,,3$_,,"
                . '9,Active,,2019' } 0 .. $students - 1],
            StudentEnrollment => []);
for my $name (qw(School Section Teacher TeacherRoster Student
                 StudentEnrollment))
{
    my ($head, @rest) = split /\r?\n/, slurp("$demo/$name.csv");
    spew("$dir/sds/$name.csv", join "\n", $head, @{ $rows{$name} // \@rest },
         '');
}
$site->ctl_ok('import', 'sds', "$dir/sds", '--dates', 'open',
              $site->ctl_where);

my $plugins = "$dir/plugins";
for my $object (glob(Pupil::Nginx::plugins() . '/*.so'),
                build_dir() . '/t/plugins/club.so')
{
    my $name = $object =~ s{.*/}{}r =~ s/^club/pupil_club/r;
    symlink $object, "$plugins/$name" or die "$object: $!\n";
}
spew("$dir/club.sql", <<'SQL');
CREATE TABLE data.club (
    tenant uuid NOT NULL, owner uuid NOT NULL, record uuid NOT NULL,
    key_version integer NOT NULL, source text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(), club text, grade text,
    PRIMARY KEY (tenant, owner, record));
SELECT pupil.protect('club');
SQL
my @where = ('--plugins', $plugins, $site->ctl_where);
$site->ctl_ok('migrate', '--database', $site->pg->conninfo('pupil'),
              '--plugins', $plugins, '--plugin-sql', "$dir/club.sql",
              '--ticket', 'oulad');

my $db = $site->db;
my @ids = @{ $db->selectcol_arrayref('SELECT DISTINCT r.subject FROM pupil.role'
    . " AS r WHERE r.role = 'pupil' ORDER BY r.subject") };
cmp_ok scalar @ids, '>=', $students, 'each is somebody';


# ---- before

# Of each course and region, with the first letter of each result: how many.
my (%before, @rows);
for my $result (@results) {
    my ($module, $presentation, $student, $region, $final) = @$result;
    my $group = "$module $presentation $region";
    $before{$group}{ substr $final, 0, 1 }++;
    push @rows, [$ids[ $number{$student} ], $group, $final];
}
$db->do('INSERT INTO data.club (tenant, owner, record, key_version, source,'
    . ' updated_at, club, grade) SELECT ?, o, gen_random_uuid(), 1, ?, now() -'
    . " interval '31 days', c, g FROM unnest(?::uuid[], ?::text[], ?::text[])"
    . ' AS r (o, c, g)', {}, $site->tenant, 'oulad',
    map { my $column = $_; [map { $_->[$column] } @rows] } 0 .. 2);


# ---- after

my $run = $site->ctl_ok('retention', 'run', '--json', @where);
is JSON::XS::decode_json($run->{out})->{expired}{club}, 7716, 'all of them go';
is $db->selectrow_array('SELECT count(*) FROM data.club'), 0, 'none is left';
$run = $site->ctl_ok('retention', 'statistics', 'club', '--json', @where);
my %after;
$after{ $_->{group} }{ $_->{value} // 'all' } = $_->{persons}
    for @{ JSON::XS::decode_json($run->{out})->{groups} };

my (%large, %shown, @wrong);
for my $group (keys %before) {
    my $of = $before{$group};
    my $all = 0;
    $all += $_ for values %$of;
    $large{$group} = $all if $all >= 10;

    my %said = %{ $after{$group} // {} };
    my $rest = delete $said{all} // 0;
    $rest == ($all >= 10 ? $all : 0) or push @wrong, "$group: $rest of $all";
    for my $value (keys %said) {
        $said{$value} == $of->{$value} && $said{$value} >= 10
            && keys %$of > 1 or push @wrong, "$group, $value";
        $rest -= $said{$value};
        $shown{$group}++;
    }
    my @small = grep { $_ < 10 } values %$of;
    push @wrong, "$group: $rest are left" if $rest > 0 && $rest < 10;
    push @wrong, "$group: nothing has to be hidden"
        if keys %$of > 1 && !@small && $all >= 10 && $rest != 0;
}
is_deeply \@wrong, [], 'what is said is as it was, and gives nobody away';
is_deeply [sort keys %after], [sort keys %large],
    'of each group that is large enough';
cmp_ok scalar keys %large, '<', keys %before, 'some are not';
cmp_ok scalar keys %shown, '>', 0.8 * keys %large,
    'and of most others it is said which results there were';
diag sprintf '%d groups, %d large enough, %d with results', scalar keys %before,
    scalar keys %large, scalar keys %shown;

my $left = $db->selectrow_array("SELECT string_agg(a::text, ' ') FROM"
    . ' pupil.aggregate AS a');
is scalar(grep { index($left, $_) >= 0 } @ids), 0, 'no id of a person is left';
is $site->ctl('audit', 'verify', @where)->{code}, 0, 'the audit verifies';

done_testing;
