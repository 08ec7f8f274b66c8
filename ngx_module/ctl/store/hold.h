/*
 * Copyright (C) the Pupil authors
 *
 * Legal holds, in the key store.
 */

#ifndef PUPIL_CTL_HOLD_H
#define PUPIL_CTL_HOLD_H

#include "ctl/base/ctl.h"


/*
 * By which reference a person is held, *reference, or NULL; subject: the id.
 * Ownership: the command's pool.  The key store is open.
 */
int ctl_hold_read(ctl_t *ctl, const char *subject, const char **reference);

/* Holds, or with NULL releases. */
int ctl_hold_write(ctl_t *ctl, const char *subject, const char *reference);

/* All who are held, the literal of an array.  Ownership: the command's pool. */
int ctl_hold_all(ctl_t *ctl, const char **held);

/* Whose hold was said so many days ago; NULL with the error said. */
PGresult *ctl_hold_over(ctl_t *ctl, int days);

#endif /* PUPIL_CTL_HOLD_H */
