/*
 * Copyright (C) the Pupil authors
 *
 * Between C's strings and the types of core.
 */

#ifndef PUPIL_CTL_TEXT_H
#define PUPIL_CTL_TEXT_H

#include "core/base/pupil.h"


/* Ownership: stays with text. */
pupil_str_t ctl_str(const char *text);

/* What a word of so many has at its end. */
const char *ctl_plural(size_t n);

/* Returns out, NUL-terminated. */
const char *ctl_uuid_text(const pupil_uuid_t *uuid,
    char out[PUPIL_UUID_TEXT_LEN + 1]);

/* 0, or -1 for what is no lower-case UUID. */
int ctl_uuid_parse(const char *text, pupil_uuid_t *out);

#endif /* PUPIL_CTL_TEXT_H */
