#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A plan is stored, sealed and signed: pupilctl import apply does just that
# without its files, once, or says who has changed since and writes nothing.  A
# roster that is held is such a plan, which its acceptance applies.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;
use JSON::XS ();

my $site = pupil_up;
my ($db, $keys) = ($site->db, $site->keystore);
my %case = (format => 'oneroster');
my $all = root_dir() . '/t/roster/cases/oneroster';
my ($users, $in) = map { slurp("$all/$_") } 'users.csv', 'enrollments.csv';
my $html = tmp_dir() . '/plan.html';

sub said ($run) { eval { JSON::XS::decode_json($run->{out}) } // {} }
sub import ($folder, @options) {
    my $run = $site->ctl('import', 'oneroster', $folder, '--json',
                         '--close-absent', @options, $site->ctl_where);
    return { %$run, json => said($run) };
}
sub apply ($plan, @options) {
    my $run = $site->ctl('import', 'apply', $plan // 'none', '--json',
                         @options, $site->ctl_where);
    return { %$run, json => said($run) };
}
sub id ($run) { $run->{json}{apply} // 'none' }
sub counts ($run) {
    my $changes = $run->{json}{changes} // {};
    return { map { ($_ => $changes->{$_}) } grep { $changes->{$_} }
             keys %$changes };
}

# All that an import writes, but records.
sub stored {
    return join ' ', map { my $table = $_; map { $_->selectrow_array(
            "SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), ''))"
            . " FROM $table AS t") } $table =~ /^keystore/ ? $keys : $db }
        map({ "pupil.$_" } qw(owner subject institution class role enrolment
                              blind_index imported closed)),
        map({ "data.$_" } qw(identity credential contact)),
        'keystore.owner_key', 'keystore.floor';
}

sub parts ($what = 'true') {
    return 0 + $db->selectrow_array('SELECT count(*) FROM pupil.import_part'
        . " WHERE $what");
}

# A folder that is gone once it was read: a plan does without.
sub folder (%change) {
    return roster_folder({ %case, name => 'plan-apply' }, 1, %change);
}
sub planned (@options) {
    my $folder = folder(ref $options[0] ? @{ shift @options } : ());
    my $run = import($folder, '--plan', @options);
    unlink glob "$folder/*.csv";
    return $run;
}
sub record ($note) {
    return 0 + $db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
        . ' WHERE note LIKE ?', {}, "%$note%");
}


# ---- a first roster

my $before = stored();
my $run = planned('--html', $html);
is $run->{code}, 0, 'a plan' or diag $run->{err};
my $plan = id($run);
is stored(), $before, 'writes nothing';
is_deeply counts($run), { joins => 14 }, 'but says who joins';
like $run->{json}{signed}, qr/\Apupil-plan-v1\nplan\ $plan\nid\ .*^joins\ 14\n.*
    ^school\ \S+\ joins\ 14\ .*\n\n\S+\ pupil-audit\S+\ /msx, 'as a note';
is parts(), 1, 'it is stored';
unlike $db->selectrow_array("SELECT encode(sealed, 'escape') FROM"
    . ' pupil.import_part'), qr/Alva|pupil1/, 'sealed';
like slurp($html), qr{<h1>Plan $plan</h1>.*<td>join</td>\s*<td>14</td>}s,
    'and is a page';
is record("plan=$plan"), 1, 'who made it is on record';

$run = apply($plan);
is $run->{code}, 0, 'without its files it is applied' or diag $run->{err};
is $run->{json}{users}{taken}, 14, 'as it was';
is record("apply=$plan made_by="), 1, 'by whom, and whose it was, on record';
is parts(), 0, 'and then it is gone';
is $keys->selectrow_array('SELECT count(*) FROM keystore.import_plan WHERE key'
    . ' IS NOT NULL'), 0, 'with its key';
is_deeply counts(planned()), {}, 'the roster is there';
$run = apply($plan);
is $run->{code}, 1, 'once';
like $run->{err}, qr/plan $plan was applied/, 'which is said';
like Pupil::Roster::person($site, 'pupil6'), qr/^pupil 1, in pupil 1$/,
    'with roles and classes';


# ---- all kinds of changes, of a roster that is held

my %who = map { ($_ => Pupil::Roster::id_of($site, "pupil$_")) } 1 .. 12;
my ($some, $rest) = ($users, $in);
$some =~ s/^p1,.*\n//m, $rest =~ s/^e-p1,.*\n//m;          # leaves
$some =~ s/Björn/Birk/;                                    # renamed
$some =~ s/pupil3,,/other3,,/;                             # a log-in name
$some =~ s/^(p4,,,true,)o1/$1o2/m, $rest =~ s/^e-p4,.*\n//m;    # a school
$some =~ s/^(p5,,,true,o1,)student/$1teacher/m;            # a role
$rest =~ s/^e-p5,.*\n//m;
$rest =~ s/^(e-p6,,,)c1/$1c2/m;                            # a class
$some .= "p13,,,true,o2,student,pupil13,,Ny,Elev,,,,,,,,\n";    # joins
my @changed = ('users.csv' => $some, 'enrollments.csv' => $rest);

$before = stored();
my $folder = folder(@changed);
$run = import($folder);
is $run->{code}, 3, 'a roster is held';
$plan = $run->{json}{plan};
unlink glob "$folder/*.csv";
my $id = $db->selectrow_array('SELECT id FROM pupil.import_plan WHERE plan = ?',
                              {}, $plan);
is parts("id = '$id'"), 1, 'and stored';
like $db->selectrow_array('SELECT note FROM pupil.import_plan WHERE plan = ?',
    {}, $plan), qr/^held .*^joins 1\n.*^leaves 1\n/ms, 'with what it does';

$site->ctl_ok('subject', 'restrict', $who{9}, $site->ctl_where);
$site->ctl_ok('user', 'role', 'add', 'pupil10', 'teacher', '--institution',
    $db->selectrow_array('SELECT institution FROM pupil.role WHERE subject = ?',
                         {}, $who{10}), $site->ctl_where);
my $since = stored();
$run = apply($plan);
is $run->{code}, 3, 'what has changed since';
is_deeply [sort map { $_->{id} } @{ $run->{json}{changed} }],
    [sort @who{9, 10}], 'is said, by whom';
is stored(), $since, 'and nothing is written';
like $site->ctl('import', 'apply', $plan, $site->ctl_where)->{out},
    qr/^Changed since:\n(?:  users (?:@{[join '|', @who{9, 10}]})\n){2}/m,
    'as text';
is record("changed=$plan"), 2, 'on record';
$site->ctl_ok('subject', 'unrestrict', $who{9}, $site->ctl_where);
$site->ctl_ok('user', 'role', 'remove', 'pupil10', 'teacher', '--institution',
    $db->selectrow_array('SELECT institution FROM pupil.role WHERE subject = ?'
                         . " AND role = 'pupil'", {}, $who{10}),
    $site->ctl_where);

# ---- changed by somebody without the keys

for (['a part', 'UPDATE pupil.import_part SET sealed = set_byte(sealed, 200,'
        . ' get_byte(sealed, 200) # 1)', qr/changed by somebody without/],
     ['no part', 'DELETE FROM pupil.import_part',
        qr/changed by somebody without/],
     ['a note', "UPDATE pupil.import_plan SET note = replace(note,"
        . " 'leaves 1', 'leaves 0')", qr/signature of plan $plan is not valid/],
     ['another\'s part', "DELETE FROM pupil.import_part WHERE id = '$id';"
        . " UPDATE pupil.import_part SET id = '$id'",
        qr/changed by somebody without/])
{
    my ($name, $sql, $says) = @$_;
    $db->do("CREATE TEMP TABLE kept_$_ AS SELECT * FROM pupil.$_")
        for qw(import_part import_plan);
    $db->do($sql);
    $run = apply($plan);
    is $run->{code}, 1, "$name: it is not applied";
    like $run->{err}, $says, "$name: and why";
    for (qw(import_part import_plan)) {
        $db->do("DELETE FROM pupil.$_");
        $db->do("INSERT INTO pupil.$_ SELECT * FROM kept_$_");
        $db->do("DROP TABLE kept_$_");
    }
}
my $other = JSON::XS::decode_json($site->ctl_ok('tenant', 'add', 'Another',
    '--json', $site->ctl_databases)->{out})->{tenant};
$run = $site->ctl('import', 'apply', $plan, $site->ctl_databases, '--tenant',
                  $other);
like $run->{err}, qr/there is no plan $plan of this tenant's/,
    'nor by another tenant';

$db->do('CREATE TEMP TABLE kept AS SELECT * FROM pupil.import_part');
$run = apply($plan);
is $run->{code}, 0, 'once all is as it was it is applied' or diag $run->{err};
is $run->{json}{closed}, 1, 'who left is closed';
is Pupil::Roster::person($site, 'pupil6'), 'pupil 1, in pupil 1', 'who moved';
is Pupil::Roster::person($site, 'pupil1'), 'no role', 'who left';
isnt Pupil::Roster::id_of($site, 'pupil13'), undef, 'who joined';
is_deeply counts(planned([@changed])), {}, 'all of it is as in the files';


# ---- used is used, whatever the data database has back

$db->do("INSERT INTO pupil.import_part SELECT * FROM kept WHERE id = '$id'");
like apply($plan)->{err}, qr/was applied/, 'a plan that was used stays so';
my $undone = $site->ctl('import', 'undo', $run->{json}{run}, $site->ctl_where);
is $undone->{code}, 0, 'its run is undone' or diag $undone->{err};


# ---- it lives for four days, or until somebody is erased

$run = planned([@changed], '--accept', $plan);
$run = planned([@changed], '--accept', $run->{json}{plan} // 'none')
    if $run->{code} == 3;
$plan = id($run);
$site->ctl_ok('work', $site->ctl_where);
isnt parts(), 0, 'work leaves what is new';
$keys->do("UPDATE keystore.import_plan SET made_at = made_at - interval"
    . " '97 hours'");
like apply($plan)->{err}, qr/over 4 days old/, 'what is old is not applied';
$site->ctl_ok('work', $site->ctl_where);
is parts(), 0, 'and work deletes it';
is $keys->selectrow_array('SELECT count(*) FROM keystore.import_plan'), 0,
    'and its key';
is $db->selectrow_array('SELECT count(*) FROM pupil.import_plan WHERE kind ='
    . " 'plan'"), 0, 'and its note';

$plan = id(planned(['users.csv' => $users =~ s/Alva/Alma/r]));
isnt $plan, 'none', 'a plan';
$site->ctl_ok('subject', 'erase', $who{12}, $site->ctl_where);
like apply($plan)->{err}, qr/somebody was erased since/,
    'goes where somebody is erased';
$site->ctl_ok('work', $site->ctl_where);
is parts(), 0, 'of which nothing is left';

for my $id ('x', '0123456789ABCDEF', '0' x 15) {
    like apply($id)->{err}, qr/PLAN is the id/, "$id is no id";
}
is apply('0' x 16, '--plan')->{code}, 2, 'a plan is applied, and not planned';

done_testing;
