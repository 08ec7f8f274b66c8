/*
 * Copyright (C) the Pupil authors
 *
 * What makes an account that no roster has.
 */

#ifndef PUPIL_CTL_ACCOUNT_H
#define PUPIL_CTL_ACCOUNT_H

#include "ctl/store/owners.h"


typedef struct {
    const char   *field;
    pupil_str_t   clear;        /* empty: there is none */
} ctl_account_value_t;


/*
 * In a transaction of the data database.  Whether somebody logs in with this
 * name, whatever it is to them: 1, 0 or -1.
 */
int ctl_account_named(ctl_t *ctl, const char *login);

/* The record of a category of which an owner has one, sealed. */
int ctl_account_values(ctl_t *ctl, const ctl_owner_t *owner,
    const char *category, const char *source,
    const ctl_account_value_t *values, size_t count);

#endif /* PUPIL_CTL_ACCOUNT_H */
