/*
 * Copyright (C) the Pupil authors
 *
 * /v1/session: its statements, and what a client sends.
 */

#ifndef PUPIL_SESSION_H
#define PUPIL_SESSION_H

#include "core/endpoints/endpoints.h"
#include "core/input/input.h"


/* The statements of /v1/session, by index. */
enum {
    PUPIL_SESSION_LOAD = 0,     /* the row, its role, the subject; no audit:
                                   every endpoint runs it */
    PUPIL_SESSION_TOUCH,        /* seen_at */
    PUPIL_SESSION_SHOW,         /* name, institutions; audit */
    PUPIL_SESSION_SWITCH,       /* new token for another institution */
    PUPIL_SESSION_END,          /* delete and NOTIFY */
    PUPIL_SESSION_COUNT
};

extern const pupil_template_t  pupil_session_templates[PUPIL_SESSION_COUNT];


typedef struct {
    pupil_uuid_t  institution_id;
} pupil_input_institution_t;


/* {"institution_id"} */
pupil_rc_t pupil_input_institution(const pupil_alloc_t *alloc,
    const pupil_str_t *body, pupil_input_institution_t *out,
    pupil_fault_t *fault);

#endif /* PUPIL_SESSION_H */
