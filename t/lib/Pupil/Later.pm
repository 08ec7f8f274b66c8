package Pupil::Later;

# Copyright (C) the Pupil authors
#
# Some time later: what is started from then on, PostgreSQL, nginx and pupilctl,
# has a clock that is so many days ahead.
#
#     later($site, 430);

use v5.36;

use Exporter 'import';
use Pupil::Clock;

our @EXPORT = qw(later);


# Starts PostgreSQL anew; nginx does not run.
sub later ($site, $days) {
    Pupil::Clock->new(ahead => $days * 86_400)->of_all($site->pg);
    $site->db->do('SET client_min_messages = warning');
    $site->db->do('SELECT pupil.audit_partitions()');  # as migrate does
}

1;
