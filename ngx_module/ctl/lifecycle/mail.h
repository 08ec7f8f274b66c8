/*
 * Copyright (C) the Pupil authors
 *
 * The outbox: mail to staff that others have caused.
 */

#ifndef PUPIL_CTL_MAIL_H
#define PUPIL_CTL_MAIL_H

#include "ctl/base/ctl.h"


/*
 * How far a run goes, of a clock that only runs on: for all tenants that it
 * has, and with --follow for the rounds behind this one.
 */
typedef struct {
    int64_t  until;             /* no mail is begun behind this; 0: all are */
    int64_t  again;             /* the relay took none: no sooner than this */
} ctl_mail_turn_t;


/*
 * Of the tenant: sends what is due, where --mail says how, and deletes what is
 * too old.
 */
int ctl_mail_work(ctl_t *ctl, ctl_mail_turn_t *turn);

#endif /* PUPIL_CTL_MAIL_H */
