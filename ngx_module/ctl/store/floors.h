/*
 * Copyright (C) the Pupil authors
 *
 * Revocations that cannot be rolled back (invariant I18): floors of subjects
 * in the key store, and what is not finished of raising them.
 *
 *     ctl_revoke_begin(ctl, &subject)
 *     ctl_number_take(ctl, &subject, floor, &to)
 *     ... what is revoked ends, what stays is written under the number ...
 *     ctl_revoke_open(ctl, &subject, &to)
 *     ctl_record_one(...), ctl_commit(ctl->data)
 *     ctl_revoke_finish(ctl, &subject)
 */

#ifndef PUPIL_CTL_FLOORS_H
#define PUPIL_CTL_FLOORS_H

#include "core/vault/floor.h"
#include "ctl/store/authority.h"


/*
 * Commits the transaction of the data database in which the subject was found,
 * finishes what is open of them, and begins one in which nobody else revokes
 * anything of theirs.
 */
int ctl_revoke_begin(ctl_t *ctl, const pupil_uuid_t *subject);

/* In the transaction that revokes: floors will rise to these; 0: not it. */
int ctl_revoke_open(ctl_t *ctl, const pupil_uuid_t *subject,
    const pupil_floors_t *to);

/*
 * Of these subjects, in the transaction that revokes something of what
 * authorises them: what is left is written under the numbers that were taken,
 * to which their floors of authority will rise.  -1 when another command
 * revokes something of them at the same time.
 */
int ctl_revoke_authority(ctl_t *ctl, const ctl_authority_t *list,
    size_t count);

/*
 * Once that is committed: raises the floors and closes the revocation.
 * subject: NULL for all that is open of the tenant, whoever opened it; that
 * goes on record.  -1 also when the data database has not what the run wrote:
 * it does not count then, and is not to be acknowledged.
 */
int ctl_revoke_finish(ctl_t *ctl, const pupil_uuid_t *subject);

/* The floors of a subject, now: what rows have to be written under. */
int ctl_floors_read(ctl_t *ctl, const pupil_uuid_t *subject,
    pupil_floors_t *floors);

/* The same by other columns: a row for each of so many subjects, or -1. */
int ctl_floors_query(ctl_t *ctl, const char *sql, int params_count,
    const char *const *params, int count, PGresult **res);

#endif /* PUPIL_CTL_FLOORS_H */
