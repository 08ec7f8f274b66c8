#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# docs/promises.md: each row of the list, once and in order, with what shows it;
# which status it has, and how many there are of each, follows from that and from
# nothing else.  Each test that it names is there and says what is quoted, each
# command is known, and pupilctl's are run, and say what is quoted.

use lib 't/lib';
use Pupil::Promises qw(promises_rows promises_faults promises_commands
                       promises_written);
use Pupil::Test;

my $root = root_dir();
utf8::decode(my $page = slurp("$root/docs/promises.md"));


# ---- the page

is scalar(promises_rows($page)), 73, 'the rows of the list';
is_deeply [promises_faults($page)], [], 'each has its promise, how, and what'
    . ' shows it or why not; its status and the counts are those of that';
is promises_written($page), $page, 'which make promises writes';
is scalar(() = $page =~ /\| \x{2013} \| \x{2013} \| \S/g),
    scalar(() = $page =~ /^\| [A-Z]\d+ \| [^|]+ \| no \| /mg),
    'what is not kept has neither evidence nor a way';


# ---- what is named is there

my @named = $page =~ /`(pupilctl [a-z][^`]*)`/g;
my $help = run_cmd(build_dir() . '/pupilctl', '--help')->{out};
my %known = map { s/ [A-Z\[<-].*//r => 1 } $help =~ /^  ([a-z].*)$/mg;

sub unknown_commands (@named) {
    return grep { my @words = split / /;
                  shift @words;
                  !grep { $known{ join ' ', @words[0 .. $_] } } 0 .. $#words }
           @named;
}

cmp_ok scalar(@named), '>', 15, 'commands are named';
is_deeply [unknown_commands(@named)], [], 'pupilctl --help knows each';
is_deeply [unknown_commands('pupilctl report control', 'pupilctl audit')],
    ['pupilctl report control', 'pupilctl audit'], 'one that it does not is found';
is_deeply [grep { !-e "$root/$_" }
           $page =~ m{`((?:t|docs)/[^`<>*]+)`}g], [], 'files are there';


# ---- each fault is found

