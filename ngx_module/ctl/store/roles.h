/*
 * Copyright (C) the Pupil authors
 *
 * The roles of a person.
 */

#ifndef PUPIL_CTL_ROLES_H
#define PUPIL_CTL_ROLES_H

#include "ctl/store/record.h"


/*
 * In a transaction of the data database: an array of objects {role,
 * institution, from, to, source, revoked}; NULL with the error said.  One that
 * is not authentic is left out, on record as this access, and counted in
 * *doubted, unless that is NULL.
 */
json_t *ctl_roles(ctl_t *ctl, const ctl_access_t *access,
    const pupil_uuid_t *subject, size_t *doubted);

/* A line for each. */
void ctl_roles_print(const json_t *roles);

#endif /* PUPIL_CTL_ROLES_H */
