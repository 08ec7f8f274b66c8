/*
 * Copyright (C) the Pupil authors
 *
 * What somebody logs in with, as pupilctl writes it: in the caller's
 * transaction, which also records it.  0 or -1 with the error said.
 */

#ifndef PUPIL_CTL_CREDENTIAL_H
#define PUPIL_CTL_CREDENTIAL_H

#include "core/login/password.h"
#include "ctl/store/floors.h"
#include "ctl/store/owners.h"


/* What --password-hash says, "m=19456,t=2", or its default. */
int ctl_password_cost(ctl_t *ctl, pupil_password_cost_t *cost);

/* beside: what is stored with the password's hash, which is made here. */
int ctl_password_store(ctl_t *ctl, ctl_owner_t *owner,
    const pupil_password_stored_t *beside, pupil_str_t password);

/* With the hash that is there. */
int ctl_password_write(ctl_t *ctl, ctl_owner_t *owner,
    const pupil_password_stored_t *password);

/* The place of a field of the credential, whose record is its owner's. */
void ctl_credential_place(const ctl_owner_t *owner, const char *field,
    ctl_place_t *place);

/* Seals a value of a field, and writes it. */
int ctl_credential_put(ctl_t *ctl, ctl_owner_t *owner, const char *field,
    pupil_str_t value);

/*
 * A sealed value of a field, or none, data NULL; the rest of the credential
 * stays as it is, and is bound to it.
 */
int ctl_credential_write(ctl_t *ctl, ctl_owner_t *owner, const char *field,
    pupil_str_t sealed);

/*
 * What was written is committed, and all that came of what it replaces ends:
 * the sessions, and rows under a number below these.
 */
int ctl_credential_end(ctl_t *ctl, const pupil_uuid_t *subject,
    const pupil_floors_t *to);

#endif /* PUPIL_CTL_CREDENTIAL_H */
