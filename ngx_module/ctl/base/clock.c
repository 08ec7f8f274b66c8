/*
 * Copyright (C) the Pupil authors
 *
 * What time it is.
 */

#include <time.h>

#include "core/base/time.h"
#include "ctl/base/clock.h"


pupil_time_t
ctl_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_REALTIME, &ts);

    return (pupil_time_t) ts.tv_sec * PUPIL_TIME_SECOND + ts.tv_nsec / 1000;
}


int64_t
ctl_seconds(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec;
}
