/*
 * Copyright (C) the Pupil authors
 *
 * What a check found: sentences that say what is wrong and what to do.
 */

#ifndef PUPIL_CTL_FOUND_H
#define PUPIL_CTL_FOUND_H

#include "ctl/check/check.h"


/* Adds a finding; newlines at its end, as libpq writes them, go. */
__attribute__((format(printf, 2, 3)))
void check_found(check_t *check, const char *format, ...);

/* One that belongs to a directive: its place stands before it. */
__attribute__((format(printf, 3, 4)))
void check_found_at(check_t *check, const nginxconf_t *d, const char *format,
    ...);

/* Adds a remark: no finding, and no reason not to reload. */
__attribute__((format(printf, 2, 3)))
void check_remark(check_t *check, const char *format, ...);

/*
 * Prints all of them, remarks on standard error.  CTL_DONE when there are no
 * findings, else CTL_FAILED.
 */
int check_report(const check_t *check);

#endif /* PUPIL_CTL_FOUND_H */
