#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# docs/invariants.md and docs/pitfalls.md hold every number that anything
# here cites; each invariant has its files and its tests, or says that it is
# not kept yet.

use lib 't/lib';
use Pupil::Test;

chdir root_dir() or die;

my $TEST = qr{`(t/[^`]+)`};
my @texts = (qw(README.md CONTRIBUTING.md CHANGELOG.md Makefile config),
    glob('docs/*.md docs/performance/*.md t/*.t t/roster/*.t t/campaigns/*.t'),
    files_below(qr/\.(?:[ch]|sql|md)\z/,
                qw(include ngx_module plugins sql t/unit t/fuzz t/plugins)),
    files_below(qr/\.(?:[ch]|p[lm]|sh|m?js)\z/, 't/lib', 't/bench'),
    glob('t/browser/*.mjs docs/quickstart/*.sh docs/quickstart/web/*'));
cmp_ok scalar(@texts), '>=', 330, 'files are looked at';


# ---- invariants

# {I1 => text}, in the order of the document.
sub sections ($text) {
    return $text =~ /^## (I\d+): \S[^\n]*\n(.*?)(?=^## |\z)/msg;
}

# What is wrong with an invariant.
sub faults ($name, $text) {
    my ($kept) = $text =~ /^- Kept by: (.*?)(?=^- |\z)/ms;
    my ($tests) = $text =~ /^- Tests: (.*?)(?=^- |\z)/ms;
    my ($number) = $name =~ /(\d+)/;
    my @faults = map { "$name: no $_" } grep { !-e }
        $text =~ m{`((?:ngx_module|sql|t|docs|include|plugins)/[^`]+)`}g;
    push @faults, "$name: nobody keeps it"
        if !defined $kept && $text !~ /^Not kept yet: /m;
    push @faults, "$name: no test" if defined $kept && ($tests // '') !~ $TEST;

    my %named = map { $_ => 1 } ($tests // '') =~ /$TEST/g;
    push @faults, map { "$name: its test $_ is not named" }
        grep { !$named{$_} } glob sprintf 't/i%02d-*.t', $number;
    return @faults;
}

my $invariants = slurp('docs/invariants.md');
my %section = sections($invariants);
is_deeply [sort { substr($a, 1) <=> substr($b, 1) } keys %section],
    [map { "I$_" } 1 .. 20], 'the invariants, each once';
is scalar(my @all = sections($invariants)), 2 * keys %section, 'none twice';
is_deeply [map { faults($_, $section{$_}) } sort keys %section], [],
    'each has its keepers and its tests';

my $good = $section{I1};
is_deeply [faults('I1', $good =~ s/^- Kept by:/- Held by:/mr)],
    ['I1: nobody keeps it'], 'a fault is found: no keeper';
like join(' ', faults('I1', $good =~ s/^- Tests: .*?(?=^- |\z)//msr)),
    qr/I1: no test I1: its test \S+ is not named/, 'no test';
like join(' ', faults('I1', $good =~ s/narrow\.t/wide.t/r)),
    qr{I1: no t/wide\.t}, 'a file that is not there';

# Numbers that stand in none of the sections.
sub unknown ($text) { grep { !$section{$_} } $text =~ /\b(I[1-9]\d?)\b/g }

my $cited = 0;
my @unknown;
for my $file (grep { $_ ne 't/invariants.t' } @texts) {
    my $text = slurp($file);
    $cited += () = $text =~ /\bI[1-9]\d?\b/g;
    push @unknown, map { "$file: $_" } unknown($text);
}
cmp_ok $cited, '>=', 250, "invariants are cited: $cited times";
is_deeply \@unknown, [], 'each that is cited stands there';
is_deeply [unknown('(I1, I21)')], ['I21'], 'one that is not is found';

my %tests = map { $_ => 1 } map { $section{$_} =~ /$TEST/g } keys %section;
is_deeply [grep { !$tests{$_} } glob 't/i[0-9][0-9]-*.t'], [],
    'each test that is named after one is named by it';


# ---- pitfalls

my $pitfalls = slurp('docs/pitfalls.md');
my %pitfall = map { $_ => 1 } my @numbers = $pitfalls =~ /^\*\*(\d+a?)\.\*\* \S/mg;
is_deeply \@numbers,
    [map { $_ == 19 || $_ == 35 ? ($_, "${_}a") : $_ } 1 .. 49],
    'the pitfalls, in order';

# The numbers behind the word, in prose that breaks where its lines end.
sub pitfalls_of ($text) {
    $text =~ s/\n\s*(?:\*|#|--)?\s*/ /g;
    my @found;
    while ($text =~ /\bpitfalls? (\d+a?(?:(?:, | and | to )\d+a?)*)/gi) {
        push @found, $1 =~ /\d+a?/g;
    }
    return @found;
}

my @cited;
for my $file (grep { $_ ne 't/invariants.t' } @texts) {
    push @cited, map { [$file, $_] } pitfalls_of(slurp($file));
}
cmp_ok scalar(@cited), '>=', 15, 'pitfalls are cited: ' . @cited . ' times';
is_deeply [map { "@$_" } grep { !$pitfall{$_->[1]} } @cited], [],
    'each that is cited stands there';
is_deeply [pitfalls_of("(pitfalls 8\n * and 9), Pitfall 19a, pitfalls 31 to 50")],
    [qw(8 9 19a 31 50)], 'however it is written';

done_testing;
