#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A key file that is missing, short, corrupt, open to others or of epochs that the
# key store does not know is refused, with what to do: by nginx -t, as far as
# nobody has to ask the key store, by every command of pupilctl that needs it,
# and by pupilctl check, which stands before a reload.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up(import => 1);
my $nginx = $site->nginx(workers => 1);
my $key = slurp($site->key);
my ($hex) = $key =~ /([0-9a-f]{64})/;
my $path = tmp_dir() . '/kek.case';
$nginx->set(http => $nginx->{http} =~ s/\Q@{[$site->key]}\E/$path/r);
my @where = map { $_ eq $site->key ? $path : $_ } $site->ctl_where;

sub file ($text, $mode = 0600) { sub { spew($path, $text, $mode) } }

my $copy = qr/put a copy of .*back|pupilctl key generate/;
my $other = join '', reverse split //, $hex;

# What it is; how it is made; what is said, and to do; a word for who has to ask
# the key store to know.
my @cases = (
    ['missing', sub { }, qr/cannot open.*No such file/, qr/key generate/],
    ['a folder', sub { mkdir $path }, qr/not a regular file/, $copy],
    ['of another', sub { file($key)->(); chown 65534, 65534, $path },
     qr/belongs to user 65534/, qr/chown/],
    (map { my $mode = $_; [sprintf('of mode %04o', $mode), file($key, $mode),
        qr/has mode/, qr/chmod 0400/] } 0644, 0640, 0604, 0660, 0700),
    ['empty', file(''), qr/is empty/, $copy],
    ['short by a digit', file($key =~ s/.$//r), qr/line 1 .*64 hex/, $copy],
    ['short by all but a word', file("pupil-kek-v1\n"), qr/line 1 /, $copy],
    ['of something else', file("secret\n"), qr/line 1 .*is not/, $copy],
    ['corrupt in a digit', file($key =~ s/[0-9a-f]$/x/r), qr/line 1 .*64 hex/,
     $copy],
    ['of zeros', file("pupil-kek-v1 1 " . '0' x 64 . "\n"), qr/zeros/, $copy],
    ['of epoch 0', file($key =~ s/v1 1/v1 0/r), qr/1 to 2147483647/, $copy],
    ['of epochs that fall', file("pupil-kek-v1 2 $other\n$key"),
     qr/line 2 .*not higher/, qr/newest stands last/],
    ['of one key twice', file($key . $key =~ s/v1 1/v1 2/r), qr/repeats/,
     $copy],
    ['of nine epochs', file(join '', map { "pupil-kek-v1 $_ "
        . unpack('H*', chr($_) x 32) . "\n" } 1 .. 9), qr/longer than 8 lines/,
     qr/retired/],
    ['of an unknown epoch', file($key =~ s/v1 1/v1 7/r),
     qr/epoch/, qr/copy (?:of )?the newest|key register|wrong file/, 'asks'],
    ['of another key', file("pupil-kek-v1 1 $other\n"),
     qr/another|does not open|not the key/, qr/wrong file|another|belongs/,
     'asks'],
);

for my $case (@cases) {
    my ($name, $make, $fault, $to_do, $asks) = @$case;
    -d $path ? rmdir $path : unlink $path;
    $make->();

    my %said = (
        (map { my @command = @$_; ("pupilctl @command" =>
            $site->ctl(@command, @where)) } ['key', 'status'],
            ['key', 'rotate'], ['user', 'show', 'OKlein']),
        'pupilctl check' => $site->ctl('check', $nginx->conf_file, @where),
    );
    $said{'nginx -t'} = $nginx->test if !$asks;

    for my $who (sort keys %said) {
        my $text = "$said{$who}{out}$said{$who}{err}";
        isnt $said{$who}{code}, 0, "$who: a key file $name is refused";
        like $text, $fault, "$who, $name: which says what is wrong";
        like $text, $to_do, "$who, $name: and what to do"
            if !$asks || $who ne 'pupilctl key status';
        unlike $text, qr/$hex|[0-9a-f]{32}/, "$who, $name: and nothing of it";
    }
}


# ---- nothing is wrapped under a key that only this file has

unlink $path;
spew($path, $key, 0600);
my $keys = $site->keystore;
sub ctl_ok (@args) {
    my $run = $site->ctl(@args);
    die "@args: $run->{err}" if $run->{code};
}
ctl_ok('key', $_, @where) for qw(generate register);
spew($path, $key . "pupil-kek-v1 2 $other\n", 0600);

for my $command (['key', 'rotate'], ['tenant', 'add', 'New']) {
    my $run = $site->ctl(@$command, grep { !/^--tenant$|^[-0-9a-f]{36}$/ }
                                    @where);
    isnt $run->{code}, 0, "@$command under an epoch of another key";
    like $run->{err}, qr/epoch 2 is not the key .*wrong file/, 'which is said';
}
is $keys->selectrow_array('SELECT count(*) FROM keystore.tenant_key'), 1,
    'no key is made';

done_testing;
