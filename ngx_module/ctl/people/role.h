/*
 * Copyright (C) the Pupil authors
 *
 * Roles that the operator gives and ends.
 */

#ifndef PUPIL_CTL_ROLE_H
#define PUPIL_CTL_ROLE_H

#include "core/vault/authentic.h"
#include "ctl/store/record.h"


/* ROLE, the second word, and --institution: what of row they say. */
int ctl_role_words(ctl_t *ctl, pupil_role_row_t *row);

/* In a transaction: the tenant has the school of the row, if it has one. */
int ctl_role_institution(ctl_t *ctl, const pupil_role_row_t *row);

/* From today on, without an end, by the operator. */
void ctl_role_today(const ctl_t *ctl, pupil_role_row_t *row);

/* In a transaction, under the floor of the row's subject. */
int ctl_role_write(ctl_t *ctl, pupil_role_row_t *row, uint32_t floor);

/*
 * In the transaction that revokes: rows of one subject, of which each may stand
 * already, under another number, so that those of before are below the floor
 * (invariant I18).
 */
int ctl_roles_replace(ctl_t *ctl, pupil_role_row_t *rows, size_t count);

/* The record of it: what was done, which role, and where. */
int ctl_role_record(ctl_t *ctl, const pupil_role_row_t *row,
    const char *what);

/* Of a role that is written. */
extern const ctl_access_t  ctl_role_access;

int ctl_cmd_user_role_add(ctl_t *ctl);
int ctl_cmd_user_role_remove(ctl_t *ctl);

#endif /* PUPIL_CTL_ROLE_H */
