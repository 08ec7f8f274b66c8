/*
 * Copyright (C) the Pupil authors
 *
 * One run through a sealed log: what sealed.c and the files beside it share.
 */

#ifndef PUPIL_CTL_AUDIT_SEALED_RUN_H
#define PUPIL_CTL_AUDIT_SEALED_RUN_H

#include "ctl/audit/hole.h"
#include "ctl/audit/listed.h"
#include "ctl/audit/sealed.h"
#include "ctl/base/map.h"


/* pupil.audit_subject, as it is read. */
typedef struct {
    PGconn        *conn;        /* its own: others are asked meanwhile */
    ctl_stream_t   stream;
    int            more;        /* there is a next */
    listed_t       next;
    uint64_t       before;      /* leaves of the tree before the batch */
    uint32_t       said;        /* of the batch: a bit for each kind */
} sealed_listed_t;

/* What is sealed of a writer. */
typedef struct {
    uint64_t  writer, number;
} sealed_last_t;

/* What goes on from batch to batch. */
typedef struct {
    sealed_t             *sealed;
    pupil_tiles_t         tiles;        /* of what was gone through */
    pupil_tiles_t         trial;
    alignment_t           alignment;
    uint64_t              batch, events;    /* the last, and up to it */
    pupil_time_t          at;               /* when that was sealed */
    int                   lost;         /* the tree leads nowhere any more */
    pupil_time_t          begun, said;  /* when, and how far it was */

    ctl_map_t             writers;      /* to lasts */
    ctl_pool_t            pool;         /* of the keys of that */
    sequence_list_t       lasts;        /* sealed_last_t */

    listing_t             listing;      /* what should be of a batch */
    sealed_listed_t       listed;

    sequence_list_t       before;       /* hole_t, as the run began */
    sequence_list_t       holes;        /* hole_t, of the key store */
    size_t                hole;         /* the next */
    sequence_list_t       recorded;     /* uint64_t, those on record */

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

/*
 * Under whom events are listed, as the transaction of the run sees it: before
 * the first batch; of a batch that was aligned; behind the last.  0 or -1 with
 * the error said.
 */
int sealed_listed_begin(sealed_run_t *r);
int sealed_listed_check(sealed_run_t *r, const contents_t *contents);
void sealed_listed_end(sealed_run_t *r);
void sealed_listed_close(sealed_run_t *r);

/*
 * What no tree is made of: in the transaction of the run, what is read, and
 * behind the last batch the tiles; of a batch that was aligned, its row.
 */
int sealed_objects_check(sealed_run_t *r);
void sealed_row_check(sealed_run_t *r, const contents_t *contents);
int sealed_tiles_check(sealed_run_t *r);

/*
 * What is missing: before the transaction of the run, of which acknowledgement
 * there has to be a record; in it, before the first batch; of one that was
 * aligned.
 */
int sealed_holes_before(sealed_run_t *r);
int sealed_holes_begin(sealed_run_t *r);
void sealed_holes_check(sealed_run_t *r, const contents_t *contents);
void sealed_holes_close(sealed_run_t *r);

#endif /* PUPIL_CTL_AUDIT_SEALED_RUN_H */
