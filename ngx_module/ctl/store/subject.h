/*
 * Copyright (C) the Pupil authors
 *
 * A person: found by what they log in with, their key, their sessions.
 */

#ifndef PUPIL_CTL_SUBJECT_H
#define PUPIL_CTL_SUBJECT_H

#include "core/vault/authentic.h"
#include "ctl/store/owners.h"


/* The subject behind a log-in name: 1 found, 0 not, -1 error said. */
int ctl_subject_find(ctl_t *ctl, const char *login, pupil_uuid_t *subject);

/* A log-in name. */
typedef struct {
    pupil_str_t  clear;                     /* what is stored, in the pool */
    uint8_t      term[PUPIL_TERM_LEN];      /* of the blind index */
    uint8_t      before[PUPIL_TERM_LEN];    /* as it was before migration 021 */
} ctl_login_t;

/*
 * field: of the credential, "login_id" or "external_id".  1, 0 when it can be
 * nobody's, -1 error said.
 */
int ctl_subject_login(ctl_t *ctl, const char *field, const char *login,
    ctl_login_t *out);

/* The same of a field of a category that is there. */
int ctl_subject_terms(ctl_t *ctl, const char *category, const char *field,
    const char *login, ctl_login_t *out);

/* Whether a provider knows somebody by this beside their own: 1, 0 or -1. */
int ctl_subject_linked(ctl_t *ctl, const char *name);

/* Whether somebody logs in with this as an e-mail address: 1, 0 or -1. */
int ctl_subject_address(ctl_t *ctl, const char *login);

/* The MAC of a row of the blind index (invariant I18). */
int ctl_index_mac(ctl_t *ctl, const char *category, const char *field,
    const uint8_t term[PUPIL_TERM_LEN], const pupil_uuid_t *owner,
    const pupil_uuid_t *record, uint8_t mac[PUPIL_MAC_LEN]);

/* Its row in pupil.owner, which must be active, with the key fetched. */
int ctl_subject_owner(ctl_t *ctl, const pupil_uuid_t *subject,
    ctl_owner_t *owner);

/* The MAC of a row of pupil.subject, which stands under this number. */
int ctl_subject_mac(ctl_t *ctl, const pupil_uuid_t *subject,
    const char *source, const char *status, uint32_t number,
    uint8_t mac[PUPIL_MAC_LEN]);

/*
 * Rows of a new person in pupil.owner and pupil.subject; the key is another's
 * to make.
 */
int ctl_subject_add(ctl_t *ctl, const pupil_uuid_t *subject,
    const char *source, const char *status);

/*
 * The status of the account, in its row under its MAC.  source: as the row has
 * it; number: the floor that it is written under.
 */
int ctl_subject_status(ctl_t *ctl, const pupil_uuid_t *subject,
    const char *source, const char *status, uint32_t number);

/* All sessions of the subject, on all hosts, once that is committed. */
int ctl_sessions_end(ctl_t *ctl, const pupil_uuid_t *subject);

#endif /* PUPIL_CTL_SUBJECT_H */
