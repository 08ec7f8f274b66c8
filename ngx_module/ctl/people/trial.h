/*
 * Copyright (C) the Pupil authors
 *
 * Trials: who has an account until a day, hears of that, and leaves then.
 */

#ifndef PUPIL_CTL_TRIAL_H
#define PUPIL_CTL_TRIAL_H

#include "core/base/text.h"
#include "core/vault/authentic.h"
#include "ctl/base/ctl.h"


/* In a transaction of the data database: pupilctl work looks at them. */
int ctl_trial_add(ctl_t *ctl, const pupil_uuid_t *subject, int32_t ends,
    pupil_str_t language);

/*
 * In a transaction: the role that is on trial of the row's subject, an end that
 * has passed being one.  1, 0: there is none, or -1 with the error said.
 * Ownership: texts of the row lie in the command's pool.
 */
int ctl_trial_role(ctl_t *ctl, pupil_role_row_t *row);

/* The same: nobody looks at them any more. */
int ctl_trial_delete(ctl_t *ctl, const pupil_uuid_t *subject);

/* A job: those that end soon, and those that have ended. */
int ctl_trials_work(ctl_t *ctl);

/* pupilctl user trial LOGIN DAY. */
int ctl_cmd_user_trial(ctl_t *ctl);

#endif /* PUPIL_CTL_TRIAL_H */
