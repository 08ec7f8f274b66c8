#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Guesses count by the name that is typed, before it is known whose it is: an
# account that has two, a log-in name and an e-mail address, has two counts, and
# no third by any spelling.  Names that nobody has are counted alike (I13).

use lib 't/lib';
use Pupil::Test;
use Pupil::Hashes;
use Pupil::Outbox;
use Time::HiRes qw(time);

use constant { GUESSES => 40, FREE => 5 };      # guesses without a delay

my $site = pupil_up(import => 1);
Pupil::Outbox::addresses($site);        # of teachers
my $hashes = Pupil::Hashes->new;
my $nginx = $site->nginx->by($hashes)->start;
my $teacher = $site->person('CBeane');
my $name = $teacher->{login};
my $address = lc "$name\@skolan.example";

is_status $nginx->http->login($_, $teacher->{password}), 200, "$_ is theirs"
    for $name, $address;

# Guesses by these, one after the other: how many of each were looked at, and
# how many there may be, as long as it took.
sub guesses (@names) {
    $site->db->do('TRUNCATE pupil.login_throttle');
    my $before = $hashes->count;
    my $began = time;
    my %looked;
    for my $n (1 .. GUESSES) {
        for my $of (@names) {
            my $res = $nginx->http->login($of, "guess $n");
            $looked{$of} += $res->status == 401;
            diag $res->status if $res->status !~ /^(401|429)$/;
        }
    }
    my $took = time - $began;
    my ($passed, $delay) = (0, 2);      # delays of 2, 4, 8 seconds and so on
    for (my $left = $took; $left >= $delay; $delay *= 2) {
        $left -= $delay;
        $passed++;
    }
    return ($hashes->count - $before, FREE + 1, FREE + 1 + $passed, \%looked);
}

for my $case (['somebody', $name, $address, uc $name, " \U$address\E "],
              ['nobody', 'nobody', 'nobody@skolan.example', 'NOBODY',
               ' NOBODY@SKOLAN.EXAMPLE '])
{
    my ($who, @names) = @$case;
    my ($hashed, $least, $most) = guesses(@names[0, 2]);
    cmp_ok $hashed, '>=', $least, "$who, by one name: what is free";
    cmp_ok $hashed, '<=', $most, 'and one after each delay, however it is spelt';
    ($hashed, $least, $most, my $looked) = guesses(@names);
    cmp_ok $hashed, '>=', 2 * $least, "$who, by two names: twice that";
    cmp_ok $hashed, '<=', 2 * $most, 'and no more';
    cmp_ok $looked->{$names[$_]} + $looked->{$names[$_ + 2]}, '<=', $most,
        "by name $_ of both no more than by one" for 0, 1;
}

done_testing;
