/*
 * Copyright (C) the Pupil authors
 *
 * Erasure (GDPR article 17): pupilctl subject erase, and what it left open.
 */

#ifndef PUPIL_CTL_ERASE_H
#define PUPIL_CTL_ERASE_H

#include "ctl/store/ledger.h"
#include "ctl/store/whom.h"


int ctl_cmd_subject_erase(ctl_t *ctl);

/*
 * What that does, of whom: their id is set, or --login says it.  Begins a
 * transaction of its own.  0, or -1 with the error said: what was begun is
 * gone on with when it is run again.
 */
int ctl_erase_person(ctl_t *ctl, ctl_whom_t *whom, ctl_ledger_entry_t *entry);

/*
 * All of an erasure that is in the ledger: fences the person, destroys the key,
 * deletes.  Begun anew at any step, it ends the same.  The tenant's keys and
 * the plugins are open.
 */
int ctl_erase(ctl_t *ctl, const ctl_ledger_entry_t *entry);

/*
 * Before anything is erased: neither database was restored, what was begun is
 * finished, the ledger is whole.  The turn is the caller's.
 */
int ctl_erasures_ready(ctl_t *ctl);

/*
 * No import of the tenant writes meanwhile what it has read before the fence.
 * Until the command ends; -1 with the error said, where one is running.
 */
int ctl_erasures_turn(ctl_t *ctl);

/*
 * Goes on with what was begun of the tenant and is not done, unless an import
 * is running.  Opens what it needs, if there is any.  *restored: entries of the
 * ledger that the data database has lost, which are left.
 */
int ctl_erasures_finish(ctl_t *ctl, size_t *restored);

#endif /* PUPIL_CTL_ERASE_H */
