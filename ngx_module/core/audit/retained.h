/*
 * Copyright (C) the Pupil authors
 *
 * How far a log is gone by retention, as the text of a signed note.  It names
 * the log and is no checkpoint of it.
 */

#ifndef PUPIL_RETAINED_H
#define PUPIL_RETAINED_H

#include "core/audit/note.h"
#include "core/base/time.h"


/* Bytes of the text, with NUL. */
#define PUPIL_RETAINED_SIZE  (PUPIL_NOTE_NAME_MAX + 160)


typedef struct {
    uint64_t  batch;            /* the last that is gone */
    uint64_t  events, leaves;   /* up to it */
    uint64_t  before;           /* seconds: nothing from then on is gone */
} pupil_retained_t;


/* The text, NUL-terminated.  origin: the log's. */
void pupil_retained_format(const char *origin, const pupil_retained_t *retained,
    char out[PUPIL_RETAINED_SIZE]);

/* PUPIL_INVALID: it is none of this log. */
pupil_rc_t pupil_retained_parse(pupil_str_t text, const char *origin,
    pupil_retained_t *retained);

#endif /* PUPIL_RETAINED_H */
