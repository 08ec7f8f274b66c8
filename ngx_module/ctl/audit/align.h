/*
 * Copyright (C) the Pupil authors
 *
 * Events held against the leaves that were sealed.  How many leaves an event
 * had that is not what it was is not known: so where one does not fit, the next
 * that does is looked for.
 */

#ifndef PUPIL_CTL_AUDIT_ALIGN_H
#define PUPIL_CTL_AUDIT_ALIGN_H

#include "ctl/audit/contents.h"
#include "ctl/store/audit_log.h"


/* What an event is, held against its leaves. */
typedef enum {
    ALIGN_SAME = 0,
    ALIGN_DECLARED,             /* sealed as absent, declared */
    ALIGN_MISSING,              /* sealed as absent */
    ALIGN_OTHER,                /* none of its leaves is there */
    ALIGN_GONE                  /* by retention: its leaves alone are there */
} align_t;

typedef struct {
    align_t   as;               /* how it was sealed */
    uint64_t  first, count;     /* its leaves, from the batch's first on */
} aligned_t;

/* Of a batch. */
typedef struct {
    sequence_list_t  sealed;    /* pupil_node_t: of the tiles */
    sequence_list_t  made;      /* pupil_node_t: from the records */
    sequence_list_t  events;    /* aligned_t, as those of the batch */
    uint64_t         others;    /* events of which none is there */
} alignment_t;


/* sealed: the caller's. */
void align(alignment_t *alignment, const audit_log_t *log,
    const contents_t *contents);

/* The same of a batch that is gone by retention. */
void align_gone(alignment_t *alignment, const contents_t *contents);

/* Empty again, its memory kept. */
void align_reset(alignment_t *alignment);

void align_free(alignment_t *alignment);

#endif /* PUPIL_CTL_AUDIT_ALIGN_H */
