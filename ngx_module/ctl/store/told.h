/*
 * Copyright (C) the Pupil authors
 *
 * What people are told of at once, by a notice and where they are staff by
 * mail.
 */

#ifndef PUPIL_CTL_STORE_TOLD_H
#define PUPIL_CTL_STORE_TOLD_H

#include "ctl/base/ctl.h"


/*
 * There is another name that somebody logs in with.  In the transaction of the
 * data database.  0, or -1 with the error said.
 */
int ctl_told_name(ctl_t *ctl, const pupil_uuid_t *subject);

#endif /* PUPIL_CTL_STORE_TOLD_H */
