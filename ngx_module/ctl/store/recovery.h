/*
 * Copyright (C) the Pupil authors
 *
 * Recovery: a closed account is read by nobody and can be opened again, until
 * it is erased.  Both databases know; the stricter is in force, so that whoever
 * is killed between the two leaves a recovery, and the same command again
 * finishes.
 */

#ifndef PUPIL_CTL_RECOVERY_H
#define PUPIL_CTL_RECOVERY_H

#include "ctl/store/whom.h"


#define CTL_RECOVERY_DAYS  365  /* at most */

/*
 * SQL: of what was closed before that, by a row k of keystore.owner_key,
 * recovery is over.  most: the parameter that has CTL_RECOVERY_DAYS.
 */
#define CTL_RECOVERY_SINCE(most)                                              \
    "(now() - least(" most "::integer, (SELECT r.days FROM"                   \
    " keystore.retention AS r WHERE r.tenant = k.tenant AND r.name ="         \
    " 'recovery')) * interval '1 day')"


/* In the data database's transaction that closes, or opens, the account. */
int ctl_recovery_note(ctl_t *ctl, const ctl_whom_t *whom);
int ctl_recovery_back(ctl_t *ctl, const ctl_whom_t *whom);

/* Once that is committed: in the key store, which tells all workers. */
int ctl_recovery_begin(ctl_t *ctl, const ctl_whom_t *whom);
int ctl_recovery_end(ctl_t *ctl, const ctl_whom_t *whom);

/* By the key store: 1, 0, or -1 with the error said. */
int ctl_recovery_over(ctl_t *ctl, const ctl_whom_t *whom);

#endif /* PUPIL_CTL_RECOVERY_H */
