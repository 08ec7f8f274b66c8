/*
 * Copyright (C) the Pupil authors
 */

#ifndef PUPIL_CTL_AUDIT_INDEX_H
#define PUPIL_CTL_AUDIT_INDEX_H

#include "ctl/base/ctl.h"


int ctl_cmd_audit_index(ctl_t *ctl);

#endif /* PUPIL_CTL_AUDIT_INDEX_H */
