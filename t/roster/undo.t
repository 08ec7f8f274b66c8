#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl import undo: what a run did is taken back as a whole.  Who came with
# it leaves, who left comes back as who they were, names and log-in names are
# those of before; new rows are written, none is put back.  Where somebody was
# changed since, nothing is; who was erased stays erased.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;
use Pupil::Clock;
use Pupil::Roster;
use JSON::XS ();

my $site = pupil_up;
my ($db, $keys) = ($site->db, $site->keystore);
my $class = bless { site => $site, people => {}, http => {} }, 'Pupil::Class';
my %case = (format => 'oneroster', name => 'undo');
my $all = root_dir() . '/t/roster/cases/oneroster';
my ($users, $in, $classes) = map { slurp("$all/$_") } 'users.csv',
    'enrollments.csv', 'classes.csv';

sub said ($run) { eval { JSON::XS::decode_json($run->{out}) } // {} }

# Off: not by their place; on: by that alone.
sub other_way ($scan) {
    my $index = $scan eq 'on' ? 'off' : 'on';
    $db->do("ALTER ROLE pupil_operator SET $_") for "enable_seqscan = $scan",
        map { "enable_$_ = $index" } qw(indexscan indexonlyscan bitmapscan);
}
other_way('off');

sub import_of (%change) {
    my @import = ('import', 'oneroster', roster_folder(\%case, 1, %change),
                  '--json', '--close-absent', $site->ctl_where);
    my $run = $site->ctl(@import);
    # a plan does not depend on how the database finds its rows
    if ($run->{code} == 3) {
        other_way('on');
        $run = $site->ctl(@import, '--accept', said($run)->{plan});
        other_way('off');
    }
    is $run->{code}, 0, 'a roster is taken' or diag $run->{err};
    return said($run)->{run} // 'none';
}

sub undo ($run, @options) {
    my $done = $site->ctl('import', 'undo', $run, '--json', @options,
                          $site->ctl_where);
    return { %$done, json => said($done) };
}

sub changes ($run) {
    my $changes = $run->{json}{changes} // {};
    return { map { ($_ => $changes->{$_}) } grep { $changes->{$_} }
             keys %$changes };
}

# What people are, but for those who have nothing: numbers and MACs aside.
sub state_of {
    my $gone = "(SELECT subject FROM pupil.subject WHERE status = 'closed')";
    return { map { my ($name, $sql) = @$_; ($name => join "\n",
            map { join ' ', map { $_ // 'none' } @$_ }
            $db->selectall_array($sql)) }
        [subject => 'SELECT s.subject, s.status, o.state FROM pupil.subject AS'
            . ' s JOIN pupil.owner AS o ON o.owner = s.subject WHERE s.status'
            . " <> 'closed' ORDER BY 1"],
        [role => 'SELECT subject, institution, role, valid_from, valid_to,'
            . ' source FROM pupil.role WHERE coalesce(valid_to, current_date)'
            . ' >= current_date ORDER BY 1, 2, 3'],
        [enrolment => 'SELECT subject, class, institution, role, valid_from,'
            . ' valid_to, source FROM pupil.enrolment WHERE coalesce(valid_to,'
            . ' current_date) >= current_date ORDER BY 1, 2, 4'],
        [names => "SELECT owner, category, encode(fingerprint, 'hex') FROM"
            . " pupil.imported AS i WHERE category <> 'left' AND owner NOT IN"
            . " $gone AND NOT (category = 'contact' AND EXISTS (SELECT FROM"
            . ' data.contact AS c WHERE c.owner = i.owner AND c.email IS NULL))'
            . ' ORDER BY 1, 2'],
        [index => "SELECT owner, category, field, encode(term, 'hex') FROM"
            . " pupil.blind_index WHERE owner NOT IN $gone ORDER BY 1, 2, 3"] };
}

sub images ($what = 'true') {
    return 0 + $db->selectrow_array('SELECT count(*) FROM pupil.import_image'
        . " WHERE $what");
}

sub listed {
    my $run = $site->ctl('import', 'list', '--json', $site->ctl_where);
    is $run->{code}, 0, 'the runs are listed' or diag $run->{err};
    return said($run);
}


# ---- a first roster, and what it leaves behind

my $first = import_of();
like $first, qr/^[0-9a-f-]{36}$/, 'a run has an id';
is_deeply [map { [@$_{qw(run source state people)}] } @{ listed() }],
    [[$first, 'oneroster', 'done', 14]], 'by which it is listed';
like $site->ctl('import', 'list', $site->ctl_where)->{out},
    qr/^\Q$first\E  \S+Z  oneroster +done     14 people$/m, 'as text, too';
is $db->selectrow_array("SELECT count(*) FROM pupil.audit_record WHERE note"
    . " LIKE '%oneroster import=$first'"), 1, 'and on record';
is images(), 14, 'who came has one image each';
is import_of(), 'none', 'the same roster again is no run';
is images(), 14, 'and has no image';

my %who = map { ($_ => Pupil::Roster::id_of($site, "pupil$_")) } 1 .. 12;
$class->{people} = { teacher => $site->person('tina.lar'),
                     map { ($_ => $site->person("pupil$_")) } 1 .. 12 };
# what is revoked is heard of, and what is held up by a machine is no reason
$class->{nginx} = $site->nginx(workers => 2, conf => {
    pupil_session_zone => 'pupil_sessions:1m valid=5m' })
    ->by(Pupil::Clock->new(slow => 10))->start;


# ---- each kind of change, and it undone

my ($some, $rest, $names) = ($users, $in, $classes);
$some =~ s/^p1,.*\n//m, $rest =~ s/^e-p1,.*\n//m;          # leaves
$some =~ s/Björn/Birk/;                                    # renamed
$some =~ s/pupil3,,/other3,,/;                             # a log-in name
$some =~ s/^(p4,,,true,)o1/$1o2/m, $rest =~ s/^e-p4,.*\n//m;    # a school
$some =~ s/^(p5,,,true,o1,)student/$1teacher/m;            # a role, and an
$rest =~ s/^e-p5,.*\n//m;                                  # address of staff
$rest =~ s/^(e-p6,,,)c1/$1c2/m;                            # a class
$some =~ s/pupil7,,/swap7,,/;                              # a swap of names
$some =~ s/pupil8,,/pupil7,,/;
$some =~ s/swap7,,/pupil8,,/;
$some .= "p13,,,true,o2,student,pupil1,,Ny,Elev,,,,,,,,\n";     # joins, by the
$names =~ s/7B/8B/;                                        # name of who left
my @changed = ('users.csv' => $some, 'enrollments.csv' => $rest,
               'classes.csv' => $names);

my $before = state_of();
my %sessions = map { ($_ => $class->as($_)) } 1, 5, 10;
is $_->get('/v1/session')->status, 200, 'a session' for values %sessions;

my $run = import_of(@changed);
my $sealed = join '', map { @$_ } $db->selectall_array("SELECT encode(image,"
    . " 'escape') FROM pupil.import_image");
unlike $sealed, qr/Birk|Bj\\303|pupil\d|elev/, 'no image has a name';
is listed()->[1]{people}, 9, 'eight are changed, and one comes';

my $changed = state_of();
my $plan = undo($run, '--plan');
is $plan->{code}, 0, 'an undo is planned' or diag $plan->{err};
is_deeply changes($plan), { leaves => 1, returns => 1, renamed => 1,
    logins => 3, addresses => 1, roles => 3, classes => 4, titles => 1 },
    'with what it does';
is_deeply state_of(), $changed, 'and does nothing';
unlike "$plan->{out}$plan->{err}", qr/Birk|Björn|other3|elev/,
    'nor says a name';
like $site->ctl('import', 'undo', $run, '--plan', $site->ctl_where)->{out},
    qr/: planned\.\n  1 leave, who came with it$/m, 'as text, too';

my $undone = undo($run);
is $undone->{code}, 0, 'it is undone' or diag $undone->{err};
is_deeply changes($undone), changes($plan), 'as it was planned';
is_deeply state_of(), $before, 'all is as it was before';
is $db->selectrow_array("SELECT count(*) FROM pupil.role AS r JOIN"
    . ' pupil.subject AS s USING (subject) WHERE s.status = \'closed\' AND'
    . ' coalesce(r.valid_to, current_date) >= current_date'), 0,
    'and who came has no role';
is $db->selectrow_array('SELECT count(*) FROM pupil.audit_record WHERE note'
    . " LIKE '%undo=$run%' AND subjects @> ARRAY[?]::uuid[]", {}, $who{2})
    > 0, 1, 'on record, with the run';
is images("run = '$run'"), 0, 'its images are gone';
is listed()->[1]{state}, 'undone', 'it is listed as that';
is undo($run)->{code}, 0, 'again it does nothing';
is_deeply state_of(), $before, 'at all';

is $class->nginx->http->login("pupil$_", $class->person($_)->{password})
    ->status, 200, "pupil$_ logs in as before" for 1, 3, 7, 8;
is $sessions{1}->get('/v1/session')->status, 401,
    'no session of before is one of who comes back';
is $sessions{10}->get('/v1/session')->status, 200, 'nor ends one of others';


# ---- who loses a role

$run = import_of('users.csv' => $users =~ s/^(p2,,,true,o1,)student/$1teacher/mr,
                 'enrollments.csv' => $in =~ s/^e-p2,.*\n//mr);
my $teacher = $class->nginx->http;
is $teacher->login(@{ $class->person(2) }{qw(login password)})->status, 200,
    'a teacher by a mistake';
is undo($run)->{code}, 0, 'is none';
wait_until(60, 'the session to end', sub {
    $teacher->get('/v1/session')->status == 401 });
is_deeply state_of(), $before, 'and a pupil as before';


# ---- what was changed since

sub refused ($run, $why, @whom) {
    my $state = state_of();
    my $undo = undo($run);
    is $undo->{code}, 3, "refused: $why";
    is $undo->{json}{touched}, @whom, 'as many were changed since';
    is_deeply [sort map { $_->{id} } @{ $undo->{json}{people} }],
        [sort @whom], 'by pseudonym';
    like $undo->{err}, qr/nothing was changed: a run is undone as a whole/,
        'as a whole';
    is_deeply state_of(), $state, 'and nothing is';
}

$run = import_of(@changed);
my $later = import_of(@changed, 'users.csv' => $some =~ s/Birk/Bo/r);
refused($run, 'a later run', $who{2});
is undo($later)->{code}, 0, 'the later one is undone';
is undo($run)->{code}, 0, 'and then this' or diag undo($run)->{err};
is_deeply state_of(), $before, 'to what was before both';

$run = import_of(@changed);
$site->ctl_ok('subject', 'lock', $who{6}, $site->ctl_where);
refused($run, 'a lock', $who{6});
$site->ctl_ok('subject', 'unlock', $who{6}, $site->ctl_where);
$site->ctl_ok('user', 'role', 'add', 'pupil2', 'support', $site->ctl_where);
refused($run, 'another role', $who{2});
$site->ctl_ok('user', 'role', 'remove', 'pupil2', 'support', $site->ctl_where);
$site->ctl_ok('subject', 'restrict', $who{4}, $site->ctl_where);
refused($run, 'restricted', $who{4});
$site->ctl_ok('subject', 'unrestrict', $who{4}, $site->ctl_where);
is undo($run)->{code}, 0, 'as they were, it is undone';
is_deeply state_of(), $before, 'to what was before';


# ---- who was erased

$run = import_of(@changed);
is images("owner = '$who{2}' AND run = '$run'") > 0, 1, 'there are images';
$site->ctl_ok('subject', 'erase', $who{2}, $site->ctl_where);
is images("owner = '$who{2}'"), 0, 'an erasure takes them';
$undone = undo($run);
is $undone->{code}, 0, 'a run is undone without them' or diag $undone->{err};
is $undone->{json}{erased}, 1, 'and says that one was erased';
is join(' ', $db->selectrow_array('SELECT o.state, s.status FROM pupil.owner AS'
    . ' o JOIN pupil.subject AS s ON s.subject = o.owner WHERE o.owner = ?',
    {}, $who{2})), 'erased closed', 'who stays erased';
is Pupil::Roster::id_of($site, 'pupil2'), undef, 'and nobody';
is Pupil::Roster::person($site, 'pupil1'), 'pupil 1, in pupil 1',
    'the others are as before';


# ---- rows that somebody changes, or puts back

my @without = ('users.csv' => $users =~ s/^p(?:2|12),.*\n//mgr,
               'enrollments.csv' => $in =~ s/^e-p(?:2|12),.*\n//mgr);
import_of(@without);
$run = import_of(@without, 'users.csv' => $without[1] =~ s/Cilla/Celia/r);
my ($record, $owner) = $db->selectrow_array('SELECT record, owner FROM'
    . ' pupil.import_image WHERE run = ? ORDER BY length(image) DESC LIMIT 1',
    {}, $run);
for my $set ('image = image || \'\\x00\'', 'image = set_byte(image, 20,'
             . ' get_byte(image, 20) # 1)', 'mac = sha256(mac)',
             "owner = '$who{4}'")
{
    $db->do('CREATE TEMP TABLE kept AS SELECT * FROM pupil.import_image');
    $db->do("UPDATE pupil.import_image SET $set WHERE record = ?", {}, $record);
    my $forged = undo($run);
    is $forged->{code}, 1, "forged, $set: it fails";
    like $forged->{err}, qr/changed by somebody without the keys/, 'and why';
    $db->do('DELETE FROM pupil.import_image');
    $db->do('INSERT INTO pupil.import_image SELECT * FROM kept');
    $db->do('DROP TABLE kept');
}
$db->do('CREATE TEMP TABLE kept AS SELECT * FROM pupil.import_image');
$db->do('DELETE FROM pupil.import_image WHERE record = ?', {}, $record);
like undo($run)->{err}, qr/images of this run are missing/,
    'one that is deleted is missed';
$db->do('INSERT INTO pupil.import_image SELECT * FROM kept WHERE record = ?',
        {}, $record);
is undo($run)->{code}, 0, 'as it was, it is undone';
$db->do('INSERT INTO pupil.import_image SELECT * FROM kept WHERE run = ?',
        {}, $run);
my $named = import_of(@without, 'users.csv' => $without[1] =~ s/Cilla/Celia/r);
my $state = state_of();
is undo($run)->{code}, 0, 'images that are put back';
is_deeply state_of(), $state, 'undo nothing: the key store knows it is undone';
is images("run = '$run'"), 0, 'and they are gone again';


# ---- what cannot be undone any more

is undo('x')->{code}, 1, 'no id';
like undo('00000000-0000-0000-0000-000000000001')->{err}, qr/there is no run/,
    'no run';
is $site->ctl('work', $site->ctl_where)->{code}, 0, 'work';
isnt images(), 0, 'keeps images while recovery lasts';
$keys->do("UPDATE keystore.import_run SET begun_at = begun_at - interval '366"
    . " days' WHERE run = ?", {}, $named);
is $site->ctl('work', $site->ctl_where)->{code}, 0, 'work';
is images("run = '$named'"), 0, 'and not longer';
is_deeply [grep { $_->{run} eq $named } @{ listed() }], [], 'nor the run';
like undo($named)->{err}, qr/can be undone no more/, 'it is not undone';

done_testing;
