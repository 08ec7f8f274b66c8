/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl tenant export: all that is held of a tenant, to be handed back at
 * the end of a contract (GDPR article 28(3)(g)).
 */

#ifndef PUPIL_CTL_EXPORT_H
#define PUPIL_CTL_EXPORT_H

#include "ctl/base/ctl.h"


int ctl_cmd_tenant_export(ctl_t *ctl);

#endif /* PUPIL_CTL_EXPORT_H */
