package Pupil::Later;

# Copyright (C) the Pupil authors
#
# Some time later: what is started from then on, PostgreSQL, nginx and pupilctl,
# has a clock that is so many days ahead.
#
#     later($site, 430);

use v5.36;

use Exporter 'import';
use Pupil::Util qw(run_cmd spew tmp_dir);

our @EXPORT = qw(later);

my $SHIM = <<'C';
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long ahead;

/* Once, as nginx takes its environment away. */
__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("PUPIL_LATER");

    if (text != NULL) ahead = atol(text);
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
    long rc = syscall(SYS_clock_gettime, id, ts);

    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
        ts->tv_sec += ahead;
    return (int) rc;
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    struct timespec ts;

    (void) tz;
    clock_gettime(CLOCK_REALTIME, &ts);
    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = ts.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    if (out != NULL) *out = ts.tv_sec;
    return ts.tv_sec;
}
C

# Starts PostgreSQL anew; nginx does not run.
sub later ($site, $days) {
    my $so = tmp_dir() . '/later.so';

    if (!-e $so) {
        spew("$so.c", $SHIM);
        my $run = run_cmd(qw(cc -shared -fPIC -O2 -o), $so, "$so.c");
        die $run->{err} if $run->{code};
    }

    $site->pg->stop;
    $ENV{LD_PRELOAD} = $so;
    $ENV{PUPIL_LATER} = $days * 86_400;
    $site->pg->start;
    $site->db->do('SET client_min_messages = warning');
    $site->db->do('SELECT pupil.audit_partitions()');  # as migrate does
}

1;
