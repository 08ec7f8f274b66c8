#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Names and titles of a roster arrive and come back to the byte, of persons with
# one name and of 200 letters, too; what hides or turns round text is refused.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;
use Pupil::Roster;
use Encode qw(decode_utf8);
use JSON::XS ();

# The site's own tenant, by the names of Pupil::Class.
my $site = pupil_up;
my $class = bless { site => $site, people => {}, http => {} }, 'Pupil::Class';
my $case = { name => '130-names-exact', format => 'oneroster' };
my $folder = roster_folder($case, 1);

my $run = $site->ctl('import', 'oneroster', $folder, '--json',
                     $site->ctl_where);
is $run->{code}, 0, 'names of many kinds' or diag $run->{err};
my $report = JSON::XS::decode_json($run->{out});
is_deeply [map { "$_->{file}:$_->{line}" } @{ $report->{refused} }],
    [(map { "classes.csv:$_" } 10, 13, 18),
     map { "users.csv:$_" } 16, 31, 32, 38, 48, 49, 51, 54, 57, 58],
    'what is refused';

# The rows of a file by their ids, of three columns that have no line's end.
sub rows ($file, @columns) {
    my %rows;
    for (grep { length } split /\n/, decode_utf8(slurp("$folder/$file"))) {
        my @cells = map { s/^"(.*)"$/$1/r =~ s/""/"/gr }
                    /\G("(?:[^"]|"")*"|[^,"]*)(?:,|$)/g;
        $rows{$cells[0] // ''} = [@cells[@columns]];
    }
    return %rows;
}

sub trimmed ($text) { $text =~ s/^ +| +$//gr }

$class->{people}{teacher} = $site->person('tina.lar');
$class->{nginx} = $site->nginx->start;

my %users = rows('users.csv', 6, 8, 9);
my %want = map { join(' ', grep { length } map { trimmed($_) }
                                @{ $users{$_} }[1, 2]) => 1 }
           grep { /^n\d+$/ && !/^n(?:13|28|29|35|45|46|47|50|53|54)$/ }
           keys %users;

my %titles = rows('classes.csv', 3);
my %classes = $class->classes;
is_deeply [sort keys %classes],
    [sort map { trimmed($titles{$_}[0]) }
              'c1', grep { /^k/ && !/^k(?:7|10|14)$/ } keys %titles],
    'titles come back as they were';

$class->{class_id} = $classes{'7A'};
my $homework = $class->assign;
my ($next, %got) = ('');
do {
    my $page = $class->teacher->get("/v1/homework/$homework->{id}/progress"
                                    . $next)->json;
    $got{$_->{display_name}} = 1 for @{ $page->{pupils} };
    $next = $page->{next_cursor} && "?cursor=$page->{next_cursor}";
} while $next;
is_deeply \%got, \%want, 'names come back as they were';

done_testing;
