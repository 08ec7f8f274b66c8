/*
 * Copyright (C) the Pupil authors
 */

#ifndef PUPIL_CTL_VERIFY_H
#define PUPIL_CTL_VERIFY_H

#include "ctl/base/ctl.h"


int ctl_cmd_audit_verify(ctl_t *ctl);

#endif /* PUPIL_CTL_VERIFY_H */
