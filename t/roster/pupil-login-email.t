#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# --pupil-login-email: a pupil's address is a name to log in with and nothing
# else: sealed and found by its blind index, and never a contact.

use lib 't/lib';
use utf8;
use Pupil::Test;
use Pupil::Roster;

my $site = pupil_up;
my $users = slurp('t/roster/cases/oneroster/users.csv');
my $school = Pupil::Roster::tenant($site, 'by address');

sub import ($text, @options) {
    my $folder = roster_folder({ name => 'none', format => 'oneroster' }, 1,
                               'users.csv' => $text);
    return $school->ctl(qw(import oneroster), $folder, '--json', @options,
                        $school->ctl_where);
}

sub is_who ($login, $want, $name) {
    is Pupil::Roster::person($school, $login), $want, $name;
}

sub addresses () {
    return $school->db->selectrow_array('SELECT count(*) FROM data.contact AS c'
        . ' JOIN pupil.role AS r ON r.tenant = c.tenant AND r.subject = c.owner'
        . " WHERE c.tenant = ? AND r.role = 'pupil' AND c.email IS NOT NULL",
        undef, $school->tenant);
}


my $run = import($users);
is $run->{code}, 0, 'a roster' or diag $run->{err};
is_who 'pupil1', 'pupil 1, in pupil 1', 'the log-in name is that of the roster';
is_who 'pupil1@elev.example', 'nobody', 'and no address is one';

$run = import($users, '--pupil-login-email');
is $run->{code}, 0, 'the same, with the option' or diag $run->{err};
is_who 'pupil1@elev.example', 'pupil 1, in pupil 1', 'the address is the name';
is_who 'PUPIL1@elev.example', 'pupil 1, in pupil 1', 'in any case';
is_who 'pupil1', 'nobody', 'instead of the roster\'s';
is_who 'tina.lar', 'teacher 1, in teacher 1', 'a teacher keeps hers';
is addresses(), 0, 'no pupil has an address as a contact';
unlike $run->{out} . $run->{err}, qr/elev\.example/, 'none is printed';
my $stored = run_cmd('pg_dump', '-a', $site->pg->conninfo('pupil'),
                     { env => { PGPASSWORD => '' } });
is $stored->{code}, 0, 'all that is stored' or diag $stored->{err};
unlike $stored->{out}, qr/elev\.example/, 'has none in the clear';

my $rows = sub { $site->db->selectall_arrayref(
    'SELECT xmin, * FROM data.credential ORDER BY owner') };
my $before = $rows->();
$run = import($users =~ s/,Ebba,/,Eva,/r, '--pupil-login-email');
is $run->{code}, 0, 'again, of somebody else there is news';
is_deeply $rows->(), $before, 'no credential is written';

$run = import($users =~ s/pupil1\@elev\.example/pupil 1 at home/r
                     =~ s/pupil2\@elev\.example//r
                     =~ s/pupil3\@elev\.example/'a' x 190 . '@elev.example'/er
                     =~ s/pupil4\@elev\.example/tina\@skola.example/r,
              '--pupil-login-email');
is $run->{code}, 0, 'addresses that are none' or diag $run->{err};
like $run->{out}, qr/e-mail cannot be a log-in name/, 'are said';
is_who 'pupil1@elev.example', 'pupil 1, in pupil 1', 'who had a name keeps it';
is_who 'pupil2', 'pupil 1, in pupil 1', 'who has no address: the roster\'s';
is_who 'pupil3@elev.example', 'pupil 1, in pupil 1',
    'one that is too long: as before';
is_who 'pupil4@elev.example', 'pupil 1, in pupil 1',
    'who has the address of a teacher: as before';

done_testing;
