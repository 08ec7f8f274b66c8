/*
 * Copyright (C) the Pupil authors
 *
 * /v1/session: what a client sends.
 */

#ifndef PUPIL_SESSION_H
#define PUPIL_SESSION_H

#include "core/input/input.h"


typedef struct {
    pupil_uuid_t  institution_id;
} pupil_input_institution_t;


/* {"institution_id"} */
pupil_rc_t pupil_input_institution(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_input_institution_t *out,
    pupil_fault_t *fault);

#endif /* PUPIL_SESSION_H */
