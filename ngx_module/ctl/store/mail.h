/*
 * Copyright (C) the Pupil authors
 *
 * Mail that the operator's command puts in the outbox.
 */

#ifndef PUPIL_CTL_STORE_MAIL_H
#define PUPIL_CTL_STORE_MAIL_H

#include "ctl/base/ctl.h"


/*
 * In the transaction of the data database.  sealed: the address, as it is
 * stored, or empty for the one that is in force when it is sent.  0, or -1 with
 * the error said.
 */
int ctl_mail_put(ctl_t *ctl, const pupil_uuid_t *subject, const char *kind,
    pupil_str_t language, pupil_str_t sealed);

#endif /* PUPIL_CTL_STORE_MAIL_H */
