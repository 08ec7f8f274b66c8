/*
 * Copyright (C) the Pupil authors
 *
 * What people are told of what the operator does to their account.
 */

#ifndef PUPIL_CTL_NOTICE_H
#define PUPIL_CTL_NOTICE_H

#include "core/endpoints/notice.h"
#include "ctl/base/ctl.h"


/* In the transaction of the data database.  0, or -1 with the error said. */
int ctl_notice(ctl_t *ctl, const pupil_uuid_t *subject, const char *kind);

#endif /* PUPIL_CTL_NOTICE_H */
