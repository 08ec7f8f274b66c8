#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Who has left, and whom an officer locks or restricts meanwhile: a roster that has
# them again does not undo that.  It says that the account is closed, and once the
# officer opens it, whoever was restricted is.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;
use JSON::XS ();

my $site = pupil_up;
my ($db, $keys) = ($site->db, $site->keystore);
my %text = map { $_ => slurp(root_dir() . "/t/roster/cases/oneroster/$_.csv") }
    qw(users enrollments);

# A roster without some people.
sub import (@ids) {
    my %some = %text;
    $some{users} =~ s/^$_,.*\n//m, $some{enrollments} =~ s/^e-$_,.*\n//m
        for @ids;
    my $folder = roster_folder({ name => 'kept', format => 'oneroster' }, 1,
        map { ("$_.csv" => $some{$_}) } keys %some);
    my $run = $site->ctl('import', 'oneroster', $folder, '--json',
                         '--close-absent', $site->ctl_where);
    is $run->{code}, 0, 'a roster is taken' or diag $run->{err};
    return eval { JSON::XS::decode_json($run->{out}) } // {};
}

sub subject (@words) {
    my $run = $site->ctl('subject', @words, '--json', $site->ctl_where);
    is $run->{code}, 0, "subject $words[0]" or diag $run->{err};
    return eval { JSON::XS::decode_json($run->{out}) } // {};
}

sub status ($id) {
    return join ' ', $db->selectrow_array('SELECT s.status, o.state FROM'
        . ' pupil.subject AS s JOIN pupil.owner AS o ON o.owner = s.subject'
        . ' WHERE s.subject = ?', {}, $id), $keys->selectrow_array('SELECT'
        . ' state FROM keystore.owner_key WHERE owner = ?', {}, $id);
}

import();
my %id = map { $_ => Pupil::Roster::id_of($site, "pupil$_") } 1 .. 4;
is import(qw(p1 p2))->{closed}, 2, 'two have left';
is import(qw(p1 p2 p3 p4))->{closed}, 2, 'and two more';
my $since = $keys->selectrow_array('SELECT changed_at FROM keystore.owner_key'
    . ' WHERE owner = ?', {}, $id{2});

is subject('lock', $id{1})->{status}, 'closed', 'one is locked: closed for good';
is subject('restrict', $id{2})->{state}, 'recovery', 'one restricted: as closed';
subject('restrict', $id{3});
subject('unrestrict', $id{3});
is status($id{$_}), 'closed recovery recovery', "$_ is in recovery" for 1 .. 4;
is $keys->selectrow_array('SELECT changed_at FROM keystore.owner_key'
    . ' WHERE owner = ?', {}, $id{2}), $since, 'for as long as before';

my $report = import();
is $report->{returned}, 2, 'the others are opened by the roster';
is_deeply [map { $_->{reason} } @{ $report->{refused} // [] }],
    [('its account is closed') x 2], 'and these are not';
is status($id{$_}), 'closed recovery recovery', "$_ is closed" for 1, 2;
is status($id{$_}), 'active active active', "$_ is open" for 3, 4;

subject('reopen', $id{$_}) for 1, 2;
is status($id{1}), 'active active active', 'the officer opens one';
is status($id{2}), 'active restricted restricted',
    'and the other, who is restricted';

done_testing;
