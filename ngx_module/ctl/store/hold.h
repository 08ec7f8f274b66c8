/*
 * Copyright (C) the Pupil authors
 *
 * Legal holds, in the key store, and whose records are kept by retention.
 */

#ifndef PUPIL_CTL_HOLD_H
#define PUPIL_CTL_HOLD_H

#include "ctl/base/ctl.h"


/*
 * Whose records retention keeps: who is held, and who is restricted by either
 * database, or was before the account was closed.
 */
typedef struct {
    const char  *ids;           /* the literal of an array of UUIDs */
    int          restricted;    /* of them */
} ctl_kept_t;


/*
 * By which reference a person is held, *reference, or NULL; subject: the id.
 * Ownership: the command's pool.  The key store is open.
 */
int ctl_hold_read(ctl_t *ctl, const char *subject, const char **reference);

/* Holds, or with NULL releases. */
int ctl_hold_write(ctl_t *ctl, const char *subject, const char *reference);

/*
 * All whose records are kept.  Both databases are open.  Ownership: the
 * command's pool.
 */
int ctl_kept_read(ctl_t *ctl, ctl_kept_t *kept);

/* Whose hold was said so many days ago; NULL with the error said. */
PGresult *ctl_hold_over(ctl_t *ctl, int days);

#endif /* PUPIL_CTL_HOLD_H */
