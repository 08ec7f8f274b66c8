#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Another system of the school's has other ids for the same people: pupilctl
# source map, merge and rename take them over, by a plan.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;
use JSON::XS ();

my $site = pupil_up;
my ($db, $keys) = ($site->db, $site->keystore);
my $http = $site->nginx->start->http;
my %old = (name => '102-change-of-system', format => 'sds');
my %new = (%old, format => 'oneroster');

sub json ($run) {
    return { %$run, json => eval { JSON::XS::decode_json($run->{out}) } // {} };
}
sub import ($format, $folder, @options) {
    return json($site->ctl('import', $format, $folder, '--json', @options,
                           $site->ctl_where));
}
sub source (@words) {
    return json($site->ctl('source', @words, '--json', $site->ctl_where));
}

sub file ($text) {
    my $path = tmp_dir() . '/ids.csv';
    spew($path, $text);
    return $path;
}

# A plan, and its application.
sub planned (@words) { source(@words, '--plan') }
sub applied (@words) {
    my $run = planned(@words);
    return source(@words, '--apply', $run->{json}{apply} // 'none');
}

# All that these commands write, but records.
sub stored {
    return join ' ', map { my $table = $_; map { $_->selectrow_array(
            "SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), ''))"
            . " FROM $table AS t") } $table =~ /^keystore/ ? $keys : $db }
        map({ "pupil.$_" } qw(owner subject institution class role enrolment
                              blind_index imported)),
        qw(keystore.moved_source keystore.source_name);
}
sub rows ($table, $where, @values) {
    return $db->selectrow_array("SELECT count(*) FROM pupil.$table WHERE"
                                . " $where", {}, @values);
}
sub id ($login) { Pupil::Roster::id_of($site, $login) // 'nobody' }
sub refused ($run) {
    return { map { ($_->{line} => $_->{reason}) } @{ $run->{json}{refused} } };
}
sub counts ($run, $what = 'mapped') {
    return [map { $run->{json}{$_}{$what} } qw(users classes schools)];
}
sub records ($detail) {
    return $db->selectrow_array('SELECT count(DISTINCT (r.writer,'
        . ' r.number)), count(DISTINCT s) FROM'
        . ' pupil.audit_record AS r LEFT JOIN LATERAL unnest(r.subjects) AS s'
        . " ON true WHERE r.note::text LIKE ?", {}, "%$detail%");
}


# ---- a school that changes its system

my $run = import(sds => roster_folder(\%old, 1));
is $run->{code}, 0, 'the old system' or diag $run->{err};
my $pupil = id('pupil1');
$site->ctl_ok('user', 'password', 'pupil1', $site->ctl_where,
              { stdin => "horse staple nine\n" });
is_status $http->login('pupil1', 'horse staple nine'), 200, 'a pupil logs in';

my $next = roster_folder(\%new, 2);
$run = import(oneroster => $next);
is $run->{code}, 3, 'another system is held';
like $run->{err}, qr/accounts of source "sds".*pupilctl source map/,
    'and what there is to do is said';

my $people = join '', map { "user," . (101 + $_) . ",guid-$_\n" } 0 .. 11;
my $map = "kind,old,new\n${people}user,900,t1\nclass,10,c1\n"
    . "school,1,o1\nschool,2,o2\n";
my @map = ('map', file($map), '--source', 'sds', '--to', 'oneroster');
my $before = stored();
is source(@map)->{code}, 2, 'no plan, and none is applied';
my $planned = planned(@map);
is $planned->{code}, 0, 'a plan' or diag $planned->{err};
is_deeply counts($planned), [13, 1, 2], 'of whom and what';
is_deeply counts($planned, 'left'), [0, 0, 0], 'which is all that is live';
is_deeply refused($planned), {}, 'no line is refused';
is stored(), $before, 'nothing is written';
is planned(@map)->{json}{apply}, $planned->{json}{apply}, 'it is one plan';
like $site->ctl('source', @map, '--plan', $site->ctl_where)->{out},
    qr/^Plan $planned->{json}{apply}: nothing was changed\.$/m, 'as text';

$run = source(@map, '--apply', '0123456789abcdef');
is $run->{code}, 3, 'another plan is not applied';
is stored(), $before, 'nor anything written';
$run = source(@map, '--apply', $planned->{json}{apply});
is $run->{code}, 0, 'the plan is' or diag $run->{err};
is_deeply counts($run), [13, 1, 2], 'as it was';
is_deeply [records('source=sds map=oneroster')], [4, 13],
    'a record of the people, of classes and of schools, and one refused';
unlike "$planned->{out}$planned->{err}$run->{out}$run->{err}",
    qr/guid-|\b10[1-9]\b/, 'no id of the file is in what it says';
is_deeply counts(planned(@map), 'done'), [13, 1, 2], 'once';
is rows(role => 'source = ?', 'sds'), 0, 'no role is the old one\'s';

$run = import(oneroster => $next, '--close-absent');
is $run->{code}, 0, 'the new system' or diag $run->{err};
is_deeply { map { ($_ => $run->{json}{$_}) } qw(closed absent) },
    { closed => 0, absent => { users => 0 } }, 'ends nobody';
is $run->{json}{users}{taken}, 1, 'and brings one who was not there';
is id('pupil1'), $pupil, 'a pupil is who they were';
is Pupil::Roster::person($site, 'pupil1'), 'pupil 1, in pupil 1',
    'in the class';
is rows(enrolment => "subject = ? AND source = 'oneroster'", $pupil), 1,
    'which the new system says';
is_status $http->login('pupil1', 'horse staple nine'), 200, 'and logs in';
$run = import(oneroster => $next, '--close-absent');
is $run->{json}{users}{unchanged}, 14, 'then nothing changes';

my %list = map { ($_->{source} => $_) } @{ source('list')->{json}{sources} };
is_deeply [map { $list{oneroster}{$_} } qw(format users classes schools ended
                                           plan)],
    ['oneroster', 14, 2, 2, 'done', undef], 'it is a source that there is';
like $list{oneroster}{good_at}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
    'with its last import';
is $list{sds}{users}, 0, 'and of the other one there is nobody';
like $site->ctl('source', 'list', $site->ctl_where)->{out},
    qr/^oneroster +oneroster +14 +2 +2 +\d{4}-/m, 'as text';


# ---- an id that was given up is nobody's (I18)

$run = planned(@map[0, 1], '--source', 'sds', '--to', 'other');
is refused($run)->{2}, 'nobody has its old id in that source', 'an old id';
is import(sds => roster_folder(\%old, 1))->{code}, 3,
    'the old system finds nobody';

$db->do("CREATE TEMP TABLE kept AS SELECT * FROM pupil.blind_index WHERE"
    . " category = 'source' AND field = 'user' AND owner = '$pupil'");
my @again = ('map', file("kind,old,new\nuser,guid-0,guid-new\n"), '--source',
             'oneroster');
is applied(@again)->{code}, 0, 'ids of one source change';
is id('pupil1'), $pupil, 'and nobody else';
$db->do('INSERT INTO pupil.blind_index SELECT * FROM kept');
$run = import(oneroster => $next);
is_deeply [map { $_->{reason} } @{ $run->{json}{refused} }],
    ['its index row was tampered with'], 'who puts an old row back is found';
is refused(planned(@again))->{2}, undef, 'it is done';
$db->do('DELETE FROM pupil.blind_index WHERE term IN (SELECT term FROM kept)');
is applied('map', file("kind,old,new\nuser,guid-new,guid-0\n"), '--source',
           'oneroster')->{code}, 0, 'it is given back';
is_deeply import(oneroster => $next)->{json}{refused}, [], 'and counts';


# ---- refused by line

$site->ctl_ok('subject', 'erase', id('pupil12'), $site->ctl_where);
$run = planned('map', file(join "\n", 'Kind , NEW,old,login', 'user,x1,nobody,',
    'user,guid-2,guid-1,', 'user,x2,guid-3,', 'user,x3,guid-3,',
    'user,x2,guid-4,', 'user,x4,,', 'teacher,x5,guid-5,', 'class,x6,c1,',
    'user,x7,,pupil7', 'user,x8,guid-6,', 'user,x9,,nobody',
    'user,guid-11,guid-7,', 'user,x10,guid-11,', 'class,x11,,pupil8', ''),
    '--source', 'oneroster');
is $run->{code}, 0, 'a file with faults';
is_deeply refused($run), {
    2 => 'nobody has its old id in that source',
    3 => 'its new id is another\'s already',
    5 => 'its old id is that of line 4, too',
    6 => 'its new id is that of line 4, too',
    7 => 'an id is missing, or is none',
    8 => 'its kind is none of user, class and school',
    11 => 'it is the same as that of line 10',
    12 => 'nobody has that log-in name',
    13 => 'its new id is that of somebody who was erased',
    14 => 'nobody has its old id in that source',
    15 => 'only a user has a log-in name',
}, 'is refused by line';
is_deeply counts($run), [2, 1, 0], 'and the rest is taken';
is planned('map', file("old,new\n1,2\n"), '--source', 'oneroster')->{code}, 1,
    'a file without a column';
is planned('map', file($map), '--source', 'operator')->{code}, 2,
    'no source of rosters';


# ---- by log-in names

my @login = ('map', file("kind,login,new\nuser,pupil2,n2\nuser,tina.lar,n9\n"),
             '--source', 'oneroster', '--to', 'third');
$run = planned(@login);
is_deeply [counts($run)->[0], refused($run)], [2, {}], 'by log-in names';
is_deeply counts($run, 'left')->[0], 11, 'some of them';
is applied(@login)->{code}, 0, 'they are another source\'s';
is_deeply counts(planned(@login), 'done')->[0], 2, 'once';
is rows(subject => "source = 'third'"), 2, 'and nobody else';


# ---- merge takes all

my @merge = ('merge', file("kind,old,new\nuser,n2,guid-1\n"), '--source',
             'third', '--to', 'oneroster');
$run = planned(@merge);
is $run->{code}, 3, 'who is not in the file holds it';
is counts($run, 'left')->[0], 1, 'and how many are not';
file("kind,old,new\nuser,n2,guid-1\nuser,n9,t1\n");
is applied(@merge)->{code}, 0, 'one of all is merged';
is rows(subject => "source = 'third'"), 0, 'and nobody is left';
is import(oneroster => $next)->{json}{users}{unchanged}, 13, 'none is new';


# ---- rename

$before = stored();
my @rename = ('rename', 'oneroster', 'skola');
$run = planned(@rename);
is $run->{code}, 0, 'a new name' or diag $run->{err};
is stored(), $before, 'which is planned';
is planned('rename', 'oneroster', 'oneroster')->{code}, 2, 'none of its own';
is planned('rename', 'nobody', 'skola')->{code}, 1, 'nor of a source of none';
is source(@rename, '--apply', $run->{json}{apply} // 'none')->{code}, 0,
    'is given';
is rows($_ => "source = 'oneroster'"), 0, "none of $_ has the old one"
    for qw(subject role enrolment class institution source);
$run = import(oneroster => $next, '--source', 'skola', '--close-absent');
is $run->{code}, 0, 'its next roster' or diag $run->{err};
is $run->{json}{users}{unchanged}, 13, 'finds everybody';
is_deeply refused($run), { 15 => 'this person was erased' },
    'and whom nobody is to find';
$run = import(oneroster => $next);
is $run->{code}, 3, 'the old name is that of another source';
is planned('rename', 'skola', 'oneroster')->{code}, 0, 'and free';
is_status $http->login('pupil1', 'horse staple nine'), 200,
    'who logs in still does';


# ---- one at a time

$db->do("SELECT pg_advisory_lock(1347760177, hashtext(?))", {}, $site->tenant);
$run = planned('rename', 'skola', 'oneroster');
is $run->{code}, 1, 'not beside an import';
$db->do("SELECT pg_advisory_unlock(1347760177, hashtext(?))", {},
        $site->tenant);

done_testing;
