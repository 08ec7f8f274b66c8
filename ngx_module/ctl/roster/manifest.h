/*
 * Copyright (C) the Pupil authors
 *
 * A file of a roster that says which of the others are there, and whether they
 * are whole.
 */

#ifndef PUPIL_CTL_ROSTER_MANIFEST_H
#define PUPIL_CTL_ROSTER_MANIFEST_H

#include "ctl/roster/format.h"


/* What a manifest says of a file. */
typedef enum {
    ROSTER_SAID_NOTHING = 0,
    ROSTER_SAID_BULK,
    ROSTER_SAID_DELTA,
    ROSTER_SAID_ABSENT
} roster_said_t;

typedef struct {
    const roster_format_t  *format;
    roster_said_t           said[ROSTER_FILES];     /* as format->files */
} roster_manifest_t;


/*
 * File i of the source; it says nothing where that is behind the last one.
 * Returns -1 with the error said.
 */
int roster_manifest_read(const roster_format_t *format, csv_source_t *source,
    unsigned i, roster_manifest_t *manifest);

#endif /* PUPIL_CTL_ROSTER_MANIFEST_H */
