/*
 * Copyright (C) the Pupil authors
 *
 * What the operator has accepted of plugins' grants: a text with a line for
 * each grant and field,
 *
 *     category field operation purpose relation [projected]
 *
 * as the database says it (pupil_accepted_sql), and as pupilctl writes it into
 * a file for nginx -t.
 */

#ifndef PUPIL_ACCEPTED_H
#define PUPIL_ACCEPTED_H

#include "core/plugin/loader.h"


/* The first line of the file. */
#define PUPIL_ACCEPTED_HEAD  "pupil-accepted-v1\n"


/*
 * Reads the file at path (absolute), which only root or this process' user
 * may write.  Ownership: text from alloc.  Context: configuration.
 */
pupil_rc_t pupil_accepted_read(const char *path, const pupil_alloc_t *alloc,
    pupil_str_t *text, pupil_error_t *error);

/*
 * Does the category grant nothing that text lacks?  Else PUPIL_INVALID, and in
 * wider the first such grant, in words.  Pure.
 */
pupil_rc_t pupil_accepted_covers(pupil_str_t text,
    const pupil_category_t *category, pupil_error_t *wider);

/* The same, with a sentence that says what to do. */
pupil_rc_t pupil_accepted_check(pupil_str_t text,
    const pupil_category_t *category, pupil_error_t *error);

#endif /* PUPIL_ACCEPTED_H */
