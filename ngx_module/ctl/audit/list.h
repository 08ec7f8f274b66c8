/*
 * Copyright (C) the Pupil authors
 *
 * The audit log, for the operator.
 */

#ifndef PUPIL_CTL_AUDIT_LIST_H
#define PUPIL_CTL_AUDIT_LIST_H

#include "ctl/base/ctl.h"


int ctl_cmd_audit_list(ctl_t *ctl);

#endif /* PUPIL_CTL_AUDIT_LIST_H */
