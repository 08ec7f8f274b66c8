/*
 * Copyright (C) the Pupil authors
 *
 * Whom a command is about: a person of the tenant, by the pseudonym, ID, or by
 * the log-in name, --login.
 */

#ifndef PUPIL_CTL_WHOM_H
#define PUPIL_CTL_WHOM_H

#include "core/vault/keyring_owner.h"
#include "ctl/store/record.h"


/* Ownership of texts: the command's pool. */
typedef struct {
    pupil_uuid_t         id;
    char                 text[PUPIL_UUID_TEXT_LEN + 1];

    /* of the row of pupil.subject, which is authentic */
    const char          *status, *source;
    uint32_t             number;
    int                  revoked;       /* below the floor: it says nothing */

    pupil_owner_state_t  data, keys;    /* as each of the databases has it */
} ctl_whom_t;


/* The words of the line; -1 with the error said. */
int ctl_whom_words(ctl_t *ctl, ctl_whom_t *whom);

/*
 * Opens what a command needs, begins a transaction of the data database, and
 * reads the person there.  That nobody has this id, and a row that somebody
 * changed, are on record as this access.
 */
int ctl_whom_find(ctl_t *ctl, const ctl_access_t *access, ctl_whom_t *whom);

/* Once more, in a later transaction. */
int ctl_whom_read(ctl_t *ctl, const ctl_access_t *access, ctl_whom_t *whom);

/* Whether the account is closed: by a row that counts, or by a state. */
int ctl_whom_closed(const ctl_whom_t *whom);

/* The stricter of its states, which is in force. */
pupil_owner_state_t ctl_whom_state(const ctl_whom_t *whom);

const char *ctl_state_name(pupil_owner_state_t state);

/* Puts on record that the access was refused; -1. */
int ctl_whom_refuse(ctl_t *ctl, const ctl_access_t *access,
    const ctl_whom_t *whom, const char *detail);

#endif /* PUPIL_CTL_WHOM_H */
