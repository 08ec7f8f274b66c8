#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Who was erased and is in the data database again, though nobody can tell that
# it was restored: the tables of the categories come from a backup, and those by
# which a restored database is known do not.  `pupilctl work` erases them again,
# on record, and nobody else.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up->all_here->work;
my ($db, $site) = ($day->db, $day->site);
my %id = map { $_ => $day->person($_)->{id} } qw(pupil classmate);
my %whose = ((map { ("data.$_" => 'owner') }
                  qw(identity contact network progress example)),
             'pupil.role' => 'subject', 'pupil.blind_index' => 'owner');

sub rows ($who) {
    return join ' ', map { "$_=" . $db->selectrow_array('SELECT count(*) FROM'
        . " $_ WHERE $whose{$_} = ?", {}, $id{$who}) } sort keys %whose;
}

sub records {
    return 0 + $db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
        . " WHERE ? = ANY (subjects) AND note LIKE '%table=data.identity'", {},
        $id{pupil});
}

sub work { $site->ctl('work', $site->ctl_where) }

my %before = map { $_ => rows($_) } keys %id;
unlike $before{pupil}, qr/(?:identity|progress|example|role)=0/,
    'there is something of a pupil';
my @kept = map { $day->rows_of($_, $id{pupil}) } grep { /^data/ } keys %whose;
my @more = map { $day->rows_of($_, $id{pupil}) } 'pupil.role';

$site->ctl_ok('subject', 'erase', $id{pupil}, $site->ctl_where);
my $none = $before{pupil} =~ s/=\d+/=0/gr;
is rows('pupil'), $none, 'which is erased';
is records(), 1, 'on record';
my $run = work();
is $run->{code}, 0, 'there is nothing to do' or diag $run->{err};
unlike $run->{err}, qr/erased/, 'and nothing said';
is records(), 1, 'nor on record';

$day->put_back($_) for @kept, @more;
isnt rows('pupil'), $none, 'the rows are back';
is $day->nginx->http->get('/status/ready')->status, 200, 'and no gate is shut';

$run = work();
is $run->{code}, 0, 'work goes on' or diag $run->{err};
like $run->{err}, qr/^data\.identity has rows of 1 who were erased/m,
    'and says of which table';
is rows('pupil'), $none, 'they are erased again';
is records(), 2, 'on record';
is rows('classmate'), $before{classmate}, 'and nobody else';
unlike work()->{err}, qr/erased/, 'once';

done_testing;
