#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What kind of a group a class is, and of which department: so that somebody's
# main class is told from the groups that they are in besides.  Each protocol
# says it in words of its own; it is sealed, shown with the class, changed by a
# roster or a plan that says otherwise, and undone with it.

use lib 't/lib';
use utf8;
use Pupil::Test;
use Pupil::Class;
use Pupil::OneRoster;
use Pupil::Roster;
use Pupil::Ss12000;
use Pupil::UniLogin;
use JSON::XS ();

my $site = pupil_up;
my ($db, @where) = ($site->db, $site->ctl_where);
my $class = bless { site => $site, people => {}, http => {} }, 'Pupil::Class';
my $all = root_dir() . '/t/roster/cases/oneroster';

# Three classes of the pupil p1 and of their teacher; with a type, and a
# department, each.
sub roster (@groups) {
    my ($rows, $in) = map { slurp("$all/$_") } 'classes.csv',
                                               'enrollments.csv';
    my ($header) = $rows =~ /^([^\r\n]*)/;
    my $n = 0;
    $rows = join '', "$header,metadata.department\n", map { ++$n;
        "c$n,,,7$n,,k1,,$_->[0],,o1,y26,,,,$_->[1]\n" } @groups;
    utf8::encode($rows);
    $in =~ s/\r//g;
    $in .= join '', map { "e-p1-$_,,,c$_,o1,p1,student,false,,\n"
        . "e-t1-$_,,,c$_,o1,t1,teacher,false,,\n" } 2, 3;
    return roster_folder({ format => 'oneroster', name => 'groups' }, 1,
                         'classes.csv' => $rows, 'enrollments.csv' => $in);
}

sub import_of ($name, @words) {
    my $run = $site->ctl('import', @words, '--json', @where);
    is $run->{code}, 0, $name or diag "$run->{out}$run->{err}";
    return JSON::XS::decode_json($run->{out});
}

# By the title of each class, as somebody is shown it.
sub groups ($who, $whose = '') {
    my $res = $class->as($who)->get("/v1/data/enrolment$whose");
    is_status $res, 200, "classes, for $who";
    return { map { ($_->{class_title} => join ', ',
                    map { $_ // 'none' } @$_{qw(group_type department)}) }
             @{ $res->json->{records} } };
}

my @first = (['homeroom', 'Norra'], ['Scheduled', ''], ['choir', 'Södra']);
my $run = import_of('a roster with types', 'oneroster', roster(@first));
is $run->{classes}{taken}, 3, 'all classes are taken';
is_deeply [map { "$_->{file}:$_->{line} $_->{reason}" } @{ $run->{refused} }],
    ['classes.csv:4 its type of group is none that is known: it has none'],
    'of which one is none that is known';

$class->{nginx} = $site->nginx(workers => 1)->start;
my %is = (71 => 'main, Norra', 72 => 'taught, none', 73 => 'none, Södra');
my %shown = map { ("7$_" => $is{"7$_"}) } 1 .. 3;
is_deeply groups('pupil1'), \%shown, 'a pupil is told their main class';
is_deeply groups('tina.lar'), \%shown, 'so is who teaches them';
is_deeply groups('tina.lar', '/' . $class->person('pupil1')->{id}), \%shown,
    'of a pupil, too';
is_deeply groups('pupil1', '/' . $class->person('tina.lar')->{id}),
    { map { ($_ => 'none, none') } keys %shown }, 'and no pupil of a teacher';
my ($bytes) = $db->selectrow_array('SELECT string_agg(encode(group_type ||'
    . " coalesce(department, ''), 'escape'), ' ') FROM pupil.class");
unlike $bytes, qr/main|taught|Norra/, 'it is sealed';
is $db->selectrow_array('SELECT count(DISTINCT octet_length(group_type)) FROM'
    . ' pupil.class'), 1, 'of one size';


# ---- changed, planned, undone

is import_of('again', 'oneroster', roster(@first))->{run}, undef,
    'the same types are no change';
my @second = (['scheduled', ''], ['homeroom', 'Norra'], ['homeroom', '']);
$run = import_of('other types', 'oneroster', roster(@second));
is $run->{classes}{changed}, 3, 'each is a change';
my $changed = { 71 => 'taught, none', 72 => 'main, Norra',
                73 => 'main, none' };
is_deeply groups('pupil1'), $changed, 'that is shown';

my $undone = import_of('an undo', 'undo', $run->{run});
is $undone->{changes}{titles}, 3, 'counts the classes';
is_deeply groups('pupil1'), \%shown, 'and all is as before';
is import_of('again', 'oneroster', roster(@first))->{run}, undef,
    'for the next roster, too';

my $plan = import_of('a plan', 'oneroster', roster(@second), '--plan');
is_deeply groups('pupil1'), \%shown, 'changes nothing';
import_of('its application', 'apply', $plan->{apply});
is_deeply groups('pupil1'), $changed, 'does what was planned';


# ---- other protocols

my $peer = Pupil::Ss12000->new;
$peer->tell(Pupil::Ss12000::school());
import_of('SS 12000', 'ss12000', $peer->url);
is_deeply groups('elev1@skola.example'),
    { '7A' => 'main, none', Matematik => 'taught, none' }, 'says groupType';

$peer = Pupil::OneRoster->new(version => 'v1p2');
my $school = JSON::XS->new->encode(Pupil::OneRoster::school('v1p2'));
$peer->tell(JSON::XS->new->decode($school =~ s/skola\.example/annan.example/gr));
import_of('OneRoster by REST', 'oneroster-rest', $peer->url, '--source',
          'rest');
is_deeply groups('elev01@annan.example'),
    { 'Klass 1' => 'main, none', 'Klass 2' => 'taught, none' },
    'says classType';

$peer = Pupil::UniLogin->new(tls => 1, careless => 1);
my @types = (['M', 'Matematik', 'Hold', 'taught'], ['Y', 'Å 7', 'Årgang', 'year'],
             ['L', 'Linje', 'Retning', 'line'], ['T', 'Team 1', 'Team', 'team'],
             ['F', 'Fritid', 'SFO', 'leisure'], ['O', 'Kor', 'Andet', 'other']);
my $schools = Pupil::UniLogin::schools();
$schools->{101001}{groups} = [Pupil::UniLogin::group('7A', '7.A'),
    map { Pupil::UniLogin::group(@$_[0 .. 2]) } @types];
$schools->{101001}{persons}[0] = Pupil::UniLogin::pupil(1, '7A',
                                                        map { $_->[0] } @types);
$peer->tell($schools);
import_of('UNI-Login', 'unilogin', $peer->url, '--ca', test_ca()->{ca},
          '--credentials', Pupil::UniLogin::credentials());
is_deeply groups('elev1'), { '7.A' => 'main, none',
    map { ($_->[1] => "$_->[3], none") } @types }, 'says GroupType';

done_testing;
