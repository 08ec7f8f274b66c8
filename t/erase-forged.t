#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Erasures and a data database that lies: the key store's ledger says who is
# erased, and what is told as done was looked at.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up;
my ($site, $db) = ($day->site, $day->db);
my %id = map { $_ => $day->person($_)->{id} }
         qw(pupil classmate teacher colleague other);
$day->all_here->work;

sub ctl (@words) { $site->ctl(@words, $site->ctl_where) }

sub state_of ($who) {
    return $db->selectrow_array('SELECT state FROM pupil.owner WHERE owner = ?',
                                {}, $id{$who});
}

sub rows_of ($who) {
    return $db->selectrow_array('SELECT count(*) FROM data.identity WHERE'
                                . ' owner = ?', {}, $id{$who});
}

sub changed (@sql) {
    $db->do($_) for 'ALTER TABLE pupil.ledger DISABLE TRIGGER never_back',
        @sql, 'ALTER TABLE pupil.ledger ENABLE TRIGGER never_back';
}


# ---- an entry that the key store does not have

my $tenant = $site->tenant;
my @made_up = (<<"SQL", <<"SQL");
INSERT INTO pupil.ledger (tenant, number, kind, subject, at, hash)
VALUES ('$tenant', 1, 'erasure', '$id{pupil}', now(), sha256('x'))
SQL
INSERT INTO pupil.erasure (tenant, number, name, state)
VALUES ('$tenant', 1, 'data.identity', 'open')
SQL
$db->do($_) for @made_up;
my $run = ctl('work');
is $run->{code}, 1, 'work: an entry that is made up';
like $run->{err}, qr/entry 1 .* not.* the key store/, 'work: says which';
is state_of('pupil'), 'active', 'a made-up entry erases nobody';
is rows_of('pupil'), 1, 'a made-up entry deletes nothing';
changed('DELETE FROM pupil.erasure', 'DELETE FROM pupil.ledger',
        'UPDATE pupil.mark SET copied = 0');


# ---- an entry of somebody else

is ctl(subject => 'erase', $id{colleague})->{code}, 0, 'somebody is erased';
changed("UPDATE pupil.ledger SET subject = '$id{pupil}' WHERE number = 1",
        "UPDATE pupil.erasure SET state = 'open' WHERE number = 1");

for my $words (['work'], [subject => 'erase', $id{other}],
               [restore => 'replay'])
{
    my $run = ctl(@$words);
    is $run->{code}, 1, "@$words: an entry that names somebody else";
    like $run->{err}, qr/ledger/, "@$words: says so";
    is state_of('pupil'), 'active', "@$words: erases nobody else";
    is rows_of('pupil'), 1, "@$words: deletes nothing of anybody else";
}
is state_of('other'), 'active', 'nor is an erasure begun meanwhile';
changed("UPDATE pupil.ledger SET subject = '$id{colleague}' WHERE number = 1");
is ctl('work')->{code}, 0, 'work goes on once the entry is as it was';


# ---- what does not happen is not told as done

sub swallowed ($event, $table, $who, $what) {
    $db->do("CREATE TRIGGER a BEFORE $event ON $table FOR EACH ROW"
            . ' EXECUTE FUNCTION public.nothing()');
    my $run = ctl(subject => 'erase', $id{$who});
    is $run->{code}, 1, "$what: the erasure fails";
    unlike $run->{out}, qr/erased/, "$what: no receipt";
    $db->do("DROP TRIGGER a ON $table");
    is ctl(subject => 'erase', $id{$who})->{code}, 0, "$what: again, without";
    is rows_of($who), 0, "$what: and all is gone";
}

$db->do('CREATE FUNCTION public.nothing() RETURNS trigger LANGUAGE plpgsql AS'
        . q{ 'BEGIN RETURN NULL; END'});
swallowed(INSERT => 'pupil.erasure', 'classmate', 'parts that are not stored');
swallowed(DELETE => 'data.identity', 'teacher', 'rows that are not deleted');

done_testing;
