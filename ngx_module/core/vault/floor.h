/*
 * Copyright (C) the Pupil authors
 *
 * Floors: for each subject three numbers of the key store.  What was written
 * under a lower one was revoked, also where somebody puts it back (invariant
 * I18; docs/architecture.md, "Floors").
 */

#ifndef PUPIL_FLOOR_H
#define PUPIL_FLOOR_H

#include "core/base/pupil.h"


typedef struct {
    uint32_t  session;          /* sessions */
    uint32_t  credential;       /* the password */
    uint32_t  authority;        /* roles, enrolments, the subject's own row */
} pupil_floors_t;

#endif /* PUPIL_FLOOR_H */
