#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl key split and key join: the key file in shares, of which some are
# needed.  Any so many make it again, fewer do not, and a share that is another's,
# is there twice, or was changed is refused, with what to do.

use lib 't/lib';
use Pupil::Test;
use Digest::SHA qw(sha256_hex);

my $key = tmp_dir() . '/kek';
my $made = tmp_dir() . '/joined';
my $share = tmp_dir() . '/share';

sub ctl (@args) {
    return run_cmd(build_dir() . '/pupilctl', @args,
                   { env => Pupil::Nginx->sanitizer_env });
}
sub split_key ($shares, $needs, $to = $share) {
    return ctl('key', 'split', '--shares', $shares, '--threshold', $needs,
               '--key', $key, $to);
}
sub join_key (@shares) {
    unlink $made;
    return ctl('key', 'join', '--key', $made, @shares);
}

ctl('key', 'generate', '--key', $key)->{code} == 0 or die "generate\n" for 1, 2;
my $text = slurp($key);


# ---- made

my $run = split_key(5, 3);
is $run->{code}, 0, 'five shares' or diag $run->{err};
my @shares = map { "$share.$_" } 1 .. 5;
is_deeply [map { sprintf '%o', (stat)[2] & 07777 } @shares], [(400) x 5],
    'which nobody else reads';
unlike "$run->{out}$run->{err}", qr/[0-9a-f]{40}/, 'and which nothing shows';
like $run->{out}, qr/3 of .*5/, 'it says how many are needed';
my $any = join '|', $text =~ /([0-9a-f]{64})/g;
unlike slurp($_), qr/pupil-kek-v1|$any/, 'in none is a key' for @shares;

my ($wrong, $right) = (0, 0);
for my $n (0 .. 31) {
    my @some = map { $shares[$_] } grep { $n >> $_ & 1 } 0 .. 4;
    next if !@some;
    $run = join_key(reverse @some);
    my $same = $run->{code} == 0 && slurp($made) eq $text;
    @some < 3 ? ($wrong += -e $made || $run->{code} == 0 ? 1 : 0)
              : ($right += $same ? 1 : 0);
}
is $right, 16, 'any three or more make the key file again';
is $wrong, 0, 'fewer make none';
join_key(@shares[0 .. 2]);
is sprintf('%o', (stat $made)[2] & 07777), 400, 'for its reader alone';


# ---- refused

split_key(5, 3, "$share.other");
sub changed ($text) { spew("$share.changed", $text, 0600) }
my $two = slurp($shares[1]);
my $forged = $two =~ s/^data \K(.)/$1 eq '0' ? 1 : 0/mer =~ s/^check.*\n//mr;

my @cases = (
    ['too few', [@shares[0, 1]], qr/2 .*3 are needed/],
    ['one twice', [@shares[0, 1, 1]], qr/share 2 .*twice.*another/],
    ['a copy of one', [@shares[0, 1], changed($two)], qr/share 2 .*twice/],
    ['one of another set', [@shares[0, 1], "$share.other.3"],
     qr/other\.3.*another set.*share/],
    ['one that was changed', sub { [@shares[0, 2],
        changed($two =~ s/^data \K(.)/$1 eq '0' ? 1 : 0/mer)] },
     qr/changed.*copy/],
    ['one that is cut short', sub { [@shares[0, 2], changed(substr $two, 0, -9)]
     }, qr/is no share.*copy/],
    ['one with more behind it', sub { [@shares[0, 2], changed("$two\n")] },
     qr/is no share/],
    ['one with another number', sub { [@shares[0, 2],
        changed($two =~ s/^share 2/share 4/mr)] }, qr/changed.*copy/],
    ['another file', sub { [@shares[0, 2], changed("secret\n")] },
     qr/is no share/],
    ['one that is not there', [@shares[0, 2], '/no/such'], qr{/no/such}],
    ['one that is forged', sub { [@shares[0, 2], changed($forged . 'check '
        . sha256_hex($forged) . "\n")] }, qr/do not fit .*without one/],
);
for my $case (@cases) {
    my ($name, $which, $why) = @$case;
    my @with = @{ ref $which eq 'CODE' ? $which->() : $which };
    changed($two) if $name eq 'a copy of one';
    $run = join_key(@with);
    isnt $run->{code}, 0, "$name: refused";
    like $run->{err}, $why, "$name: why, and what to do";
    ok !-e $made, "$name: no file is made";
}

join_key(@shares[0 .. 2]);
$run = ctl('key', 'join', '--key', $made, @shares);
isnt $run->{code}, 0, 'a file that is there is not written over';
$run = split_key(5, 3);
isnt $run->{code}, 0, 'nor are shares';
is slurp($shares[1]), $two, 'which stay as they are';
for my $bad ([1, 1], [5, 1], [3, 4], [256, 3], ['x', 2], [3, '']) {
    $run = split_key(@$bad, "$share.bad");
    isnt $run->{code}, 0, "@$bad: refused";
    like $run->{err}, qr/--threshold .*2 .*--shares, .*255/, 'and what is not';
}
is_deeply [glob "$share.bad*"], [], 'nothing is written';
unlink "$share.half.4";
spew("$share.half.4", '');
isnt split_key(5, 3, "$share.half")->{code}, 0, 'where one is there, refused';
is_deeply [glob "$share.half*"], ["$share.half.4"], 'and none is left';

done_testing;