for my $case (
    ['a row that is left out', sub { s/^\| M7 \| .*\n//mr }, qr/not each row/],
    ['a row that is there twice', sub { s/^(\| M7 \| .*\n)/$1$1/mr },
     qr/not each row/],
    ['two that change places', sub { s/^(\| M7 \| .*\n)(\| M8 \| .*\n)/$2$1/mr },
     qr/not each row/],
    ['a cell too few', sub { s/^(\| M7 \| .*?) \| /$1 /mr }, qr/^M7: \d columns/],
    ['a row without a promise', sub { s/^\| M7 \| .*? \|/| M7 | so it is |/mr },
     qr/^M7: no promise/],
    ['one that does not say how', sub { row($_, M7 => 4, 'so') },
     qr/^M7: does not say how/],
    ['a test that is not there', sub { s{`t/login\.t`}{`t/logins.t`}r },
     qr{there is no t/logins\.t}],
    ['a test that does not say so', sub { s/"and then slowed down"/"and then let in"/r },
     qr/^M7: t\/login\.t does not say "and then let in"/],
    ['what a comment says', sub { s/"and then slowed down"/"failures look alike"/r },
     qr/^M7: t\/login\.t does not say "failures look alike"/],
    ['a word that is anywhere', sub { s/"and then slowed down"/"status"/r },
     qr/^M7: t\/login\.t: "status" may be anything/],
    ['a test of which nothing is quoted', sub { s/(`t\/login\.t`): "[^;]*;/$1;/r },
     qr/^M7: t\/login\.t: by which test/],
    ['a plugin that is refused otherwise', sub { s/"why is NULL"/"why is empty"/r },
     qr{^M1: t/plugins/bad/field_why\.c does not say}],
    ['a target that make has not', sub { s/`make fuzz`/`make pentest`/r },
     qr/^S5: make knows no pentest/],
    ['what make help does not say', sub { s/"run each fuzz target"/"run each attack"/r },
     qr/^S5: make help does not say/],
    ['a command that there is not', sub {
        s/`pupilctl retention list`/`pupilctl report list`/r },
     qr/^M21: pupilctl knows no pupilctl report list/],
    ['evidence of something else', sub { row($_, M7 => 5, 'a letter') },
     qr/^M7: not as evidence is written: a letter/],
    ['evidence that is a document', sub {
        row($_, M7 => 5, '`docs/security.md`: "guessing"') },
     qr/^M7: docs\/security\.md is neither a test nor a command/],
    ['neither evidence nor a reason', sub { row($_, M7 => 5, "\x{2013}") },
     qr/^M7: neither evidence nor a reason/],
    ['a no without a reason', sub { row($_, M13 => 6, 'later') }, qr/^M13: no reason/],
    ['a reason that is of a row without one', sub { row($_, M14 => 6, 'as of B4') },
     qr/^M14: no reason/],
    ['what is in part, said to be kept', sub { row($_, B10 => 3, 'kept') },
     qr/^B10 is said to be kept, and is in part/],
    ['what is not, said to be kept', sub { row($_, M13 => 3, 'kept') },
     qr/^M13 is said to be kept, and is no/],
    ['what is kept, said to be not', sub { row($_, M7 => 3, 'no') },
     qr/^M7 is said to be no, and is kept/],
    ['a status that there is not', sub { row($_, M7 => 3, 'soon') },
     qr/^M7 is said to be soon/],
    ['something that is missing meanwhile', sub {
        row($_, M7 => 6, 'guesses at a code are not counted') },
     qr/^M7 is said to be kept, and is in part/],
    ['counts that are not so', sub { s/^(73 rows: )(\d+)/$1 . ($2 + 1)/mer },
     qr/^counted are: 73 rows/],
    ['no counts', sub { s/^73 rows: .*$//mr }, qr/^no counts/],
) {
    my ($name, $change, $fault) = @$case;
    my ($text) = map { $change->() } $page;
    isnt $text, $page, "$name: changed";
    ok scalar(grep { $_ =~ $fault } promises_faults($text)), "$name: is found"
        or diag join "\n", promises_faults($text);
}

# The text with a cell of a row changed: 3 is the status, 5 what shows it.
sub row ($text, $row, $cell, $value) {
    return $text =~ s{^(\| \Q$row\E \|.*\|)$}{
        my @cells = split / \| /, $1 =~ s/^\| | \|$//gr, -1;
        $cells[$cell - 1] = $value;
        '| ' . join(' | ', @cells) . ' |'
    }mer;
}

my $reset = $page =~ s/^(\| [A-Z]\d+ \| [^|]+ \| )[^|]+ \|/$1kept |/mgr;
isnt $reset, $page, 'statuses that somebody has typed';
is promises_written($reset), $page, 'are written anew';
ok !eval { promises_written(row($page, M7 => 5, '`t/logins.t`: "and then slowed down"'));
           1 }, 'nothing is written of evidence that is none';
like $@, qr/^no status: M7$/m, 'which is said';


# ---- the commands say it

my $site = pupil_up(import => 1);
my @where = $site->ctl_where;
my ($ticket) = grep { $where[$_] eq '--ticket' } 0 .. $#where;
splice @where, $ticket, 2;                    # each row says its own
my @commands = promises_commands($page);
my %run;

cmp_ok scalar(@commands), '>=', 8, 'commands to run';
for my $case (@commands) {
    my ($row, $command, @said) = @$case;
    my (undef, @words) = split / /, $command;
    my $run = $run{$command} //= $site->ctl(@words, @where);
    is $run->{code}, 0, "$row: $command" or diag $run->{err};
    like "$run->{out}$run->{err}", qr/\Q$_\E/, "$row: it says \"$_\"" for @said;
}

done_testing;
