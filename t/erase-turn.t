#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The commands that write accounts take their turn with erasures and imports:
# what they have read before an erasure is not written after it.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up(import => 1);
my $db = $site->db;
my ($school) = $db->selectrow_array('SELECT institution FROM pupil.institution');
my @role = ('school_admin', '--institution', $school);
my %login = map { $_ => "person.$_" } 1 .. 6;

sub ctl (@words) {
    my %opt = ref $words[-1] ? %{ pop @words } : ();
    return $site->ctl(@words, $site->ctl_where, \%opt);
}

sub start (@words) {
    my $env = Pupil::Site->ctl_env;
    my $in = spew(tmp_dir() . '/password', "A long password, 2026\n");
    open my $stdin, '<', $in or die "$!\n";
    open my $null, '>', '/dev/null' or die "$!\n";
    return start_process([build_dir() . '/pupilctl', @words, $site->ctl_where],
        env => $env, stdin => $stdin, stdout => $null, stderr => $null);
}

my @writes = (['user', 'add', 'somebody.new', @role],
              ['user', 'role', 'add', $login{1}, 'dpo'],
              ['user', 'role', 'remove', $login{1}, 'dpo'],
              ['user', 'password', $login{1}, '--generate']);
my %id;

for my $n (sort keys %login) {
    my $run = ctl('user', 'add', $login{$n}, @role);
    is $run->{code}, 0, "person $n" or diag $run->{err};
    ($id{$n}) = $run->{out} =~ /^(\S+)$/;
}


# ---- while somebody else has the turn

my $other = $site->pg->connect('pupil');
$other->do('SELECT pg_advisory_lock(1347760177, hashtext(?))', {},
           $site->tenant);
for my $words (@writes) {
    my $run = ctl(@$words);
    is $run->{code}, 1, "@$words[0 .. 2]: not during an erasure";
    like $run->{err}, qr/is running, or .*erasure: try again/, 'which is said';
}
is ctl('user', 'show', $login{1})->{code}, 0, 'to look takes no turn';
is $db->selectrow_array("SELECT count(*) FROM pupil.role WHERE role = 'dpo'"), 0,
    'nothing is written';
$other->do('SELECT pg_advisory_unlock_all()');
is ctl(@$_)->{code}, 0, "@$_[0 .. 2]: after it" for @writes;


# ---- of each other they need none

$other->do('SELECT pg_advisory_lock_shared(1347760177, hashtext(?))', {},
           $site->tenant);
is ctl('user', 'role', 'add', $login{1}, 'dpo')->{code}, 0,
    'two of these write at once';
my $run = ctl('subject', 'erase', $id{1});
is $run->{code}, 1, 'but nobody is erased meanwhile';
like $run->{err}, qr/try again/, 'which is said';
$other->disconnect;


# ---- a race

for my $n (2 .. 6) {
    my @pids = (start('user', 'role', 'add', $login{$n}, 'dpo'),
                start('subject', 'erase', $id{$n}),
                start('user', 'password', $login{$n}));
    ok process_ends($_, 60), "$n: a process ends" for @pids;

    # the erasure gives way where it finds no turn; then it is run again
    is ctl('subject', 'erase', $id{$n})->{code}, 0, "$n: erased";
    is ctl('user', 'role', 'add', $login{$n}, 'dpo')->{code}, 1,
        "$n: nobody gets a role then";
    is join(' ', map { $db->selectrow_array($_, {}, $id{$n}) }
        'SELECT count(*) FROM pupil.role WHERE subject = ?',
        'SELECT count(*) FROM data.credential WHERE owner = ?',
        'SELECT count(*) FROM pupil.blind_index WHERE owner = ?'), '0 0 0',
        "$n: and nothing is left";
}

done_testing;
