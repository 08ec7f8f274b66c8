/*
 * Copyright (C) the Pupil authors
 *
 * What pupilctl says of an erasure that is done.
 */

#ifndef PUPIL_CTL_RECEIPT_H
#define PUPIL_CTL_RECEIPT_H

#include "ctl/store/ledger.h"


/* --key-backup-days is a number of days, or not given. */
int ctl_receipt_check(const ctl_t *ctl);

/* Prints the receipt, with --ledger as a signed note. */
int ctl_receipt_tell(ctl_t *ctl, const ctl_ledger_entry_t *entry);

#endif /* PUPIL_CTL_RECEIPT_H */
