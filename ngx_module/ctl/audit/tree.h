/*
 * Copyright (C) the Pupil authors
 *
 * The tree of a sealed log, as the data database has it.
 */

#ifndef PUPIL_CTL_AUDIT_TREE_H
#define PUPIL_CTL_AUDIT_TREE_H

#include "core/audit/tiles.h"
#include "ctl/audit/sequence.h"
#include "ctl/base/array.h"
#include "ctl/store/audit_log.h"


/* Of tiles, side by side. */
enum {
    STORED_LEVELS = 0,
    STORED_INDEXES,
    STORED_HASHES,
    STORED_COUNT
};

typedef struct {
    uint64_t       batch;       /* the last; 0: nothing is sealed */
    uint64_t       events;      /* sealed */
    pupil_time_t   until;       /* of its records, in the last batch */
    pupil_tiles_t  tiles;

    ctl_array_t    stored[STORED_COUNT];    /* tiles that are to be */
} audit_tree_t;


/*
 * Reads where the log ends, in a transaction; what is there has to lead to its
 * last checkpoint.  0, or -1 with the error said.  audit_tree_close() in either
 * case.
 */
int audit_tree_open(audit_tree_t *tree, const audit_log_t *log);

void audit_tree_add(audit_tree_t *tree, const pupil_node_t *leaf);

/* What was added, in the same transaction. */
int audit_tree_store(audit_tree_t *tree, ctl_t *ctl);

void audit_tree_close(audit_tree_t *tree);


/*
 * As pupil_tile_source_t wants it, of the tenant of a transaction of ctx, a
 * ctl_t.  PUPIL_NOT_FOUND: less than that is there; PUPIL_FAILED with the error
 * said.
 */
pupil_rc_t audit_tile_read(void *ctx, pupil_tile_t *tile);

/*
 * Adds the hashes of leaves, pupil_node_t, from one up to another that is not
 * read; of what is not there zeros, which no leaf has, or less, if it is much.
 */
int audit_leaves_read(ctl_t *ctl, uint64_t from, uint64_t to,
    sequence_list_t *leaves);

#endif /* PUPIL_CTL_AUDIT_TREE_H */
