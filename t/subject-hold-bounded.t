#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A legal hold is bounded: five years after it was said last it ends, or after
# what the tenant has decided, on record; said again, it begins anew; and it is
# seen before.

use lib 't/lib';
use Pupil::Test;
use JSON::XS ();

my $site = pupil_up(import => 1);
my ($db, $keys) = ($site->db, $site->keystore);
my ($old, $renewed, $young) = @{ $db->selectcol_arrayref('SELECT subject FROM'
    . " pupil.role WHERE role = 'pupil' ORDER BY subject LIMIT 3") };

sub ctl (@args) {
    my $run = $site->ctl(@args, $site->ctl_where);
    is $run->{code}, 0, "@args" or diag $run->{err};
    return $run->{out};
}

sub held {
    return join ' ', @{ $keys->selectcol_arrayref('SELECT subject FROM'
        . ' keystore.hold ORDER BY subject') };
}

sub age ($days, @whom) {
    $keys->do("UPDATE keystore.hold SET held_at = now() - interval '$days days'"
        . ' WHERE subject = ?', {}, $_) for @whom;
}

ctl('subject', 'hold', $_, '--reference', 'T 1') for $old, $renewed, $young;
age(1825, $old, $renewed);
ctl('retention', 'run');
is held(), "$old $renewed $young", 'for five years they are held';
my $seen = JSON::XS::decode_json(ctl('retention', 'upcoming', '--json'));
my ($holds) = grep { $_->{category} eq 'holds' } @{ $seen->{upcoming} };
is $holds->{records}, 2, 'which of them end is seen before';

ctl('subject', 'hold', $renewed, '--reference', 'T 2');
age(1827, $old);
like ctl('retention', 'run', '--dry-run'), qr/^\S+ holds +1 would go$/m,
    'what would go';
like ctl('retention', 'run'), qr/^\S+ holds +1$/m, 'then one ends';
is held(), "$renewed $young", 'not what was said again';
like $db->selectrow_array('SELECT note FROM pupil.audit_record WHERE ? = ANY'
    . " (subjects) AND note ~ 'hold' ORDER BY at DESC LIMIT 1", {}, $old) // '',
    qr/hold=over/, 'on record';
ctl('subject', 'erase', $old);

is $site->ctl('retention', 'set', 'legal', 1827, '--reference', 'N 1',
              $site->ctl_where)->{code}, 1, 'no longer than five years';
ctl('retention', 'set', 'legal', 365, '--reference', 'N 1');
like ctl('retention', 'list'), qr/^legal +365 days: N 1$/m, 'a tenant\'s own';
age(366, $young);
ctl('retention', 'run');
is held(), $renewed, 'is what counts';

done_testing;
