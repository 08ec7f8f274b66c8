/*
 * Copyright (C) the Pupil authors
 *
 * One run through a sealed log: what sealed.c and sealed_anchor.c share.
 */

#ifndef PUPIL_CTL_AUDIT_SEALED_RUN_H
#define PUPIL_CTL_AUDIT_SEALED_RUN_H

#include "ctl/audit/sealed.h"
#include "ctl/base/map.h"


/* What goes on from batch to batch. */
typedef struct {
    sealed_t             *sealed;
    pupil_tiles_t         tiles;        /* of what was gone through */
    pupil_tiles_t         trial;
    alignment_t           alignment;
    uint64_t              batch, events;    /* the last, and up to it */
    int                   lost;         /* the tree leads nowhere any more */
    pupil_time_t          begun, said;  /* when, and how far it was */

    ctl_map_t             writers;      /* to lasts */
    ctl_pool_t            pool;         /* of the keys of that */
    sequence_list_t       lasts;        /* uint64_t: the last number of each */

    anchor_t              anchor;
    pupil_checkpoint_t    anchored;     /* the next of the file */
    size_t                anchored_at;  /* byte */
    int                   anchored_more;
    uint64_t              unanchored;   /* the first batch of these; 0: none */
} sealed_run_t;


/* One more, of which the caller fills in more. */
sealed_finding_t *sealed_find(sealed_t *sealed, sealed_kind_t kind,
    uint64_t batch);

/* Goes on to the next checkpoint that is signed; what is not is said. */
void sealed_anchor_take(sealed_run_t *r);

/* A batch that leads to this root. */
void sealed_anchors_check(sealed_run_t *r, const contents_t *contents,
    const pupil_node_t *root);

/* The last batch was gone through. */
void sealed_anchors_end(sealed_run_t *r);

#endif /* PUPIL_CTL_AUDIT_SEALED_RUN_H */
