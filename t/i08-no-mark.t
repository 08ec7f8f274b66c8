#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I8 where a mark cannot be read at all, as somebody hid its row or took it
# away: nothing is served, the log says what is missing, no worker ends, and
# pupilctl says it, too.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up->all_here->work;
my ($site, $nginx) = ($day->site, $day->nginx);
my $id = $day->person('pupil')->{id};
$nginx->allow_log(qr/\[(?:error|crit)\].*(?:connection|database|terminat
                     |mark|listening|shutting)/x);

# Workers meet this database anew.
sub connect_anew ($role) {
    $site->pg->dbh('postgres')->do('SELECT pg_terminate_backend(pid) FROM'
        . ' pg_stat_activity WHERE usename = ?', {}, $role);
}

sub ready { eval { $nginx->http->get('/status/ready')->status } // 0 }

sub opens {
    ok eval { wait_until(60, 'the gate to open', sub { ready() == 200 }) },
        'it is served again when the mark is back';
}

my @marks = (
    { of => 'data database', role => 'pupil_gateway', dbh => $site->db,
      table => 'pupil.mark' },
    { of => 'key store', role => 'pupil_keeper', dbh => $site->keystore,
      table => 'keystore.mark' },
);

for my $mark (@marks) {
    my ($dbh, $table) = @$mark{qw(dbh table)};
    my $said = qr/the mark of the $mark->{of}, \Q$table\E, has no row/;

    for my $way (['a hidden row', "ALTER TABLE $table ENABLE ROW LEVEL"
                  . ' SECURITY', "ALTER TABLE $table DISABLE ROW LEVEL"
                  . ' SECURITY'],
                 ['no row', "ALTER TABLE $table DISABLE TRIGGER ALL; CREATE"
                  . " TABLE public.kept AS SELECT * FROM $table; DELETE FROM"
                  . " $table", "INSERT INTO $table SELECT * FROM public.kept;"
                  . " DROP TABLE public.kept; ALTER TABLE $table ENABLE TRIGGER"
                  . ' ALL'])
    {
        my ($name, $there, $back) = @$way;
        my $before = length $nginx->log_text;

        $dbh->do($there);
        connect_anew($mark->{role});
        ok eval { wait_until(60, 'the gate', sub { ready() == 503 }) },
            "$table, $name: nothing is served";
        ok eval { wait_until(60, 'the log', sub {
            $nginx->log_text =~ $said }) }, 'the log says what is missing';
        unlike substr($nginx->log_text, $before), qr/exited on signal/,
            'no worker ended';

        my $check = $site->ctl('check', $nginx->conf_file, $site->ctl_where);
        is $check->{code}, 1, 'pupilctl check finds it';
        like $check->{out}, $said, 'in the same words';

        my $run = $site->ctl('subject', 'erase', $id, $site->ctl_where);
        is $run->{code}, 1, 'pupilctl subject erase fails';
        like $run->{err}, $said, 'and says why';

        $dbh->do($back);
        opens();
    }
}

is join(' ', $site->keystore->selectrow_array('SELECT entered, destroyed FROM'
    . ' keystore.mark')), '0 0', 'nothing was entered meanwhile';

done_testing;
