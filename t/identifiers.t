#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Log-in names and addresses are compared as NFC and case-folded by Unicode.
# What was indexed before they were, by the case of ASCII letters alone, is
# found as it was, and indexed anew by the log-in; two accounts of which one
# name has become stay apart, and pupilctl check names them.

use lib 't/lib';
use Encode qw(encode_utf8);
use JSON::XS qw(decode_json);
use Pupil::Test;
use Pupil::Day;
use Unicode::Normalize qw(NFC NFD);

my $day = Pupil::Day->up;
my ($site, $db) = ($day->site, $day->db);
my $password = 'A long password, 2026';

# An account by this name: its pseudonym.
sub account ($name) {
    my $run = $site->ctl_ok('user', 'add', encode_utf8($name), 'dpo',
                            '--json', $site->ctl_where);
    $site->password(encode_utf8($name), $password);
    return decode_json($run->{out})->{id};
}

# Who logs in by this name: a pseudonym, or the status.
sub whose ($name) {
    my $res = $day->nginx->http->login($name, $password);
    return $res->status == 200 ? $res->json->{user}{id} : $res->status;
}

# The rows of the index by which an account is found.
sub rows_of ($id) {
    return $db->selectcol_arrayref("SELECT encode(term, 'hex')"
        . ' FROM pupil.blind_index WHERE owner = ? ORDER BY 1', {}, $id);
}

# What an older version had stored for this name, in place of all.
sub as_before ($id, $name) {
    my %row = map { split } grep { /^(?:term|mac) / } $day->keytool(
        (grep { /^(?:tenant|service) / } $day->key_rows),
        join ' ', 'login', $day->tenant,
        encode_utf8($name =~ tr/A-Z/a-z/r), $id);
    $db->do('DELETE FROM pupil.blind_index WHERE owner = ?', {}, $id);
    $db->do('INSERT INTO pupil.blind_index (tenant, category, field, term,'
        . " owner, record, mac) VALUES (?, 'credential', 'login_id',"
        . " decode(?, 'hex'), ?, ?, decode(?, 'hex'))", {}, $day->tenant,
        $row{term}, $id, $id, $row{mac});
    return $row{term};
}

sub check { $site->ctl('check', $day->nginx->conf_file, $site->ctl_where) }


# ---- one account, however it is written

my $asa = account("\x{C5}sa.\x{D6}berg");
my @spelled = ("\x{C5}sa.\x{D6}berg", "\x{E5}sa.\x{F6}berg",
               "\x{C5}SA.\x{D6}BERG", NFD("\x{E5}sa.\x{F6}berg"),
               NFD("\x{C5}SA.\x{D6}berg"));
is whose($_), $asa, 'found as ' . join ' ', map { sprintf '%02x', ord }
    split //, substr $_, 0, 4 for @spelled;
isnt $site->ctl('user', 'add', encode_utf8("\x{E5}sa.\x{F6}berg"), 'dpo',
                $site->ctl_where)->{code}, 0, 'nobody else gets that name';
is scalar @{ rows_of($asa) }, 1, 'by one row of the index';
is whose("asa.oberg"), 401, 'without its marks it is another';
my $sharp = account("Stra\x{DF}er");
is whose('STRASSER'), $sharp, 'folded, not only lowered';
is whose('oklein'), 401, 'ASCII as ever';


# ---- indexed by an older version

my $eva = account("\x{C9}va");
my $old = as_before($eva, "\x{C9}va");
is whose("\x{E9}va"), 401, 'what was stored before is not found otherwise';
is whose("\x{C9}VA"), $eva, 'but as it was';
wait_until(60, 'it to be indexed anew', sub { @{ rows_of($eva) } == 2 });
is whose("\x{E9}va"), $eva, 'once it logged in, in every spelling';
ok((grep { $_ eq $old } @{ rows_of($eva) }),
   'for workers of an older version the old row stays');
is check()->{code}, 0, 'which is no finding' or diag check()->{out};
my $shown = $site->ctl('user', 'show', encode_utf8("\x{C9}va"), '--json',
                       $site->ctl_where);
is eval { decode_json($shown->{out})->{id} }, $eva, 'pupilctl finds it, too';


# ---- two of which one name has become

my $first = account("\x{D6}st");
as_before($first, "\x{D6}st");
my $second = account("\x{F6}st");
as_before($second, "\x{F6}st");                 # a roster had both
is whose("\x{D6}st"), $first, 'each is found by its own';
is whose("\x{F6}st"), $second, 'the other by its own';
wait_until(60, 'somebody to notice', sub {
    $db->selectrow_array('SELECT count(*) FROM pupil.blind_index'
        . ' WHERE other IS NOT NULL') });
is_deeply [map { scalar @{ rows_of($_) } } $first, $second], [1, 1],
    'neither is merged: the rows stay';
is whose("\x{D6}st"), $first, 'and each still its own';
my $found = check();
is $found->{code}, 1, 'pupilctl check finds it';
like $found->{out}, qr/\Q$first\E.*\Q$second\E|\Q$second\E.*\Q$first\E/,
    'and names the pseudonyms' or diag $found->{out};

done_testing;
