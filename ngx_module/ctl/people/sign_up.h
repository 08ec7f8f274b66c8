/*
 * Copyright (C) the Pupil authors
 *
 * Who signed up: what a worker wrote of them, and the account that is made of
 * it, by whoever may.
 */

#ifndef PUPIL_CTL_SIGN_UP_H
#define PUPIL_CTL_SIGN_UP_H

#include "core/login/sign_up.h"
#include "core/vault/authentic.h"
#include "ctl/base/ctl.h"


/* The role's, and its account's: where it came from. */
#define CTL_SIGN_UP_SOURCE  "sign-up"

/* A row.  Ownership: in pool; said is to be zeroed. */
typedef struct {
    pupil_sign_up_row_t  row;
    pupil_sign_up_t      said;
    pupil_str_t          mac;
    uint8_t             *room;      /* PUPIL_SIGN_UP_SEALED */
} ctl_sign_up_t;


/*
 * In a transaction of the data database.  1; 0: there is none, or *why it is
 * none; or -1 with the error said.
 */
int ctl_sign_up_read(ctl_t *ctl, ctl_pool_t *pool, const pupil_uuid_t *subject,
    ctl_sign_up_t *sign_up, const char **why);
void ctl_sign_up_wipe(ctl_sign_up_t *sign_up);

/* Jobs: accounts of those who have confirmed; what nobody has, goes. */
int ctl_sign_ups_make(ctl_t *ctl);
int ctl_sign_ups_forget(ctl_t *ctl);

#endif /* PUPIL_CTL_SIGN_UP_H */
