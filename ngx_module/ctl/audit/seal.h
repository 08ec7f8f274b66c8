/*
 * Copyright (C) the Pupil authors
 */

#ifndef PUPIL_CTL_AUDIT_SEAL_H
#define PUPIL_CTL_AUDIT_SEAL_H

#include "ctl/base/ctl.h"


int ctl_cmd_audit_seal(ctl_t *ctl);

#endif /* PUPIL_CTL_AUDIT_SEAL_H */
