/*
 * Copyright (C) the Pupil authors
 *
 * The outbox: mail to staff that others have caused.
 */

#ifndef PUPIL_CTL_MAIL_H
#define PUPIL_CTL_MAIL_H

#include "ctl/base/ctl.h"


/*
 * Of the tenant: sends what is due, where --mail says how, and deletes what is
 * too old.
 */
int ctl_mail_work(ctl_t *ctl);

#endif /* PUPIL_CTL_MAIL_H */
