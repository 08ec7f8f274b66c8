/*
 * Copyright (C) the Pupil authors
 *
 * The marks of both databases, which say whether one was restored (invariant
 * I8): sql/keystore/032_mark.sql.
 */

#ifndef PUPIL_CTL_MARKS_H
#define PUPIL_CTL_MARKS_H

#include "core/endpoints/database.h"
#include "ctl/base/ctl.h"


typedef struct {
    int64_t  destroyed, copied, entered;
} ctl_marks_t;


/*
 * What is read later is the higher, unless a database was restored.  Outside of
 * transactions.  PUPIL_INVALID: a mark cannot be read, error says why;
 * PUPIL_FAILED: a question failed, which was said.
 */
pupil_rc_t ctl_marks_read(PGconn *data, PGconn *keys, ctl_marks_t *marks,
    pupil_error_t *error);

/*
 * Counts the copies that the data database has; *copied: what its mark says
 * then, which is as many.  Outside of transactions.  0, or -1 with the error
 * said.
 */
int ctl_mark_count(ctl_t *ctl, int64_t *copied);

/*
 * Whether erasures can be done.  A mark counts those of all tenants: one that
 * is copied while another tenant's copies are missing stands for them.  0; 1: a
 * database was restored, or has no mark, and error says so; -1 with the error
 * said.
 */
int ctl_marks_behind(ctl_t *ctl, pupil_error_t *error);

#endif /* PUPIL_CTL_MARKS_H */
