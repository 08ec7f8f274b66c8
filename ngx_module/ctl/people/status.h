/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl subject lock, unlock, close, reopen, and user lock, unlock: whether
 * an account may log in.
 */

#ifndef PUPIL_CTL_STATUS_H
#define PUPIL_CTL_STATUS_H

#include "ctl/store/whom.h"


/*
 * In a transaction of the data database, which it ends; the turn is the
 * caller's.  whom: the id and its text.
 */
int ctl_status_close(ctl_t *ctl, ctl_whom_t *whom);

int ctl_cmd_subject_lock(ctl_t *ctl);
int ctl_cmd_subject_unlock(ctl_t *ctl);
int ctl_cmd_subject_close(ctl_t *ctl);
int ctl_cmd_subject_reopen(ctl_t *ctl);

/* By the log-in name alone, as the other commands of a user. */
int ctl_cmd_user_lock(ctl_t *ctl);
int ctl_cmd_user_unlock(ctl_t *ctl);

#endif /* PUPIL_CTL_STATUS_H */
