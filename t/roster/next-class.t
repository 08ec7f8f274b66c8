#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Whoever goes from one class to another is at no time in both, and in none: what
# an import takes from somebody and what it gives them is one transaction, in
# which each row is written once.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;

my $site = pupil_up;
my $db = $site->db;
my $in = slurp(root_dir() . '/t/roster/cases/oneroster/enrollments.csv');
$db->do('SET client_min_messages = warning');

sub import ($class) {
    my $folder = roster_folder({ name => 'next', format => 'oneroster' }, 1,
        'enrollments.csv' => $in =~ s/,c1,(o1,p\d+,)/,$class,$1/gr);
    return $site->ctl('import', 'oneroster', $folder, '--close-absent',
                      '--confirm-removal', $site->ctl_where);
}

# How many learn in how many classes.
sub classes () {
    return join ' ', $db->selectrow_array('SELECT count(DISTINCT subject),'
        . ' count(*), count(DISTINCT class) FROM pupil.enrolment WHERE role ='
        . " 'pupil' AND source = 'oneroster' AND coalesce(valid_to, current_date)"
        . ' >= current_date');
}

sub trigger ($on, $body) {
    $db->do("CREATE FUNCTION public.seen() RETURNS trigger LANGUAGE plpgsql AS"
        . " \$f\$BEGIN $body RETURN NULL; END\$f\$");
    $db->do("CREATE TRIGGER seen AFTER INSERT OR UPDATE ON $on FOR EACH ROW"
        . ' EXECUTE FUNCTION public.seen()');
}

is import('c1')->{code}, 0, 'a roster is taken';
is classes(), '12 12 1', 'who learns in a class';

trigger('pupil.revocation', q{RAISE EXCEPTION 'the disk is full';});
my $run = import('c2');
isnt $run->{code}, 0, 'they go to another one, and that fails at the end';
like $run->{err}, qr/the disk is full/, 'for this';
is classes(), '12 12 1', 'each of them is in one class';
is $db->selectrow_array('SELECT count(*) FROM pupil.enrolment WHERE role ='
    . " 'pupil' AND source = 'oneroster'"), 12, 'nothing else was written';
$db->do('DROP FUNCTION public.seen() CASCADE');

my $log = $site->pg->log_file;
my $from = -s $log;
trigger('pupil.enrolment', q{RAISE LOG 'seen';});
is import('c2')->{code}, 0, 'the same once more';
$db->do('DROP FUNCTION public.seen() CASCADE');
is classes(), '12 12 1', 'and they are there';
my $seen = () = substr(slurp($log), $from) =~ /LOG:\s+seen/g;
is $seen, 24, 'each row was written once';
is import('c2')->{code}, 0, 'and again';
is classes(), '12 12 1', 'nothing is changed';

done_testing;
