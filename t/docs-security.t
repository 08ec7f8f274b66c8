#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# docs/security.md answers each requirement of the OWASP ASVS 5.0's chapters on
# authentication, sessions and OpenID Connect, once and in order; who says yes
# names a test that is there, and who says anything else says why.

use lib 't/lib';
use Pupil::Test;

# How many requirements each section of the standard has.
my @SECTIONS = (
    [6.1 => 3], [6.2 => 12], [6.3 => 8], [6.4 => 6], [6.5 => 8], [6.6 => 4],
    [6.7 => 2], [6.8 => 4], [7.1 => 3], [7.2 => 4], [7.3 => 2], [7.4 => 5],
    [7.5 => 3], [7.6 => 2], [10.1 => 2], [10.2 => 3], [10.3 => 5],
    [10.4 => 16], [10.5 => 5], [10.6 => 2], [10.7 => 3]);
my @REQUIRED = map { my ($section, $count) = @$_;
                     map { "$section.$_" } 1 .. $count } @SECTIONS;
my %ANSWER = map { $_ => 1 } 'yes', 'in part', 'no', 'not ours';

# Answers that need no test: what the document says itself, and what is absent.
my $BY_ITSELF = qr/^(?:\*The ways in\*, above|there are none|Pupil sends none)$/;

my $root = root_dir();
my $document = slurp("$root/docs/security.md");

sub rows ($text) {
    return map { [split / \| /, s/^\| | \|$//gr] }
           grep { /^\| \d/ } split /\n/, $text;
}

# What is wrong with the answers.
sub faults ($text) {
    my @rows = rows($text);
    my @faults;
    push @faults, 'not each of them, in order'
        if "@{[map { $_->[0] } @rows]}" ne "@REQUIRED";
    for my $row (@rows) {
        my ($id, $level, $short, $answer, $how) = @$row;
        push @faults, "$id: columns" if @$row != 5 || $level !~ /^[123]$/;
        push @faults, "$id: no answer" if !$ANSWER{ $answer // '' };
        push @faults, "$id: does not say how" if length($how // '') < 4;
        push @faults, "$id: names nothing that shows it"
            if ($answer // '') eq 'yes' && $how !~ m{`t/} && $how !~ $BY_ITSELF;
    }
    push @faults, map { "there is no $_" } grep { !-e "$root/$_" }
        $text =~ m{`((?:t|docs)/[^`]+)`}g;
    return @faults;
}

is scalar(@REQUIRED), 102, 'requirements of the three chapters';
is_deeply [faults($document)], [], 'each is answered';
for my $broken (['one left out' => sub { s/^\| 7[.]4[.]2 .*\n//mr }],
                ['a test that is not there' => sub { s/hosts[.]t/host.t/r }],
                ['a yes that shows nothing'
                    => sub { s/(\| 7[.]2[.]3 .*yes \| ).*( \|)/$1well$2/r }],
                ['a yes that shows nothing, and says none'
                    => sub { s/(\| 7[.]2[.]3 .*yes \| ).*( \|)/$1of none$2/r }],
                ['another answer' => sub { s/ not ours / perhaps /r }])
{
    my ($name, $change) = @$broken;
    my ($text) = map { $change->() } $document;
    isnt $text, $document, "$name: changed";
    isnt scalar(faults($text)), 0, "$name: is found";
}

done_testing;
