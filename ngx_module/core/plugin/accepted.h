/*
 * Copyright (C) the Pupil authors
 *
 * What the operator has accepted of plugins' grants: a text with a line for
 * each grant and field,
 *
 *     category field operation purpose relation [projected]
 *
 * as the database says it (pupil_accepted_sql), and as pupilctl writes it into
 * a file for nginx -t, plugin by plugin: there the database has no word.
 */

#ifndef PUPIL_ACCEPTED_H
#define PUPIL_ACCEPTED_H

#include "core/plugin/loader.h"


/* The first line of the file. */
#define PUPIL_ACCEPTED_HEAD  "pupil-accepted-v1\n"

/* Bytes that a line needs, with its NUL. */
#define PUPIL_ACCEPTED_LINE  (2 * PUPIL_MAX_NAME + 128)


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

/*
 * The line, without its end, of a field of a grant; returns its length, below
 * PUPIL_ACCEPTED_LINE.  Pure.
 */
size_t pupil_accepted_line(char line[PUPIL_ACCEPTED_LINE],
    const pupil_plugin_t *plugin, const pupil_grant_t *grant,
    pupil_str_t field);

#endif /* PUPIL_ACCEPTED_H */
