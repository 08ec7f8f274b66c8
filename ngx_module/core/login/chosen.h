/*
 * Copyright (C) the Pupil authors
 *
 * Which passwords somebody may choose, as NIST SP 800-63B-4 has it (3.1.1.2):
 * they are long, they are none that everybody tries first, and what they are
 * made of is nobody's business.
 */

#ifndef PUPIL_CHOSEN_H
#define PUPIL_CHOSEN_H

#include "core/base/pupil.h"


#define PUPIL_CHOSEN_LENGTH  15     /* characters, of the only factor */


typedef struct {
    pupil_str_t  common;        /* the lines of pupil_common_read() */
    uint32_t     length;        /* characters at least */
} pupil_chosen_t;


/*
 * Reads a list of common passwords: a line each, no capitals of ASCII, sorted
 * by bytes, none twice; behind lines that are "#" or begin with "# ".  path:
 * absolute.  Ownership: lines from alloc.  Context: configuration.
 */
pupil_rc_t pupil_common_read(const char *path, const pupil_alloc_t *alloc,
    pupil_str_t *lines, pupil_error_t *error);

/* Is it one of them, whatever the case of its ASCII letters?  Pure. */
int pupil_common_has(pupil_str_t lines, pupil_str_t password);

/*
 * The rule that a password breaks, static, or NULL.  names: what its owner logs
 * in with, count of them; without data where there is none.  Pure.
 */
const char *pupil_chosen_breaks(const pupil_chosen_t *rules,
    pupil_str_t password, const pupil_str_t *names, uint32_t count);

#endif /* PUPIL_CHOSEN_H */
