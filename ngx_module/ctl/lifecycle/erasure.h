/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl erasure key, verify: the key that signs the erasure ledger and its
 * receipts, and who holds them against it.
 */

#ifndef PUPIL_CTL_ERASURE_H
#define PUPIL_CTL_ERASURE_H

#include "ctl/base/ctl.h"


int ctl_cmd_erasure_key(ctl_t *ctl);
int ctl_cmd_erasure_verify(ctl_t *ctl);

#endif /* PUPIL_CTL_ERASURE_H */
