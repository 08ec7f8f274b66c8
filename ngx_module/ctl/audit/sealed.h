/*
 * Copyright (C) the Pupil authors
 *
 * Whether the log is what was sealed (invariant I9): its leaves are made anew
 * from the records, held against the tiles, and their tree against the
 * checkpoints of the database and of the file outside.  In the order of
 * batches, with the memory of one.
 */

#ifndef PUPIL_CTL_AUDIT_SEALED_H
#define PUPIL_CTL_AUDIT_SEALED_H

#include "ctl/audit/align.h"
#include "ctl/audit/anchor.h"
#include "ctl/audit/sequence.h"
#include "ctl/audit/tree.h"
#include "ctl/store/audit_log.h"


typedef enum {
    SEALED_ALTERED = 0,         /* a record is not what was sealed */
    SEALED_REMOVED,             /* or is not there */
    SEALED_SUPPRESSED,          /* it was not there when others were sealed */
    SEALED_LATE,                /* and is there now */
    SEALED_BATCH,               /* rows of batches do not follow each other */
    SEALED_RANGE,               /* nor a writer's numbers in them */
    SEALED_WRITER,              /* what is sealed of a writer is another */
    SEALED_TILE,                /* a tile is not that of the tree */
    SEALED_ROOT,                /* the tree is not that of the checkpoint */
    SEALED_CHECKPOINT,          /* not signed by its key alone */
    SEALED_ANCHOR,              /* one of the file is not of this log */
    SEALED_UNANCHORED,          /* the file lacks one */
    SEALED_TRUNCATED,           /* the file has more than the log */
    SEALED_KEY,                 /* the key is not the one that was pinned */
    SEALED_UNLISTED,            /* somebody whom it is about does not find it */
    SEALED_LISTED,              /* or somebody does whom it is not about */
    SEALED_RETAINED,            /* nobody signed that it is gone */
    SEALED_HOLE,                /* nobody has to acknowledge what is missing */
    SEALED_OBJECT,              /* what it is read through was changed */
    SEALED_COUNT
} sealed_kind_t;

typedef struct {
    sealed_kind_t  kind;
    uint64_t       batch;
    uint64_t       event;
    uint64_t       writer, first, last;     /* numbers */
    uint64_t       level, index;            /* of a tile */
    uint64_t       size;                    /* leaves */
    uint64_t       byte;                    /* of the file */
    int            absent;                  /* nothing, if it was declared */
    const char    *what;                    /* of an object, in ctl's pool */
} sealed_finding_t;

typedef struct {
    ctl_t            *ctl;
    audit_log_t       log;
    pupil_note_key_t  key;              /* that counts: pinned, or the log's */
    retained_t        retained;         /* what is gone by its time */
    sequence_list_t   findings;         /* sealed_finding_t */
    uint64_t          batches, events, leaves;
    uint64_t          anchors;          /* checkpoints of the file */
    pupil_time_t      took;
} sealed_t;


/*
 * The keys of ctl's tenant are open.  ended: it has none any more, so that its
 * leaves are taken as they are, and their tree is held against checkpoints of
 * the key of --vkey.  0 or -1 with the error said.
 */
int sealed_verify(sealed_t *sealed, ctl_t *ctl, const char *ended);

/* Takes back what was found of numbers that are declared absent. */
void sealed_declared(sealed_t *sealed, const sequence_t *sequence);

/* In a second. */
uint64_t audit_rate(uint64_t count, pupil_time_t time);

json_t *sealed_json(const sealed_finding_t *finding);
void sealed_print(const sealed_finding_t *finding);

void sealed_free(sealed_t *sealed);

#endif /* PUPIL_CTL_AUDIT_SEALED_H */
