/*
 * Copyright (C) the Pupil authors
 *
 * /v1/pupils/{id}/login-code: its statements.
 */

#ifndef PUPIL_LOGIN_CODE_H
#define PUPIL_LOGIN_CODE_H

#include "core/endpoints/login.h"
#include "core/endpoints/relation.h"


/* The statements, by index. */
enum {
    PUPIL_CODE_RESERVE = 0,     /* throttle: of who hands out */
    PUPIL_CODE_TELL,            /* that it is throttled */
    PUPIL_CODE_FIND,            /* $8 the pupil: as PUPIL_LOGIN_AGAIN */
    PUPIL_CODE_TEACHES,         /* $8 the pupil: what proves it */
    PUPIL_CODE_HAND,            /* $8 the pupil: audit */
    PUPIL_CODE_COUNT
};

/* The columns of PUPIL_CODE_FIND are PUPIL_LF_, and behind them its want. */
enum {
    PUPIL_CODE_WANT_LOGIN_ID = 0
};

/* The record of PUPIL_CODE_HAND. */
extern const pupil_audit_choice_t  pupil_code_handed[1];

#endif /* PUPIL_LOGIN_CODE_H */
