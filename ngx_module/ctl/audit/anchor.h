/*
 * Copyright (C) the Pupil authors
 *
 * The file of a log's checkpoints, outside of the database: notes, one after
 * the other, each followed by an empty line.  The sealer alone writes it.
 */

#ifndef PUPIL_CTL_AUDIT_ANCHOR_H
#define PUPIL_CTL_AUDIT_ANCHOR_H

#include "core/audit/note.h"
#include "ctl/base/ctl.h"


#define ANCHOR_PATH_SIZE  1024

/* A file that is mapped; there may be years of checkpoints in it. */
typedef struct {
    char         path[ANCHOR_PATH_SIZE];
    void        *map;           /* NULL: there is nothing in it */
    pupil_str_t  whole;
    pupil_str_t  rest;          /* not read yet */
} anchor_t;


/* --checkpoints is a folder; -1 with the error said. */
int anchor_folder(const ctl_t *ctl);

/* That of ctl's tenant below --checkpoints; one that is not there is empty. */
int anchor_open(anchor_t *anchor, ctl_t *ctl);

/*
 * The next note.  PUPIL_NOT_FOUND: the end; PUPIL_INVALID: what comes is none.
 */
pupil_rc_t anchor_next(anchor_t *anchor, pupil_note_t *note);

/* Where the last note that was read ends, bytes from the beginning. */
size_t anchor_at(const anchor_t *anchor);

void anchor_close(anchor_t *anchor);

/*
 * Adds a note, on the disk when this returns 0.  at: where the last whole one
 * ends: less than a note behind it was begun by somebody who was killed.  -1
 * with the error said, and nothing changed, where the file is another, as its
 * disk went away, or has more, as another sealer is at work.
 */
int anchor_append(const char *path, size_t at, const char *note);

#endif /* PUPIL_CTL_AUDIT_ANCHOR_H */
