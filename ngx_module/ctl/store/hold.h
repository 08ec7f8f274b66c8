/*
 * Copyright (C) the Pupil authors
 *
 * Legal holds, in the key store; and that whatever is held, restricted or
 * suspended is said to be so when nothing goes any more.
 */

#ifndef PUPIL_CTL_HOLD_H
#define PUPIL_CTL_HOLD_H

#include "ctl/base/ctl.h"


/*
 * By which reference a person is held, *reference, or NULL; subject: the id.
 * Ownership: the command's pool.  The key store is open.
 */
int ctl_hold_read(ctl_t *ctl, const char *subject, const char **reference);

/*
 * Holds, or with NULL releases.  Nobody, in a tenant whose end has begun.  Like
 * the next, it leaves the transaction of the key store open, to be committed
 * once this is on record: nobody changes this hold before.
 */
int ctl_hold_write(ctl_t *ctl, const char *subject, const char *reference);

/* 1: releases whose hold was said so many days ago; 0, or -1. */
int ctl_hold_expire(ctl_t *ctl, const char *subject, int days);

/*
 * Of whoever takes away, in the transaction of the data database that does it:
 * what is committed before this is read after it, and what is committed later
 * waits for the end of the transaction to be said.
 */
int ctl_hold_watch(ctl_t *ctl);

/* Of whoever held, once that is committed. */
int ctl_hold_settle(ctl_t *ctl);

/* Whose hold was said so many days ago; NULL with the error said. */
PGresult *ctl_hold_over(ctl_t *ctl, int days);

#endif /* PUPIL_CTL_HOLD_H */
