/*
 * Copyright (C) the Pupil authors
 *
 * UNI-Login: STIL's service wsiEKSPORT, version 7, is asked for its small
 * export of each institution that there is an agreement for.
 */

#ifndef PUPIL_CTL_ROSTER_UNILOGIN_H
#define PUPIL_CTL_ROSTER_UNILOGIN_H

#include "ctl/base/ctl.h"


int ctl_cmd_import_unilogin(ctl_t *ctl);

#endif /* PUPIL_CTL_ROSTER_UNILOGIN_H */
