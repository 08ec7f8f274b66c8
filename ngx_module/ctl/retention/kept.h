/*
 * Copyright (C) the Pupil authors
 *
 * What retention leaves alone: people and categories.
 */

#ifndef PUPIL_CTL_RETENTION_KEPT_H
#define PUPIL_CTL_RETENTION_KEPT_H

#include "ctl/base/ctl.h"


/* Days: what will go is shown for them, and a confirmation is good. */
#define CTL_RETENTION_AHEAD  30

/*
 * Of a tenant, as it was read.  People: who is held, and who is restricted by
 * either database, or was before the account was closed.  Ownership: ours, see
 * ctl_kept_free(); all zero is of nothing.
 */
typedef struct {
    PGresult    *res;           /* in which people are */
    const char  *people;        /* the literal of an array of UUIDs */
    int          restricted;    /* of them */
    json_t      *categories;    /* { category: reference } */
} ctl_kept_t;


/* Both databases are open, and no transaction is begun. */
int ctl_kept_read(ctl_t *ctl, ctl_kept_t *kept);

/*
 * In the transaction of the data database that takes something away, before it
 * commits: whoever holds something waits for its end from here on, and what was
 * held before is in kept.
 */
int ctl_kept_now(ctl_t *ctl, ctl_kept_t *kept);

/*
 * Commits what was decided by kept.  1: that is not so any more, as somebody
 * has held something meanwhile; kept is what there is now, and it has to be
 * decided anew.
 */
int ctl_kept_commit(ctl_t *ctl, ctl_kept_t *kept);

void ctl_kept_free(ctl_kept_t *kept);

#endif /* PUPIL_CTL_RETENTION_KEPT_H */
