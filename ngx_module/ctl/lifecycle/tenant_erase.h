/*
 * Copyright (C) the Pupil authors
 *
 * The end of a tenant, or its move, once that is in the erasure ledger.
 */

#ifndef PUPIL_CTL_TENANT_ERASE_H
#define PUPIL_CTL_TENANT_ERASE_H

#include "ctl/store/ledger.h"


/*
 * All of it: a copy of each entry that the data database lacks, the keys, the
 * rows; of a move no worker is given the keys any more, and the rows stay.
 * Begun anew at any step, it ends the same.  It is on record while the tenant
 * has keys, for which the key file and the plugins are opened.
 */
int ctl_tenant_erase(ctl_t *ctl, const ctl_ledger_entry_t *entry);

/*
 * The same, of a tenant that ends now: no key goes before what is on record of
 * it is sealed, which nothing is on a database that was restored.
 */
int ctl_tenant_end(ctl_t *ctl, const ctl_ledger_entry_t *entry);

/* 1 where nothing of it is left to be done; 0, or -1. */
int ctl_tenant_erased(ctl_t *ctl, const ctl_ledger_entry_t *entry);

#endif /* PUPIL_CTL_TENANT_ERASE_H */
