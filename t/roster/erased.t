#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Who was erased and is in the school's system still does not come back as a new
# person: refused by line, until somebody accepts that.  Nor does a roster end
# whom somebody has added by hand.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;
use JSON::XS ();

my $site = pupil_up;
my @where = $site->ctl_where;
my $case = { name => 'erased', format => 'oneroster' };
my $users = slurp(root_dir() . '/t/roster/cases/oneroster/users.csv');
my $folder = roster_folder($case, 1);

sub import ($folder, @options) {
    my $run = $site->ctl('import', 'oneroster', $folder, '--json', @options,
                         @where);
    is $run->{code}, 0, 'the roster is taken' or diag $run->{err};
    return { %$run, json => eval { JSON::XS::decode_json($run->{out}) } // {} };
}

sub refused ($run) {
    return [map { "$_->{file}:$_->{line} $_->{reason}" }
            @{ $run->{json}{refused} }];
}

import($folder);
my %before = map { ($_ => Pupil::Roster::id_of($site, "pupil$_")) } 1, 2;
$site->ctl_ok('subject', 'erase', $before{1}, @where);
$site->ctl_ok('user', 'add', 'by.hand', 'pupil', '--institution',
    $site->db->selectrow_array('SELECT institution FROM pupil.role LIMIT 1'),
    @where);


# ---- who was erased

my @line = 'users.csv:4 this person was erased';
is_deeply refused(import($folder)), \@line, 'who was erased is refused';
is_deeply refused(import($folder)), \@line, 'each time';
my $other = roster_folder($case, 1, 'users.csv' =>
    $users =~ s/pupil1,,Alva,Berg/other1,,Aina,Bo/r);
is_deeply refused(import($other)), \@line, 'by whatever name';
is Pupil::Roster::id_of($site, $_), undef, "nobody logs in as $_"
    for qw(pupil1 other1);
is $site->db->selectrow_array('SELECT count(*) FROM pupil.role'), 14,
    'nobody else is';

my $plan = import($folder)->{json}{plan} // 'none';
like $plan, qr/^[0-9a-f]{16}$/, 'there is a plan';
my $run = import($folder, '--accept', $plan);
is_deeply refused($run), [], 'whose acceptance takes her';
is $run->{json}{users}{taken}, 1, 'anew';
isnt Pupil::Roster::id_of($site, 'pupil1'), $before{1}, 'as somebody else';
$run = import($folder);
is_deeply refused($run), [], 'and is remembered no more';
is $run->{json}{users}{unchanged}, 14, 'nothing of it';

my $again = Pupil::Roster::id_of($site, 'pupil1');
$site->ctl_ok('subject', 'erase', $again, @where);
is_deeply refused(import($folder, '--accept', $plan)), \@line,
    'the plan of one erasure is not that of the next';


# ---- who was erased under an id of before ids of pupils and teachers were two

{
    my $school = Pupil::Roster::tenant($site, 'bare ids');
    my $sds = roster_folder({ name => 'erased', format => 'sds' }, 1);
    my ($id, $login) = (split /,/, (split /\r?\n/,
                                     slurp("$sds/Student.csv"))[1])[0, 4];
    my $take = sub ($format, $from) {
        my $run = $school->ctl('import', $format, $from, '--source', 'sds',
                               '--confirm-removal', '--json',
                               $school->ctl_where);
        is $run->{code}, 0, "a roster by $format is taken"
            or diag $run->{err};
        return { json => eval { JSON::XS::decode_json($run->{out}) } // {} };
    };
    $take->('oneroster', roster_folder($case, 1,
        'users.csv' => $users =~ s/pupil1,,/$login,,/r =~ s/^p1,/$id,/mr,
        'enrollments.csv' => slurp(root_dir()
            . '/t/roster/cases/oneroster/enrollments.csv')
            =~ s/,p1,/,$id,/r));
    my $bare = Pupil::Roster::id_of($school, $login);
    $school->ctl_ok('subject', 'erase', $bare, $school->ctl_where);
    my $run = $take->('sds', $sds);
    ok +(grep { $_ eq 'Student.csv:2 this person was erased' }
         @{ refused($run) }), 'is refused by the id that it is now';
    is Pupil::Roster::id_of($school, $login), undef, 'and does not come back';
}


# ---- a data database that was restored

my $dump = tmp_dir() . '/data.sql';
my $more = roster_folder($case, 1,
    'users.csv' => "${users}p13,,,true,o1,student,pupil13,,Nora,Nord,,,,,,,,\n");
$site->pg->dump('pupil', $dump);
import($more);
$site->ctl_ok('subject', 'erase', Pupil::Roster::id_of($site, 'pupil13'),
              @where);
$site->pg->replace('pupil', $dump);
$site->ctl_ok('restore', 'replay', @where);
is_deeply refused(import($more)),
    [@line, 'users.csv:16 this person was erased'],
    'who came and was erased since a backup is refused behind it, too';
($plan) = map { $_->{plan} } @{ import($more)->{json}{plans} };
is_deeply refused(import($more, '--accept', $plan // 'none')), [],
    'until that is accepted';
is $site->keystore->selectrow_array('SELECT count(*) FROM'
    . ' keystore.erased_source WHERE tenant = ? AND number = (SELECT'
    . ' max(number) FROM keystore.ledger WHERE tenant = ?)', {},
    ($site->tenant) x 2), 0, 'and then no database remembers it';


# ---- whom somebody has added by hand

import($folder, '--close-absent');
is Pupil::Roster::person($site, 'by.hand'), 'pupil 1',
    'a roster ends nobody who was added by hand';
is $site->ctl('import', 'oneroster', $folder, '--source', $_, @where)->{code},
    2, "none is of source $_" for qw(operator manual);

done_testing;
