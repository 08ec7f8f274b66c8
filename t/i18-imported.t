#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: what an older fingerprint of pupil.imported does that somebody puts back.
# An import that finds it does not write what the roster had on that day: so the
# value of a later day stays, which is that person's own and authentic, as where
# the row itself is put back.  It gives nobody anything: roles, enrolments and
# whose a name is are not decided by it, and the next change mends it.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use DBD::Pg ();
use JSON::XS ();

my $day = Pupil::Day->up(conf => { pupil_session_zone => undef })
                    ->all_here->work;
my ($db, $site, $nginx) = ($day->db, $day->site, $day->nginx);
my ($one, $two) = map { $day->person($_) } qw(teacher colleague);
my $homework = $day->homework->{id};
my ($rosters, $said) = (0);

# Imports the demo's roster with files that are changed.
sub import_with (%change) {
    my $folder = tmp_dir() . '/roster' . $rosters++;
    mkdir $folder or die "$folder: $!\n";
    for my $path (glob root_dir() . '/docs/quickstart/data/sds-100-users/*.csv')
    {
        my ($name) = $path =~ m{([^/]+)\.csv$};
        my $text = slurp($path);
        $text = $change{$name}->($text) if $change{$name};
        spew("$folder/$name.csv", $text);
    }
    my $run = $site->ctl('import', 'sds', $folder, '--dates', 'open', '--json',
                         '--close-absent', $site->ctl_where);
    is $run->{code}, 0, 'an import' or diag $run->{err};
    $said = JSON::XS::decode_json($run->{out});
    return $said->{users};
}

my %named = (Teacher => sub ($text) { $text =~ s/Craig,Beane/Nils,Beane/r });

sub print_of ($id) {
    return $db->selectrow_array('SELECT fingerprint FROM pupil.imported WHERE'
        . " owner = ? AND category = 'identity'", {}, $id);
}

sub put_back ($print, $category = 'identity') {
    my $sth = $db->prepare('UPDATE pupil.imported SET fingerprint = ? WHERE owner'
        . ' = ? AND category = ?');
    $sth->bind_param(1, $print, { pg_type => DBD::Pg::PG_BYTEA() });
    $sth->bind_param(2, $one->{id});
    $sth->bind_param(3, $category);
    $sth->execute;
}

sub name_ { $day->expect(200, $day->teacher->get('/v1/session'))
                ->json->{user}{display_name} }

sub logs_in ($as, $who) {
    return $nginx->http->login($as, $who->{password})->status;
}


# ---- the roster of today

my ($first, $name) = (print_of($one->{id}), name_());
is import_with(%named)->{changed}, 1, 'a name changes';
my ($second, $other) = (print_of($one->{id}), name_());
isnt $other, $name, 'which is shown';

for (['an older one', $first], [q{another's}, print_of($two->{id})]) {
    my ($what, $print) = @$_;
    put_back($print);
    is import_with(%named)->{changed}, 1, "$what: it is written again";
    is unpack('H*', print_of($one->{id})), unpack('H*', $second),
        "$what: and is what it was";
    is name_(), $other, "$what: by the roster's name";
}


# ---- a roster of that day

put_back($first);
is import_with()->{changed}, 0, 'the older name is not written';
is name_(), $other, q{and the person's later one stays};

put_back($second);
my $row = $db->selectrow_array('SELECT to_json(i)::text FROM data.identity AS i'
    . ' WHERE owner = ?', {}, $one->{id});
is import_with()->{changed}, 1, 'with the right one it is';
is name_(), $name, 'and shown';
$db->do('DELETE FROM data.identity WHERE owner = ?', {}, $one->{id});
$db->do('INSERT INTO data.identity SELECT * FROM'
    . ' json_populate_record(NULL::data.identity, ?::json)', {}, $row);
is name_(), $other, 'as it is where the row is put back';
is import_with()->{changed}, 0, 'which no import looks at, either';
import_with(Teacher => sub ($text) { $text =~ s/Craig,Beane/Olof,Beane/r });
unlike name_(), qr/^(?:\Q$name\E|\Q$other\E)$/, 'until there is another';


# ---- what it does not decide

import_with();
my $less = sub ($text) { $text =~ s/^11001,14001\r?\n//mr };
import_with(%named);
put_back($first);
is import_with(TeacherRoster => $less)->{changed}, 0, 'of somebody unchanged';
is $day->teacher->get("/v1/homework/$homework")->status, 404,
    'an enrolment that the roster does not have has ended';

sub login_print { $db->selectrow_array('SELECT fingerprint FROM pupil.imported'
    . " WHERE owner = ? AND category = 'credential'", {}, $one->{id}) }

my $before = login_print();
my $renamed = sub ($text) { $text =~ s/\bCBeane\b/CBeane2/gr };
import_with(Teacher => $renamed);
is logs_in('CBeane2', $one), 200, 'a log-in name that changes';
isnt login_print(), $before, 'has a fingerprint, too';
put_back($before, 'credential');
import_with(Teacher => sub ($text) { $text =~ s/\bDTodd\b/CBeane2/gr });
is_deeply $said->{refused}, [], 'a name that is another\'s by the roster';
is logs_in('CBeane2', $two), 200, 'is that one\'s';
is logs_in('CBeane2', $one), 401, 'and not of who had it';
is logs_in('DTodd', $two), 401, 'nor is the name from before';
import_with(Teacher => $renamed);
import_with(Teacher => sub ($text) {
    return $renamed->($text) =~ s/CBeane2/CBeane3/r });
import_with(Teacher => sub ($text) {
    return $renamed->($text) =~ s/CBeane2/CBeane3/r =~ s/\bDTodd\b/CBeane2/r });
is logs_in('CBeane2', $two), 200, 'until the name is written anew';
is logs_in('CBeane2', $one), 401, 'and no more that of who had it';

done_testing;
