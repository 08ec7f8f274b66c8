/*
 * Copyright (C) the Pupil authors
 *
 * What mail says: no name, no address, nothing that a category holds.
 */

#ifndef PUPIL_CTL_LETTERS_H
#define PUPIL_CTL_LETTERS_H

#include "core/base/pupil.h"


typedef struct {
    const char  *kind, *language;   /* of the row in the outbox */
    const char  *subject;           /* RFC 2047, as header fields are ASCII */
    int64_t      seconds;           /* it counts */
    unsigned     link:1;            /* a link goes between text and after */
    unsigned     code:1;            /* or a code */
    unsigned     old:1;             /* to an address that is sealed with it */
    const char  *text;              /* UTF-8 */
    const char  *after;
} ctl_letter_t;


/* NULL: there is none such. */
const ctl_letter_t *ctl_letter_find(pupil_str_t kind, pupil_str_t language);

#endif /* PUPIL_CTL_LETTERS_H */
