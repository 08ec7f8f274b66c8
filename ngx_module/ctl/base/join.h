/*
 * Copyright (C) the Pupil authors
 *
 * Rows of a result, each to the item of a list that its first column names.
 */

#ifndef PUPIL_CTL_JOIN_H
#define PUPIL_CTL_JOIN_H

#include <libpq-fe.h>

#include "ctl/base/map.h"


/* Zeroed but for key_len; freed by ctl_join_free(). */
typedef struct {
    ctl_map_t  map;
    size_t     key_len;     /* PUPIL_UUID_LEN: a uuid; else a bytea of that
                               many bytes */
} ctl_join_t;

/* A row of the item with this index.  0, or -1 with the error said. */
typedef int (*ctl_join_pt)(void *ctx, uint32_t index, const PGresult *res,
    int row);


/* Ownership: key stays the caller's, and outlives the join. */
void ctl_join_add(ctl_join_t *join, const uint8_t *key, uint32_t index);

/*
 * Calls each() for each row whose first column is a key that was added; rows
 * of other keys are passed over.  Ends with the first -1, and returns it; a
 * first column that is no key at all is one, too.
 */
int ctl_join_rows(const ctl_join_t *join, const PGresult *res,
    ctl_join_pt each, void *ctx);

void ctl_join_free(ctl_join_t *join);

#endif /* PUPIL_CTL_JOIN_H */
