/*
 * Copyright (C) the Pupil authors
 *
 * Controllers.
 */

#ifndef PUPIL_CTL_TENANT_H
#define PUPIL_CTL_TENANT_H

#include "ctl/base/ctl.h"


/* Is it a name that a tenant can have?  0, or -1 with the error said. */
int ctl_tenant_check(const char *name);

/*
 * Repeatable: keys that a tenant lacks are made.  The databases, plugins and
 * key file are open.
 */
int ctl_tenant_create(ctl_t *ctl, const char *name);

int ctl_cmd_tenant_add(ctl_t *ctl);
int ctl_cmd_tenant_list(ctl_t *ctl);

#endif /* PUPIL_CTL_TENANT_H */
