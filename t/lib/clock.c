/*
 * Copyright (C) the Pupil authors
 *
 * Clocks of a program that a test sets: it is loaded before the C library, and
 * reads what t/lib/Pupil/Clock.pm writes to the file PUPIL_CLOCK.
 *
 * The time of day is so many seconds ahead, at any moment as the file says.
 * The clock that only runs on, and sleep(), are so many times as fast, or as
 * slow; so many seconds of the former have passed at once.
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>


#define SECOND  1000000000LL    /* ns */


typedef struct {
    int64_t  ahead;             /* seconds */
    int64_t  speed;
    int64_t  passed;            /* seconds */
    int64_t  slow;
} clock_file_t;


static const clock_file_t     still = { .speed = 1, .slow = 1 };

static const volatile clock_file_t  *set = &still;
static int64_t                        began;


static int64_t
monotonic(void)
{
    struct timespec  ts;

    (void) syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);

    return ts.tv_sec * SECOND + ts.tv_nsec;
}


__attribute__((constructor)) static void
clock_begin(void)
{
    int          fd;
    void        *map;
    const char  *path;

    began = monotonic();

    path = getenv("PUPIL_CLOCK");
    fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);

    if (fd == -1) {
        return;
    }

    map = mmap(NULL, sizeof(*set), PROT_READ, MAP_SHARED, fd, 0);

    if (map != MAP_FAILED) {
        set = map;
    }

    (void) close(fd);
}


int
clock_gettime(clockid_t id, struct timespec *ts)
{
    int      rc;
    int64_t  now;

    rc = (int) syscall(SYS_clock_gettime, id, ts);

    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) {
        ts->tv_sec += set->ahead;

    } else if (id == CLOCK_MONOTONIC
               && (set->speed != 1 || set->passed != 0 || set->slow != 1))
    {
        now = began + (monotonic() - began) * set->speed / set->slow
              + set->passed * SECOND;
        ts->tv_sec = now / SECOND;
        ts->tv_nsec = now % SECOND;
    }

    return rc;
}


int
gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    struct timespec  ts;

    (void) tz;
    (void) clock_gettime(CLOCK_REALTIME, &ts);

    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = ts.tv_nsec / 1000;

    return 0;
}


time_t
time(time_t *out)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    if (out != NULL) {
        *out = ts.tv_sec;
    }

    return ts.tv_sec;
}


unsigned int
sleep(unsigned int seconds)
{
    int64_t          ns;
    struct timespec  ts;

    ns = seconds * SECOND * set->slow / set->speed;
    ts.tv_sec = ns / SECOND;
    ts.tv_nsec = ns % SECOND;

    return nanosleep(&ts, NULL) == 0 ? 0 : 1;
}
