#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# An erasure is done when every category has acknowledged it, those too whose
# plugin is no longer loaded: they are refused, or waived by name and by a
# decision that the receipt names.  What went wrong elsewhere is tried: an eraser that
# failed and left data behind, a request that was closed although nobody was
# found.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use JSON::XS ();

my $day = Pupil::Day->up;
my ($site, $db, $keys) = ($day->site, $day->db, $day->site->keystore);
my %id = map { $_ => $day->person($_)->{id} }
         qw(pupil classmate teacher colleague);
$day->all_here->work;

my $some = tmp_dir() . '/plugins';
mkdir $some;
symlink $_, "$some/" . s{.*/}{}r
    for grep { !/pupil_example/ } glob Pupil::Nginx::plugins() . '/pupil_*.so';
my @without = ('--plugins', $some);

sub erase ($whom, @more) {
    return $site->ctl('subject', 'erase', $whom, @more, $site->ctl_where);
}

sub json ($run) { eval { JSON::XS::decode_json($run->{out}) } // {} }

sub rows ($table, $who) {
    return 0 + $db->selectrow_array("SELECT count(*) FROM $table WHERE owner"
        . ' = ?', {}, $id{$who});
}

sub noted ($like) {
    return 0 + $db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
        . " WHERE note LIKE ? AND role = 'operator'", {}, "%$like%");
}

sub entries { 0 + $keys->selectrow_array('SELECT count(*) FROM keystore.ledger') }


# ---- a category that nothing knows any more but its table

my ($row) = $db->selectrow_array("SELECT row_to_json(p) FROM pupil.plugin AS p"
    . " WHERE category = 'example'");
$db->do("INSERT INTO data.example SELECT * FROM json_populate_record("
    . "NULL::data.example, (SELECT json_build_object('tenant', tenant, 'owner',"
    . " owner, 'record', record, 'key_version', 1, 'source', 'x', 'updated_at',"
    . " now()) FROM data.identity WHERE owner = ?))", {}, $id{classmate});
is rows('data.example', 'classmate'), 1, 'something of a category';
$db->do("DELETE FROM pupil.plugin WHERE category = 'example'");
my $run = erase($id{classmate}, @without);
is $run->{code}, 1, 'a table whose category nobody has accepted is refused, too';
like $run->{err}, qr/plugin of example is not in .*--waive example/,
    'by the name of its category';
unlike $run->{out}, qr/erased/, 'without a receipt';
is erase($id{classmate})->{code}, 0, 'with its plugin it is erased';
is rows('data.example', 'classmate'), 0, 'and nothing is left';
$db->do("INSERT INTO pupil.plugin SELECT * FROM json_populate_record("
    . "NULL::pupil.plugin, ?::json)", {}, $row);


# ---- waived by name, and by a decision

is rows('data.example', 'pupil'), 1, 'something of a third one';
$run = erase($id{pupil}, @without, '--waive', 'example');
is $run->{code}, 1, 'nothing is waived without a decision';
like $run->{err}, qr/--waive .*needs --reference/, 'which is said';
is entries(), 1, 'and nothing is begun';
for my $reference ('', "T 1\n  data.example done", 'x' x 201) {
    $run = erase($id{pupil}, @without, '--waive', 'example', '--reference',
                 $reference);
    is $run->{code}, 1, 'nor by what is no reference';
    is entries(), 1, 'and nothing is begun';
}

my @waive = ('--waive', 'example', '--reference', 'T 2026-117');
$run = erase($id{pupil}, @without, @waive, '--json');
is $run->{code}, 0, 'by one it is' or diag $run->{err};
my ($part) = grep { $_->{table} eq 'data.example' } @{ json($run)->{tables} };
is join(' ', map { $_ // '' } @$part{qw(state reference)}), 'waived T 2026-117',
    'the receipt says by which';
like erase($id{pupil}, @without, @waive[0 .. 2], 'another one')->{out},
    qr/^  data\.example +waived .* by T 2026-117$/m, 'and keeps it, run again by another';
is join(' ', map { $_ // '' } eval { $db->selectrow_array('SELECT state,'
    . " reference FROM pupil.erasure WHERE name = 'data.example' AND number = 2")
    }), 'waived T 2026-117', 'it stands beside the ledger';
cmp_ok noted('erasure=2 waived=example'), '>', 0, 'and is on record';
$run = erase($id{pupil}, '--json');
($part) = grep { $_->{table} eq 'data.example' } @{ json($run)->{tables} };
is "$part->{state} $part->{records}", 'done 1', 'with its plugin it is done';
is $part->{reference}, undef, 'by no decision';


# ---- an eraser that fails, and leaves data behind

$db->do($_) for 'CREATE FUNCTION public.fails() RETURNS trigger LANGUAGE'
    . " plpgsql AS 'BEGIN RAISE EXCEPTION USING MESSAGE = ''not now''; END'",
    'CREATE TRIGGER fails BEFORE DELETE ON data.identity FOR EACH ROW'
    . ' EXECUTE FUNCTION public.fails()';
$run = erase($id{teacher});
is $run->{code}, 1, 'an eraser that fails is a failure';
like $run->{err}, qr/not now.*is begun and not done/s, 'and said';
unlike $run->{out}, qr/erased/, 'without a receipt';
is rows('data.identity', 'teacher'), 1, 'what it left behind';
is $db->selectrow_array("SELECT state FROM pupil.erasure AS e JOIN"
    . " pupil.ledger AS l USING (tenant, number) WHERE l.subject = ? AND"
    . " e.name = 'data.identity'", {}, $id{teacher}), 'open', 'stays open';
is $site->ctl('work', $site->ctl_where)->{code}, 1, 'whoever goes on fails, too';
is erase($id{colleague})->{code}, 1, 'nor is the next one begun';
$db->do('DROP TRIGGER fails ON data.identity');
is $site->ctl('work', $site->ctl_where)->{code}, 0, 'once it works';
is rows('data.identity', 'teacher'), 0, 'it is gone';
my %state = map { $_->{state} => 1 } @{ json(erase($id{teacher}, '--json'))
                                        ->{tables} };
is join(' ', sort keys %state), 'done', 'and the receipt says so';


# ---- nobody was found

my $before = entries();
for (['an id', uuid()], ['a log-in name', '--login', 'nobody.at.all']) {
    my ($what, @whom) = @$_;
    my $count = $db->selectrow_array("SELECT count(*) FROM pupil.audit_record"
        . " WHERE outcome = 'not_found'");
    $run = $site->ctl('subject', 'erase', @whom, $site->ctl_where);
    is $run->{code}, 1, "$what that nobody has is a failure";
    like $run->{err}, qr/nobody/, 'and said';
    is $run->{out}, '', 'without a receipt';
    is entries(), $before, 'and no entry of the ledger';
    is $db->selectrow_array("SELECT count(*) FROM pupil.audit_record WHERE"
        . " outcome = 'not_found'"), $count + 1, 'but a record';
}

done_testing;
