/*
 * Copyright (C) the Pupil authors
 *
 * Revocations that cannot be rolled back (invariant I18): floors of subjects
 * in the key store, and what is not finished of raising them.
 *
 *     ctl_begin(ctl->data, ...)
 *     ctl_floors_lock(ctl, &subject, &floors)
 *     ... what is revoked ends, what stays is written under floor + 1 ...
 *     ctl_revocation_open(ctl, &revocation)
 *     ctl_record_one(...), ctl_commit(ctl->data)
 *     ctl_revocation_finish(ctl, &revocation)
 */

#ifndef PUPIL_CTL_FLOORS_H
#define PUPIL_CTL_FLOORS_H

#include "core/vault/floor.h"
#include "ctl/base/ctl.h"


typedef struct {
    pupil_uuid_t    id, subject;
    pupil_floors_t  to;         /* 0: this one is not raised */
} ctl_revocation_t;


/*
 * In a transaction of the data database: nobody else writes rows that
 * authorise this subject before it ends.  Finishes what is open of them, so
 * that floors are what a row has to be written under.
 */
int ctl_floors_lock(ctl_t *ctl, const pupil_uuid_t *subject,
    pupil_floors_t *floors);

/* In the transaction that revokes; sets the id. */
int ctl_revocation_open(ctl_t *ctl, ctl_revocation_t *revocation);

/* Once that is committed: raises the floors, and closes the revocation. */
int ctl_revocation_finish(ctl_t *ctl, const ctl_revocation_t *revocation);

#endif /* PUPIL_CTL_FLOORS_H */
