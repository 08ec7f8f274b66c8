/*
 * Copyright (C) the Pupil authors
 *
 * What authorises a subject in the data database, written anew under another
 * number when part of it is revoked (invariant I18).
 */

#ifndef PUPIL_CTL_AUTHORITY_H
#define PUPIL_CTL_AUTHORITY_H

#include "ctl/base/ctl.h"


typedef struct {
    pupil_uuid_t  subject;
    uint32_t      floor;        /* of authority, in force */
    uint32_t      number;       /* to which it rises: ctl/store/numbers.h */
} ctl_authority_t;


/*
 * In a transaction of the data database: roles, enrolments and their own rows
 * of these subjects, where they count, under their numbers, so that they go on
 * counting when the floors are raised to these.  What is below the floor stays
 * revoked; what is not authentic stays as it is, and goes on record.  So does
 * what is not as ctl_revoked() has noted it, which is forgotten then.
 */
int ctl_authority_renew(ctl_t *ctl, const ctl_authority_t *list,
    size_t count);

#endif /* PUPIL_CTL_AUTHORITY_H */
