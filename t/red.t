#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# t/red, on a small history: a test, then what makes it green.

use lib 't/lib';
use Pupil::Test;
use File::Path qw(make_path);

my $repository = tmp_dir() . '/history';
mkdir $repository or die "$repository: $!\n";

sub git (@args) {
    my $run = run_cmd('git', '-c', 'user.name=t', '-c', 'user.email=t',
                      '-c', 'init.defaultBranch=main', @args,
                      { dir => $repository });
    die "git @args: $run->{err}" if $run->{code};
    return $run->{out};
}

sub commit ($message, %files) {
    for my $file (sort keys %files) {
        make_path("$repository/$file" =~ s{/[^/]+$}{}r);
        spew("$repository/$file", $files{$file});
    }
    git(qw(add -A));
    git(qw(commit -qm), $message);
    return git(qw(rev-parse HEAD)) =~ s/\n//r;
}

# The end of t/red, and what it said.
sub red (@args) {
    my $run = run_cmd($^X, root_dir() . '/t/red', @args,
                      { dir => $repository, env => { TMPDIR => tmp_dir() } });
    return ($run->{code}, $run->{out} . $run->{err});
}

my $test = <<'END';
use Test::More;
use Answer;
my ($number) = do { open my $in, '<', "$ENV{PUPIL_BUILD}/number"; <$in> };
is Answer::of($number), 42, 'the answer holds';
ok 1, 'what always holds';
subtest inner => sub { is $number, 6, 'the inner one' ; done_testing };
done_testing;
END

git('init', '-q');
my $first = commit('a program',
    Makefile => "tests:\n\tmkdir -p \$(B) && cp number \$(B)/number\n",
    't/lib/Pupil/Nothing.pm' => "1;\n",
    't/lib/Answer.pm' => "package Answer;\nsub of { 7 * \$_[0] }\n1;\n",
    number => '5');
my $asked = commit('its test', 't/answer.t' => $test);
my $fixed = commit('what makes it green', number => '6');
my $later = commit('another thing', other => 'x');

my ($code, $said) = red($fixed);
is $code, 0, 'a test that was red before its fix' or diag $said;
like $said, qr/^red: t\/answer\.t: the answer holds$/m, 'says where';
like $said, qr/^red: t\/answer\.t: the inner one$/m, 'and in a subtest';

is +(red($fixed, 't/answer.t', 'answer holds'))[0], 0, 'by name';
is +(red($fixed, 't/answer.t', 'always'))[0], 1,
    'an assertion that was green is not red';
is +(red($later, 't/answer.t'))[0], 1, 'nor is a test after its fix';
isnt +(red($later))[0], 0, 'a commit without a test has to be told one';

my $together = commit('test and fix in one', number => '7',
                      't/answer.t' => $test =~ s/42/49/r =~ s/6,/7,/r);
is +(red($together))[0], 0, q{a test of the fix's own commit};

my $dies = commit('dies', number => '8',
                  't/answer.t' => "die 'early';\n" . $test);
is +(red($dies, 't/answer.t'))[0], 1, 'a test that dies is not red';

my $broken = commit('does not build', Makefile => "tests:\n\tfalse\n");
my $mended = commit('builds again', Makefile => "tests:\n\ttrue\n");
($code, $said) = red($mended, 't/answer.t');
isnt $code, 0, 'a parent that does not build is not red';
like $said, qr/does not build/, 'and says so';

is git(qw(worktree list --porcelain)) =~ s/^(?!worktree).*\n//gmr,
    "worktree $repository\n", 'nothing is left behind';

done_testing;
