/*
 * Copyright (C) the Pupil authors
 *
 * Where somebody is logged in, and the end of it there.
 */

#ifndef PUPIL_CTL_SESSIONS_H
#define PUPIL_CTL_SESSIONS_H

#include "ctl/base/ctl.h"


int ctl_cmd_user_sessions(ctl_t *ctl);
int ctl_cmd_tenant_sessions(ctl_t *ctl);

#endif /* PUPIL_CTL_SESSIONS_H */
