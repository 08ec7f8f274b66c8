/*
 * Copyright (C) the Pupil authors
 *
 * Accounts, by their pseudonyms.
 */

#ifndef PUPIL_CTL_USER_H
#define PUPIL_CTL_USER_H

#include "core/vault/vault.h"
#include "ctl/store/owners.h"
#include "ctl/store/record.h"


/* The plugins, the tenant's keys, and a transaction of the data database. */
int ctl_user_open(ctl_t *ctl);

/* The same of what writes: no erasure and no import runs until it ends. */
int ctl_user_write(ctl_t *ctl);

/* Finds LOGIN, the first word; that nobody has it is on record as well. */
int ctl_user_find(ctl_t *ctl, const ctl_access_t *access,
    pupil_uuid_t *subject);

/*
 * The same, for what is written of the credential: field is granted to
 * administration, and that is on record.  note: of the record, or NULL.
 */
int ctl_user_credential(ctl_t *ctl, const ctl_access_t *access,
    const char *field, const char *note, ctl_owner_t *owner);

/* A row of the blind index of a field. */
int ctl_user_index(ctl_t *ctl, const char *category, const char *field,
    const uint8_t term[PUPIL_TERM_LEN], const pupil_uuid_t *owner);

int ctl_cmd_user_show(ctl_t *ctl);
int ctl_cmd_user_list(ctl_t *ctl);

#endif /* PUPIL_CTL_USER_H */
