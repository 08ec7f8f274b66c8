/*
 * Copyright (C) the Pupil authors
 *
 * What a run takes away of somebody, row by row.  Whoever can change the data
 * database can keep such a row while the run's transaction goes on, or put it
 * back, and the run would write it anew with what the person keeps: so it
 * knows from its own memory what must not survive (invariant I18).  Such a row
 * stays below the floor, which rises, and the run fails.
 */

#ifndef PUPIL_CTL_REVOKED_H
#define PUPIL_CTL_REVOKED_H

#include "core/vault/authentic.h"
#include "ctl/base/ctl.h"


typedef enum {
    CTL_ROW_SUBJECT = 0,
    CTL_ROW_ROLE,
    CTL_ROW_ENROLMENT
} ctl_row_table_t;

/* A row, by what its table has no other of. */
typedef struct {
    ctl_row_table_t  table;
    pupil_uuid_t     subject;
    pupil_uuid_t     where;         /* zero, a school, a class */
    pupil_str_t      role;          /* empty for a subject's own row */
} ctl_row_t;


/*
 * Notes one, in the transaction that revokes.  mac: of what is left of it,
 * under another number; NULL: nothing is.
 */
void ctl_revoked(ctl_t *ctl, const ctl_row_t *row, const uint8_t *mac);

/* 1 unless a row was noted, and this MAC is not of what is left of it. */
int ctl_revoked_fits(ctl_t *ctl, const ctl_row_t *row,
    const uint8_t mac[PUPIL_MAC_LEN]);

/* Another one of which something is left, and nobody asked for; or NULL. */
const ctl_row_t *ctl_revoked_unseen(ctl_t *ctl);

/* The rows, and not whether all were as they should be. */
void ctl_revoked_forget(ctl_t *ctl);

/* 0, or -1 with the error said: one was not, and does not count. */
int ctl_revoked_check(const ctl_t *ctl);

#endif /* PUPIL_CTL_REVOKED_H */
