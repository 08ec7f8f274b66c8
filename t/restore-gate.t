#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# While a database that was restored lacks erasures, pupilctl reads and writes
# nobody of it, as workers do not (invariant I8): who was erased would be there
# again.  What says so, what opens the gate, and the audit go on.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up(import => 1);
my $dir = tmp_dir();
my ($key) = run_cmd('age-keygen', '-o', "$dir/identity")->{err} =~ /(age1\w+)/;
spew("$dir/recipients", "$key\n");
mkdir "$dir/checkpoints";
my $nginx = $site->nginx->start;
my ($person, $gone) = ($site->person('OKlein'), $site->person('CBeane'));
my $other = $person->{id};

my @people = (
    ['user', 'show', $person->{login}],
    ['subject', 'show', $other],
    ['subject', 'lock', $other],
    ['subject', 'restrict', $other],
    ['subject', 'erase', $other],
    ['user', 'password', $person->{login}, '--generate'],
    ['user', 'add', 'somebody', 'dpo'],
    ['user', 'list'],
    ['tenant', 'export', '--to', "$dir/archive", '--recipients',
     "$dir/recipients"],
    ['import', 'sds', root_dir() . '/docs/quickstart/data/sds-100-users',
     '--dates', 'open'],
    ['facts'],
    ['retention', 'upcoming'],
    ['retention', 'run'],
    ['audit', 'list'],
    ['audit', 'export', "$dir/audit"],
    ['audit', 'index']);

my @others = (
    ['work'],
    ['tenant', 'list'],
    ['audit', 'key'],
    ['audit', 'seal', '--checkpoints', "$dir/checkpoints"]);

# As one reads of whom there is, and what stands of them.
sub state_ {
    return join ' ', map { $site->db->selectrow_array("SELECT md5(string_agg("
        . "t::text, '' ORDER BY t::text)) FROM $_ AS t") }
        qw(pupil.subject pupil.role data.identity data.credential);
}

sub refused ($when) {
    my $before = state_();
    for (@people) {
        my ($group, $word) = @$_;
        my $name = join ' ', $group, $word // ();
        my $run = $site->ctl(@$_, $site->ctl_where);
        is $run->{code}, 1, "$when: $name" or diag $run->{out};
        like $run->{err}, qr/restore-pending: .*run pupilctl restore replay/,
            "$when: $name: what to do";
    }

    ok !-e "$dir/$_", "$when: no $_" for qw(archive audit);
    is state_(), $before, "$when: nothing was written";
}

sub go_on ($when) {
    for (@others) {
        my ($group, $word) = @$_;
        my $name = join ' ', $group, $word // ();
        my $run = $site->ctl(@$_, $site->ctl_where);
        is $run->{code}, 0, "$when: $name goes on" or diag $run->{err};
    }
}

$site->pg->dump('pupil', "$dir/data.sql")->dump('pupil_keys', "$dir/keys.sql");
$site->ctl_ok('subject', 'erase', $gone->{id}, $site->ctl_where);


# ---- data from before

$site->pg->replace('pupil', "$dir/data.sql");
refused('the data');
go_on('the data');
my $check = $site->ctl('check', $nginx->conf_file, $site->ctl_where);
like "$check->{out}$check->{err}",
    qr/run pupilctl restore replay/, 'check says so, too';
$site->ctl_ok('restore', 'replay', $site->ctl_where);
is $site->ctl('user', 'show', $person->{login}, $site->ctl_where)->{code}, 0,
    'after replay others are there';
is $site->ctl('user', 'show', $gone->{login}, $site->ctl_where)->{code}, 1,
    'and who was erased is not';


# ---- keys from before

$site->pg->replace('pupil_keys', "$dir/keys.sql");
refused('the keys');
$site->ctl_ok('restore', 'replay', '--from-copy', $site->ctl_where);
is $site->ctl('user', 'show', $person->{login}, $site->ctl_where)->{code}, 0,
    'after replay others are there';

done_testing;
