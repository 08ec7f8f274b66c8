/*
 * Copyright (C) the Pupil authors
 *
 * Mail that the operator's command puts in the outbox.
 */

#ifndef PUPIL_CTL_STORE_MAIL_H
#define PUPIL_CTL_STORE_MAIL_H

#include "ctl/base/ctl.h"


/* In the transaction of the data database.  0, or -1 with the error said. */
int ctl_mail_put(ctl_t *ctl, const pupil_uuid_t *subject, const char *kind,
    pupil_str_t language);

#endif /* PUPIL_CTL_STORE_MAIL_H */
