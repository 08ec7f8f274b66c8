#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# In an hour a worker is given numbers for so many people of a tenant, who
# change their own password.  A school's first morning does not meet that: what
# pupilctl has set is changed once, past it.  Who meets it is told until when,
# and has failed nothing (I18).

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up;
my ($nginx, $db, $keys) = ($day->nginx, $day->db, $day->site->keystore);
my ($site, $tenant) = ($day->site, $day->site->tenant);
my $who = $day->person('pupil');
my $PATH = '/v1/me/password';
my $MINE = 'a long walk along the shore';

sub first ($who) {
    my $out = $site->ctl_ok(qw(user password --generate), $who->{login},
                            $site->ctl_where)->{out};
    chomp $out;
    return $out;
}

sub log_in ($password) {
    my $http = $nginx->http;
    is_status $http->login($who->{login}, $password), 200, 'a log-in';
    return $http;
}

sub change ($http, $current, $new) {
    return $http->post($PATH, json => { current => $current, new => $new });
}


# ---- all numbers are taken

my ($owners) = $keys->selectrow_array('SELECT owners FROM keystore.size WHERE'
    . ' tenant = ?', {}, $tenant);
$keys->do('INSERT INTO keystore.floor (tenant, subject, own_at) SELECT ?,'
    . ' gen_random_uuid(), now() - interval \'50 minutes\' FROM'
    . ' generate_series(1, ?)', {}, $tenant, 100 + int($owners / 8));

my $first = first($who);
my $http = log_in($first);
is_status change($http, $first, $MINE), 200, 'a first password is changed';
is $http->get('/v1/session')->status, 200, 'which opens all the rest';


# ---- it is once

my @res = map { change($http, $MINE, "a long walk along the sea $_") } 1 .. 10;
is join(' ', map { $_->status } @res), join(' ', (503) x 10),
    "one's own is not, however often its owner asks";
my $after = $res[0]->header('retry-after');
ok $after > 300 && $after <= 600, 'before there are numbers again'
    or diag $after;
is_status change($http, 'not it', $MINE), 403, 'who is wrong is told so';
is_status $nginx->http->login($who->{login}, $MINE), 200, 'nothing has changed';

$first = first($who);
$http = log_in($first);
is_status change($http, $first, $MINE), 200, 'set anew, it is changed again';


# ---- for nothing but a change

my $keeper = $site->pg->connect('pupil_keys');
$keeper->do('SET SESSION AUTHORIZATION pupil_keeper');
$keeper->do("SELECT set_config('pupil.tenant', ?, false)", {}, $tenant);

sub given () {
    return [$keeper->selectrow_array('SELECT * FROM keystore.give_own(?)', {},
                                     $who->{id})];
}

is_deeply given(), [], 'what was changed gives no more';
first($who);
my @numbers = map { given() } 1 .. 2;
is scalar(grep { @$_ == 2 } @numbers), 2, 'what has failed is tried again';
$keeper->do('SELECT keystore.raise_own(?, ?, ?)', {}, $who->{id},
            @{ $numbers[1] });
is_deeply given(), [], 'until it was';

$keys->do("UPDATE keystore.floor SET own_at = own_at - interval '11 minutes'"
    . ' WHERE own_at IS NOT NULL');
is scalar @{ given() }, 2, 'when the hour is over there are numbers again';

done_testing;
