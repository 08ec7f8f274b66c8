/*
 * Copyright (C) the Pupil authors
 *
 * What time it is.
 */

#ifndef PUPIL_CTL_CLOCK_H
#define PUPIL_CTL_CLOCK_H

#include "core/base/pupil.h"


pupil_time_t ctl_now(void);

/* Of a clock that only runs on: what is waited for. */
int64_t ctl_seconds(void);

#endif /* PUPIL_CTL_CLOCK_H */
