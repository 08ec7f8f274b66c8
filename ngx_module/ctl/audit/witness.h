/*
 * Copyright (C) the Pupil authors
 *
 * For others than the operator, without a database: whether a proof proves, and
 * the witness, who signs that a log goes on from what it has signed before.
 */

#ifndef PUPIL_CTL_AUDIT_WITNESS_H
#define PUPIL_CTL_AUDIT_WITNESS_H

#include "ctl/base/ctl.h"


int ctl_cmd_audit_verify_proof(ctl_t *ctl);
int ctl_cmd_audit_witness(ctl_t *ctl);
int ctl_cmd_audit_witness_key(ctl_t *ctl);

#endif /* PUPIL_CTL_AUDIT_WITNESS_H */
