/*
 * Copyright (C) the Pupil authors
 *
 * The sources of a tenant, and how their imports ended.
 */

#ifndef PUPIL_CTL_ROSTER_SOURCES_H
#define PUPIL_CTL_ROSTER_SOURCES_H

#include "ctl/roster/roster.h"


/* 0, or -1 with the error said: a roster's source cannot be called that. */
int roster_source_check(const char *option, const char *source);

/*
 * How a run ended: "done", "held" or "failed", by which plan what is held can
 * be accepted, and of what it was, or NULL: see input.h.  Returns -1 with the
 * error said.
 */
int roster_source_ran(const roster_t *roster, const char *format,
    const char *ended, const uint8_t *input);

/* What a timer asks for is as its last good run has it. */
int roster_source_good(ctl_t *ctl, const char *source);

/* No timer imports it any more. */
int roster_source_unsynced(ctl_t *ctl, const char *source);

/* What was told of one is told of another. */
int roster_source_rename(ctl_t *ctl, const char *from, const char *to);

#endif /* PUPIL_CTL_ROSTER_SOURCES_H */
