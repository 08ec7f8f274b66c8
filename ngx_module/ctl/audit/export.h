/*
 * Copyright (C) the Pupil authors
 */

#ifndef PUPIL_CTL_AUDIT_EXPORT_H
#define PUPIL_CTL_AUDIT_EXPORT_H

#include "ctl/base/ctl.h"


int ctl_cmd_audit_export(ctl_t *ctl);

#endif /* PUPIL_CTL_AUDIT_EXPORT_H */
