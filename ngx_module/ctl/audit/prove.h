/*
 * Copyright (C) the Pupil authors
 *
 * What the operator hands out of a sealed log: that an event is in it, that it
 * goes on from what somebody saw, and the key that signs it.
 */

#ifndef PUPIL_CTL_AUDIT_PROVE_H
#define PUPIL_CTL_AUDIT_PROVE_H

#include "ctl/base/ctl.h"


int ctl_cmd_audit_prove(ctl_t *ctl);
int ctl_cmd_audit_consistency(ctl_t *ctl);
int ctl_cmd_audit_key(ctl_t *ctl);

#endif /* PUPIL_CTL_AUDIT_PROVE_H */
